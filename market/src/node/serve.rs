//! `galen node run`: a node until it is told to stop.
//!
//! SIGINT and SIGTERM stop it in order, within ten seconds; a second one at once, with exit code 130. SIGHUP reads the
//! list of peers again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use galen_ledger::NodeStatus;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::home::Home;
use super::run::Running;
use super::{admin, explorer, health::Health};
use crate::cli::log;
use crate::serving::Serving;

/// How long stopping in order may take. What is not finished then is what a crash would leave, which is safe.
const STOP_TIME: Duration = Duration::from_secs(5);
/// How often the list of peers is compared with the committee, and the node with what it should be.
const LOOK: Duration = Duration::from_secs(5);
/// Exit code when a second signal ends it.
const AT_ONCE: i32 = 130;

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let of = |kind| signal(kind).context("signals");
        Ok(Self {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
            hangup: of(SignalKind::hangup())?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Runs the node of a home until it is told to stop.
///
/// # Errors
/// When it cannot start, or has to stop by itself.
pub async fn serve(home: Home) -> anyhow::Result<()> {
    let config = home.config()?;
    log::begin(&config.log)?;
    let mut signals = Signals::new()?;
    let starting = tokio::task::spawn_blocking(move || Running::start(home));
    let running = tokio::select! {
        running = starting => Arc::new(running.context("starting")??),
        () = signals.stop() => std::process::exit(0),
    };
    let listener = match admin::bind(config.api.listen).await {
        Ok(listener) => listener,
        Err(error) => {
            running.stop().await;
            return Err(error);
        }
    };
    let site = match explorer::begin(&running).await {
        Ok(site) => site,
        Err(error) => {
            running.stop().await;
            return Err(error);
        }
    };
    announce(&running, &listener, site.as_ref());
    let serving = tokio::spawn(admin::serve(listener, Arc::clone(&running)));
    let result = watch(&running, &mut signals).await;
    tracing::info!("stopping");
    let stopping = async {
        if let Some(site) = site {
            site.stop().await;
        }
        running.stop().await;
    };
    tokio::select! {
        biased;
        () = signals.stop() => std::process::exit(AT_ONCE),
        stopped = tokio::time::timeout(STOP_TIME, stopping) => {
            if stopped.is_err() {
                tracing::warn!("not everything ended in time; what is durable is whole");
            }
        }
    }
    serving.abort();
    tracing::info!(height = %running.node.height(), "stopped");
    result
}

fn announce(running: &Running, listener: &tokio::net::TcpListener, site: Option<&Serving>) {
    let links = running.links.address().map(|address| address.to_string()).unwrap_or_default();
    let api = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let chain = running.node.genesis().chain_id();
    let number = running.config.node.number;
    let explorer = site.map(|site| site.address().to_string()).unwrap_or_default();
    tracing::info!(number, %chain, height = %running.node.height(), links, api, explorer, "node runs");
}

/// Looks after a running node.
async fn watch(running: &Running, signals: &mut Signals) -> anyhow::Result<()> {
    let mut status = running.node.status();
    let mut peers = running.config.peers.clone();
    let mut look = tokio::time::interval(LOOK);
    let mut said = Vec::new();
    loop {
        tokio::select! {
            _ = signals.interrupt.recv() => return Ok(()),
            _ = signals.terminate.recv() => return Ok(()),
            _ = signals.hangup.recv() => match running.reload() {
                Ok(read) => {
                    tracing::info!(peers = read.len(), "the list of peers was read again");
                    peers = read;
                }
                Err(error) => tracing::error!("the list of peers stays as it was: {error:#}"),
            },
            changed = status.changed() => {
                let stopped = match &*status.borrow_and_update() {
                    NodeStatus::Stopped(reason) => Some(reason.clone()),
                    NodeStatus::Running { .. } => None,
                };
                if let Some(reason) = stopped {
                    bail!("the node has stopped: {reason}");
                }
                changed.context("the node has ended")?;
            }
            _ = look.tick() => {
                running.follow_committee(&peers)?;
                said = complain(running, said)?;
            }
        }
    }
}

/// Says in the log what keeps the node from being ready, once.
fn complain(running: &Running, said: Vec<String>) -> anyhow::Result<Vec<String>> {
    let health = Health::of(running)?;
    let kinds: Vec<String> = health
        .not_ready
        .iter()
        .map(|reason| reason.chars().filter(|c| !c.is_ascii_digit()).collect())
        .collect();
    for (kind, reason) in kinds.iter().zip(&health.not_ready) {
        if !said.contains(kind) {
            tracing::warn!("not ready: {reason}");
        }
    }
    if kinds.is_empty() && !said.is_empty() {
        tracing::info!("ready");
    }
    Ok(kinds)
}
