//! What goes into the core and what comes out.

use std::{sync::Arc, time::Duration};

use super::{Message, Proposal};
use crate::{
    chain::{Block, Certificate, Outcome, Vote},
    types::{BlockHash, MemberIndex, View},
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
    Proposal(View),
    /// This view should be over by now.
    View(View),
    /// Nothing has happened in this view: is anything left unfinished?
    Idle(View),
    /// Say again what was said in this view, in case it was lost.
    Resend(View),
    /// Ask another member for a block.
    Fetch(BlockHash),
    /// Say where one is, from time to time.
    Status,
}

/// Why a block is not to be notarized.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejection(pub String);

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
        result: Result<Outcome, Rejection>,
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

/// An order for a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildOrder {
    /// The view to propose in.
    pub view: View,
    /// The block to build on.
    pub parent: BlockHash,
    /// The newest certificate of finality, to be included if it is newer than the last one included.
    pub anchor: Option<Certificate>,
}

/// A final block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The block.
    pub block: Arc<Block>,
    /// What executing it gave.
    pub outcome: Outcome,
    /// Its own certificate of finality; a block without one is final as the ancestor of one that has.
    pub certificate: Option<Certificate>,
}

/// Proof that a member broke a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Two votes of one kind in one view.
    Votes(Vote, Vote),
    /// Two proposals in one view.
    Proposals(Proposal, Proposal),
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
    /// A view begins; without a block if the one before was nullified.
    Entered {
        /// The view.
        view: View,
        /// Whether the view before was left by nullification.
        nullified: bool,
    },
    /// A member was caught.
    Evidence(Evidence),
    /// Stop: what a quorum says cannot be reconciled with what this member computed.
    Halt(String),
}
