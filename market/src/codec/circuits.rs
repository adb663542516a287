//! The encoding of types of the circuits and of the ledger.

use galen_circuits::contribution::{Contribution, Limits};
use galen_circuits::field::{F, from_bytes, to_bytes};
use galen_circuits::groth16::{PROOF_BYTES, Proof};
use galen_circuits::jubjub::{Coordinates, Possession, PublicKey, Sealed};
use galen_circuits::knowledge::Knowledge;
use galen_circuits::request::{QuasiIdentifier, Terms};
use galen_circuits::schema::{Condition, Predicate, Schema};
use galen_circuits::state::Totals;
use galen_ledger::{BlobHash, Height, TxHash};

use super::{Canonical, CodecFault, Reader, canonical, write_bytes};

impl Canonical for F {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&to_bytes(self));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        from_bytes(&reader.array()?).ok_or(CodecFault::NotCanonical("a field element"))
    }
}

impl Canonical for PublicKey {
    fn write(&self, out: &mut Vec<u8>) {
        self.coordinates().write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        let refused = |fault| CodecFault::Refused { what: "a key", why: format!("{fault}") };
        PublicKey::new(Coordinates::read(reader)?).map_err(refused)
    }
}

impl Canonical for Possession {
    fn write(&self, out: &mut Vec<u8>) {
        self.commitment.write(out);
        self.response.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        let proof = Possession { commitment: Coordinates::read(reader)?, response: String::read(reader)? };
        let lower = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if proof.response.len() == 64 && proof.response.bytes().all(lower) {
            Ok(proof)
        } else {
            Err(CodecFault::NotCanonical("a proof of possession"))
        }
    }
}

/// A schema travels as the JSON that this program writes of it, and as no other.
impl Canonical for Schema {
    fn write(&self, out: &mut Vec<u8>) {
        // Writing a checked schema into memory cannot fail: it holds texts and numbers.
        write_bytes(out, &serde_json::to_vec(self).unwrap_or_default());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        let refused =
            |fault: serde_json::Error| CodecFault::Refused { what: "a schema", why: fault.to_string() };
        serde_json::from_slice(reader.bytes()?).map_err(refused)
    }
}

impl Canonical for Proof {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        let refused = |why: String| CodecFault::Refused { what: "a proof", why };
        Self::from_bytes(&reader.array::<PROOF_BYTES>()?).map_err(|fault| refused(fault.to_string()))
    }
}

impl Canonical for Contribution {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(out, &self.to_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        let refused = |why: String| CodecFault::Refused { what: "a contribution", why };
        Contribution::from_bytes(reader.bytes()?).map_err(|fault| refused(fault.to_string()))
    }
}

canonical!(struct Coordinates { x, y });
canonical!(struct Knowledge { nullifier, proof });
canonical!(struct Sealed { ephemeral, masked });
canonical!(struct QuasiIdentifier { column, weight });
canonical!(struct Condition { column, lo, hi });
canonical!(struct Predicate { conditions, clauses });
canonical!(struct Limits { max_suppressed_per_mille, max_loss_per_row });
canonical!(struct Totals { released, suppressed, loss });
canonical!(struct Terms {
    schema, predicate, purpose, released, quasi_identifiers, sensitive, k, l, alpha,
});

macro_rules! hashes {
    ($($name:ident),*) => {$(
        impl Canonical for $name {
            fn write(&self, out: &mut Vec<u8>) {
                self.as_bytes().write(out);
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
                Ok(Self::from_bytes(reader.array()?))
            }
        }
    )*};
}
hashes!(BlobHash, TxHash);

impl Canonical for Height {
    fn write(&self, out: &mut Vec<u8>) {
        self.get().write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        Ok(Self::new(u64::read(reader)?))
    }
}
