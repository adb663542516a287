//! `galen hospital serve`: the desk beside its keys and data, until it is told to stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use galen_market::chain::Chain;
use galen_market::desk::home::{DeskHome, DeskRole, Prover};
use galen_market::desk::hospital::{self, HospitalDesk, Settings};
use galen_market::follow::{FollowedChain, Gateway};
use galen_market::web::page::SiteName;
use galen_market::web::session::Sessions;
use galen_market::web::site::{self, Site};
use galen_prover::jobs::{ProofQueue, Proving, ProvingKeys};
use galen_prover::service::{Reach, RemoteProver, Token};
use galen_prover::vault::VaultKey;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::cli::console::Console;
use crate::cli::desk::DeskArg;
use crate::cli::log;
use crate::demo;

/// How the desk is served.
#[derive(Args, Debug)]
pub struct ServeArgs {
    #[command(flatten)]
    home: DeskArg,
    /// Files in this folder can be chosen for import.
    #[arg(long, value_name = "DIR")]
    import_folder: Option<PathBuf>,
    /// A proven contribution waits a random time of up to so many seconds before it is sent: without, its time tells whose it is.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    most_delay: u64,
}

impl ServeArgs {
    /// Serves until it is told to stop.
    ///
    /// # Errors
    /// When the home, the chain or the prover cannot be used, or the address is taken.
    pub async fn run(self) -> anyhow::Result<()> {
        let home = self.home.open(DeskRole::Hospital)?;
        log::begin(&home.config().log)?;
        let console = Console::new(false);
        let keys = self.home.seed(&home)?.hospital();
        let network = home.network()?;
        let gateway = Gateway::new(network.gateway.as_str(), network.chain);
        let followed = Arc::new(FollowedChain::open(&home.layout().ledger(), gateway).await?);
        let (prover, queue) = prover(&console, &home, keys.vault_key())?;
        let settings = Settings {
            approvals: home.config().approvals,
            most_delay: Duration::from_secs(self.most_delay),
            import_folder: self.import_folder,
            ..Settings::new(home.layout().work())
        };
        let chain: Arc<dyn Chain> = followed.clone();
        let desk = tokio::task::spawn_blocking(move || HospitalDesk::open(chain, keys, prover, settings));
        let desk = desk.await??;
        let listen = home.config().listen;
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        let sessions = Sessions::new(Arc::new(home.people()), address.port());
        let site = Site::desk(SiteName::DataSteward, address, sessions);
        let (routes, _) = hospital::site(Arc::clone(&desk));
        desk.start();
        console.fact("desk", format!("http://{address}"));
        console.object(&json!({ "address": format!("http://{address}") }));
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(site::serve(listener, site.around(routes), site.connections, stopped));
        told_to_stop().await?;
        stop.send_replace(true);
        serving.await?;
        if let Some(queue) = queue {
            tokio::task::spawn_blocking(move || queue.close()).await?;
        }
        followed.close().await;
        console.say("stopped; unfinished jobs go on at the next start");
        Ok(())
    }
}

/// Whoever proves, and the queue if that is in this process.
fn prover(
    console: &Console,
    home: &DeskHome,
    key: VaultKey,
) -> anyhow::Result<(Arc<dyn Proving>, Option<ProofQueue>)> {
    match home.config().prover() {
        Prover::InProcess { workers } => {
            let (keys, _) = demo::keys(console)?;
            let settings = galen_prover::jobs::Settings {
                workers,
                key: Some(key),
                ..galen_prover::jobs::Settings::default()
            };
            let folder = home.layout().work().join("prover");
            let queue = ProofQueue::open(&folder, Arc::new(ProvingKeys::new(keys)), settings)?;
            Ok((Arc::new(queue.clone()), Some(queue)))
        }
        Prover::Service { url, token_file } => {
            let token = Token::load_or_create(&token_file)?;
            Ok((Arc::new(RemoteProver::new(url.as_str(), token, Reach::Loopback)?), None))
        }
    }
}

async fn told_to_stop() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("signals")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("signals"),
        _ = terminate.recv() => Ok(()),
    }
}
