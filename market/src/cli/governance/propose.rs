//! `galen governance propose`: a new order.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use galen_ledger::ChainId;
use galen_ledger::Height;
use galen_market::action::{Disclose, RegisterSchema, Suspend};
use galen_market::private::read_bounded;
use galen_market::proposal::{Application, MAX_FILE, Proposal};
use galen_market::{AccountKey, Action, MarketConfig};
use galen_prover::import::ImportSpec;
use rand::rngs::OsRng;
use serde_json::json;

use super::{NodeArg, save};
use crate::cli::console::Console;
use crate::cli::node::ask;
use crate::cli::subject::SubjectArg;

/// Blocks that an order stays valid, unless the chain permits less.
const VALID_BLOCKS: u64 = 10_000;

/// Where the order goes.
#[derive(Args, Clone, Debug)]
pub struct ProposeArgs {
    #[command(flatten)]
    node: NodeArg,
    /// The new file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How many blocks there are to collect signatures in; fewer if the chain permits fewer.
    #[arg(long, default_value_t = VALID_BLOCKS, value_name = "BLOCKS")]
    valid: u64,
}

/// What is to be ordered.
#[derive(Subcommand, Debug)]
pub enum What {
    /// Accredit whoever applies: a hospital, a researcher or an auditor
    Accredit {
        /// The application.
        application: PathBuf,
    },
    /// Approve a schema
    Schema {
        /// The schema, in TOML.
        schema: PathBuf,
    },
    /// Take a role, or a governance key, away
    Suspend {
        /// The account, or the key.
        account: AccountKey,
        /// Why, for everybody to read.
        #[arg(long)]
        reason: String,
    },
    /// Let the audit authority open one amount, price or identity
    Disclose(DiscloseArgs),
}

/// What is to be opened.
#[derive(Args, Debug)]
pub struct DiscloseArgs {
    #[command(flatten)]
    subject: SubjectArg,
    /// Why, for everybody to read.
    #[arg(long)]
    reason: String,
}

impl What {
    fn action(self, chain: &ChainId) -> anyhow::Result<Action> {
        Ok(match self {
            Self::Accredit { application } => {
                let text = read_bounded(&application, MAX_FILE)?;
                let place = || application.display().to_string();
                Application::parse(&text).and_then(|read| read.action(chain)).with_context(place)?
            }
            Self::Schema { schema } => {
                Action::RegisterSchema(RegisterSchema { schema: ImportSpec::load(&schema)?.schema })
            }
            Self::Suspend { account, reason } => Action::Suspend(Suspend { account, reason }),
            Self::Disclose(DiscloseArgs { subject, reason }) => {
                Action::Disclose(Disclose { subject: subject.subject()?, reason })
            }
        })
    }
}

impl ProposeArgs {
    /// Writes the order.
    ///
    /// # Errors
    /// When the node does not answer, or what is to be ordered is refused.
    pub async fn run(self, what: What) -> anyhow::Result<()> {
        ensure!(!self.out.exists(), "{} is there already: it is not overwritten", self.out.display());
        let home = self.node.home();
        let config = home.config()?;
        let genesis = home.genesis(&config)?;
        let (market, _) = MarketConfig::from_json(&genesis.config)?;
        let chain = genesis.chain_id();
        let action = what.action(&chain)?;
        let status = ask(&config).await?;
        let height = status["height"].as_u64().context("the node's answer is of another version")?;
        let last = height.saturating_add(self.valid.min(market.windows.order_life));
        let proposal = Proposal::new(chain, action, Height::new(last), &mut OsRng)?;
        save(&self.out, &proposal)?;
        let console = Console::new(false);
        super::show(&proposal, &console);
        console.fact(
            "to be signed by",
            format!("{} of the governance keys, at least", market.governance.threshold),
        );
        console.object(&json!({ "file": self.out, "what": proposal.what, "valid_until": last }));
        Ok(())
    }
}
