//! Mini-blocks and receipts.
//!
//! Signed is the header, which commits to the transactions through their hashes. So two headers with one author and
//! number prove a broken rule without their bodies, and a large block can show which transactions it left out.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    chain::{Committee, Parameters},
    codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_len},
    crypto::{BadSignature, Purpose, Scope, SecretKey, Signature},
    types::{ChainId, Cycle, MAX_TX_BYTES, MemberIndex, MiniHash, TxHash},
};

/// More transactions than any genesis allows.
const MAX_TXS: usize = 65_536;
/// A mini-block takes at most this part of a block.
const PART_OF_BLOCK: u32 = 4;

/// How large a mini-block may be: a quarter of a block, and never less than the largest transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneLimits {
    /// Most transactions.
    pub txs: usize,
    /// Most bytes of them.
    pub bytes: usize,
}

impl LaneLimits {
    /// The limits that follow from those of blocks.
    pub fn of(parameters: &Parameters) -> Self {
        Self {
            txs: (parameters.block_txs / PART_OF_BLOCK).max(1) as usize,
            bytes: ((parameters.block_bytes / PART_OF_BLOCK) as usize).max(MAX_TX_BYTES),
        }
    }
}

/// What the author of a mini-block signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneHeader {
    /// The cycle, whose committee the author belongs to.
    pub cycle: Cycle,
    /// The author's group.
    pub group: u16,
    /// Who made it.
    pub author: MemberIndex,
    /// Its number among the author's in this cycle. Numbers may be left out, and are never used twice.
    pub number: u64,
    /// How many transactions it has.
    pub txs: u32,
    /// Digest of their hashes, in order.
    pub root: [u8; 32],
}

/// A mini-block: transactions that one member vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MiniBlock {
    /// What is signed.
    pub header: LaneHeader,
    /// The author's signature.
    pub signature: Signature,
    /// The transactions.
    pub txs: Vec<Arc<[u8]>>,
}

/// A mini-block that is wrong in itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MiniFault {
    /// Another cycle than the committee's.
    #[error("it is of cycle {0}")]
    Cycle(Cycle),
    /// The author has no seat, or not in that group.
    #[error("member {author} is not of group {group}")]
    Author {
        /// Who is said to be the author.
        author: MemberIndex,
        /// The group it is said to be of.
        group: u16,
    },
    /// No transactions, or more than a mini-block may have.
    #[error(
        "{txs} transactions of {bytes} bytes: a mini-block has at least one, and at most a quarter of a block"
    )]
    Size {
        /// How many.
        txs: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// A transaction is there twice.
    #[error("transaction {0} is there twice")]
    Twice(TxHash),
    /// The transactions are not those that were signed.
    #[error("the transactions do not match the header")]
    Root,
    /// The author's signature is wrong.
    #[error("the author's signature does not verify")]
    Signature,
}

impl From<BadSignature> for MiniFault {
    fn from(_: BadSignature) -> Self {
        Self::Signature
    }
}

/// Digest of the transactions of a mini-block.
pub fn mini_root(hashes: &[TxHash]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("galen ledger v1 transactions of a mini-block");
    for hash in hashes {
        hasher.update(hash.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

impl LaneHeader {
    /// Name of the mini-block.
    pub fn hash(&self, chain_id: &ChainId) -> MiniHash {
        let mut bytes = chain_id.to_bytes();
        self.encode(&mut bytes);
        MiniHash::from_bytes(blake3::derive_key("galen ledger v1 mini-block", &bytes))
    }

    /// Signs as its author.
    pub fn sign(&self, scope: &Scope, key: &SecretKey) -> Signature {
        key.sign(scope, Purpose::MiniBlock, &self.to_bytes())
    }

    /// Checks everything but the transactions.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, signature: &Signature, committee: &Committee) -> Result<(), MiniFault> {
        self.verify_place(committee)?;
        self.verify_signature(signature, committee)
    }

    /// Checks the cycle, and that the author is of its group.
    pub(super) fn verify_place(&self, committee: &Committee) -> Result<(), MiniFault> {
        if self.cycle != committee.cycle() {
            return Err(MiniFault::Cycle(self.cycle));
        }
        let group = committee.election().groups.get(usize::from(self.group));
        match group.is_some_and(|group| group.contains(&self.author)) {
            true => Ok(()),
            false => Err(MiniFault::Author { author: self.author, group: self.group }),
        }
    }

    /// Checks the signature alone.
    ///
    /// # Errors
    /// When the author has no key in the committee, or did not sign this.
    pub fn verify_signature(&self, signature: &Signature, committee: &Committee) -> Result<(), MiniFault> {
        let key = committee.key(self.author).ok_or(MiniFault::Signature)?;
        Ok(key.verify(&committee.scope(), Purpose::MiniBlock, &self.to_bytes(), signature)?)
    }
}

impl MiniBlock {
    /// Makes a mini-block of the transactions, in their order.
    pub fn sign(
        scope: &Scope,
        (group, author): (u16, MemberIndex),
        number: u64,
        txs: Vec<Arc<[u8]>>,
        key: &SecretKey,
    ) -> Self {
        let hashes: Vec<_> = txs.iter().map(|tx| TxHash::of(tx)).collect();
        let count = u32::try_from(txs.len()).unwrap_or(u32::MAX);
        let header =
            LaneHeader { cycle: scope.cycle, group, author, number, txs: count, root: mini_root(&hashes) };
        Self { header, signature: header.sign(scope, key), txs }
    }

    /// Hashes of the transactions, in their order.
    pub fn tx_hashes(&self) -> Vec<TxHash> {
        self.txs.iter().map(|tx| TxHash::of(tx)).collect()
    }

    /// Bytes of the transactions.
    pub fn bytes(&self) -> usize {
        self.txs.iter().map(|tx| tx.len()).sum()
    }

    /// Checks everything but what the transactions mean; gives their hashes.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, limits: LaneLimits, committee: &Committee) -> Result<Vec<TxHash>, MiniFault> {
        self.header.verify_place(committee)?;
        let (txs, bytes) = (self.txs.len(), self.bytes());
        if txs == 0 || txs > limits.txs || bytes > limits.bytes {
            return Err(MiniFault::Size { txs, bytes });
        }
        let hashes = self.tx_hashes();
        if self.header.txs as usize != txs || mini_root(&hashes) != self.header.root {
            return Err(MiniFault::Root);
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = hashes.iter().find(|hash| !seen.insert(**hash)) {
            return Err(MiniFault::Twice(*twice));
        }
        self.header.verify_signature(&self.signature, committee)?;
        Ok(hashes)
    }
}

/// A member says that it has checked every transaction of a mini-block, and stored it durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Who says so.
    pub signer: MemberIndex,
    /// The signature, over the name of the mini-block.
    pub signature: Signature,
}

impl Receipt {
    /// Signs a receipt.
    pub fn sign(mini: &MiniHash, signer: MemberIndex, scope: &Scope, key: &SecretKey) -> Self {
        Self { signer, signature: key.sign(scope, Purpose::Receipt, mini.as_bytes()) }
    }

    /// Checks that the signer has a seat, and the signature.
    ///
    /// # Errors
    /// When it has none, or the signature is not valid.
    pub fn verify(&self, mini: &MiniHash, committee: &Committee) -> Result<(), BadSignature> {
        let key = committee.key(self.signer).ok_or(BadSignature)?;
        key.verify(&committee.scope(), Purpose::Receipt, mini.as_bytes(), &self.signature)
    }
}

impl Encode for LaneHeader {
    fn encode(&self, out: &mut Vec<u8>) {
        self.cycle.encode(out);
        self.group.encode(out);
        self.author.encode(out);
        self.number.encode(out);
        self.txs.encode(out);
        self.root.encode(out);
    }
}

impl Decode for LaneHeader {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            cycle: Decode::decode(reader)?,
            group: Decode::decode(reader)?,
            author: Decode::decode(reader)?,
            number: Decode::decode(reader)?,
            txs: Decode::decode(reader)?,
            root: Decode::decode(reader)?,
        })
    }
}

impl Encode for MiniBlock {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        self.signature.encode(out);
        put_len(out, self.txs.len());
        for tx in &self.txs {
            put_bytes(out, tx);
        }
    }
}

impl Decode for MiniBlock {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (header, signature) = (Decode::decode(reader)?, Decode::decode(reader)?);
        let count = reader.length(MAX_TXS, "transactions of a mini-block")?;
        // A transaction takes at least the four bytes of its length.
        let mut txs = Vec::with_capacity(count.min(reader.left() / 4));
        for _ in 0..count {
            txs.push(reader.bytes(MAX_TX_BYTES, "transaction")?.into());
        }
        Ok(Self { header, signature, txs })
    }
}
