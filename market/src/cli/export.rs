//! `galen export`: a chain in one file, as wallets, the treasury, the audit authority and auditors read it.
//!
//! It is fetched from any gateway and verified on the way, like by a desk: see [`galen_market::follow`].

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Args;
use galen_ledger::{ChainId, export};
use galen_market::follow::{FollowStatus, FollowedChain, Gateway};
use serde_json::json;
use tokio::time::timeout;

use super::auditor::chain_id;
use super::console::Console;

/// How long nothing may come of it: longer than the heaviest block takes.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a followed chain has in its folder.
const FILES: [&str; 3] = ["lock", "genesis.draft", "genesis"];
const FOLDERS: [&str; 2] = ["state", "blobs"];

/// A chain, where it is served, and where it is written.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// A node's public site; nothing that it serves is believed before it is verified.
    #[arg(long, value_name = "URL")]
    gateway: String,
    /// The chain's id as you know it from elsewhere.
    #[arg(long, value_name = "ID", value_parser = chain_id)]
    chain: ChainId,
    /// The file to write; one that is there is replaced when the new one is whole.
    #[arg(long, value_name = "CHAINFILE")]
    out: PathBuf,
    /// A folder that keeps what was fetched, so that the next export fetches what is new; without it CHAINFILE.part, until the
    /// file is written.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

impl ExportArgs {
    /// Follows the chain to its newest block, and writes it.
    ///
    /// # Errors
    /// When the gateway cannot be used, serves another chain or what is not true, or the file cannot be written.
    pub async fn run(self) -> anyhow::Result<()> {
        let (console, out) = (Console::new(false), self.out.display());
        ensure!(!self.out.is_dir(), "{out} is a folder: name a file in it");
        let folder = self.keep.clone().unwrap_or_else(|| part_of(&self.out));
        let new = !folder.exists();
        may_be_used(&folder)?;
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let gateway = Gateway::new(&self.gateway, self.chain);
        let written = followed(&folder, gateway, &self.out, &console).await;
        // What was fetched before something failed is gone on with the next time.
        let begun = folder.join("genesis").exists();
        if (self.keep.is_none() && written.is_ok()) || (new && !begun) {
            clear(&folder);
        }
        let (height, bytes) = written?;
        console.fact("chain", self.chain);
        console.fact("verified and written", format!("{height} blocks, {bytes} bytes, to {out}"));
        console.object(&json!({ "chain": self.chain, "height": height, "bytes": bytes, "file": self.out }));
        Ok(())
    }
}

/// The folder beside a file in which it is made.
fn part_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// A new folder, or one in which a chain was followed: a node's has a state too, which another would be begun in the place of.
fn may_be_used(folder: &Path) -> anyhow::Result<()> {
    let read = || format!("cannot read {}", folder.display());
    if !folder.exists() || folder.join("genesis").exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).with_context(read)? {
        let name = entry.with_context(read)?.file_name();
        if !FILES.iter().any(|file| name == *file) {
            bail!("{} holds no followed chain, but {}: name another", folder.display(), name.display());
        }
    }
    Ok(())
}

/// Removes a followed chain, and nothing else. What cannot be removed is in nobody's way.
fn clear(folder: &Path) {
    for name in FOLDERS {
        let _ = std::fs::remove_dir_all(folder.join(name));
    }
    for name in FILES {
        let _ = std::fs::remove_file(folder.join(name));
    }
    let _ = std::fs::remove_dir(folder);
}

async fn followed(
    folder: &Path,
    gateway: Gateway,
    out: &Path,
    console: &Console,
) -> anyhow::Result<(u64, u64)> {
    let chain = FollowedChain::open(folder, gateway).await?;
    let reached = reach(&chain, console).await;
    chain.close().await;
    reached?;
    let follower = chain.follower();
    let height = export::export(follower.as_ref(), follower.blobs().as_ref(), out).await?;
    let bytes = std::fs::metadata(out).with_context(|| format!("cannot read {}", out.display()))?.len();
    Ok((height.get(), bytes))
}

/// Follows to the block that was the newest when the gateway was first asked, or to what it claims later, if that is less:
/// nothing proves what it claims.
async fn reach(chain: &FollowedChain, console: &Console) -> anyhow::Result<()> {
    let mut status = chain.status();
    let (mut newest, mut moved, mut told) = (u64::MAX, (0, Instant::now()), false);
    loop {
        let FollowStatus { height, claimed, fault, .. } = status.borrow_and_update().clone();
        let height = height.get();
        if let Some(claimed) = claimed {
            newest = newest.min(claimed.get());
            let count = |blocks: u64| usize::try_from(blocks).unwrap_or(usize::MAX);
            console.progress("blocks verified", count(height.min(newest)), count(newest), None);
        }
        if height >= newest {
            console.clear();
            return Ok(());
        }
        if height > moved.0 {
            moved = (height, Instant::now());
        }
        if let Some(fault) = fault.as_ref().filter(|_| !told) {
            console.clear();
            console.warn(format_args!("{fault}; trying again"));
        }
        told = fault.is_some();
        let left = PATIENCE.saturating_sub(moved.1.elapsed());
        if left.is_zero() {
            bail!(fault.unwrap_or_else(|| format!(
                "nothing came after block {height} for {} s",
                PATIENCE.as_secs()
            )));
        }
        if let Ok(changed) = timeout(left, status.changed()).await {
            changed.context("following ended")?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_what_was_fetched_is_removed_and_no_other_folder_is_begun_in() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        may_be_used(&at("new")).unwrap();
        let node = at("node");
        fs::create_dir_all(node.join("state")).unwrap();
        fs::write(node.join("lock"), "").unwrap();
        assert!(may_be_used(&node).unwrap_err().to_string().contains("but state"));
        let cut_off = at("cut-off");
        fs::create_dir(&cut_off).unwrap();
        fs::write(cut_off.join("lock"), "").unwrap();
        may_be_used(&cut_off).unwrap();
        clear(&cut_off);
        assert!(!cut_off.exists());
        let shared = at("shared");
        fs::create_dir_all(shared.join("blobs")).unwrap();
        for name in ["genesis", "lock", "mine"] {
            fs::write(shared.join(name), "").unwrap();
        }
        may_be_used(&shared).unwrap();
        clear(&shared);
        let left: Vec<_> = fs::read_dir(&shared).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["mine"]);
    }
}
