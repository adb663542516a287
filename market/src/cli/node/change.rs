//! `galen node change`: members come, go, and change their keys.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Subcommand;
use galen_ledger::MemberIndex;
use galen_ledger::chain::{Action, Change};
use galen_ledger::codec::Encode;
use galen_ledger::types::Cycle;
use hyper::{Method, StatusCode};
use serde_json::json;

use super::{HomeArg, ask};
use crate::cli::console::Console;
use crate::node::call::call;
use crate::node::change::{Application, Proposal, write};

/// Cycles in whose blocks a change may stand, after the present one.
const CYCLES: u64 = 16;

/// What an operator can do about the membership.
#[derive(Subcommand, Debug)]
pub enum ChangeCommand {
    /// Propose one: writes a file for the others to approve. Asks the running node
    New {
        #[command(flatten)]
        home: HomeArg,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(subcommand)]
        what: What,
    },
    /// Approve one, with this node's voting key: adds to the file
    Approve {
        #[command(flatten)]
        home: HomeArg,
        /// The file.
        file: PathBuf,
        /// Sign without asking. For scripts, which have looked at it themselves.
        #[arg(long)]
        yes: bool,
    },
    /// Hand one in through the running node; a quorum must have approved it
    Submit {
        #[command(flatten)]
        home: HomeArg,
        /// The file.
        file: PathBuf,
    },
}

/// What is to change.
#[derive(Subcommand, Debug)]
pub enum What {
    /// A new member, under the next free number
    Admit {
        /// Its application (`galen node apply`).
        application: PathBuf,
    },
    /// A member leaves
    Remove {
        /// Its number.
        member: u16,
    },
    /// A member gets other keys
    Rotate {
        /// Its number.
        member: u16,
        /// Its application with the new keys (`galen node apply --new-key`).
        application: PathBuf,
    },
    /// A member that broke a rule may propose again
    Readmit {
        /// Its number.
        member: u16,
    },
}

impl ChangeCommand {
    /// Does it.
    ///
    /// # Errors
    /// Whatever is wrong, with what to do.
    pub async fn run(self, console: &Console) -> anyhow::Result<()> {
        match self {
            Self::New { home, out, what } => propose(&home, &out, what, console).await,
            Self::Approve { home, file, yes } => {
                let (home, mut proposal) = (home.home(), Proposal::load(&file)?);
                let change = proposal.change()?;
                console.fact("to be approved", &proposal.what);
                console.fact("chain", change.chain_id);
                ensure!(
                    yes || console.ask("sign it with this node's voting key?").context(
                        "nobody can be asked here, as stdin is no terminal: read the above, and say --yes"
                    )?,
                    "not approved: nothing was signed"
                );
                proposal.approve(&home, &home.config()?)?;
                write(&file, &proposal)?;
                console.fact("approvals", proposal.approvals.len());
                console.object(&json!({ "what": proposal.what, "approvals": proposal.approvals.len() }));
                Ok(())
            }
            Self::Submit { home, file } => {
                let signed = Proposal::load(&file)?.signed()?;
                let address = home.home().config()?.api.listen;
                let (code, body) = call(address, Method::POST, "/v1/changes", signed.to_bytes()).await?;
                let said = String::from_utf8_lossy(&body).trim().to_owned();
                ensure!(code == StatusCode::ACCEPTED, "the node does not take it: {said}");
                console.say(&said);
                console.object(&json!({ "accepted": true, "message": said }));
                Ok(())
            }
        }
    }
}

async fn propose(home: &HomeArg, out: &std::path::Path, what: What, console: &Console) -> anyhow::Result<()> {
    let config = home.home().config()?;
    let chain_id = config.node.chain.context("the home is on no chain yet: `galen node adopt`")?;
    let status = ask(&config).await?;
    let number =
        |field: &serde_json::Value| field.as_u64().context("the node's answer is of another version");
    let action = match what {
        What::Admit { application } => {
            let next = u16::try_from(number(&status["next_member"])?).context("too many members")?;
            Action::Admit { member: MemberIndex::new(next), candidate: Application::load(&application)? }
        }
        What::Remove { member } => Action::Remove(MemberIndex::new(member)),
        What::Rotate { member, application } => {
            let candidate = Application::load(&application)?;
            Action::Rotate { member: MemberIndex::new(member), candidate }
        }
        What::Readmit { member } => Action::Readmit(MemberIndex::new(member)),
    };
    if let Some(candidate) = action.candidate() {
        candidate.verify(Some(&chain_id)).context("the application is not for this chain")?;
    }
    let last = Cycle::new(number(&status["meter"]["cycle"])?.saturating_add(CYCLES));
    let proposal = Proposal::new(&Change { chain_id, last, nonce: rand::random(), action });
    write(out, &proposal)?;
    console.fact("to be approved", &proposal.what);
    console.fact("by so many members", status["quorum"].to_string());
    console.object(&json!({ "what": proposal.what, "quorum": status["quorum"], "file": out }));
    Ok(())
}
