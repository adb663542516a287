//! Proof that something is on the ledger, for whoever has the genesis, or the chain's id, and nothing else.

use galen_ledger::LightProof;
use serde::Serialize;
use utoipa::ToSchema;

use crate::chain::{Chain, ChainError};
use crate::fact::Subject;

/// A proof of what is, or is not, at one place of the state, and how to check it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct InclusionView {
    /// What it is about, in words.
    pub about: String,
    /// What the state says of it now, in words.
    pub says: String,
    /// The height that it is about.
    pub height: u64,
    /// Name for the proof's file.
    pub file: String,
    /// Bytes of the proof.
    pub bytes: usize,
    /// The command that checks it.
    pub check: String,
}

/// The proof itself, with the genesis in it, so that the chain's id is all that its reader must know.
///
/// # Errors
/// [`ChainError`].
pub fn proof(chain: &dyn Chain, subject: &Subject) -> Result<Option<Vec<u8>>, ChainError> {
    let Some(proof) = chain.light_proof(&[subject.key()])? else { return Ok(None) };
    let genesis = Some(chain.genesis().as_ref().clone());
    Ok(Some(LightProof { genesis, ..proof }.to_file()))
}

/// What the proof is about, and how to check it.
///
/// # Errors
/// [`ChainError`].
pub fn inclusion(chain: &dyn Chain, subject: &Subject) -> Result<Option<InclusionView>, ChainError> {
    let Some(bytes) = proof(chain, subject)? else { return Ok(None) };
    let (says, height) = chain.read(|state, position| {
        let value = galen_ledger::StateRead::get(state, &subject.key());
        let says = subject.say(value.as_deref());
        (says.unwrap_or_else(|_| "the value is of another version".to_owned()), position.height.get())
    })?;
    let file = format!("{}.light", subject.to_string().replace(' ', "-"));
    Ok(Some(InclusionView {
        about: subject.to_string(),
        says,
        height,
        check: format!("galen light verify {file} --chain {}", chain.id()),
        bytes: bytes.len(),
        file,
    }))
}
