//! Votes: one member's signed statement about a view.

use crate::{
    chain::Committee,
    codec::{Decode, DecodeError, Encode, Reader},
    crypto::{BadSignature, Purpose, Scope, SecretKey, Signature, verify_all},
    types::{BlockHash, Cycle, MemberIndex, OutcomeHash, Turn, View},
};

/// What members vote for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statement {
    /// I hold this block, have checked every transaction, and know no reason against it.
    Notarize {
        /// The view.
        view: View,
        /// The block.
        block: BlockHash,
    },
    /// I give up on this view.
    Nullify {
        /// The view.
        view: View,
    },
    /// This block is notarized, and executing it gave this.
    ///
    /// Voting for the outcome makes the certificate vouch for the state *after* the block, which the chain itself
    /// shows only in the next header. Honest members agree on the outcome as they agree on the block, so nothing
    /// changes for R4.
    Finalize {
        /// The view.
        view: View,
        /// The block.
        block: BlockHash,
        /// What executing it gave.
        outcome: OutcomeHash,
    },
}

/// The kind of a statement: an honest member makes at most one of each kind in a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatementKind {
    /// [`Statement::Notarize`].
    Notarize,
    /// [`Statement::Nullify`].
    Nullify,
    /// [`Statement::Finalize`].
    Finalize,
}

impl Statement {
    /// The view it is about.
    pub fn view(&self) -> View {
        match *self {
            Self::Notarize { view, .. } | Self::Nullify { view } | Self::Finalize { view, .. } => view,
        }
    }

    /// The block it is about; none in a nullification.
    pub fn block(&self) -> Option<BlockHash> {
        match *self {
            Self::Notarize { block, .. } | Self::Finalize { block, .. } => Some(block),
            Self::Nullify { .. } => None,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> StatementKind {
        match self {
            Self::Notarize { .. } => StatementKind::Notarize,
            Self::Nullify { .. } => StatementKind::Nullify,
            Self::Finalize { .. } => StatementKind::Finalize,
        }
    }

    /// What signatures under it are for.
    pub fn purpose(&self) -> Purpose {
        match self {
            Self::Notarize { .. } => Purpose::Notarize,
            Self::Nullify { .. } => Purpose::Nullify,
            Self::Finalize { .. } => Purpose::Finalize,
        }
    }
}

/// What a proposer signs: that it proposes this block in this view.
pub fn proposal_body(view: View, block: &BlockHash) -> Vec<u8> {
    let mut body = view.to_bytes();
    block.encode(&mut body);
    body
}

/// A signed statement of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The cycle, whose committee the voter belongs to. It is signed as part of the scope.
    pub cycle: Cycle,
    /// What it says.
    pub statement: Statement,
    /// Who says so.
    pub voter: MemberIndex,
    /// The voter's signature.
    pub signature: Signature,
}

impl Vote {
    /// Signs a statement.
    pub fn sign(statement: Statement, voter: MemberIndex, scope: &Scope, key: &SecretKey) -> Self {
        let signature = key.sign(scope, statement.purpose(), &statement.to_bytes());
        Self { cycle: scope.cycle, statement, voter, signature }
    }

    /// The view it is about, and its cycle.
    pub fn turn(&self) -> Turn {
        Turn { cycle: self.cycle, view: self.statement.view() }
    }

    /// Checks that the voter is in the committee, the vote of its cycle, and the signature.
    ///
    /// # Errors
    /// When it is not, or the signature is not valid.
    pub fn verify(&self, committee: &Committee) -> Result<(), BadSignature> {
        let key =
            committee.key(self.voter).filter(|_| self.cycle == committee.cycle()).ok_or(BadSignature)?;
        key.verify(&committee.scope(), self.statement.purpose(), &self.statement.to_bytes(), &self.signature)
    }
}

/// Checks votes for one statement, as [`Vote::verify`] does each, at once.
///
/// # Errors
/// When the votes are for different statements, or any of them is not good; which one it does not tell.
pub fn verify_votes(votes: &[Vote], committee: &Committee) -> Result<(), BadSignature> {
    let [first, rest @ ..] = votes else { return Ok(()) };
    if rest.is_empty() {
        return first.verify(committee);
    }
    let mut signed = Vec::with_capacity(votes.len());
    for vote in votes {
        if vote.statement != first.statement || vote.cycle != committee.cycle() {
            return Err(BadSignature);
        }
        signed.push((*committee.key(vote.voter).ok_or(BadSignature)?, vote.signature));
    }
    verify_all(&committee.scope(), first.statement.purpose(), &first.statement.to_bytes(), &signed)
}

impl Encode for Statement {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.purpose() as u8);
        self.view().encode(out);
        if let Some(block) = self.block() {
            block.encode(out);
        }
        if let Self::Finalize { outcome, .. } = self {
            outcome.encode(out);
        }
    }
}

impl Decode for Statement {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let tag = u8::decode(reader)?;
        let view = View::decode(reader)?;
        if tag == Purpose::Notarize as u8 {
            Ok(Self::Notarize { view, block: Decode::decode(reader)? })
        } else if tag == Purpose::Nullify as u8 {
            Ok(Self::Nullify { view })
        } else if tag == Purpose::Finalize as u8 {
            Ok(Self::Finalize { view, block: Decode::decode(reader)?, outcome: Decode::decode(reader)? })
        } else {
            Err(DecodeError::UnknownTag { what: "statement", tag })
        }
    }
}

impl Encode for Vote {
    fn encode(&self, out: &mut Vec<u8>) {
        self.cycle.encode(out);
        self.statement.encode(out);
        self.voter.encode(out);
        self.signature.encode(out);
    }
}

impl Decode for Vote {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            cycle: Decode::decode(reader)?,
            statement: Decode::decode(reader)?,
            voter: Decode::decode(reader)?,
            signature: Decode::decode(reader)?,
        })
    }
}
