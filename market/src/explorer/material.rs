//! Finds a contribution on the chain, with its proofs, and prepares it for a verification by others.

use galen_circuits::keys::VerifyingKeys;
use galen_ledger::Height;

use super::verify::ProofMaterial;
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
    /// The chain cannot be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// The verifying keys that a chain's genesis pins.
///
/// # Errors
/// [`MaterialFault::Keys`].
pub fn keys(chain: &dyn Chain) -> Result<VerifyingKeys, MaterialFault> {
    let read = MarketConfig::from_json(&chain.genesis().config);
    read.map(|(_, keys)| keys).map_err(|fault| MaterialFault::Keys(fault.to_string()))
}

/// What another implementation needs to check a contribution.
///
/// # Errors
/// [`MaterialFault`].
pub async fn material(
    chain: &dyn Chain,
    keys: &VerifyingKeys,
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
    Ok(ProofMaterial::of(&statement, &signed.contribution, keys))
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
