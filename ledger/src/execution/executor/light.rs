//! What light clients and new members need of the chain: the walk through the committees, kept as the cycles end.

use std::sync::Arc;

use super::{Executor, Tip};
use crate::{
    chain::{Certificate, Genesis},
    codec::{Decode, Encode},
    execution::{StoreError, keys, layer::Layer},
    light::{Anchor, Claim, LightProof, Step},
    state::overlay::Writes,
    types::Cycle,
};

impl Executor {
    /// What the chain began with.
    pub fn genesis(&self) -> &Arc<Genesis> {
        &self.genesis
    }

    /// Adds to a block's batch its header with the certificate, and, if a cycle ends with it, the step to the next.
    pub(super) fn certify(
        &self,
        batch: &mut Writes,
        layer: &Layer,
        certificate: Option<&Certificate>,
    ) -> Option<Arc<Anchor>> {
        let header = layer.block.as_ref().map(|block| block.header.clone());
        let outcome = layer.position.outcome;
        let anchor = header.zip(certificate.cloned());
        let anchor = anchor.map(|(header, certificate)| Anchor { header, outcome, certificate });
        batch.insert(keys::ANCHOR.to_vec(), anchor.as_ref().map(Encode::to_bytes));
        let anchor = anchor?;
        if self.genesis.schedule().is_last(anchor.header.height) {
            let (last, receipts) = (anchor.clone(), layer.result.beginning());
            let cycle = last.header.cycle;
            let step = Step { last, receipts, next: layer.committee.as_ref().clone() };
            batch.insert(keys::step(cycle), Some(step.to_bytes()));
        }
        Some(Arc::new(anchor))
    }

    /// The steps of the walk to a cycle.
    pub(super) fn steps(&self, to: Cycle) -> Result<Vec<Step>, StoreError> {
        let missing = |cycle| StoreError::Damaged(format!("the certified end of cycle {cycle} is not there"));
        let step = |cycle: Cycle| {
            let bytes = self.store.get(&keys::step(cycle))?.ok_or_else(|| missing(cycle))?;
            Step::from_bytes(&bytes).map_err(|error| StoreError::Damaged(error.to_string()))
        };
        (0..to.get()).map(Cycle::new).map(step).collect()
    }

    /// What is at some keys of the application's final state, for whoever has nothing but the genesis; none before the
    /// first block.
    ///
    /// # Errors
    /// When the store fails.
    pub fn light_proof(&self, keys: &[Vec<u8>]) -> Result<Option<LightProof>, StoreError> {
        let guard = self.read_tip();
        let Tip { position, anchor: Some(anchor), .. } = &*guard else { return Ok(None) };
        let claim = |key: &Vec<u8>| Ok(Claim { key: key.clone(), proof: self.prove_at(position, key)? });
        Ok(Some(LightProof {
            chain_id: self.chain_id,
            genesis: None,
            steps: self.steps(anchor.header.cycle)?,
            anchor: anchor.as_ref().clone(),
            claims: keys.iter().map(claim).collect::<Result<_, StoreError>>()?,
        }))
    }
}
