//! The node's public site, when its configuration has one.

use std::num::NonZeroU32;
use std::sync::{Arc, Weak};
use std::time::Duration;

use galen_ledger::Staging;
use galen_market::chain::OwnChain;
use galen_market::explorer::{Health as SiteHealth, HealthView};
use galen_market::web::limit::Rates;

use super::health::Health;
use super::run::Running;
use crate::serving::{self, Serving};

/// Calls that are worked on at a time.
const AT_A_TIME: usize = 512;
/// How often ciphertexts that nothing names are looked for.
const SWEEP: Duration = Duration::from_secs(300);
const BURST: NonZeroU32 = NonZeroU32::new(10).expect("ten");

/// Serves the site of a node, if it has one.
///
/// # Errors
/// When the port cannot be had.
pub async fn begin(running: &Arc<Running>) -> anyhow::Result<Option<Serving>> {
    let Some(section) = running.config.explorer else { return Ok(None) };
    let burst = section.per_second.saturating_mul(BURST);
    let rates = Rates { per_second: section.per_second, burst, at_a_time: AT_A_TIME };
    let chain = Arc::new(OwnChain::new(running.node.clone(), running.staging.gateway()));
    tokio::spawn(sweep(Arc::downgrade(&running.staging)));
    let health = Arc::new(Looked(Arc::downgrade(running)));
    Ok(Some(serving::explorer(section.listen, rates, chain, Some(health)).await?))
}

/// Removes, now and then, what was handed in and nothing has named.
async fn sweep(staging: Weak<Staging>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(staging) = staging.upgrade() else { return };
        if let Err(error) = tokio::task::spawn_blocking(move || staging.sweep()).await {
            tracing::warn!(%error, "ciphertexts that nothing names were not looked for");
        }
    }
}

/// How the node is, for everybody: no names of peers, no paths.
struct Looked(Weak<Running>);

impl SiteHealth for Looked {
    fn health(&self) -> HealthView {
        let health = self.0.upgrade().and_then(|running| Health::of(&running).ok());
        let Some(health) = health else {
            let words = "the node is stopping".into();
            return HealthView { ready: false, words, behind: 0, linked: 0, peers: 0, waiting: 0 };
        };
        let highest = health.meter.heights.values().map(|height| height.get()).max().unwrap_or(0);
        HealthView {
            ready: health.is_ready(),
            words: if health.is_ready() {
                "all is well".into()
            } else {
                "not ready: its operators know why".into()
            },
            behind: highest.saturating_sub(health.height.get()),
            linked: health.reached,
            peers: health.members,
            waiting: health.meter.mempool_txs,
        }
    }
}
