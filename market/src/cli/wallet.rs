//! `galen wallet`: the money of one role, found in an exported chain, which is verified before anything is believed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use galen_ledger::{AuditedChain, ChainId, StateRead};
use galen_market::agent::hospital::HospitalKeys;
use galen_market::agent::researcher::ResearcherKeys;
use galen_market::codec::Canonical;
use galen_market::notes::keys::{Address, OwnerKeys};
use galen_market::notes::ring::RING;
use galen_market::notes::transfer::Transfer;
use galen_market::record::RequestRecord;
use galen_market::wallet::{At, Patience, Receipt, Wallet, WalletFault, no_prices};
use galen_market::{Amount, RequestId, Transaction, query};
use rand::RngCore;
use rand::rngs::OsRng;
use serde_json::json;

use super::auditor;
use super::console::Console;
use crate::demo::folder::write_private;

/// What can be typed.
#[derive(Subcommand, Debug)]
pub enum WalletCommand {
    /// Draw a new seed, from which all keys of a role come. Whoever has it has the money
    New {
        /// The file to write; nobody else may read it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Show where the wallet is paid
    Address {
        #[command(flatten)]
        owner: OwnerArgs,
    },
    /// Show what it holds
    Balance {
        #[command(flatten)]
        owner: OwnerArgs,
        #[command(flatten)]
        chain: ChainArg,
        /// One JSON object on stdout.
        #[arg(long)]
        json: bool,
    },
    /// Write a receipt for each of its notes: amount, origin, and what opens the commitment on the ledger
    Receipts {
        #[command(flatten)]
        owner: OwnerArgs,
        #[command(flatten)]
        chain: ChainArg,
        /// The file to write, as JSON.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Check somebody's receipts against a chain
    Check {
        /// The receipts.
        #[arg(value_name = "RECEIPTS")]
        receipts: PathBuf,
        #[command(flatten)]
        chain: ChainArg,
    },
    /// Write a transfer, for `galen node submit`, out of notes that hide well
    Send {
        #[command(flatten)]
        owner: OwnerArgs,
        #[command(flatten)]
        chain: ChainArg,
        /// Whom to pay: an address, as `galen wallet address` shows it.
        #[arg(long, value_name = "ADDRESS", value_parser = address)]
        to: Address,
        /// How much, in minor units.
        #[arg(long, value_parser = amount)]
        amount: Amount,
        #[command(flatten)]
        hurry: HurryArg,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Write a redemption, for the treasury to sign, of 1, 2 or 5 times a power of ten, out of money that you sent to yourself
    Redeem {
        #[command(flatten)]
        owner: OwnerArgs,
        #[command(flatten)]
        chain: ChainArg,
        /// How much, in minor units.
        #[arg(long, value_parser = amount)]
        amount: Amount,
        #[command(flatten)]
        hurry: HurryArg,
        /// The file to write, as JSON.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Whose keys a seed holds.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum OwnerRole {
    /// A hospital's: it reads prices by its key for them.
    Hospital,
    /// A researcher's: it reads the prices of its own requests.
    Researcher,
    /// Anybody else's.
    Other,
}

/// Whose wallet.
#[derive(Args, Clone, Debug)]
pub struct OwnerArgs {
    /// The seed, in hex.
    #[arg(long, value_name = "FILE")]
    seed: PathBuf,
    /// Whose it is.
    #[arg(long, value_enum)]
    role: OwnerRole,
}

/// Whether to wait.
#[derive(Args, Clone, Copy, Debug)]
pub struct HurryArg {
    /// Spend notes that are too new to hide well, and redeem those whose worth others know, if no others are enough.
    #[arg(long)]
    now: bool,
}

impl HurryArg {
    fn patience(self) -> Patience {
        Patience::unless(self.now)
    }
}

/// Which chain.
#[derive(Args, Clone, Debug)]
pub struct ChainArg {
    /// The exported chain, up to where the wallet is to look.
    #[arg(long, value_name = "CHAINFILE")]
    chain: PathBuf,
    /// The chain's id as you know it from elsewhere: on a chain that somebody made up, a wallet would show which notes are its own,
    /// and an authority who somebody is.
    #[arg(long, value_name = "ID", value_parser = auditor::chain_id)]
    id: ChainId,
}

/// An amount in minor units.
pub fn amount(text: &str) -> Result<Amount, String> {
    let minor: u64 = text.parse().map_err(|_| "an amount is a whole number of minor units".to_owned())?;
    Amount::new(minor).map_err(|fault| fault.to_string())
}

/// An address in hex.
pub fn address(text: &str) -> Result<Address, String> {
    let bytes = hex::decode(text).map_err(|_| "an address is 128 hex digits".to_owned())?;
    Address::from_canonical(&bytes).map_err(|fault| format!("not an address: {fault}"))
}

/// Reads a seed: 64 hex digits.
///
/// # Errors
/// When there is none.
pub fn seed(path: &Path) -> anyhow::Result<[u8; 32]> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut seed = [0; 32];
    // What is in the file is a secret: an error must not repeat it.
    let read = hex::decode_to_slice(text.trim(), &mut seed).is_ok();
    ensure!(read, "{} holds no seed: 64 hex digits, as `galen wallet new` writes them", path.display());
    Ok(seed)
}

impl ChainArg {
    /// Verifies the chain.
    ///
    /// # Errors
    /// When it does not verify.
    pub fn replay(&self) -> anyhow::Result<AuditedChain> {
        let does_not = || format!("{} does not verify", self.chain.display());
        auditor::replay(&self.chain, Some(self.id)).with_context(does_not)
    }
}

impl OwnerArgs {
    fn keys(&self) -> anyhow::Result<OwnerKeys> {
        let seed = seed(&self.seed)?;
        Ok(match self.role {
            OwnerRole::Hospital => HospitalKeys::from_seed(seed).wallet(),
            OwnerRole::Researcher => ResearcherKeys::from_seed(&seed).wallet,
            OwnerRole::Other => OwnerKeys::from_seed(&seed),
        })
    }

    /// The wallet as it is at the end of a chain.
    fn wallet(&self, audited: &AuditedChain) -> anyhow::Result<Wallet> {
        let (seed, chain) = (seed(&self.seed)?, audited.genesis().chain_id());
        let mut wallet = Wallet::new(self.keys()?);
        audited.read(|state, _| match self.role {
            OwnerRole::Hospital => {
                let keys = HospitalKeys::from_seed(seed);
                wallet.scan(state, &|state: &dyn StateRead, id: &RequestId| keys.price(state, &chain, id));
            }
            OwnerRole::Researcher => {
                let keys = ResearcherKeys::from_seed(&seed);
                wallet.scan(state, &|state: &dyn StateRead, id: &RequestId| {
                    keys.price(&chain, &RequestRecord::load(state, id)?.request)
                });
            }
            OwnerRole::Other => wallet.scan(state, &no_prices),
        })?;
        Ok(wallet)
    }
}

/// Spends at the end of a chain.
fn spend<T>(
    audited: &AuditedChain,
    spend: impl FnOnce(At<'_>) -> Result<T, WalletFault>,
) -> anyhow::Result<T> {
    let chain = audited.genesis().chain_id();
    audited.read(|state, _| {
        let config = query::config(state).context("the chain has no configuration of a market")?;
        let at = At { state, chain: &chain, authority: &config.auditor.amounts.key };
        match spend(at) {
            Err(fault @ (WalletFault::Early { .. } | WalletFault::Known)) => bail!("{fault}, with --now"),
            done => Ok(done?),
        }
    })?
}

impl WalletCommand {
    /// Does it.
    ///
    /// # Errors
    /// Whatever is wrong, with what to do.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::New { out } => {
                ensure!(!out.exists(), "{} is there already: a seed is never overwritten", out.display());
                let mut seed = [0; 32];
                OsRng.fill_bytes(&mut seed);
                write_private(&out, hex::encode(seed).as_bytes())?;
                let console = Console::new(false);
                console.fact("seed", out.display());
                console.warn(
                    "whoever reads this file has the money, and nobody can make it again: keep a copy apart",
                );
                console.object(&json!({ "seed_file": out }));
                Ok(())
            }
            Self::Address { owner } => {
                let (address, console) =
                    (hex::encode(owner.keys()?.address().to_canonical()), Console::new(false));
                console.text(&address);
                console.object(&json!({ "address": address }));
                Ok(())
            }
            Self::Balance { owner, chain, json } => balance(&owner, &chain, json),
            Self::Receipts { owner, chain, out } => {
                let receipts = owner.wallet(&chain.replay()?)?.receipts();
                write_private(&out, &serde_json::to_vec_pretty(&receipts)?)?;
                let console = Console::new(false);
                console.fact("receipts", format!("{} in {}", receipts.len(), out.display()));
                console.object(&json!({ "receipts": receipts.len(), "file": out }));
                Ok(())
            }
            Self::Check { receipts, chain } => check(&receipts, &chain),
            Self::Send { owner, chain, to, amount, hurry, out } => {
                let audited = chain.replay()?;
                let wallet = owner.wallet(&audited)?;
                let transfer =
                    spend(&audited, |at| wallet.send(at, &to, amount, hurry.patience(), &mut OsRng))?;
                let bytes = Transaction::Transfer(transfer.clone()).to_bytes();
                write_private(&out, hex::encode(&bytes).as_bytes())?;
                let console = Console::new(false);
                console.fact("transfer", format!("{} bytes in {}", bytes.len(), out.display()));
                hidden(&console, &audited, &wallet, &transfer)?;
                console.say("nothing is spent until a node takes it: galen node submit");
                console.object(&json!({ "file": out, "amount": amount }));
                Ok(())
            }
            Self::Redeem { owner, chain, amount, hurry, out } => {
                let audited = chain.replay()?;
                let wallet = owner.wallet(&audited)?;
                let redeem = spend(&audited, |at| wallet.redeem(at, amount, hurry.patience(), &mut OsRng))?;
                write_private(&out, &serde_json::to_vec(&redeem)?)?;
                let console = Console::new(false);
                console.fact("redemption", format!("of {amount} minor units in {}", out.display()));
                hidden(&console, &audited, &wallet, &redeem.transfer)?;
                console.say("tell the treasury whom to pay outside; it signs the redemption");
                console.object(&json!({ "file": out, "amount": amount }));
                Ok(())
            }
        }
    }
}

/// Warns when a transfer shows more than it should.
fn hidden(console: &Console, audited: &AuditedChain, wallet: &Wallet, made: &Transfer) -> anyhow::Result<()> {
    let among = audited.read(|state, _| wallet.hides_among(state, made))?;
    let early = audited.read(|state, _| wallet.until_dealt(state, made))?;
    let known = audited.read(|state, _| wallet.is_known_to_others(state, made))?;
    if known {
        console.warn(
            "others know what the notes that it spends are worth: before you redeem, send it to yourself",
        );
    }
    if early > 0 {
        console.warn(format!(
            "part of what it spends is so new that it hides less, until {early} more notes of its kind came"
        ));
    }
    if among < RING {
        console.warn(format!(
            "it hides among {among} notes of its kind, as there are no more yet: waiting helps"
        ));
    }
    Ok(())
}

fn balance(owner: &OwnerArgs, chain: &ChainArg, json: bool) -> anyhow::Result<()> {
    let audited = chain.replay()?;
    let wallet = owner.wallet(&audited)?;
    let unspent = wallet.notes().filter(|held| held.spent.is_none()).count();
    let console = Console::new(json);
    console.fact("balance", format!("{} minor units in {unspent} notes", wallet.balance()));
    let unread: Vec<u32> = wallet.unread().collect();
    if !unread.is_empty() {
        console.warn(format!("notes {unread:?} are yours, of a price that was not sealed to you"));
    }
    console.object(&json!({ "balance": wallet.balance(), "notes": unspent, "unread": unread }));
    Ok(())
}

fn check(receipts: &Path, chain: &ChainArg) -> anyhow::Result<()> {
    let text = std::fs::read(receipts).with_context(|| format!("cannot read {}", receipts.display()))?;
    let receipts: Vec<Receipt> = serde_json::from_slice(&text).context("these are no receipts")?;
    let places: BTreeSet<u32> = receipts.iter().map(|receipt| receipt.note).collect();
    ensure!(places.len() == receipts.len(), "one note has two receipts: their amounts must not be added");
    let audited = chain.replay()?;
    let wrong = audited.read(|state, _| receipts.iter().find(|receipt| !receipt.holds(state)).cloned())?;
    if let Some(receipt) = wrong {
        anyhow::bail!(
            "the ledger's note {} is not of {} minor units, of that origin",
            receipt.note,
            receipt.amount
        );
    }
    let console = Console::new(false);
    console.fact("receipts", format!("{}: each is a note of the chain, of that amount", receipts.len()));
    console.object(&json!({ "receipts": receipts.len(), "hold": true }));
    Ok(())
}
