//! A desk that is open: its home, the chain that it follows, its work, its site.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::Router;
use galen_market::MarketConfig;
use galen_market::agent::hospital::HospitalKeys;
use galen_market::chain::Chain;
use galen_market::desk::auditor;
use galen_market::desk::home::{DeskConfig, DeskHome, DeskRole, Prover, Seed};
use galen_market::desk::hospital::{self, HospitalDesk};
use galen_market::desk::researcher::{self, ResearcherDesk};
use galen_market::follow::{FollowedChain, Gateway};
use galen_market::web::page::SiteName;
use galen_market::web::session::Sessions;
use galen_market::web::site::Site;
use galen_prover::jobs::{ProofQueue, Proving, ProvingKeys, Settings};
use galen_prover::service::{Reach, RemoteProver, Token};
use galen_prover::vault::VaultKey;

use super::Serving;
use crate::cli::console::Console;
use crate::demo;

/// What is done at a desk.
pub enum Work {
    /// Requests are written, paid and collected.
    Researcher(Arc<ResearcherDesk>),
    /// Patients are imported, requests answered.
    Hospital(Arc<HospitalDesk>),
    /// The chain is looked at, and reported on.
    Auditor(auditor::site::Desk),
}

/// An open desk.
pub struct OpenDesk {
    /// What is done at it.
    pub work: Work,
    chain: Arc<FollowedChain>,
    queue: Option<ProofQueue>,
    serving: Serving,
    home: DeskHome,
}

/// Proving keys of this machine, if they are those of the chain.
///
/// # Errors
/// When they cannot be made or read, or the chain was founded with others.
fn keys_of(chain: &dyn Chain) -> anyhow::Result<Arc<ProvingKeys>> {
    let (keys, _) = demo::keys(&Console::new(true))?;
    let (_, theirs) = MarketConfig::from_json(&chain.genesis().config)?;
    ensure!(
        theirs.fingerprints() == keys.verifying().fingerprints(),
        "the chain was founded with other proving keys than those of this machine: put them into the folder that \
         GALEN_KEYS_DIR names"
    );
    Ok(Arc::new(ProvingKeys::new(keys)))
}

/// What a hospital's desk is told besides its home.
pub struct HospitalWays {
    /// Proving keys; the machine's own without them.
    pub keys: Option<Arc<ProvingKeys>>,
    /// A contribution waits a random time below this before it is sent.
    pub most_delay: Duration,
    /// A folder whose files can be chosen for import.
    pub import_folder: Option<PathBuf>,
}

impl Default for HospitalWays {
    fn default() -> Self {
        Self { keys: None, most_delay: Duration::from_secs(600), import_folder: None }
    }
}

impl OpenDesk {
    /// Opens the desk of a home: follows the chain, serves its people.
    ///
    /// # Errors
    /// When the chain cannot be followed, something kept is damaged, or the port is taken.
    pub async fn open(home: DeskHome, seed: &Seed, ways: HospitalWays) -> anyhow::Result<Self> {
        let network = home.network()?;
        let gateway = Gateway::new(network.gateway.to_string(), network.chain);
        let chain = Arc::new(FollowedChain::open(&home.layout().ledger(), gateway).await?);
        let dynamic = Arc::clone(&chain) as Arc<dyn Chain>;
        let (work, queue) = match home.config().role {
            DeskRole::Researcher => {
                let desk = ResearcherDesk::open(dynamic, seed.researcher(), &home.layout().work())?;
                (Work::Researcher(Arc::new(desk)), None)
            }
            DeskRole::Hospital => hospital_work(&home, seed.hospital(), dynamic, ways).await?,
            DeskRole::Auditor => (Work::Auditor(auditor::site::Desk::new(dynamic, seed.auditor())), None),
        };
        let listen = home.config().listen;
        let serving = Serving::begin("listen", listen, |address| {
            let sessions = Sessions::new(Arc::new(home.people()), address.port());
            let sessions = match home.config().public_name() {
                Some(public) => sessions.behind(public),
                None => sessions,
            };
            site(&work, address, sessions)
        })
        .await?;
        Ok(Self { work, chain, queue, serving, home })
    }

    /// Where its people find it.
    pub fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// Its home.
    pub fn home(&self) -> &DeskHome {
        &self.home
    }

    /// The chain that it follows.
    pub fn chain(&self) -> &FollowedChain {
        &self.chain
    }

    /// Ends it in order; unfinished proofs go on at the next start.
    pub async fn close(self) {
        self.serving.stop().await;
        if let Some(queue) = &self.queue {
            queue.close();
        }
        self.chain.close().await;
    }
}

async fn hospital_work(
    home: &DeskHome,
    keys: HospitalKeys,
    chain: Arc<dyn Chain>,
    ways: HospitalWays,
) -> anyhow::Result<(Work, Option<ProofQueue>)> {
    let (config, work) = (home.config().clone(), home.layout().work());
    // Reads proving keys and what is kept, which takes a while.
    let opening = move || -> anyhow::Result<_> {
        let (prover, queue) = prover(&config, &work, chain.as_ref(), keys.vault_key(), ways.keys)?;
        let settings = hospital::Settings {
            approvals: config.approvals,
            most_delay: ways.most_delay,
            import_folder: ways.import_folder,
            ..hospital::Settings::new(work)
        };
        Ok((HospitalDesk::open(chain, keys, prover, settings)?, queue))
    };
    let (desk, queue) = tokio::task::spawn_blocking(opening).await??;
    desk.start();
    Ok((Work::Hospital(desk), queue))
}

/// Whoever proves, and the queue if that is in this process.
fn prover(
    config: &DeskConfig,
    work: &Path,
    chain: &dyn Chain,
    key: VaultKey,
    keys: Option<Arc<ProvingKeys>>,
) -> anyhow::Result<(Arc<dyn Proving>, Option<ProofQueue>)> {
    match config.prover() {
        Prover::InProcess { workers } => {
            let keys = keys.map_or_else(|| keys_of(chain), Ok)?;
            let settings = Settings { workers, key: Some(key), ..Settings::default() };
            let queue = ProofQueue::open(&work.join("prover"), keys, settings)?;
            Ok((Arc::new(queue.clone()), Some(queue)))
        }
        Prover::Service { url, token_file } => {
            let text = std::fs::read_to_string(&token_file)
                .with_context(|| format!("prover.token_file: cannot read {}", token_file.display()))?;
            let token = Token::new(text.trim()).context("prover.token_file")?;
            Ok((Arc::new(RemoteProver::new(url.as_str(), token, Reach::Loopback)?), None))
        }
    }
}

fn site(work: &Work, address: SocketAddr, sessions: Sessions) -> (Site, Router) {
    let (name, routes) = match work {
        Work::Researcher(desk) => return researcher::pages::site(Arc::clone(desk), address, sessions),
        Work::Hospital(desk) => (SiteName::DataSteward, hospital::site(Arc::clone(desk)).0),
        Work::Auditor(desk) => (SiteName::Auditor, auditor::site::routes(desk)),
    };
    let site = Site::desk(name, address, sessions);
    let router = site.around(routes);
    (site, router)
}
