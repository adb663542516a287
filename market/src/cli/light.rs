//! `galen light`: one fact of the state, proven to somebody who has the genesis and nothing else.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{ArgGroup, Args, Subcommand};
use galen_ledger::chain::Genesis;
use galen_ledger::codec::Decode;
use galen_ledger::light::{MAX_CLAIMS, Proven, Trust, Verified};
use galen_ledger::{ChainId, LightProof};
use galen_market::fact::Subject;
use galen_market::{AccountKey, ContributionId, RequestId};
use serde_json::json;

use super::auditor;
use super::console::{Console, words};

/// What can be typed.
#[derive(Subcommand, Debug)]
pub enum LightCommand {
    /// Write a proof of what is, or is not, in the state at the end of an exported chain, which is verified before
    Prove(ProveArgs),
    /// Verify a proof from the genesis on: one certificate a cycle, then what is proven of the state
    Verify(VerifyArgs),
}

/// A chain, and what to prove of it.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("subject").required(true).multiple(true)))]
pub struct ProveArgs {
    /// The exported chain.
    #[arg(long, value_name = "CHAINFILE")]
    chain: PathBuf,
    /// A request.
    #[arg(long, value_name = "ID", group = "subject")]
    request: Vec<RequestId>,
    /// A contribution.
    #[arg(long, value_name = "ID", group = "subject")]
    contribution: Vec<ContributionId>,
    /// What an account is accredited as.
    #[arg(long, value_name = "KEY", group = "subject")]
    account: Vec<AccountKey>,
    /// The note at a place.
    #[arg(long, value_name = "NUMBER", group = "subject")]
    note: Vec<u32>,
    /// Any key of the state, in hex.
    #[arg(long, value_name = "HEX", group = "subject", value_parser = key)]
    key: Vec<Key>,
    /// Put the genesis into the proof, for those who know the chain's id only.
    #[arg(long)]
    with_genesis: bool,
    /// Where to write the proof.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// One JSON object on stdout.
    #[arg(long)]
    json: bool,
}

/// A proof, and what is known of the chain.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("trust").required(true)))]
pub struct VerifyArgs {
    /// The proof.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The genesis of the chain, as you have it from elsewhere.
    #[arg(long, value_name = "GENESIS", group = "trust")]
    genesis: Option<PathBuf>,
    /// Or the chain's id, if the proof has the genesis with it.
    #[arg(long, value_name = "ID", group = "trust", value_parser = auditor::chain_id)]
    chain: Option<ChainId>,
    /// One JSON object on stdout.
    #[arg(long)]
    json: bool,
}

/// A key of the state.
#[derive(Clone, Debug)]
struct Key(Vec<u8>);

fn key(text: &str) -> Result<Key, String> {
    hex::decode(text).map(Key).map_err(|error| format!("a key is written in hex: {error}"))
}

impl LightCommand {
    /// Does it.
    ///
    /// # Errors
    /// When the chain or the proof does not verify, or a file cannot be read or written.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Prove(args) => args.run(),
            Self::Verify(args) => args.run(),
        }
    }
}

impl ProveArgs {
    fn subjects(&self) -> Vec<Subject> {
        let requests = self.request.iter().copied().map(Subject::Request);
        let contributions = self.contribution.iter().copied().map(Subject::Contribution);
        let accounts = self.account.iter().copied().map(Subject::Account);
        let notes = self.note.iter().copied().map(Subject::Note);
        let keys = self.key.iter().map(|key| Subject::Key(key.0.clone()));
        requests.chain(contributions).chain(accounts).chain(notes).chain(keys).collect()
    }

    fn run(self) -> anyhow::Result<()> {
        let keys: Vec<_> = self.subjects().iter().map(Subject::key).collect();
        anyhow::ensure!(keys.len() <= MAX_CLAIMS, "{} keys: one proof has at most {MAX_CLAIMS}", keys.len());
        let console = Console::new(self.json);
        let audited = auditor::replay(&self.chain, None)
            .with_context(|| format!("{} does not verify", self.chain.display()))?;
        let proof = audited.light_proof(&keys)?.context("the chain has no blocks yet")?;
        let genesis = self.with_genesis.then(|| audited.genesis().clone());
        let proof = LightProof { genesis, ..proof };
        let verified = proof.verify(Trust::Genesis(audited.genesis()))?;
        let bytes = proof.to_file();
        write(&self.out, &bytes).with_context(|| format!("cannot write {}", self.out.display()))?;
        show(&console, &verified, "Proven")?;
        console.fact("file", format!("{}, {} bytes", self.out.display(), bytes.len()));
        Ok(())
    }
}

/// Gives the file its name only when it is whole.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, bytes)?;
    std::fs::rename(&draft, path)
}

impl VerifyArgs {
    fn run(self) -> anyhow::Result<()> {
        let console = Console::new(self.json);
        let verified = match self.verify() {
            Ok(verified) => verified,
            Err(fault) => {
                console.object(&json!({ "verified": false, "fault": words(&fault) }));
                return Err(fault);
            }
        };
        show(&console, &verified, "Verified")
    }

    fn verify(&self) -> anyhow::Result<Verified> {
        let read =
            |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let does_not = || format!("{} does not verify", self.file.display());
        let proof = LightProof::from_file(&read(&self.file)?).with_context(does_not)?;
        let verified = match (&self.genesis, self.chain) {
            (Some(path), _) => {
                let genesis = Genesis::from_bytes(&read(path)?);
                let genesis = genesis.with_context(|| format!("{} is no genesis", path.display()))?;
                proof.verify(Trust::Genesis(&genesis))
            }
            (None, Some(id)) => proof.verify(Trust::Chain(id)),
            (None, None) => anyhow::bail!("give --genesis or --chain"),
        };
        verified.with_context(does_not)
    }
}

fn show(console: &Console, verified: &Verified, title: &str) -> anyhow::Result<()> {
    console.chapter(title, &verified.name);
    console.fact("chain", verified.chain_id);
    console.fact("as of", format!("height {}, {}", verified.height, moment(verified.time_ms)));
    console.fact("state", verified.app_hash);
    let Verified { quorum, members, cycle, .. } = verified;
    console.fact("final by", format!("{quorum} of {members} members, the committee of cycle {cycle}"));
    let mut claims = Vec::new();
    for Proven { key, value } in &verified.claims {
        let says = Subject::at(key).say(value.as_deref()).with_context(|| {
            format!("key {}: proven, but of another version of the market", hex::encode(key))
        })?;
        console.say(&says);
        claims.push(json!({
            "key": hex::encode(key),
            "value": value.as_ref().map(hex::encode),
            "says": says,
        }));
    }
    console.object(&json!({
        "verified": true,
        "chain": verified.chain_id.to_string(),
        "height": verified.height.get(),
        "cycle": cycle.get(),
        "block": verified.block.to_string(),
        "time_ms": verified.time_ms,
        "app_hash": verified.app_hash.to_string(),
        "claims": claims,
    }));
    Ok(())
}

/// A time in milliseconds since 1970 for people, in UTC.
fn moment(time_ms: u64) -> String {
    let (mut days, seconds) = (time_ms / 86_400_000, time_ms / 1000 % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days_of = |year: u64| if leap(year) { 366 } else { 365 };
    // Whole spans of 400 years first, so that no time, however absurd, takes long.
    let mut year = 1970 + days / 146_097 * 400;
    days %= 146_097;
    while days >= days_of(year) {
        days -= days_of(year);
        year += 1;
    }
    let february = days_of(year) - 337;
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02} UTC", days + 1)
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn times_are_written_in_utc() {
        let cases = [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_827_696_000, "2000-02-29 12:34:56 UTC"),
            (1_735_689_599_999, "2024-12-31 23:59:59 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
        ];
        for (time_ms, expected) in cases {
            assert_eq!(moment(time_ms), expected);
        }
        assert!(moment(u64::MAX).ends_with("UTC"));
    }
}
