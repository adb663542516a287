//! What a node's thread reacts to.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Frame, Held, SubmitError, Submitted};
use crate::{
    application::Refusal,
    chain::{Block, Outcome},
    consensus::{BuildOrder, Committed, Rejection},
    execution::{FinalBlock, executor::Candidates},
    storage::{FinalRecord, JournalError},
    types::{BlockHash, Height, MemberIndex, TxHash},
};

/// What became of a submission.
pub type SubmitReply = oneshot::Sender<Result<Submitted, SubmitError>>;

/// What a node's thread reacts to.
pub enum Event {
    /// A frame from another member.
    Frame {
        /// Who sent it.
        from: MemberIndex,
        /// What.
        frame: Frame,
        /// What the link keeps back until the frame has been dealt with.
        held: Held,
    },
    /// A checked transaction of a client.
    Submit {
        /// The transaction.
        tx: Arc<[u8]>,
        /// For the answer.
        reply: SubmitReply,
    },
    /// The worker has done something.
    Worked(Worked),
    /// Blocks are wanted up to this height, even empty ones.
    Demand(Height),
    /// A final block is wanted.
    Block {
        /// Which.
        height: Height,
        /// For the answer.
        reply: oneshot::Sender<Result<Option<(Block, FinalRecord)>, JournalError>>,
    },
    /// Stop in order.
    Stop,
}

/// Work for the thread that executes.
pub enum Job {
    /// Execute a block.
    Execute {
        /// The block.
        block: Arc<Block>,
        /// Whether to check its transactions.
        check: bool,
    },
    /// Build a block.
    Build(BuildOrder, Candidates),
    /// Make blocks final.
    Commit(Vec<Committed>),
    /// Check transactions that have waited, on the newest state.
    Recheck(Vec<Arc<[u8]>>),
}

/// Work done.
pub enum Worked {
    /// A block was executed.
    Executed {
        /// Which.
        block: BlockHash,
        /// What it gave.
        result: Result<Outcome, Rejection>,
    },
    /// A block was built.
    Built {
        /// The block.
        block: Arc<Block>,
        /// Candidates not worth a place.
        refused: Vec<(TxHash, Refusal)>,
    },
    /// Blocks are final.
    Committed {
        /// Which.
        blocks: Vec<Arc<FinalBlock>>,
        /// Whether the application waits for more.
        waits: bool,
    },
    /// Waiting transactions are no good any more, or in the chain already.
    Rechecked {
        /// Refused.
        refused: Vec<(TxHash, Refusal)>,
        /// In the chain.
        known: Vec<TxHash>,
    },
    /// The worker cannot go on.
    Failed(String),
}
