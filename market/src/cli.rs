//! The `galen` program: what can be typed.
//!
//! Exit codes: 0 done; 1 it was refused, did not verify, or failed, with the reason on stderr; 2 the arguments are wrong.

pub mod auditor;
pub mod authority;
pub mod completions;
pub mod console;
pub mod desk;
pub mod export;
pub mod governance;
mod help;
pub mod hospital;
pub mod light;
pub mod log;
pub mod node;
pub mod passphrase;
pub mod prover;
pub mod quickstart;
pub mod researcher;
pub mod snapshot;
mod subject;
pub mod testnet;
pub mod treasury;
pub mod wallet;

use clap::{FromArgMatches, Parser, Subcommand};

use crate::demo::{self, DemoArgs};
use console::Console;

/// An anonymous market for medical data: requests, proven contributions, settlement, audit.
#[derive(Parser, Debug)]
#[command(name = "galen", version, about, max_term_width = 100)]
pub struct Cli {
    /// One JSON object on stdout and nothing else; what is for people goes to stderr.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Play the whole story in one process, on generated patients or a file of your own
    Demo(DemoArgs),
    /// Make keys and a commented configuration for a role, and say what to do next
    Quickstart(quickstart::QuickstartArgs),
    /// A research institution's desk: ask for data, fund, collect
    #[command(subcommand)]
    Researcher(researcher::ResearcherCommand),
    /// A hospital's desk: import, look at what would be released, approve, prove, be paid
    #[command(subcommand)]
    Hospital(hospital::HospitalCommand),
    /// An auditor's desk, and verifying a chain from its exported file, trusting nobody
    #[command(subcommand)]
    Auditor(auditor::AuditorCommand),
    /// A desk's home: check it, its people, its passphrase
    #[command(subcommand)]
    Desk(desk::DeskCommand),
    /// Fetch a chain from any gateway, verify it, and write it to one file, which wallets and auditors read
    Export(export::ExportArgs),
    /// Prove and verify one fact of a chain's state, with the genesis and nothing else
    #[command(subcommand)]
    Light(light::LightCommand),
    /// The money of one role: what it holds, receipts, transfers
    #[command(subcommand)]
    Wallet(wallet::WalletCommand),
    /// The treasury's side: issues, and redemptions that it pays outside
    #[command(subcommand)]
    Treasury(treasury::TreasuryCommand),
    /// Orders of those who govern: who takes part, under which schemas, what is opened
    #[command(subcommand)]
    Governance(governance::GovernanceCommand),
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
    /// Write what a shell needs to complete what is typed
    Completions(completions::CompletionsArgs),
}

impl Cli {
    /// What was typed. Ends the process with what is wrong, or the help that was asked for.
    pub fn read() -> Self {
        let cli = Self::from_arg_matches(&help::command().get_matches()).unwrap_or_else(|error| error.exit());
        console::to_json(cli.json);
        cli
    }

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
            Command::Quickstart(args) => args.run(),
            Command::Researcher(command) => runtime.block_on(command.run()),
            Command::Hospital(command) => runtime.block_on(command.run()),
            Command::Auditor(command) => runtime.block_on(command.run()),
            Command::Desk(command) => command.run(),
            Command::Export(args) => runtime.block_on(args.run()),
            Command::Light(command) => command.run(),
            Command::Wallet(command) => command.run(),
            Command::Treasury(command) => command.run(),
            Command::Governance(command) => runtime.block_on(command.run()),
            Command::Authority(command) => command.run(),
            Command::Prover(command) => runtime.block_on(command.run()),
            Command::Node(command) => runtime.block_on(command.run()),
            Command::Testnet(args) => args.run(),
            Command::Completions(args) => args.run(),
        };
        runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        done
    }
}
