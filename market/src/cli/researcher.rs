//! `galen researcher`: the desk of a research institution.

use clap::Subcommand;
use galen_market::desk::home::DeskRole;

use super::desk::init::{self, InitArgs};
use super::governance::apply::ApplyArgs;

/// What a researcher can type.
#[derive(Subcommand, Debug)]
pub enum ResearcherCommand {
    /// Make the desk's home: keys, people, a configuration with every field explained
    Init(InitArgs),
    /// Write an application for accreditation, for the consortium's governance
    Apply(ApplyArgs),
}

impl ResearcherCommand {
    /// Does it.
    ///
    /// # Errors
    /// Whatever is wrong, with what to do.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Init(args) => init::run(DeskRole::Researcher, &args, 1),
            Self::Apply(args) => args.run(DeskRole::Researcher),
        }
    }
}
