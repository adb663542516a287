//! A report under the auditor's signature.
//!
//! Signed are the report's canonical bytes: JSON without white space, with the names of every object in the order of their
//! bytes. So a report may be set in another way and still be the one that was signed, and no value of it may be changed.

use galen_ledger::ChainId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::report::Report;
use crate::id::AccountKey;
use crate::sign::{Signature, Signer, SigningDigest};

/// What the signature is for.
const PURPOSE: &str = "galen 2026 auditor report v1";

/// A report with a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The report.
    pub report: Report,
    /// The auditor's account.
    #[schema(value_type = String)]
    pub by: AccountKey,
    /// By that account's key, over the report's canonical bytes and the chain.
    #[schema(value_type = String)]
    pub signature: Signature,
}

/// A file is no report that its auditor signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckFault {
    /// Not the JSON of a signed report.
    #[error("the file is no signed report: {0}")]
    Json(#[from] serde_json::Error),
    /// The chain's id is none.
    #[error("the report names no chain: an id is 64 hexadecimal digits")]
    Chain,
    /// The signature does not hold.
    #[error("the signature does not hold: the report was changed after {0} signed it, or somebody else did")]
    Signature(AccountKey),
}

impl Signed {
    /// Signs a report.
    ///
    /// # Errors
    /// [`CheckFault::Chain`].
    pub fn new(report: Report, signer: &Signer) -> Result<Self, CheckFault> {
        let signature = signer.sign(&digest(&report)?);
        Ok(Self { report, by: signer.key(), signature })
    }

    /// Reads a file, and checks its signature. Whether the account is an auditor's is for who knows the chain.
    ///
    /// # Errors
    /// [`CheckFault`].
    pub fn check(bytes: &[u8]) -> Result<Self, CheckFault> {
        let signed: Self = serde_json::from_slice(bytes)?;
        if signed.signature.holds(&signed.by, &digest(&signed.report)?) {
            Ok(signed)
        } else {
            Err(CheckFault::Signature(signed.by))
        }
    }

    /// The file.
    pub fn to_file(&self) -> Vec<u8> {
        // Texts and numbers: writing them into memory cannot fail.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

fn digest(report: &Report) -> Result<SigningDigest, CheckFault> {
    let chain = ChainId::from_hex(&report.chain).map_err(|_| CheckFault::Chain)?;
    let mut bytes = Vec::new();
    canonical(&serde_json::to_value(report)?, &mut bytes);
    Ok(SigningDigest::new(PURPOSE, &chain, &bytes))
}

/// Appends the canonical bytes of a value.
fn canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| name.as_bytes());
            list(out, (b'{', b'}'), fields, |(name, value), out| {
                out.extend_from_slice(Value::from(name.as_str()).to_string().as_bytes());
                out.push(b':');
                canonical(value, out);
            });
        }
        Value::Array(items) => list(out, (b'[', b']'), items, canonical),
        plain => out.extend_from_slice(plain.to_string().as_bytes()),
    }
}

fn list<T>(
    out: &mut Vec<u8>,
    (open, close): (u8, u8),
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(T, &mut Vec<u8>),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::super::report::About;
    use super::*;
    use crate::explorer::rehearsed::Rehearsed;
    use crate::tests::actors::World;

    #[test]
    fn names_are_in_order_and_there_is_no_white_space() {
        let mut bytes = Vec::new();
        canonical(&serde_json::json!({ "b": [1, "x\n"], "a": { "z": null, "y": true } }), &mut bytes);
        assert_eq!(String::from_utf8(bytes).unwrap(), r#"{"a":{"y":true,"z":null},"b":[1,"x\n"]}"#);
    }

    #[test]
    fn a_report_holds_however_it_is_set_and_no_byte_of_it_can_be_changed() {
        let mut world = World::new(321, 1);
        let request = world.post(20, 30);
        let chain = Rehearsed::new(&world);
        let tx = world.contribute(0, &request, 7);
        chain.block(&mut world, &[&tx]);
        let id = world.id_of(&request, 0);
        let signer = Signer::generate(&mut ChaCha20Rng::seed_from_u64(1));
        for about in [About::Chain, About::Contribution(id)] {
            let report = Report::of(chain.as_ref(), about, "replayed from genesis").unwrap();
            assert_eq!((report.height, report.broken.len()), (world.chain.height, 0));
            let signed = Signed::new(report, &signer).unwrap();
            let file = signed.to_file();
            assert_eq!(Signed::check(&file).unwrap(), signed);
            let tight = serde_json::to_vec(&signed).unwrap();
            assert_eq!(Signed::check(&tight).unwrap(), signed);
            for at in 0..tight.len() {
                let mut changed = tight.clone();
                changed[at] ^= 1;
                // Only digits in hex may be written in capitals: that changes no value.
                assert!(
                    Signed::check(&changed).is_err(),
                    "byte {at} of {}",
                    String::from_utf8_lossy(&changed)
                );
            }
        }
        let missing = ContributionId::from_bytes([0; 32]);
        assert!(Report::of(chain.as_ref(), About::Contribution(missing), "").is_err());
    }

    use crate::id::ContributionId;
}
