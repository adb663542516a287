//! The `galen` program: what can be typed.
//!
//! Exit codes: 0 done; 1 it was refused, did not verify, or failed, with the reason on stderr; 2 the arguments are wrong.

pub mod auditor;
pub mod authority;
pub mod console;
pub mod hospital;
pub mod light;
pub mod node;
pub mod prover;
pub mod snapshot;
pub mod testnet;
pub mod treasury;
pub mod wallet;

use clap::{Parser, Subcommand};

use crate::demo::{self, DemoArgs};
use console::Console;

/// An anonymous market for medical data: requests, proven contributions, settlement, audit.
#[derive(Parser, Debug)]
#[command(name = "galen", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Play the whole story in one process, on generated patients or a file of your own
    Demo(DemoArgs),
    /// Verify a chain from its exported file, trusting nobody
    #[command(subcommand)]
    Auditor(auditor::AuditorCommand),
    /// Prove and verify one fact of a chain's state, with the genesis and nothing else
    #[command(subcommand)]
    Light(light::LightCommand),
    /// A hospital's side: see what would be released before anything is proven
    #[command(subcommand)]
    Hospital(hospital::HospitalCommand),
    /// The money of one role: what it holds, receipts, transfers
    #[command(subcommand)]
    Wallet(wallet::WalletCommand),
    /// The treasury's side: issues, and redemptions that it pays outside
    #[command(subcommand)]
    Treasury(treasury::TreasuryCommand),
    /// The audit authority's side: opens what the governance ordered
    #[command(subcommand)]
    Authority(authority::AuthorityCommand),
    /// The prover service of a hospital
    #[command(subcommand)]
    Prover(prover::ProverCommand),
    /// One node of a consortium: make its home, run it, ask how it is
    #[command(subcommand)]
    Node(node::NodeCommand),
    /// Write a consortium of nodes that run on this machine, ready to start
    Testnet(testnet::TestnetArgs),
}

impl Cli {
    /// Does what was typed.
    ///
    /// # Errors
    /// Whatever went wrong, with what to do.
    pub fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let done = match self.command {
            Command::Demo(args) => {
                let console = Console::new(args.json);
                runtime.block_on(demo::run(args, &console))
            }
            Command::Auditor(command) => command.run(),
            Command::Light(command) => command.run(),
            Command::Hospital(command) => command.run(),
            Command::Wallet(command) => command.run(),
            Command::Treasury(command) => command.run(),
            Command::Authority(command) => command.run(),
            Command::Prover(command) => runtime.block_on(command.run()),
            Command::Node(command) => runtime.block_on(command.run()),
            Command::Testnet(args) => args.run(),
        };
        runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        done
    }
}
