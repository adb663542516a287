//! Changes of the membership, approved by a quorum of the members, offline if they like: whoever collects the
//! approvals hands in one object. A change takes effect with the next cycle.

use super::{Candidate, Committee, genesis::MAX_MEMBERS};
use crate::{
    codec::{Decode, DecodeError, Encode, Reader, put_len},
    crypto::{BadSignature, Purpose, Scope, SecretKey, Signature, verify_all},
    types::{ChainId, ChangeHash, Cycle, MemberIndex},
};

/// What is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new member, under the next free number, which the approvals thereby agree on.
    Admit {
        /// The number.
        member: MemberIndex,
        /// Who.
        candidate: Candidate,
    },
    /// A member leaves. Its number is not given again.
    Remove(MemberIndex),
    /// A member gets other keys.
    Rotate {
        /// The member.
        member: MemberIndex,
        /// Name and keys from then on.
        candidate: Candidate,
    },
    /// A member that broke a rule may propose again.
    Readmit(MemberIndex),
}

impl Action {
    /// The member it is about.
    pub fn member(&self) -> MemberIndex {
        match self {
            Self::Admit { member, .. } | Self::Rotate { member, .. } => *member,
            Self::Remove(member) | Self::Readmit(member) => *member,
        }
    }

    /// Whose keys come with it.
    pub fn candidate(&self) -> Option<&Candidate> {
        match self {
            Self::Admit { candidate, .. } | Self::Rotate { candidate, .. } => Some(candidate),
            Self::Remove(_) | Self::Readmit(_) => None,
        }
    }
}

/// A proposed change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The chain.
    pub chain_id: ChainId,
    /// The last cycle in whose blocks it may stand.
    pub last: Cycle,
    /// Tells it from an earlier change that is otherwise equal.
    pub nonce: u64,
    /// What is to change.
    pub action: Action,
}

/// A change with its approvals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedChange {
    /// The change.
    pub change: Change,
    /// In the order of the members' numbers, each at most once.
    approvals: Vec<(MemberIndex, Signature)>,
}

/// The approvals do not make a quorum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApprovalFault {
    /// Too few.
    #[error("{approvals} approvals where a quorum is {quorum}")]
    Quorum {
        /// There are.
        approvals: usize,
        /// There must be.
        quorum: usize,
    },
    /// Of somebody who has no say in this cycle.
    #[error("member {0} is not in the committee")]
    NotMember(MemberIndex),
    /// A signature is wrong.
    #[error("an approval: {0}")]
    Signature(#[from] BadSignature),
}

impl Change {
    /// Its name, by which members talk about it.
    pub fn hash(&self) -> ChangeHash {
        ChangeHash::from_bytes(blake3::derive_key("galen ledger v1 change of membership", &self.to_bytes()))
    }

    /// Approvals hold for as long as the change may be handed in, so they are not bound to one cycle's committee.
    fn scope(&self) -> Scope {
        Scope { chain_id: self.chain_id, cycle: self.last }
    }

    /// A member's approval.
    pub fn approve(&self, member: MemberIndex, key: &SecretKey) -> (MemberIndex, Signature) {
        (member, key.sign(&self.scope(), Purpose::Approve, self.hash().as_bytes()))
    }
}

impl SignedChange {
    /// Collects approvals, which may come in any order but one a member.
    pub fn new(change: Change, approvals: impl IntoIterator<Item = (MemberIndex, Signature)>) -> Self {
        let ordered: std::collections::BTreeMap<_, _> = approvals.into_iter().collect();
        Self { change, approvals: ordered.into_iter().collect() }
    }

    /// Checks that a quorum of a committee approves, with the keys it has in its cycle.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, committee: &Committee) -> Result<(), ApprovalFault> {
        let (approvals, quorum) = (self.approvals.len(), committee.quorum());
        if approvals < quorum {
            return Err(ApprovalFault::Quorum { approvals, quorum });
        }
        let mut signed = Vec::with_capacity(approvals);
        for (member, signature) in &self.approvals {
            let key = committee.key(*member).ok_or(ApprovalFault::NotMember(*member))?;
            signed.push((*key, *signature));
        }
        let hash = self.change.hash();
        Ok(verify_all(&self.change.scope(), Purpose::Approve, hash.as_bytes(), &signed)?)
    }
}

impl Encode for Change {
    fn encode(&self, out: &mut Vec<u8>) {
        self.chain_id.encode(out);
        self.last.encode(out);
        self.nonce.encode(out);
        let tag = match &self.action {
            Action::Admit { .. } => 1,
            Action::Remove(_) => 2,
            Action::Rotate { .. } => 3,
            Action::Readmit(_) => 4,
        };
        out.push(tag);
        self.action.member().encode(out);
        if let Some(candidate) = self.action.candidate() {
            candidate.encode(out);
        }
    }
}

impl Decode for Change {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let chain_id = Decode::decode(reader)?;
        let last = Decode::decode(reader)?;
        let nonce = Decode::decode(reader)?;
        let tag = u8::decode(reader)?;
        let member = Decode::decode(reader)?;
        let action = match tag {
            1 => Action::Admit { member, candidate: Decode::decode(reader)? },
            2 => Action::Remove(member),
            3 => Action::Rotate { member, candidate: Decode::decode(reader)? },
            4 => Action::Readmit(member),
            tag => return Err(DecodeError::UnknownTag { what: "change of membership", tag }),
        };
        Ok(Self { chain_id, last, nonce, action })
    }
}

impl Encode for SignedChange {
    fn encode(&self, out: &mut Vec<u8>) {
        self.change.encode(out);
        put_len(out, self.approvals.len());
        for (member, signature) in &self.approvals {
            member.encode(out);
            signature.encode(out);
        }
    }
}

impl Decode for SignedChange {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let change = Decode::decode(reader)?;
        let mut approvals: Vec<(MemberIndex, Signature)> = Vec::new();
        for _ in 0..reader.length(MAX_MEMBERS, "approvals")? {
            let member = Decode::decode(reader)?;
            if approvals.last().is_some_and(|(last, _)| *last >= member) {
                return Err(DecodeError::NotCanonical("order of approvals"));
            }
            approvals.push((member, Decode::decode(reader)?));
        }
        Ok(Self { change, approvals })
    }
}
