//! `galen authority`: the audit authority opens what an order on the ledger says.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use galen_market::action::disclose::{Disclosure, Subject};
use galen_market::agent::authority::AuthorityKeys;
use galen_market::notes::authority::OpenedAmount;
use galen_market::notes::logarithm::LogTable;
use galen_market::query;
use rand::rngs::OsRng;
use serde_json::json;

use super::console::Console;
use super::subject::SubjectArg;
use super::wallet::{ChainArg, seed};

/// What the authority can type.
#[derive(Subcommand, Debug)]
pub enum AuthorityCommand {
    /// Show the public keys of a seed, as the genesis names them, in JSON
    Public {
        /// The authority's seed, in hex.
        #[arg(long, value_name = "FILE")]
        seed: PathBuf,
    },
    /// List what the governance has ordered to open
    Orders {
        #[command(flatten)]
        chain: ChainArg,
        /// One JSON object on stdout.
        #[arg(long)]
        json: bool,
    },
    /// Open one amount, price or identity, if the governance's order is on the ledger
    Open(OpenArgs),
}

/// What to open.
#[derive(Args, Debug)]
pub struct OpenArgs {
    /// The authority's seed, in hex.
    #[arg(long, value_name = "FILE")]
    seed: PathBuf,
    #[command(flatten)]
    chain: ChainArg,
    #[command(flatten)]
    subject: SubjectArg,
    /// One JSON object on stdout.
    #[arg(long)]
    json: bool,
}

impl AuthorityCommand {
    /// Does it.
    ///
    /// # Errors
    /// When there is no order, or the chain does not verify.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Public { seed: path } => {
                let public = AuthorityKeys::from_seed(&seed(&path)?).public();
                let console = Console::new(false);
                console.text(&serde_json::to_string_pretty(&public)?);
                console.object(&serde_json::to_value(&public)?);
                Ok(())
            }
            Self::Orders { chain, json } => {
                let orders = chain.replay()?.read(|state, _| query::disclosures(state))?;
                let console = Console::new(json);
                for order in &orders {
                    console
                        .say(format!("block {}: open {}: {:?}", order.height, order.subject, order.reason));
                }
                if orders.is_empty() {
                    console.say("nothing was ever ordered to be opened");
                }
                console.object(&json!({ "orders": orders }));
                Ok(())
            }
            Self::Open(args) => args.run(),
        }
    }
}

impl OpenArgs {
    fn run(self) -> anyhow::Result<()> {
        let keys = AuthorityKeys::from_seed(&seed(&self.seed)?);
        let audited = self.chain.replay()?;
        let console = Console::new(self.json);
        let (order, opened): (Disclosure, OpenedAmount) = match self.subject.subject()? {
            Subject::Amount(note) => {
                let table = LogTable::new();
                audited.read(|state, _| keys.amount(state, &table, note, &mut OsRng))??
            }
            Subject::Price(id) => {
                let table = LogTable::new();
                audited.read(|state, _| keys.price(state, &table, &id, &mut OsRng))??
            }
            Subject::Identity(id) => {
                let opened = audited.read(|state, _| keys.identity(state, &id))??;
                show_order(&console, &opened.order);
                console.fact("seller", &opened.participant.name);
                console.fact("account", opened.account);
                console.object(&json!({
                    "order": opened.order, "seller": opened.participant.name, "account": opened.account,
                }));
                return Ok(());
            }
        };
        show_order(&console, &order);
        console.fact("amount", format!("{} minor units", opened.amount));
        console.object(&json!({ "order": order, "opened": opened }));
        Ok(())
    }
}

fn show_order(console: &Console, order: &Disclosure) {
    console.fact("ordered", format!("in block {}, to open {}", order.height, order.subject));
    console.fact("because", format!("{:?}", order.reason));
}
