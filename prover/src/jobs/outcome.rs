//! What a job gives.

use std::fmt;

use galen_circuits::contribution::Contribution;
use galen_circuits::jubjub::Sealed;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The result of a job: verified, with what goes beside it.
///
/// Caution: blob and encapsulation together are readable to the buyer. Nobody may see the encapsulation before the
/// contribution is accepted; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Header, states and proofs.
    pub contribution: Contribution,
    /// The ciphertext of all blocks, as the header commits to it.
    pub blob: Vec<u8>,
    /// The encapsulation to the buyer.
    pub encapsulation: Sealed,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proofs = self.contribution.scans.len() + self.contribution.releases.len() + 1;
        write!(f, "Outcome({proofs} proofs, {} bytes of ciphertext)", self.blob.len())
    }
}

/// The JSON of an outcome: canonical bytes in hex.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    contribution: String,
    blob: String,
    encapsulation: Sealed,
}

impl Outcome {
    /// The JSON that files and service use.
    pub(crate) fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let form = Form {
            contribution: hex::encode(self.contribution.to_bytes()),
            blob: hex::encode(&self.blob),
            encapsulation: self.encapsulation,
        };
        Zeroizing::new(serde_json::to_vec(&form).expect("strings and numbers always have a JSON form"))
    }

    /// Reads it; `None` for anything else. Checks that every proof is well formed, and no statement.
    pub(crate) fn from_json(bytes: &[u8]) -> Option<Self> {
        let form: Form = serde_json::from_slice(bytes).ok()?;
        let contribution = Contribution::from_bytes(&hex::decode(form.contribution).ok()?).ok()?;
        Some(Self { contribution, blob: hex::decode(form.blob).ok()?, encapsulation: form.encapsulation })
    }
}
