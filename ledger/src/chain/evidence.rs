//! Proof that a member broke a rule of voting.
//!
//! | broken | proof |
//! |---|---|
//! | R1, or two outcomes finalized | two votes of one kind in one view |
//! | R4 | a finalization and a nullification of one view |
//! | one proposal a view | two signed proposals in one view |
//! | one mini-block a number | two signed mini-blocks with one author and number |
//!
//! That a notarization came *after* a nullification (R3) cannot be proven: signatures have no order, and the reverse
//! order is allowed. A vote that is sent again is the same vote, and proves nothing.

use super::{Committee, Statement, StatementKind, Vote, vote::proposal_body};
use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    crypto::{BadSignature, Purpose, Signature},
    lanes::LaneHeader,
    types::{BlockHash, Cycle, MemberIndex, View},
};

/// Proof that a member broke a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Two votes that exclude each other.
    Votes(Vote, Vote),
    /// Two proposals in one view.
    Proposals {
        /// The cycle.
        cycle: Cycle,
        /// The view.
        view: View,
        /// Who proposed.
        proposer: MemberIndex,
        /// The blocks, each with the signature over its hash and the view.
        blocks: [(BlockHash, Signature); 2],
    },
    /// Two mini-blocks with one author and number.
    MiniBlocks([(LaneHeader, Signature); 2]),
}

/// What is brought forward proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceFault {
    /// The two do not exclude each other, or are not of one member in one view.
    #[error("an honest member may say both")]
    Compatible,
    /// A signature is wrong, the accused not a member, or the cycle another.
    #[error("evidence: {0}")]
    Signature(#[from] BadSignature),
}

/// Whether no honest member makes both statements.
pub fn exclude_each_other(one: &Statement, other: &Statement) -> bool {
    use StatementKind::{Finalize, Nullify};
    if one.view() != other.view() || one == other {
        return false;
    }
    one.kind() == other.kind()
        || matches!((one.kind(), other.kind()), (Finalize, Nullify) | (Nullify, Finalize))
}

impl Evidence {
    /// Who broke the rule.
    pub fn accused(&self) -> MemberIndex {
        match self {
            Self::Votes(vote, _) => vote.voter,
            Self::Proposals { proposer, .. } => *proposer,
            Self::MiniBlocks([(header, _), _]) => header.author,
        }
    }

    /// The cycle in which it did.
    pub fn cycle(&self) -> Cycle {
        match self {
            Self::Votes(vote, _) => vote.cycle,
            Self::Proposals { cycle, .. } => *cycle,
            Self::MiniBlocks([(header, _), _]) => header.cycle,
        }
    }

    /// Verifies that a member of the committee said both, and that no honest member would.
    ///
    /// # Errors
    /// When it does not follow.
    pub fn verify(&self, committee: &Committee) -> Result<(), EvidenceFault> {
        match self {
            Self::Votes(one, other) => {
                let same = one.voter == other.voter && one.cycle == other.cycle;
                if !same || !exclude_each_other(&one.statement, &other.statement) {
                    return Err(EvidenceFault::Compatible);
                }
                one.verify(committee)?;
                Ok(other.verify(committee)?)
            }
            Self::Proposals { cycle, view, proposer, blocks: [one, other] } => {
                if one.0 == other.0 {
                    return Err(EvidenceFault::Compatible);
                }
                let key =
                    committee.key(*proposer).filter(|_| *cycle == committee.cycle()).ok_or(BadSignature)?;
                for (block, signature) in [one, other] {
                    let body = proposal_body(*view, block);
                    key.verify(&committee.scope(), Purpose::Propose, &body, signature)?;
                }
                Ok(())
            }
            Self::MiniBlocks([one, other]) => {
                let name = |header: &LaneHeader| (header.cycle, header.author, header.number);
                if one.0 == other.0 || name(&one.0) != name(&other.0) {
                    return Err(EvidenceFault::Compatible);
                }
                for (header, signature) in [one, other] {
                    let ours = header.cycle == committee.cycle();
                    let signed = header.verify_signature(signature, committee);
                    signed.ok().filter(|()| ours).ok_or(BadSignature)?;
                }
                Ok(())
            }
        }
    }
}

impl Encode for Evidence {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Votes(one, other) => {
                out.push(1);
                one.encode(out);
                other.encode(out);
            }
            Self::Proposals { cycle, view, proposer, blocks } => {
                out.push(2);
                cycle.encode(out);
                view.encode(out);
                proposer.encode(out);
                for (block, signature) in blocks {
                    block.encode(out);
                    signature.encode(out);
                }
            }
            Self::MiniBlocks(minis) => {
                out.push(3);
                for (header, signature) in minis {
                    header.encode(out);
                    signature.encode(out);
                }
            }
        }
    }
}

impl Decode for Evidence {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            1 => Self::Votes(Decode::decode(reader)?, Decode::decode(reader)?),
            2 => Self::Proposals {
                cycle: Decode::decode(reader)?,
                view: Decode::decode(reader)?,
                proposer: Decode::decode(reader)?,
                blocks: [
                    (Decode::decode(reader)?, Decode::decode(reader)?),
                    (Decode::decode(reader)?, Decode::decode(reader)?),
                ],
            },
            3 => Self::MiniBlocks([
                (Decode::decode(reader)?, Decode::decode(reader)?),
                (Decode::decode(reader)?, Decode::decode(reader)?),
            ]),
            tag => return Err(DecodeError::UnknownTag { what: "evidence", tag }),
        })
    }
}
