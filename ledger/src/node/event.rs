//! What a node's thread reacts to.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Frame, Held, SubmitError, Submitted, awaiting::Need};
use crate::{
    application::Refusal,
    beacon::BeaconMessage,
    chain::{Block, SignedChange, Upkeep},
    consensus::{BuildOrder, Committed, Executed, Rejection},
    crypto::SecretKey,
    execution::{FinalBlock, executor::Candidates, upkeep::Duty},
    snapshot::Snapshot,
    storage::{FinalRecord, JournalError},
    types::{BlockHash, Height, MemberIndex, MiniHash, TxHash},
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
    /// A change of the membership, which is in order.
    Change(SignedChange),
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
    /// Something that was asked for is here.
    Arrived(Need),
    /// Nobody gave something that was asked for.
    GaveUp(Need),
    /// A snapshot of this height was got from other nodes and is on the shelf; or nobody has one that helps.
    Joined(Option<Height>),
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
    /// Check the transactions of a mini-block, on the newest state.
    CheckMini {
        /// Which.
        name: MiniHash,
        /// Its transactions.
        txs: Vec<Arc<[u8]>>,
    },
    /// Do what is owed to the beacon.
    Perform(Duty, SecretKey),
    /// Take the state from a snapshot.
    Install(Snapshot),
}

/// Work done.
pub enum Worked {
    /// A block was executed.
    Executed {
        /// Which.
        block: BlockHash,
        /// What it gave.
        result: Result<Executed, Rejection>,
    },
    /// A block was built.
    Built {
        /// The block.
        block: Arc<Block>,
        /// Candidates not worth a place.
        refused: Vec<(TxHash, Refusal)>,
        /// Affairs of the ledger not in order.
        refused_upkeep: Vec<Upkeep>,
    },
    /// Blocks are final.
    Committed {
        /// Which.
        blocks: Vec<Arc<FinalBlock>>,
        /// Whether the application waits for more.
        waits: bool,
        /// What this member owes the beacon.
        duties: Vec<Duty>,
    },
    /// Something owed to the beacon was done.
    Performed(Duty, BeaconMessage),
    /// Waiting transactions are no good any more, or in the chain already.
    Rechecked {
        /// Refused.
        refused: Vec<(TxHash, Refusal)>,
        /// In the chain.
        known: Vec<TxHash>,
        /// Good.
        good: Vec<TxHash>,
    },
    /// A mini-block was checked.
    CheckedMini {
        /// Which.
        name: MiniHash,
        /// What of it was refused.
        refused: Vec<(TxHash, Refusal)>,
        /// What of it is in the chain.
        known: Vec<TxHash>,
    },
    /// The state is that of the snapshot.
    Installed,
    /// The worker cannot go on.
    Failed(String),
}
