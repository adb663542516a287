//! A sale as it rests in the hospital's files: written before it is sent, so that nothing is proven twice and the encapsulation
//! is there when the contribution is accepted.

use galen_circuits::jubjub::Sealed;
use serde::{Deserialize, Serialize};

use super::Sale;
use crate::id::ContributionId;
use crate::transaction::Transaction;

/// A sale with its ciphertext, as JSON.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptSale {
    transaction: String,
    id: ContributionId,
    encapsulation: Sealed,
    blob: String,
    /// How many proofs it holds.
    pub proofs: usize,
}

/// A kept sale that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the kept contribution is damaged: delete it, and it is proven again")]
pub struct Damaged;

impl std::fmt::Debug for KeptSale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeptSale({})", self.id)
    }
}

impl KeptSale {
    /// A sale as it is kept.
    pub fn new(sale: &Sale, blob: &[u8], proofs: usize) -> Self {
        Self {
            transaction: hex::encode(sale.transaction.to_bytes()),
            id: sale.id,
            encapsulation: sale.encapsulation,
            blob: hex::encode(blob),
            proofs,
        }
    }

    /// The contribution's name.
    pub fn id(&self) -> ContributionId {
        self.id
    }

    /// The sale again.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn sale(&self) -> Result<Sale, Damaged> {
        let bytes = hex::decode(&self.transaction).map_err(|_| Damaged)?;
        let transaction = Transaction::from_bytes(&bytes).map_err(|_| Damaged)?;
        Ok(Sale { transaction, id: self.id, encapsulation: self.encapsulation })
    }

    /// The ciphertext.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn blob(&self) -> Result<Vec<u8>, Damaged> {
        hex::decode(&self.blob).map_err(|_| Damaged)
    }
}
