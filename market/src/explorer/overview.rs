//! The chain at a glance.

use serde::Serialize;
use utoipa::ToSchema;

use super::index::{Counts, Index};
use super::member::{self, CycleView};
use crate::chain::{Chain, ChainError};
use crate::money;

/// The chain at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChainView {
    /// Its name, for people.
    pub name: String,
    /// Its id: the digest of its genesis.
    pub id: String,
    /// Whether it is for demonstrations: then one party made the proving keys, and could forge.
    pub development: bool,
    /// The newest final block.
    pub height: u64,
    /// That block's name.
    pub block: String,
    /// That block's time, in milliseconds since 1970.
    pub time_ms: u64,
    /// Root of the state after it.
    pub app_hash: String,
    /// The cycle and the beacon.
    pub cycle: CycleView,
    /// Notes of money that were ever made. How much they are worth is sealed.
    pub notes: u32,
    /// Issues by the treasury.
    pub issues: u32,
    /// What there is of requests and contributions.
    #[serde(flatten)]
    pub counts: Counts,
}

/// The chain at a glance.
///
/// # Errors
/// [`ChainError`].
pub async fn overview(chain: &dyn Chain, index: &Index) -> Result<ChainView, ChainError> {
    let counts = index.counts(chain).await?;
    let cycle = member::cycle(chain)?;
    let (genesis, id) = (chain.genesis(), chain.id());
    let development = development(&genesis.config);
    chain.read(|state, position| ChainView {
        name: genesis.name.clone(),
        id: id.to_string(),
        development,
        height: position.height.get(),
        block: position.block.to_string(),
        time_ms: position.time_ms,
        app_hash: position.outcome.app_hash.to_string(),
        cycle,
        notes: money::notes(state),
        issues: money::issues(state),
        counts,
    })
}

/// The one thing of the configuration that everybody must be told.
fn development(config: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Part {
        development: bool,
    }
    serde_json::from_slice::<Part>(config).is_ok_and(|part| part.development)
}
