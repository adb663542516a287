//! A consortium on one machine: homes, genesis and scripts, ready to run. For tests only: one seed knows every secret.
//!
//! ```text
//! cast               the seed of the seeds below (mode 0600)
//! seeds/             of each governor, the treasury and the audit authority, as `--seed` of their commands takes them
//! genesis            what the chain begins with
//! market.json        the market's part of it, as `galen node found` takes it
//! member-N/          a member's home
//! gateway-N/         a gateway's home
//! logs/              what the started nodes write
//! start.sh stop.sh   start all members in the background and wait until they are ready; stop them in order
//! ```

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use galen_circuits::keys::VerifyingKeys;
use galen_ledger::ChainId;
use galen_ledger::chain::{Genesis, Parameters};
use galen_ledger::codec::Encode;
use galen_market::config::{Governance, PinnedKeys, Windows};
use galen_market::{Market, MarketConfig};
use rand::RngCore;

use crate::demo::cast::Cast;
use crate::demo::folder::{private_dir, write_private};
use crate::node::config::{ExplorerSection, FIRST_FOLLOWER, Role};
use crate::node::home::Home;
use crate::node::init::{self, NewHome};

/// Empty blocks pass, so that nobody waits for rounds of the beacon.
const HEARTBEAT_MS: u64 = 1000;

/// What is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Members.
    pub members: u16,
    /// Groups.
    pub groups: u16,
    /// Gateways.
    pub gateways: u16,
    /// First port, or any.
    pub base_port: Option<u16>,
    /// Blocks of a cycle.
    pub cycle_blocks: u64,
    /// Blocks of a round.
    pub beacon_interval: u64,
}

/// The market's part of the genesis for a cast.
pub fn market(cast: &Cast, members: u16, keys: &VerifyingKeys) -> MarketConfig {
    MarketConfig {
        name: "demonstration".into(),
        members,
        governance: Governance {
            keys: (0..usize::from(members)).map(|index| cast.governor(index).key()).collect(),
            threshold: members - members.saturating_sub(1) / 3,
        },
        treasury: cast.treasury().key(),
        auditor: cast.authority().public(),
        keys: PinnedKeys::of(keys),
        windows: Windows::short(members),
        development: true,
    }
}

/// The seed of those who run a network.
///
/// # Errors
/// When there is no network in the folder.
pub fn board(dir: &Path) -> anyhow::Result<[u8; 32]> {
    let path = dir.join("cast");
    let none = || format!("{} holds no test network: `galen testnet --dir` writes one", dir.display());
    let text = fs::read_to_string(&path).with_context(none)?;
    let mut seed = [0; 32];
    hex::decode_to_slice(text.trim(), &mut seed).with_context(|| format!("{} is damaged", path.display()))?;
    Ok(seed)
}

/// Writes a network into a new folder.
///
/// # Errors
/// When the folder is not empty, there are no ports, or something cannot be written.
pub fn write(dir: &Path, plan: &Plan, keys: &VerifyingKeys) -> anyhow::Result<ChainId> {
    private_dir(dir)?;
    ensure!(fs::read_dir(dir)?.next().is_none(), "{} is not empty: choose another --dir", dir.display());
    let dir = &dir.canonicalize()?;
    let mut seed = [0; 32];
    rand::rngs::OsRng.fill_bytes(&mut seed);
    write_private(&dir.join("cast"), hex::encode(seed).as_bytes())?;
    let homes = homes(dir, plan)?;
    let mut founders = Vec::new();
    for home in homes.iter().take(plan.members.into()) {
        founders.push(init::candidate(home, &home.config()?)?);
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let cast = Cast::new(seed);
    private_dir(&dir.join("seeds"))?;
    for (name, seed) in cast.board_seeds(plan.members) {
        write_private(&dir.join("seeds").join(name), hex::encode(seed).as_bytes())?;
    }
    let config = market(&cast, plan.members, keys).to_json();
    Market::new(&config, std::sync::Arc::new(galen_ledger::MemoryBlobs::new())).context("the market")?;
    let genesis = Genesis {
        name: "galen test network".into(),
        time_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        members: founders,
        parameters: Parameters {
            cycle_blocks: plan.cycle_blocks,
            beacon_interval: plan.beacon_interval,
            groups: plan.groups,
            ..Parameters::default()
        },
        config,
    };
    genesis.validate().context("the genesis")?;
    write_private(&dir.join("market.json"), &genesis.config)?;
    let file = dir.join("genesis");
    write_private(&file, &genesis.to_bytes())?;
    finish(&homes, &file)?;
    scripts(dir, plan)?;
    Ok(genesis.chain_id())
}

/// Makes the homes of members, then of gateways.
fn homes(dir: &Path, plan: &Plan) -> anyhow::Result<Vec<Home>> {
    let members = (0..plan.members).map(|index| (index, Role::Member, format!("member-{index}")));
    let gateways =
        (0..plan.gateways).map(|index| (FIRST_FOLLOWER + index, Role::Gateway, format!("gateway-{index}")));
    let nodes: Vec<_> = members.chain(gateways).collect();
    let ports = ports(2 * nodes.len() + usize::from(plan.gateways), plan.base_port)?;
    let (ports, sites) = ports.split_at(2 * nodes.len());
    let mut sites = sites.iter();
    let mut homes = Vec::new();
    for ((number, role, name), ports) in nodes.into_iter().zip(ports.chunks_exact(2)) {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let [links, api] = [0, 1].map(|index| at(ports.get(index).copied().unwrap_or(0)));
        let home = Home::new(dir.join(&name));
        let mut config = init::init(&home, NewHome { number, role, name, links, api })?;
        if role == Role::Gateway {
            config.explorer = sites
                .next()
                .map(|port| ExplorerSection { per_second: SITE_RATE, ..ExplorerSection::at(at(*port)) });
            init::write(&home, &config)?;
        }
        homes.push(home);
    }
    Ok(homes)
}

/// Desks and tests of one machine share its address.
const SITE_RATE: NonZeroU32 = NonZeroU32::MAX;

/// Free ports. Held together until all are known, so that all differ.
fn ports(count: usize, base: Option<u16>) -> anyhow::Result<Vec<u16>> {
    if let Some(base) = base {
        let last = usize::from(base) + count;
        ensure!(last <= usize::from(u16::MAX), "--base-port {base} leaves no room for {count} ports");
        return Ok((base..).take(count).collect());
    }
    let held: Vec<_> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<Result<_, _>>()?;
    held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

/// Gives each home the genesis, its peers and the settings of a test network.
fn finish(homes: &[Home], genesis: &Path) -> anyhow::Result<()> {
    let mut peers = Vec::new();
    for home in homes {
        peers.push(init::entry(home, &home.config()?)?);
    }
    for home in homes {
        let (mut config, _) = init::adopt(home, genesis)?;
        config.peers.clone_from(&peers);
        config.node.min_free_mib = 64;
        config.consensus.heartbeat_ms = HEARTBEAT_MS;
        init::write(home, &config)?;
    }
    Ok(())
}

fn scripts(dir: &Path, plan: &Plan) -> anyhow::Result<()> {
    let members = plan.members;
    let start = format!(
        r#"#!/bin/sh
# Starts all members in the background, and waits until they are ready.
cd "$(dirname "$0")" || exit 1
GALEN="${{GALEN:-galen}}"
mkdir -p logs
i=0
while [ $i -lt {members} ]; do
  "$GALEN" node run --home "member-$i" >>"logs/member-$i.log" 2>&1 &
  echo $! >"member-$i/pid"
  i=$((i + 1))
done
i=0
while [ $i -lt {members} ]; do
  until "$GALEN" node status --home "member-$i" >/dev/null 2>&1; do
    kill -0 "$(cat "member-$i/pid")" 2>/dev/null || {{ echo "member-$i has ended:"; tail -n 3 "logs/member-$i.log"; exit 1; }}
    sleep 0.2
  done
  i=$((i + 1))
done
echo "{members} members are ready"
"#
    );
    let stop = format!(
        r#"#!/bin/sh
# Stops all members in order.
cd "$(dirname "$0")" || exit 1
i=0
while [ $i -lt {members} ]; do
  [ -f "member-$i/pid" ] && kill "$(cat "member-$i/pid")" 2>/dev/null
  i=$((i + 1))
done
i=0
while [ $i -lt {members} ]; do
  while [ -f "member-$i/pid" ] && kill -0 "$(cat "member-$i/pid")" 2>/dev/null; do sleep 0.1; done
  rm -f "member-$i/pid"
  i=$((i + 1))
done
"#
    );
    for (name, text) in [("start.sh", start), ("stop.sh", stop)] {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
