//! The market's part of the genesis, as JSON: who approves, who issues money, who may open identities, which keys proofs
//! are checked with, and all windows. The chain's identity is the digest of the genesis, this part included, so nothing
//! here can differ between two members of a chain.

use galen_circuits::groth16::{KeyError, Trust, VerifyingKey};
use galen_circuits::jubjub::{KeyFault, Possession, PublicKey, SecretKey};
use galen_circuits::keys::{KeyFingerprints, VerifyingKeys};
use serde::{Deserialize, Serialize};

use crate::id::AccountKey;
use crate::notes::authority::{AmountKey, AmountSecret};
use crate::sign::is_key;

/// Most governance keys.
pub const MAX_GOVERNORS: usize = 100;
/// Context of the audit key's proof of possession.
pub const AUDITOR_CONTEXT: &[u8] = b"galen 2026 genesis audit key";

/// The market's part of the genesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketConfig {
    /// A name for people.
    pub name: String,
    /// Members of the consortium, n; f = ⌊(n − 1) / 3⌋ of them may fail, and the window for openings depends on it.
    pub members: u16,
    /// Who accredits, suspends and approves schemas.
    pub governance: Governance,
    /// Who issues money.
    pub treasury: AccountKey,
    /// To whom sellers' identities are encrypted.
    pub auditor: AuditAuthority,
    /// The keys that proofs are verified with.
    pub keys: PinnedKeys,
    /// Windows, in blocks.
    pub windows: Windows,
    /// Whether this chain is for demonstrations and tests: only then may one party have made the proving keys.
    pub development: bool,
}

/// Keys of which a number must sign together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Governance {
    /// The keys.
    pub keys: Vec<AccountKey>,
    /// How many of them must sign.
    pub threshold: u16,
}

/// The audit authority's key, with a proof that somebody knows its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditAuthority {
    /// The key.
    pub key: PublicKey,
    /// The proof, for [`AUDITOR_CONTEXT`].
    pub possession: Possession,
    /// The key that amounts are opened with.
    pub amounts: AmountKey,
}

/// Verifying keys of the three circuits, in hex, with the fingerprints that were agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedKeys {
    /// Key of the scan.
    pub scan: String,
    /// Key of the release.
    pub release: String,
    /// Key of the seal.
    pub seal: String,
    /// What they must hash to.
    pub fingerprints: KeyFingerprints,
}

/// Windows, in blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// How long a reservation waits for its opening; at least 8 (f + 1).
    pub open_window: u64,
    /// Blocks between two boundaries of the registry, at which the tree of standing is taken anew.
    pub recent_interval: u64,
    /// Least blocks between posting and deadline.
    pub min_request_life: u64,
    /// Most blocks between posting and deadline; at most `recommit_time`.
    pub max_request_life: u64,
    /// After so many blocks without a new commitment a dataset leaves the registry.
    pub recommit_time: u64,
    /// Most blocks that a signed order stays valid.
    pub order_life: u64,
}

/// A configuration that no chain can run on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFault {
    /// Not the JSON of a configuration.
    #[error("the market's configuration is not readable: {0}")]
    Json(#[from] serde_json::Error),
    /// No governance keys, too many, or a threshold outside 1 to their number.
    #[error(
        "{keys} governance keys with a threshold of {threshold}: there are 1 to {MAX_GOVERNORS}, and as many sign"
    )]
    Threshold {
        /// Keys given.
        keys: usize,
        /// Threshold given.
        threshold: u16,
    },
    /// A key twice among the governance keys.
    #[error("governance key {0} is given twice")]
    Repeated(AccountKey),
    /// A key that is no point.
    #[error("key {0} is not an ed25519 key")]
    NotAKey(AccountKey),
    /// The audit key or its proof.
    #[error("the audit authority's key is refused: {0}")]
    Auditor(KeyFault),
    /// The key for amounts or its proof.
    #[error("the audit authority's key for amounts comes with no proof that its secret is known")]
    Amounts,
    /// A verifying key.
    #[error("the verifying key of the {circuit} is refused: {fault}")]
    Key {
        /// Of which circuit.
        circuit: &'static str,
        /// Why.
        fault: KeyError,
    },
    /// Keys of circuits that this program does not have.
    #[error(
        "{0}: the chain was founded with another version of the circuits; run that version of the program"
    )]
    Circuits(KeyError),
    /// A verifying key that is not hex.
    #[error("the verifying key of the {0} is not written in hex")]
    NotHex(&'static str),
    /// A window that contradicts another.
    #[error("{0}")]
    Window(&'static str),
}

impl MarketConfig {
    /// Reads and checks a configuration, and its verifying keys.
    ///
    /// # Errors
    /// The first [`ConfigFault`].
    pub fn from_json(bytes: &[u8]) -> Result<(Self, VerifyingKeys), ConfigFault> {
        let config: Self = serde_json::from_slice(bytes)?;
        let keys = config.check()?;
        Ok((config, keys))
    }

    /// The JSON that goes into the genesis.
    pub fn to_json(&self) -> Vec<u8> {
        // Texts and numbers: writing them into memory cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Checks everything, and gives the verifying keys.
    ///
    /// # Errors
    /// The first [`ConfigFault`].
    pub fn check(&self) -> Result<VerifyingKeys, ConfigFault> {
        self.governance.check()?;
        if !is_key(&self.treasury) {
            return Err(ConfigFault::NotAKey(self.treasury));
        }
        self.auditor.possession.verify(&self.auditor.key, AUDITOR_CONTEXT).map_err(ConfigFault::Auditor)?;
        if !self.auditor.amounts.holds() {
            return Err(ConfigFault::Amounts);
        }
        self.windows.check(self.faults())?;
        self.keys.decode(if self.development { Trust::Development } else { Trust::Production })
    }

    /// Members that may do anything at all, f.
    pub fn faults(&self) -> u64 {
        u64::from(self.members.saturating_sub(1) / 3)
    }
}

impl Governance {
    fn check(&self) -> Result<(), ConfigFault> {
        let (keys, threshold) = (self.keys.len(), self.threshold);
        if keys == 0 || keys > MAX_GOVERNORS || threshold == 0 || usize::from(threshold) > keys {
            return Err(ConfigFault::Threshold { keys, threshold });
        }
        for (index, key) in self.keys.iter().enumerate() {
            if !is_key(key) {
                return Err(ConfigFault::NotAKey(*key));
            }
            if self.keys.iter().take(index).any(|earlier| earlier == key) {
                return Err(ConfigFault::Repeated(*key));
            }
        }
        Ok(())
    }
}

impl AuditAuthority {
    /// The authority with this secret.
    pub fn of(secret: &SecretKey, amounts: &AmountSecret) -> Self {
        let possession = secret.prove_possession(AUDITOR_CONTEXT);
        Self { key: secret.public(), possession, amounts: amounts.key() }
    }
}

impl PinnedKeys {
    /// Pins these keys.
    pub fn of(keys: &VerifyingKeys) -> Self {
        Self {
            scan: hex::encode(keys.scan.to_bytes()),
            release: hex::encode(keys.release.to_bytes()),
            seal: hex::encode(keys.seal.to_bytes()),
            fingerprints: keys.fingerprints(),
        }
    }

    fn decode(&self, trust: Trust) -> Result<VerifyingKeys, ConfigFault> {
        let pinned = &self.fingerprints;
        let keys = VerifyingKeys {
            scan: decode_key("scan", &self.scan, &pinned.scan, trust)?,
            release: decode_key("release", &self.release, &pinned.release, trust)?,
            seal: decode_key("seal", &self.seal, &pinned.seal, trust)?,
        };
        keys.check_circuits().map_err(ConfigFault::Circuits)?;
        Ok(keys)
    }
}

fn decode_key<const N: usize>(
    circuit: &'static str,
    text: &str,
    pinned: &galen_circuits::groth16::Fingerprint,
    trust: Trust,
) -> Result<VerifyingKey<N>, ConfigFault> {
    let bytes = hex::decode(text).map_err(|_| ConfigFault::NotHex(circuit))?;
    VerifyingKey::from_pinned_bytes(&bytes, pinned, trust)
        .map_err(|fault| ConfigFault::Key { circuit, fault })
}

impl Windows {
    /// Short windows, for demonstrations and tests with so many members.
    pub fn short(members: u16) -> Self {
        let faults = u64::from(members.saturating_sub(1) / 3);
        Self {
            open_window: 8 * (faults + 1),
            recent_interval: 8,
            min_request_life: 2,
            max_request_life: 100_000,
            recommit_time: 200_000,
            order_life: 10_000,
        }
    }

    fn check(&self, faults: u64) -> Result<(), ConfigFault> {
        let rules = [
            (self.open_window >= 8 * (faults + 1), "open_window is at least 8 (f + 1) blocks"),
            (self.recent_interval >= 1, "recent_interval is at least 1 block"),
            (self.min_request_life >= 1, "min_request_life is at least 1 block"),
            (self.min_request_life <= self.max_request_life, "min_request_life is above max_request_life"),
            (
                self.max_request_life <= self.recommit_time,
                "a request may not outlive the time of a commitment",
            ),
            (self.order_life >= 1, "order_life is at least 1 block"),
            // Heights stay far below 2^64 whatever is added to them.
            (
                self.recommit_time.max(self.open_window).max(self.order_life) < 1 << 40,
                "a window is below 2^40 blocks",
            ),
        ];
        rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(ConfigFault::Window(rule)))
    }
}

#[cfg(test)]
mod tests;
