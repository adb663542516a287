//! `galen testnet`: a consortium on this machine, each node in a home and a process of its own.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::console::Console;
use crate::demo;
use crate::testnet::{Plan, write};

/// What a test network can be asked.
#[derive(Args, Debug)]
pub struct TestnetArgs {
    /// Its folder: one home a node, the genesis, start.sh, stop.sh.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Members.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    members: u16,
    /// Groups that take turns to propose.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=25))]
    groups: u16,
    /// Nodes that follow without a vote.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=16))]
    gateways: u16,
    /// Ports from this one on; the system chooses free ones by default.
    #[arg(long)]
    base_port: Option<u16>,
    /// Blocks of a cycle, at whose end members change.
    #[arg(long, default_value_t = 500)]
    cycle_blocks: u64,
    /// Blocks of a round of the beacon.
    #[arg(long, default_value_t = 24)]
    beacon_interval: u64,
}

impl TestnetArgs {
    /// Writes it.
    ///
    /// # Errors
    /// When the folder is not empty, or there are no ports.
    pub fn run(self) -> anyhow::Result<()> {
        let console = Console::new(false);
        let (keys, _) = demo::keys(&console)?;
        let plan = Plan {
            members: self.members,
            groups: self.groups,
            gateways: self.gateways,
            base_port: self.base_port,
            cycle_blocks: self.cycle_blocks,
            beacon_interval: self.beacon_interval,
        };
        let chain = write(&self.dir, &plan, &keys.verifying())?;
        console.chapter("Test network", "every secret is on this machine: for tests only");
        console.fact("chain", chain);
        console.fact("members, gateways", format!("{}, {}", self.members, self.gateways));
        console.say(format!("start it: {}", self.dir.join("start.sh").display()));
        console.say(format!("stop it: {}", self.dir.join("stop.sh").display()));
        console.object(&json!({
            "chain": chain, "members": self.members, "gateways": self.gateways, "dir": self.dir,
            "start": self.dir.join("start.sh"), "stop": self.dir.join("stop.sh"),
        }));
        Ok(())
    }
}
