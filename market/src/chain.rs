//! A chain that people and programs read, and write to: a node's own ([`OwnChain`]), or one that is followed over a gateway.
//!
//! Whoever shows a chain or acts on it takes a [`Chain`], and need not know which.

mod own;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use galen_ledger::blobs::Part;
use galen_ledger::chain::{Block, BlockResult, Certificate, Committee, Genesis};
use galen_ledger::execution::upkeep::{MemberRecord, OutputRecord};
use galen_ledger::{
    BlobHash, ChainId, Height, LightProof, MemberIndex, Position, StateRead, Submitted, TxHash,
};

pub use own::OwnChain;

/// What comes later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ChainError>> + Send + 'a>>;

/// A chain cannot answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The transaction is none that the chain takes. It changed nothing.
    #[error("{message}")]
    Refused {
        /// The reason as a dotted name, for programs.
        code: String,
        /// The reason, for people.
        message: String,
    },
    /// Too much waits already.
    #[error("too many transactions are waiting: try again in a moment")]
    Full,
    /// Too many ciphertexts wait for a transaction that names them.
    #[error("there is no room for more ciphertexts that no transaction names yet")]
    NoRoom,
    /// Nobody answers.
    #[error("the ledger cannot be reached: {0}")]
    Away(String),
    /// What is kept here cannot be read or written.
    #[error("the ledger's copy here: {0}")]
    Store(String),
}

/// A block with what became of it.
#[derive(Clone, Debug)]
pub struct SeenBlock {
    /// The block.
    pub block: Block,
    /// Its own certificate of finality; without one it is final as the ancestor of one that has.
    pub certificate: Option<Certificate>,
    /// Receipts and events. None where only the block is kept, as before a snapshot.
    pub result: Option<BlockResult>,
}

/// A chain.
pub trait Chain: Send + Sync {
    /// What it began with.
    fn genesis(&self) -> &Arc<Genesis>;

    /// Reads the newest final state. It does not change meanwhile: keep it short.
    ///
    /// # Errors
    /// [`ChainError::Store`].
    fn read_with(&self, read: &mut dyn FnMut(&dyn StateRead, &Position)) -> Result<(), ChainError>;

    /// The same for as long as it takes. A followed chain goes on meanwhile; a node's own stands still, as in [`Self::read_with`].
    /// It waits while somebody else reads for long: call it where nothing waits for this thread.
    ///
    /// # Errors
    /// [`ChainError::Store`], also when so much changed meanwhile that the state could not be kept for this reader.
    fn read_long_with(&self, read: &mut dyn FnMut(&dyn StateRead, &Position)) -> Result<(), ChainError> {
        self.read_with(read)
    }

    /// The newest final block's place.
    fn position(&self) -> Position;

    /// Waits until there is a block above a height; gives the newest one's.
    fn beyond(&self, height: Height) -> Answer<'_, Height>;

    /// A final block.
    fn block(&self, height: Height) -> Answer<'_, Option<SeenBlock>>;

    /// What became of a transaction, if it is in the chain.
    ///
    /// # Errors
    /// [`ChainError::Store`].
    fn receipt(&self, tx: &TxHash) -> Result<Option<Submitted>, ChainError>;

    /// Submits a transaction and waits until it is final. Once more gives the receipt that it has.
    fn submit(&self, tx: Vec<u8>) -> Answer<'_, Submitted>;

    /// A ciphertext.
    fn blob(&self, hash: BlobHash) -> Answer<'_, Option<Vec<u8>>>;

    /// Bytes of a ciphertext from `offset` on, at most `length`. They are *not* checked against its name.
    fn blob_part(&self, hash: BlobHash, offset: u64, length: usize) -> Answer<'_, Option<Part>>;

    /// Hands in a ciphertext, before the transaction that names it.
    fn put_blob(&self, bytes: Vec<u8>) -> Answer<'_, BlobHash>;

    /// The committee that decides on the next block.
    fn committee(&self) -> Arc<Committee>;

    /// What the ledger knows of a member.
    ///
    /// # Errors
    /// [`ChainError::Store`].
    fn member(&self, member: MemberIndex) -> Result<Option<MemberRecord>, ChainError>;

    /// The newest output of the beacon.
    ///
    /// # Errors
    /// [`ChainError::Store`].
    fn beacon(&self) -> Result<Option<OutputRecord>, ChainError>;

    /// What is at some keys of the state, for whoever has nothing but the genesis; none before the first block.
    ///
    /// # Errors
    /// [`ChainError::Store`].
    fn light_proof(&self, keys: &[Vec<u8>]) -> Result<Option<LightProof>, ChainError>;
}

impl dyn Chain + '_ {
    /// Reads the newest final state, and its place. It does not change meanwhile: keep it short.
    ///
    /// # Errors
    /// [`ChainError::Store`].
    pub fn read<T>(&self, read: impl FnOnce(&dyn StateRead, &Position) -> T) -> Result<T, ChainError> {
        let (mut read, mut found) = (Some(read), None);
        self.read_with(&mut |state, position| found = read.take().map(|read| read(state, position)))?;
        found.ok_or_else(|| ChainError::Store("nothing was read".into()))
    }

    /// The same for as long as it takes: see [`Chain::read_long_with`].
    ///
    /// # Errors
    /// [`ChainError::Store`].
    pub fn read_long<T>(&self, read: impl FnOnce(&dyn StateRead, &Position) -> T) -> Result<T, ChainError> {
        let (mut read, mut found) = (Some(read), None);
        self.read_long_with(&mut |state, position| found = read.take().map(|read| read(state, position)))?;
        found.ok_or_else(|| ChainError::Store("nothing was read".into()))
    }

    /// The chain's name.
    pub fn id(&self) -> ChainId {
        self.genesis().chain_id()
    }
}
