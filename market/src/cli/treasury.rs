//! `galen treasury`: makes money against money held outside, and takes out of the market what it pays outside.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use galen_ledger::Height;
use galen_market::action::Redeem;
use galen_market::agent::treasury::Books;
use galen_market::notes::keys::Address;
use galen_market::{Action, Amount, Order, Signer, query};
use rand::rngs::OsRng;

use super::console::Console;
use super::wallet::{ChainArg, address, amount, seed};
use crate::demo::folder::write_private;

/// Blocks that a signed order stays valid, unless the chain permits less.
const VALID_BLOCKS: u64 = 10_000;

/// What a treasury can type.
#[derive(Subcommand, Debug)]
pub enum TreasuryCommand {
    /// Write an order that issues money, for `galen node submit`; the books are written first
    Issue {
        #[command(flatten)]
        keys: KeyArgs,
        #[command(flatten)]
        chain: ChainArg,
        /// What was issued so far: secret, and needed for every next issue. Made if it is not there.
        #[arg(long, value_name = "FILE")]
        books: PathBuf,
        /// For whom: an address, as `galen wallet address` shows it.
        #[arg(long, value_name = "ADDRESS", value_parser = address)]
        to: Address,
        /// How much, in minor units.
        #[arg(long, value_parser = amount)]
        amount: Amount,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Sign a redemption that was paid outside, for `galen node submit`
    Redeem {
        #[command(flatten)]
        keys: KeyArgs,
        #[command(flatten)]
        chain: ChainArg,
        /// The redemption (`galen wallet redeem`).
        #[arg(value_name = "FILE")]
        redemption: PathBuf,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Sign without asking. For scripts, which have looked at it themselves.
        #[arg(long)]
        yes: bool,
    },
}

/// The treasury's key.
#[derive(Args, Clone, Debug)]
pub struct KeyArgs {
    /// The seed of the account that the genesis names, in hex.
    #[arg(long, value_name = "FILE")]
    seed: PathBuf,
}

impl TreasuryCommand {
    /// Does it.
    ///
    /// # Errors
    /// Whatever is wrong, with what to do.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Issue { keys, chain, books: path, to, amount, out } => {
                let mut books = read_books(&path)?;
                let audited = chain.replay()?;
                let id = audited.genesis().chain_id();
                let action = audited.read(|state, _| {
                    let config =
                        query::config(state).context("the chain has no configuration of a market")?;
                    let place = (&id, &config.auditor.amounts.key);
                    anyhow::Ok(books.issue(state, place, &to, amount, &mut OsRng)?)
                })??;
                write_private(&path, &serde_json::to_vec(&books)?)?;
                sign(&keys, &chain, action, &out)?;
                Console::new(false).fact("issue", format!("{amount} minor units, in {}", out.display()));
                Ok(())
            }
            Self::Redeem { keys, chain, redemption, out, yes } => {
                let text = std::fs::read(&redemption);
                let text = text.with_context(|| format!("cannot read {}", redemption.display()))?;
                let redeem: Redeem = serde_json::from_slice(&text).context("this is no redemption")?;
                let console = Console::new(false);
                console.fact("to be paid outside", format!("{} minor units", redeem.amount));
                ensure!(
                    yes || console.ask("sign that it was paid?").context(
                        "nobody can be asked here, as stdin is no terminal: read the above, and say --yes"
                    )?,
                    "not signed"
                );
                sign(&keys, &chain, Action::Redeem(redeem), &out)?;
                console.fact("order", out.display());
                Ok(())
            }
        }
    }
}

/// Reads the books; empty ones where there are none yet.
///
/// # Errors
/// When they cannot be read, or are damaged.
pub fn read_books(path: &Path) -> anyhow::Result<Books> {
    if !path.exists() {
        return Ok(Books::default());
    }
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("the books {} are damaged", path.display()))
}

fn sign(keys: &KeyArgs, chain: &ChainArg, action: Action, out: &Path) -> anyhow::Result<()> {
    let signer = Signer::from_seed(seed(&keys.seed)?);
    let audited = chain.replay()?;
    let config = audited.read(|state, _| query::config(state))?;
    let config = config.context("the chain has no configuration of a market")?;
    ensure!(signer.key() == config.treasury, "the seed is not that of the treasury, {}", config.treasury);
    let valid = audited.report().height.get() + VALID_BLOCKS.min(config.windows.order_life);
    let order = Order::new(action, Height::new(valid), &mut OsRng);
    let order = order.sign(&audited.genesis().chain_id(), &[&signer]);
    write_private(out, hex::encode(order.to_bytes()).as_bytes())
}
