//! Transactions: signed orders, contributions under their one-time payout key, openings that anyone may post, and transfers
//! that prove themselves.

use galen_circuits::contribution::Contribution;
use galen_circuits::jubjub::Sealed;
use galen_ledger::{BlobHash, ChainId, Height, MAX_TX_BYTES, TxHash};
use rand::{CryptoRng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::codec::{Canonical, CodecFault, canonical};
use crate::fault::TransactionFault;
use crate::id::{AccountKey, ContributionId, RequestId};
use crate::notes::payee::{Payee, PayeeSecret, PayeeSignature};
use crate::notes::transfer::Transfer;
use crate::sign::{Signature, Signer, SigningDigest};

/// Version of transactions, their first byte.
const VERSION: u8 = 1;
const ORDER: &str = "galen 2026 market order v1";
const CONTRIBUTION: &str = "galen 2026 market contribution v1";
/// Most signatures of an order: every governance key and the account concerned.
pub const MAX_SIGNATURES: usize = crate::config::MAX_GOVERNORS + 1;

/// What goes into a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transaction {
    /// Something that accounts sign.
    Order(SignedOrder),
    /// A contribution, signed by its payout key alone.
    Contribute(SignedContribution),
    /// An encapsulation shown; pays the payout key, whoever posts it.
    Open(Opening),
    /// A contribution with a true seal and a false proof, held against its seller by whoever was offered it.
    Mute(SignedContribution),
    /// Notes are spent and as much money is in new ones. It proves itself.
    Transfer(Transfer),
}

canonical!(enum Transaction { 0 => Order(order), 1 => Contribute(contribution), 2 => Open(opening), 3 => Mute(contribution), 4 => Transfer(transfer) });

/// An action, valid once and for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What to do.
    pub action: Action,
    /// Tells two equal orders apart.
    pub nonce: u64,
    /// The last height at which the order may be executed. Until then the ledger remembers that it was.
    pub valid_until: Height,
}

canonical!(struct Order { action, nonce, valid_until });

/// An order with its signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedOrder {
    /// The order.
    pub order: Order,
    /// Who signs, in increasing order of keys.
    pub signatures: Vec<Approval>,
}

canonical!(struct SignedOrder { order, signatures });

/// One signature of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who.
    pub key: AccountKey,
    /// The signature.
    pub signature: Signature,
}

canonical!(struct Approval { key, signature });

/// A contribution to a request, with the name of its ciphertext.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedContribution {
    /// The request.
    pub request: RequestId,
    /// Header, states and proofs; in JSON the canonical bytes in hex.
    #[serde(with = "contribution_hex")]
    pub contribution: Contribution,
    /// The ciphertext.
    pub blob: BlobHash,
    /// Who is paid; the header has its key and its digest.
    pub payee: Payee,
    /// By the payout key in the header, over everything above.
    pub signature: PayeeSignature,
}

canonical!(struct SignedContribution { request, contribution, blob, payee, signature });

/// An encapsulation shown to the buyer, and thereby to all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Of which contribution.
    pub contribution: ContributionId,
    /// The data key, sealed to the buyer.
    pub encapsulation: Sealed,
}

canonical!(struct Opening { contribution, encapsulation });

impl Transaction {
    /// The bytes for the ledger.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        self.write(&mut out);
        out
    }

    /// Reads the bytes of a transaction.
    ///
    /// # Errors
    /// [`TransactionFault`] for anything but the one canonical encoding of a transaction of permitted size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TransactionFault> {
        if bytes.len() > MAX_TX_BYTES {
            return Err(TransactionFault::Large { size: bytes.len(), limit: MAX_TX_BYTES });
        }
        match bytes.split_first() {
            Some((&VERSION, rest)) => Ok(Self::from_canonical(rest)?),
            Some((version, _)) => Err(TransactionFault::Version(*version)),
            None => Err(CodecFault::Short { needed: 1, left: 0 }.into()),
        }
    }

    /// The transaction's name on the ledger.
    pub fn hash(&self) -> TxHash {
        TxHash::of(&self.to_bytes())
    }
}

impl Order {
    /// An order with a nonce drawn at random.
    pub fn new(action: Action, valid_until: Height, rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self { action, nonce: rng.next_u64(), valid_until }
    }

    /// What its signatures are for.
    pub fn digest(&self, chain: &ChainId) -> SigningDigest {
        SigningDigest::new(ORDER, chain, &self.to_canonical())
    }

    /// Signs for a chain.
    pub fn sign(self, chain: &ChainId, signers: &[&Signer]) -> Transaction {
        let digest = self.digest(chain);
        let mut signatures: Vec<Approval> =
            signers.iter().map(|s| Approval { key: s.key(), signature: s.sign(&digest) }).collect();
        signatures.sort_by_key(|approval| approval.key);
        signatures.dedup_by_key(|approval| approval.key);
        Transaction::Order(SignedOrder { order: self, signatures })
    }
}

impl SignedOrder {
    /// Checks every signature and their order; who had to sign is another question.
    ///
    /// # Errors
    /// [`TransactionFault`].
    pub fn check_signatures(&self, chain: &ChainId) -> Result<(), TransactionFault> {
        if self.signatures.len() > MAX_SIGNATURES {
            return Err(TransactionFault::Signatures(self.signatures.len()));
        }
        if !self.signatures.is_sorted_by(|a, b| a.key < b.key) {
            return Err(TransactionFault::SignatureOrder);
        }
        let digest = self.order.digest(chain);
        let wrong = self.signatures.iter().find(|approval| !approval.signature.holds(&approval.key, &digest));
        wrong.map_or(Ok(()), |approval| Err(TransactionFault::Signature(approval.key)))
    }
}

impl SignedContribution {
    /// Signs a contribution with its payout key; the header must name that key.
    pub fn new(
        chain: &ChainId,
        request: RequestId,
        contribution: Contribution,
        blob: BlobHash,
        (payee, secret): (&Payee, &PayeeSecret),
    ) -> Self {
        let digest = digest(chain, &request, &contribution, &blob, payee);
        // The nonce comes from the secret and what is signed as well: the same contribution has the same bytes.
        let signature = secret.sign(&digest.0, &mut ChaCha20Rng::from_seed(digest.0));
        Self { request, contribution, blob, payee: *payee, signature }
    }

    /// Checks the payout key's signature over everything else.
    ///
    /// # Errors
    /// [`TransactionFault::Signature`].
    pub fn check_signature(&self, chain: &ChainId) -> Result<(), TransactionFault> {
        let digest = digest(chain, &self.request, &self.contribution, &self.blob, &self.payee);
        let key = &self.contribution.header.payout.key;
        let fault = || TransactionFault::Signature(AccountKey::from_bytes(*key));
        if self.signature.holds(key, &digest.0) { Ok(()) } else { Err(fault()) }
    }
}

fn digest(
    chain: &ChainId,
    request: &RequestId,
    contribution: &Contribution,
    blob: &BlobHash,
    payee: &Payee,
) -> SigningDigest {
    let mut content = request.to_canonical();
    contribution.write(&mut content);
    blob.write(&mut content);
    payee.write(&mut content);
    SigningDigest::new(CONTRIBUTION, chain, &content)
}

/// Contributions in JSON: their canonical bytes in hex.
mod contribution_hex {
    use galen_circuits::contribution::Contribution;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &Contribution, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(value.to_bytes()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Contribution, D::Error> {
        let bytes = hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        Contribution::from_bytes(&bytes).map_err(D::Error::custom)
    }
}
