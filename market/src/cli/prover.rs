//! `galen prover`: the prover service.
use clap::Subcommand;
/// What can be typed.
#[derive(Subcommand, Debug)]
pub enum ProverCommand {}
impl ProverCommand {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<()> {
        Ok(())
    }
}
