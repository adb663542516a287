//! What goes into the core and what comes out.

use std::{sync::Arc, time::Duration};

use super::Message;
use crate::{
    chain::{Block, Certificate, Committee, Evidence, Outcome, StatementKind, Upkeep, Vote},
    types::{BlockHash, Height, MemberIndex, Turn, View},
};

/// How long to wait. None of it matters for safety.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Δ to begin with, and the least: a bound on one hop with the work at its end. A proposal has 2Δ, a view 3Δ.
    pub delta: Duration,
    /// The most that doubling makes of Δ.
    pub max_delta: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { delta: Duration::from_secs(1), max_delta: Duration::from_secs(32) }
    }
}

/// A timer, named by what it is for; one that fires late is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// There should be a proposal in this view by now.
    Proposal(Turn),
    /// This view should be over by now.
    View(Turn),
    /// Nothing has happened in this view: is anything left unfinished?
    Idle(Turn),
    /// Say again what was said in this view, in case it was lost.
    Resend(Turn),
    /// Ask another member for a block.
    Fetch(BlockHash),
    /// Say where one is, from time to time.
    Status,
    /// What the relay of votes waits for.
    Relay(RelayTimer),
}

/// A timer of [`Relay`](super::Relay).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelayTimer {
    /// Pass on the votes of one's part that are there, complete or not.
    Flush(Turn, StatementKind),
    /// See what has come of what was sent.
    Tick,
}

/// Why a block is not to be notarized.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejection(pub String);

/// What executing a block gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// State and receipts.
    pub outcome: Outcome,
    /// After the last block of a cycle, the committee of the next.
    pub next: Option<Arc<Committee>>,
}

impl From<Outcome> for Executed {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, next: None }
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A message came from a member (the link knows which).
    Message {
        /// The sender.
        from: MemberIndex,
        /// What it said.
        message: Message,
    },
    /// A timer fired.
    Timer(Timer),
    /// The block ordered with [`Effect::Build`].
    Built(Arc<Block>),
    /// The result of [`Effect::Execute`].
    Executed {
        /// The block.
        block: BlockHash,
        /// What executing it gave, or why it must not be notarized.
        result: Result<Executed, Rejection>,
    },
    /// Whether there is something to make a block for.
    Work(bool),
}

/// What must be durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A block that a vote of this member, or a final block, depends on.
    Block(Arc<Block>),
    /// A vote of this member.
    Vote(Vote),
    /// A certificate.
    Certificate(Certificate),
}

impl Record {
    /// Whether it must be durable before anything that follows is sent (R6). A certificate proves itself: whoever loses
    /// it gets it from others, or out of the votes that it is made of, all of which are durable at their voters.
    pub fn is_pledge(&self) -> bool {
        !matches!(self, Self::Certificate(_))
    }
}

/// An order for a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildOrder {
    /// The view to propose in.
    pub view: View,
    /// The block to build on.
    pub parent: BlockHash,
    /// The parent's height.
    pub height: Height,
}

/// A final block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The block.
    pub block: Arc<Block>,
    /// What executing it gave.
    pub outcome: Outcome,
    /// Its own certificate of finality; a block without one is final as the ancestor of one that has. The last block
    /// of a cycle has one.
    pub certificate: Option<Certificate>,
}

/// Something to do. In order, but for [`Effect::Persist`]: what precedes a message must be durable before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Make durable (R6).
    Persist(Record),
    /// Send to one member.
    Send(MemberIndex, Message),
    /// Send to all other members.
    Broadcast(Message),
    /// Set a timer.
    Arm(Timer, Duration),
    /// Build a block and answer with [`Input::Built`].
    Build(BuildOrder),
    /// Execute a block on its parent and answer with [`Input::Executed`].
    Execute {
        /// The block.
        block: Arc<Block>,
        /// Whether to check its transactions as well (R5). Not for a block that a quorum has notarized, nor for
        /// one's own.
        check: bool,
    },
    /// These blocks are final, in this order.
    Finalize(Vec<Committed>),
    /// Send this final block to a member, if it is there.
    Serve(MemberIndex, BlockHash),
    /// A member is far behind, its newest final block being at this height: send it the certificate of finality of a
    /// block after it, at most [`CATCH_UP_BLOCKS`](super::core::CATCH_UP_BLOCKS) after it or the next that has one,
    /// and not beyond the last block of its cycle.
    ServeFinality(MemberIndex, Height),
    /// A cycle begins, with this committee.
    Began(Arc<Committee>),
    /// A view begins; without a block if the one before was nullified.
    Entered {
        /// The view.
        turn: Turn,
        /// Whether the view before was left by nullification.
        nullified: bool,
    },
    /// A member was caught: this belongs into a block.
    Evidence(Evidence),
    /// Something for a block came from a member.
    Upkeep(MemberIndex, Upkeep),
    /// Stop: what a quorum says cannot be reconciled with what this member computed.
    Halt(String),
}
