//! `galen treasury`: makes money against money held outside, and takes out of the market what it pays outside.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use clap::{Args, Subcommand};
use galen_ledger::{Application, AuditedChain, BlockContext, Height, View};
use galen_market::action::Redeem;
use galen_market::agent::treasury::Books;
use galen_market::notes::keys::Address;
use galen_market::{Action, Amount, Market, Order, Signer, query};
use rand::rngs::OsRng;
use serde_json::json;

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
    /// Sign a redemption, for `galen node submit`; it is paid outside once it is final
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
                ensure!(out != path, "--out would overwrite the books");
                // Two issues at a time would each keep books without the other.
                let lock = File::create(path.with_extension("lock"))?;
                let busy = || format!("another issue is being made with {}: wait for it", path.display());
                lock.try_lock().with_context(busy)?;
                let mut books = read_books(&path)?;
                let audited = chain.replay()?;
                let id = audited.genesis().chain_id();
                let action = audited.read(|state, _| {
                    let config =
                        query::config(state).context("the chain has no configuration of a market")?;
                    let place = (&id, &config.auditor.amounts.key);
                    anyhow::Ok(books.issue(state, place, &to, amount, &mut OsRng)?)
                })??;
                let order = sign(&keys, &audited, action)?;
                write_private(&path, &serde_json::to_vec(&books)?)?;
                write_private(&out, &order)?;
                let console = Console::new(false);
                console.fact("issue", format!("{amount} minor units, in {}", out.display()));
                console.object(&json!({ "file": out, "amount": amount }));
                Ok(())
            }
            Self::Redeem { keys, chain, redemption, out, yes } => {
                let text = std::fs::read(&redemption);
                let text = text.with_context(|| format!("cannot read {}", redemption.display()))?;
                let redeem: Redeem = serde_json::from_slice(&text).context("this is no redemption")?;
                let console = Console::new(false);
                let amount = redeem.amount;
                let order = sign(&keys, &chain.replay()?, Action::Redeem(redeem))?;
                console
                    .fact("to be taken out", format!("{amount} minor units, which are there and not spent"));
                ensure!(
                    yes || console.ask("sign it?").context(
                        "nobody can be asked here, as stdin is no terminal: read the above, and say --yes"
                    )?,
                    "not signed"
                );
                write_private(&out, &order)?;
                console.fact("order", out.display());
                console.say("hand it in first (galen node submit), and pay outside once it is final: until then it may still be spent otherwise");
                console.object(&json!({ "file": out, "amount": amount }));
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

/// Signs an order that the chain would take as it is; gives it in hex.
fn sign(keys: &KeyArgs, audited: &AuditedChain, action: Action) -> anyhow::Result<Vec<u8>> {
    let signer = Signer::from_seed(seed(&keys.seed)?);
    let config = audited.read(|state, _| query::config(state))?;
    let config = config.context("the chain has no configuration of a market")?;
    ensure!(signer.key() == config.treasury, "the seed is not that of the treasury, {}", config.treasury);
    let (chain_id, height) = (audited.genesis().chain_id(), audited.report().height.get());
    let valid = height + VALID_BLOCKS.min(config.windows.order_life);
    let order = Order::new(action, Height::new(valid), &mut OsRng);
    let order = order.sign(&chain_id, &[&signer]).to_bytes();
    let market = Market::new(&audited.genesis().config, Arc::clone(audited.blobs()))?;
    let next = BlockContext {
        chain_id,
        height: Height::new(height + 1),
        view: View::new(height + 1),
        time_ms: 0,
        beacon: None,
    };
    let checked = audited.read(|state, _| market.check(state, &next, &order))?;
    checked
        .map_err(|refusal| anyhow!("the chain would refuse it ({}): {}", refusal.code, refusal.message))?;
    Ok(hex::encode(order).into_bytes())
}
