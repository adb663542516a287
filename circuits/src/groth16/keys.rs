//! Where keys come from, and where they are kept.
//!
//! All key generation is in this module, so that a ceremony can replace it: everybody else sees a [`KeyPair`] with its
//! [`Origin`] and the [`CircuitDigest`] of what it is for.

mod file;
mod store;

pub use store::KeyStore;

use std::fmt;

use ark_bls12_381::{Bls12_381, Fr};
use ark_groth16::{Groth16, ProvingKey};
use ark_relations::gr1cs::{ConstraintSynthesizer, SynthesisError};
use rand::{CryptoRng, RngCore};

use super::encoding::EncodingError;
use super::matrices::{CircuitDigest, Matrices};
use super::verifying_key::{Fingerprint, VerifyingKey};

/// Why a key is refused or could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A point or the whole key is not canonically encoded.
    #[error("key: {0}")]
    Encoding(#[from] EncodingError),
    /// The key is in a format that this program does not know.
    #[error("key format {0} is not known")]
    Version(u8),
    /// The key names an origin that this program does not know.
    #[error("key origin {0} is not known")]
    UnknownOrigin(u8),
    /// The key was made by one party, who can forge proofs, and the caller did not accept that.
    #[error("the key was made by a single party; such keys are for demonstrations and tests only")]
    InsecureOrigin,
    /// The key has another number of public inputs.
    #[error("the key is for {found} public inputs, not {expected}")]
    Inputs {
        /// The number that the caller expects.
        expected: usize,
        /// The key's number.
        found: usize,
    },
    /// γ = δ: anybody can forge under such a key.
    #[error("gamma equals delta: the second phase of the set-up was skipped")]
    GammaIsDelta,
    /// δ is the generator: anybody can forge under such a key.
    #[error("delta is the generator: the second phase of the set-up was skipped")]
    DeltaIsGenerator,
    /// A list of the proving key does not have the length that the circuit asks for.
    #[error("{part} of the proving key has {found} points, the circuit asks for {expected}")]
    ProvingLength {
        /// Which list.
        part: &'static str,
        /// Its length by the circuit.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// The two halves of a pair do not belong together.
    #[error("the proving key belongs to another verifying key")]
    Mismatch,
    /// The key is for another circuit.
    #[error("the key is for circuit {found}, not {expected}")]
    Circuit {
        /// The circuit that the caller has.
        expected: CircuitDigest,
        /// The circuit that the key is for.
        found: CircuitDigest,
    },
    /// The key is not the pinned one.
    #[error("the key's fingerprint is {found}, the pinned one {pinned}")]
    NotPinned {
        /// The fingerprint that was pinned.
        pinned: Fingerprint,
        /// The key's fingerprint.
        found: Fingerprint,
    },
    /// A name is not usable as part of a file name.
    #[error("a key's name is 1 to 64 characters of a-z, 0-9, '-' and '_'")]
    Name,
    /// The circuit could not be synthesized.
    #[error("circuit: {0}")]
    Synthesis(#[from] SynthesisError),
    /// A key file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A key file is damaged.
    #[error("key file is damaged: {0}")]
    Damaged(&'static str),
}

/// Who made a key, and hence who could forge proofs under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Origin {
    /// One party drew all the secrets and may have kept them: it can forge. For demonstrations and tests.
    InsecureSingleParty,
}

/// Which origins a caller accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Only keys that no single party could forge under.
    Production,
    /// Also keys of [`Origin::InsecureSingleParty`]: demonstrations and tests.
    Development,
}

impl Origin {
    /// Whether `trust` accepts keys of this origin.
    ///
    /// # Errors
    /// [`KeyError::InsecureOrigin`] when it does not.
    pub fn accept(self, trust: Trust) -> Result<(), KeyError> {
        match (self, trust) {
            (Self::InsecureSingleParty, Trust::Production) => Err(KeyError::InsecureOrigin),
            (Self::InsecureSingleParty, Trust::Development) => Ok(()),
        }
    }

    pub(super) fn to_byte(self) -> u8 {
        match self {
            Self::InsecureSingleParty => 1,
        }
    }

    pub(super) fn from_byte(byte: u8) -> Result<Self, KeyError> {
        match byte {
            1 => Ok(Self::InsecureSingleParty),
            other => Err(KeyError::UnknownOrigin(other)),
        }
    }
}

/// The keys of a circuit with `N` public inputs, with its matrices.
#[derive(Clone)]
pub struct KeyPair<const N: usize> {
    proving: ProvingKey<Bls12_381>,
    verifying: VerifyingKey<N>,
    matrices: Matrices,
}

impl<const N: usize> KeyPair<N> {
    /// Joins a proving key with the circuit that it is for, and checks that all lengths fit and that the verifying half
    /// passes the checks of [`VerifyingKey::new`].
    ///
    /// Not checked: the curve and subgroup of the proving key's own points. A wrong one cannot make a wrong proof
    /// valid; it makes proofs that fail.
    ///
    /// # Errors
    /// [`KeyError`] naming the part that does not fit.
    pub fn new(proving: ProvingKey<Bls12_381>, matrices: Matrices, origin: Origin) -> Result<Self, KeyError> {
        let digest = matrices.digest();
        Self::with_digest(proving, matrices, digest, origin)
    }

    fn with_digest(
        proving: ProvingKey<Bls12_381>,
        matrices: Matrices,
        digest: CircuitDigest,
        origin: Origin,
    ) -> Result<Self, KeyError> {
        let instance = matrices.instance_variables();
        if instance != N + 1 {
            return Err(KeyError::Inputs { expected: N, found: instance.saturating_sub(1) });
        }
        let variables = instance + matrices.witness_variables();
        let domain = (matrices.constraints() + instance).next_power_of_two();
        let lengths = [
            ("A", proving.a_query.len(), variables),
            ("B in G1", proving.b_g1_query.len(), variables),
            ("B in G2", proving.b_g2_query.len(), variables),
            ("L", proving.l_query.len(), matrices.witness_variables()),
            ("H", proving.h_query.len(), domain - 1),
        ];
        for (part, found, expected) in lengths {
            if found != expected {
                return Err(KeyError::ProvingLength { part, expected, found });
            }
        }
        let verifying = VerifyingKey::new(proving.vk.clone(), digest, origin)?;
        Ok(Self { proving, verifying, matrices })
    }

    /// The proving key.
    pub fn proving(&self) -> &ProvingKey<Bls12_381> {
        &self.proving
    }

    /// The verifying key.
    pub fn verifying(&self) -> &VerifyingKey<N> {
        &self.verifying
    }

    /// The circuit's matrices.
    pub fn matrices(&self) -> &Matrices {
        &self.matrices
    }

    /// The circuit's name.
    pub fn circuit(&self) -> CircuitDigest {
        self.verifying.circuit()
    }

    /// Who made the keys.
    pub fn origin(&self) -> Origin {
        self.verifying.origin()
    }

    /// Gives the proving key and matrices away, for an engine that keeps them in its own form.
    pub fn into_parts(self) -> (ProvingKey<Bls12_381>, VerifyingKey<N>, Matrices) {
        (self.proving, self.verifying, self.matrices)
    }
}

impl<const N: usize> fmt::Debug for KeyPair<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({:?}, {:?})", self.verifying, self.matrices)
    }
}

/// Makes keys with secrets drawn from `rng` in this process.
///
/// **Insecure for anything but demonstrations and tests**: whoever sees `rng`'s state or this process's memory can
/// forge proofs of any statement. The result says so ([`Origin::InsecureSingleParty`]) wherever it goes.
///
/// # Errors
/// [`KeyError::Synthesis`] for a circuit that cannot be synthesized without values, [`KeyError::Inputs`] for one that
/// has not `N` public inputs.
pub fn setup_insecure_single_party<const N: usize, C, R>(
    circuit: C,
    rng: &mut R,
) -> Result<KeyPair<N>, KeyError>
where
    C: ConstraintSynthesizer<Fr> + Clone,
    R: RngCore + CryptoRng,
{
    let matrices = Matrices::of(circuit.clone())?;
    if matrices.instance_variables() != N + 1 {
        return Err(KeyError::Inputs { expected: N, found: matrices.instance_variables().saturating_sub(1) });
    }
    let proving = Groth16::<Bls12_381>::generate_random_parameters_with_reduction(circuit, rng)?;
    KeyPair::new(proving, matrices, Origin::InsecureSingleParty)
}

#[cfg(test)]
mod tests;
