//! Finds a contribution on the chain, with its proofs, and prepares it for a verification by others.

use std::sync::OnceLock;

use axum::body::Bytes;
use galen_ledger::Height;

use super::remembered::Remembered;
use super::verify::{CircuitKeys, ProofMaterial};
use crate::chain::{Chain, ChainError};
use crate::config::MarketConfig;
use crate::id::ContributionId;
use crate::query;
use crate::record::{ContributionRecord, RequestRecord};
use crate::transaction::{SignedContribution, Transaction};

/// There is nothing to verify here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialFault {
    /// No such contribution.
    #[error("there is no contribution {0}")]
    Unknown(ContributionId),
    /// The block with the proofs lies before a snapshot.
    #[error(
        "the proofs are in block {0}, which this node does not have: it went on with a later snapshot; ask another"
    )]
    NotHere(u64),
    /// The chain runs with keys that this program cannot use.
    #[error("the chain's verifying keys cannot be read: {0}")]
    Keys(String),
    /// What was found cannot be written down.
    #[error("the proofs cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The chain cannot be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// Bytes of answers that are remembered at most: a contribution is some ten to a hundred thousand.
const REMEMBERED: usize = 32 << 20;

/// The keys of a chain, and answers that were given before. Neither changes: a contribution's proofs are in a final block.
#[derive(Debug)]
pub struct Materials {
    keys: OnceLock<CircuitKeys>,
    answers: Remembered<ContributionId, Bytes>,
}

impl Default for Materials {
    fn default() -> Self {
        Self { keys: OnceLock::new(), answers: Remembered::up_to(REMEMBERED) }
    }
}

impl Materials {
    /// The [`ProofMaterial`] of a contribution, as JSON.
    ///
    /// # Errors
    /// [`MaterialFault`].
    pub async fn json(&self, chain: &dyn Chain, id: &ContributionId) -> Result<Bytes, MaterialFault> {
        if let Some(known) = self.answers.get(id) {
            return Ok(known);
        }
        let material = material(chain, self.keys(chain)?, id).await?;
        let json = Bytes::from(serde_json::to_vec(&material)?);
        self.answers.put(*id, json.clone(), json.len());
        Ok(json)
    }

    fn keys(&self, chain: &dyn Chain) -> Result<&CircuitKeys, MaterialFault> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        let keys = keys(chain)?;
        Ok(self.keys.get_or_init(|| keys))
    }
}

/// The verifying keys that a chain's genesis pins.
fn keys(chain: &dyn Chain) -> Result<CircuitKeys, MaterialFault> {
    let read = MarketConfig::from_json(&chain.genesis().config);
    read.map(|(_, keys)| CircuitKeys::of(&keys)).map_err(|fault| MaterialFault::Keys(fault.to_string()))
}

/// What another implementation needs to check a contribution.
async fn material(
    chain: &dyn Chain,
    keys: &CircuitKeys,
    id: &ContributionId,
) -> Result<ProofMaterial, MaterialFault> {
    let found = chain.read(|state, position| {
        let record = ContributionRecord::load(state, id)?;
        let request = RequestRecord::load(state, &record.request)?;
        let statement = request.statement(&position.chain_id, &query::config(state)?)?;
        Some((record, statement))
    })?;
    let (record, statement) = found.ok_or(MaterialFault::Unknown(*id))?;
    let signed = signed(chain, &record).await?.ok_or(MaterialFault::NotHere(record.height))?;
    Ok(ProofMaterial::of(&statement, &signed.contribution, keys.clone()))
}

/// The transaction of a contribution, if its block is here.
async fn signed(
    chain: &dyn Chain,
    record: &ContributionRecord,
) -> Result<Option<SignedContribution>, ChainError> {
    let Some(seen) = chain.block(Height::new(record.height)).await? else { return Ok(None) };
    let mut txs = seen.block.txs.iter();
    let bytes = txs.find(|bytes| galen_ledger::TxHash::of(bytes) == record.tx);
    Ok(match bytes.map(|bytes| Transaction::from_bytes(bytes)) {
        Some(Ok(Transaction::Contribute(signed))) => Some(signed),
        _ => None,
    })
}
