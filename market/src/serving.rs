//! Sites of this process: a node's explorer, and desks.

mod desk;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use galen_market::chain::Chain;
use galen_market::explorer::{self, Explorer, Health};
use galen_market::web::limit::Rates;
use galen_market::web::page::SiteName;
use galen_market::web::site::{self, Site};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use desk::{HospitalWays, OpenDesk, Work};

/// A site on a port, until it is stopped or dropped.
pub struct Serving {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Serving {
    /// Takes a port, and serves what is made for it. `field` names the address in a configuration.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn begin(
        field: &str,
        listen: SocketAddr,
        make: impl FnOnce(SocketAddr) -> (Site, Router),
    ) -> anyhow::Result<Self> {
        let taken = || format!("{field} = \"{listen}\": choose another port, or stop what uses it");
        let listener = TcpListener::bind(listen).await.with_context(taken)?;
        let address = listener.local_addr()?;
        let (site, router) = make(address);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(site::serve(listener, router, site.connections, stopped));
        Ok(Self { address, stop, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets calls finish for a moment, and frees the port.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // It ends by itself within its time of grace; a panic in it was said already.
        let _ = self.task.await;
    }
}

/// The public site of a chain: pages, API, and what desks follow it by.
///
/// # Errors
/// When the port cannot be had.
pub async fn explorer(
    listen: SocketAddr,
    rates: Rates,
    chain: Arc<dyn Chain>,
    health: Option<Arc<dyn Health>>,
) -> anyhow::Result<Serving> {
    Serving::begin("explorer.listen", listen, |_| {
        let site = Site::public(SiteName::Explorer, rates);
        let router = site.around(explorer::routes(Explorer::start(chain, health)));
        (site, router)
    })
    .await
}
