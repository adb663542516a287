//! `galen governance`: what those who govern order: who takes part, under which schemas, and what is opened.
//!
//! One proposes, a number of them signs with keys that are on no machine with a network, anybody hands in.

pub mod apply;
mod propose;

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{ArgGroup, Args, Subcommand};
use galen_market::desk::home::DeskRole;
use galen_market::private::{read_bounded, write_private};
use galen_market::proposal::{MAX_FILE, Proposal};
use galen_market::{Signer, role::Governors};
use serde_json::json;

use super::console::Console;
use super::desk::DeskArg;
use super::node::submit;
use super::wallet::seed;
use crate::node::home::Home;

/// What those who govern can type.
#[derive(Subcommand, Debug)]
pub enum GovernanceCommand {
    /// Show the public key of a seed, as the genesis names it (`galen wallet new` draws a seed)
    Public {
        /// The seed, in hex.
        #[arg(long, value_name = "FILE")]
        seed: PathBuf,
    },
    /// Write an order for others to sign. Asks a running node how far the chain is
    Propose {
        #[command(flatten)]
        file: propose::ProposeArgs,
        #[command(subcommand)]
        what: propose::What,
    },
    /// Show an order in words, and who has signed it
    Show {
        /// The order's file.
        file: PathBuf,
    },
    /// Sign an order, after it was shown: adds to the file
    Sign(SignArgs),
    /// Hand an order in through a running node, and wait until it is final
    Submit {
        /// The order's file.
        file: PathBuf,
        #[command(flatten)]
        node: NodeArg,
    },
}

/// A signature.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("signer").required(true)))]
pub struct SignArgs {
    /// The order's file.
    file: PathBuf,
    /// The seed of a governance key, in hex.
    #[arg(long, value_name = "FILE", group = "signer")]
    seed: Option<PathBuf>,
    /// A hospital's home: it signs its own accreditation as well.
    #[arg(long, value_name = "DIR", group = "signer")]
    hospital: Option<PathBuf>,
    /// A file with the passphrase of the hospital's keys, mode 0600; asked for without it.
    #[arg(long, value_name = "FILE", requires = "hospital")]
    passphrase_file: Option<PathBuf>,
    /// Sign without asking. For scripts, which have looked at it themselves.
    #[arg(long)]
    yes: bool,
}

/// A running node on this machine.
#[derive(Args, Clone, Debug)]
pub struct NodeArg {
    /// The home of a node that runs on this machine.
    #[arg(long = "node", value_name = "DIR")]
    dir: PathBuf,
}

impl NodeArg {
    fn home(&self) -> Home {
        Home::new(&self.dir)
    }
}

fn load(file: &Path) -> anyhow::Result<Proposal> {
    let text = read_bounded(file, MAX_FILE)?;
    Proposal::parse(&text).with_context(|| file.display().to_string())
}

fn save(file: &Path, proposal: &Proposal) -> anyhow::Result<()> {
    Ok(write_private(file, &serde_json::to_vec_pretty(proposal)?)?)
}

impl GovernanceCommand {
    /// Does it.
    ///
    /// # Errors
    /// Whatever is wrong, with what to do.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Public { seed: path } => {
                let (key, console) = (Signer::from_seed(seed(&path)?).key(), Console::new(false));
                console.fact("key", key);
                console.object(&json!({ "key": key }));
                Ok(())
            }
            Self::Propose { file, what } => file.run(what).await,
            Self::Show { file } => {
                let proposal = load(&file)?;
                proposal.order().with_context(|| file.display().to_string())?;
                let console = Console::new(false);
                show(&proposal, &console);
                console.object(&serde_json::to_value(&proposal)?);
                Ok(())
            }
            Self::Sign(args) => args.run(),
            Self::Submit { file, node } => {
                let proposal = load(&file)?;
                let transaction = proposal.transaction().with_context(|| file.display().to_string())?;
                let chain = node.home().config()?.node.chain;
                ensure!(
                    chain == Some(proposal.chain),
                    "the order is for chain {}, and the node is not on it",
                    proposal.chain
                );
                let console = Console::new(false);
                console.fact("order", &proposal.what);
                submit::hand_in(&node.home(), transaction.to_bytes(), &console).await
            }
        }
    }
}

/// Shows an order whose words were checked.
fn show(proposal: &Proposal, console: &Console) {
    console.fact("order", format!("to {}", proposal.what));
    console.fact("chain", proposal.chain);
    for approval in &proposal.signatures {
        console.fact("signed by", approval.key);
    }
    // Without a chain at hand: whoever signs may be on no network.
    let nobody = Governors { members: Vec::new(), threshold: 0 };
    if let Ok(missing) = proposal.missing(&nobody)
        && let Some(account) = missing.account
    {
        console.fact("must sign besides", account);
    }
}

impl SignArgs {
    fn run(self) -> anyhow::Result<()> {
        let mut proposal = load(&self.file)?;
        proposal.order().with_context(|| self.file.display().to_string())?;
        let console = Console::new(false);
        show(&proposal, &console);
        let question = "sign this order?";
        ensure!(
            self.yes
                || console.ask(question).context(
                    "nobody can be asked here, as stdin is no terminal: read the above, and say --yes"
                )?,
            "not signed: nothing was changed"
        );
        let signer = self.signer()?;
        proposal.sign(&signer)?;
        save(&self.file, &proposal)?;
        console.fact("signed by", signer.key());
        console.object(&json!({ "signed_by": signer.key(), "signatures": proposal.signatures.len() }));
        Ok(())
    }

    fn signer(&self) -> anyhow::Result<Signer> {
        match (&self.seed, &self.hospital) {
            (Some(path), _) => Ok(Signer::from_seed(seed(path)?)),
            (None, Some(dir)) => {
                let desk = DeskArg { dir: dir.clone(), passphrase_file: self.passphrase_file.clone() };
                Ok(desk.seed(&desk.open(DeskRole::Hospital)?)?.hospital().account())
            }
            (None, None) => anyhow::bail!("give --seed or --hospital"),
        }
    }
}
