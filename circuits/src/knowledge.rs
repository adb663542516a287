//! Knowledge of the secret behind a seller's name, shown once, at accreditation.
//!
//! A seal shows, among other things, that its maker knows the secret behind a name in both trees. So a candidate makes a
//! seal over two trees that hold that one name and nothing else. Everything but the secret is fixed or public: the
//! dataset is one empty chunk, data key and blinding factors are 0, the randomness of both encryptions is a constant.
//! No circuit is added, and no key. The request's id comes from a transcript of its own, so that this seal is worth
//! nothing for a contribution, and γ binds it to its context: chain and account.

use merlin::Transcript;
use serde::{Deserialize, Serialize};

use crate::contribution::Verifier;
use crate::dataset::body;
use crate::field::{F, from_wide, hex_serde, to_bytes};
use crate::groth16::{Proof, VerifyError};
use crate::jubjub::{Ephemeral, PublicKey};
use crate::merkle::{Path, Tree};
use crate::registry::{dataset_leaf, empty_tree, nullifier, seller, standing_leaf};
use crate::release::cipher::key_commitment;
use crate::scan::RunOpening;
use crate::seal::{SealCircuit, SealPrivate, SealPublic, TO_AUDITOR, TO_BUYER, draw};

const LABEL: &[u8] = b"galen knowledge of a seller's secret v1";
/// Digest of the schema that no schema has.
const SCHEMA: u64 = 0;
/// Chunks of the dataset that is no dataset.
const CHUNKS: u64 = 1;
/// Where both leaves stand.
const PLACE: u64 = 0;

/// Shows that somebody knows the secret behind a name, in one context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knowledge {
    /// The seller's nullifier for this context.
    #[serde(with = "hex_serde")]
    pub nullifier: F,
    /// The seal.
    pub proof: Proof,
}

/// A transcript up to the request's id.
fn begin(context: &[u8], name: F) -> (Transcript, F) {
    let mut transcript = Transcript::new(LABEL);
    transcript.append_message(b"context", context);
    transcript.append_message(b"seller", &to_bytes(&name));
    let request_id = challenge(&mut transcript, b"request");
    (transcript, request_id)
}

fn challenge(transcript: &mut Transcript, label: &'static [u8]) -> F {
    let mut wide = [0; 64];
    transcript.challenge_bytes(label, &mut wide);
    from_wide(&wide)
}

fn opening() -> RunOpening {
    RunOpening { root: F::from(0u64), chunks: CHUNKS, start: 0, blind: F::from(0u64) }
}

fn randomness() -> Ephemeral {
    Ephemeral::from_wide(&[1; 64])
}

fn of_one(leaf: F) -> Tree {
    let mut tree = empty_tree();
    tree.set(PLACE, leaf).expect("the first place is inside the tree");
    tree
}

/// The trees of datasets and of standing that hold this one name.
fn trees(name: F) -> (Tree, Tree) {
    let schema = F::from(SCHEMA);
    let body = body(F::from(0u64), CHUNKS, F::from(0u64));
    (of_one(dataset_leaf(body, schema, name)), of_one(standing_leaf(schema, name)))
}

/// What the seal has to show: `auditor` stands in for the buyer as well.
fn public(context: &[u8], name: F, auditor: &PublicKey, nullifier: F) -> SealPublic {
    let (mut transcript, request_id) = begin(context, name);
    transcript.append_message(b"nullifier", &to_bytes(&nullifier));
    transcript.append_message(b"auditor.x", &to_bytes(&auditor.coordinates().x));
    transcript.append_message(b"auditor.y", &to_bytes(&auditor.coordinates().y));
    let (datasets, standing) = trees(name);
    SealPublic {
        gamma: challenge(&mut transcript, b"gamma"),
        schema: F::from(SCHEMA),
        min_chunks: CHUNKS,
        anchor: datasets.root(),
        recent: standing.root(),
        request_id,
        beacon: F::from(0u64),
        run: opening().commitment(),
        nullifier,
        key_commitment: key_commitment(F::from(0u64), F::from(0u64)),
        buyer: auditor.coordinates(),
        encapsulation: randomness().seal(TO_BUYER, auditor, F::from(0u64)).digest(),
        auditor: auditor.coordinates(),
        identity: randomness().seal(TO_AUDITOR, auditor, name),
    }
}

/// What the holder of a seller's secret proves; the nullifier goes with the proof.
pub fn circuit(context: &[u8], seller_secret: F, auditor: &PublicKey) -> SealCircuit {
    let name = seller(seller_secret);
    let nullifier = nullifier(seller_secret, begin(context, name).1);
    let (datasets, standing) = trees(name);
    let path = |tree: &Tree| -> Path { tree.path(PLACE).expect("the first place is inside the tree") };
    let drawn = draw(F::from(0u64), nullifier, CHUNKS);
    SealCircuit {
        public: public(context, name, auditor, nullifier),
        private: SealPrivate {
            seller_secret,
            salt: F::from(0u64),
            run: opening(),
            quotient: drawn.quotient,
            draw: drawn.bits,
            dataset_path: path(&datasets),
            standing_path: path(&standing),
            key: F::from(0u64),
            key_blind: F::from(0u64),
            to_buyer: randomness(),
            to_auditor: randomness(),
        },
    }
}

impl Knowledge {
    /// Shows knowledge with a proof of [`circuit`].
    pub fn new(circuit: &SealPublic, proof: Proof) -> Self {
        Self { nullifier: circuit.nullifier, proof }
    }

    /// Checks it for a name, in its context.
    ///
    /// # Errors
    /// When the proof does not hold for this name, context and audit key.
    pub fn verify(
        &self,
        verifier: &Verifier,
        context: &[u8],
        name: F,
        auditor: &PublicKey,
    ) -> Result<(), VerifyError> {
        verifier.verify_seal(&public(context, name, auditor, self.nullifier), &self.proof)
    }
}

#[cfg(test)]
mod tests {
    use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;
    use crate::jubjub::SecretKey;

    fn holds(circuit: SealCircuit) -> bool {
        let system = ConstraintSystem::new_ref();
        circuit.generate_constraints(system.clone()).expect("the circuit synthesizes");
        system.is_satisfied().expect("it has values")
    }

    #[test]
    fn the_holder_of_the_secret_satisfies_the_seal_and_nobody_else_does() {
        let auditor = SecretKey::generate(&mut ChaCha20Rng::seed_from_u64(1)).public();
        let (secret, other) = (F::from(17u64), F::from(18u64));
        assert!(holds(circuit(b"context", secret, &auditor)));
        let mut stolen = circuit(b"context", other, &auditor);
        stolen.public = public(b"context", seller(secret), &auditor, stolen.public.nullifier);
        assert!(!holds(stolen));
    }

    #[test]
    fn everything_that_is_shown_depends_on_context_name_and_authority() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let (auditor, another) =
            (SecretKey::generate(&mut rng).public(), SecretKey::generate(&mut rng).public());
        let (name, n) = (seller(F::from(17u64)), F::from(3u64));
        let gamma = |context: &[u8], name, auditor, n| public(context, name, auditor, n).gamma;
        let first = gamma(b"a", name, &auditor, n);
        for other in [
            gamma(b"b", name, &auditor, n),
            gamma(b"a", name + F::from(1u64), &auditor, n),
            gamma(b"a", name, &another, n),
            gamma(b"a", name, &auditor, n + F::from(1u64)),
        ] {
            assert_ne!(first, other);
        }
    }
}
