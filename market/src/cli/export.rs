//! `galen export`: a chain in one file, as wallets, the treasury, the audit authority and auditors read it.
//!
//! It is fetched from any gateway and verified on the way, like by a desk: see [`galen_market::follow`].

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use galen_ledger::{ChainId, export};
use galen_market::follow::{FollowStatus, FollowedChain, Gateway};
use serde_json::json;

use super::auditor::chain_id;
use super::console::Console;

/// How long a gateway may fail without a block in between.
const PATIENCE: Duration = Duration::from_secs(60);

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
    /// Call a gateway on another machine without TLS.
    #[arg(long)]
    allow_plain: bool,
}

impl ExportArgs {
    /// Follows the chain to its newest block, and writes it.
    ///
    /// # Errors
    /// When the gateway cannot be used, serves another chain or what is not true, or the file cannot be written.
    pub async fn run(self) -> anyhow::Result<()> {
        let console = Console::new(false);
        let folder = self.keep.clone().unwrap_or_else(|| part_of(&self.out));
        let (new, begun) = (!folder.exists(), folder.join("genesis").exists());
        if self.keep.is_none() && !new && !begun {
            bail!(
                "{} is there, and holds no chain: move it away, or name a folder with --keep",
                folder.display()
            );
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let gateway = Gateway { allow_plain: self.allow_plain, ..Gateway::new(&self.gateway, self.chain) };
        let written = followed(&folder, gateway, &self.out, &console).await;
        // What was fetched before something failed is gone on with the next time.
        let fetched = folder.join("genesis").exists();
        if self.keep.is_none() && (written.is_ok() || new && !fetched) {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        let (height, bytes) = written?;
        console.fact("chain", self.chain);
        console.fact(
            "verified and written",
            format!("{height} blocks, {bytes} bytes, to {}", self.out.display()),
        );
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

/// Follows to the block that was the newest when the gateway was first asked.
async fn reach(chain: &FollowedChain, console: &Console) -> anyhow::Result<()> {
    let mut status = chain.status();
    let (mut newest, mut failing) = (None, None::<(u64, Instant)>);
    loop {
        let FollowStatus { height, claimed, fault, .. } = status.borrow_and_update().clone();
        let height = height.get();
        newest = newest.or(claimed.map(|claimed| claimed.get()));
        if let Some(newest) = newest {
            let count = |blocks: u64| usize::try_from(blocks).unwrap_or(usize::MAX);
            console.progress("blocks verified", count(height.min(newest)), count(newest), None);
            if height >= newest {
                console.clear();
                return Ok(());
            }
        }
        failing = match (fault, failing) {
            (None, _) => None,
            (Some(fault), Some((at, since))) if at == height && since.elapsed() > PATIENCE => bail!(fault),
            (Some(_), Some((at, since))) if at == height => Some((at, since)),
            (Some(fault), _) => {
                console.clear();
                console.warn(format_args!("{fault}; trying again"));
                Some((height, Instant::now()))
            }
        };
        // What fails is told each time that it is tried.
        status.changed().await.context("following ended")?;
    }
}
