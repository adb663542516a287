//! Certificates: a statement with the signatures of a quorum of all members (R7).

use super::{Committee, Statement, genesis::MAX_MEMBERS_EVER};
use crate::{
    codec::{Decode, DecodeError, Encode, Reader, put_len},
    crypto::{Signature, verify_all},
    types::{Cycle, MemberIndex, Turn},
};

/// A statement that a quorum signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    cycle: Cycle,
    statement: Statement,
    /// In the order of the members' numbers, each at most once.
    signatures: Vec<(MemberIndex, Signature)>,
}

/// Why a certificate proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateFault {
    /// Another cycle's committee would have to sign it.
    #[error("the certificate is of cycle {0}")]
    Cycle(Cycle),
    /// Fewer signers than a quorum, or more than members.
    #[error("{signers} signers where a quorum is {quorum} of {members}")]
    Signers {
        /// How many signed.
        signers: usize,
        /// How many must.
        quorum: usize,
        /// How many can.
        members: usize,
    },
    /// A signer who is not a member.
    #[error("signer {0} is not a member")]
    NotMember(MemberIndex),
    /// A signature is wrong.
    #[error("a signature does not verify")]
    Signature,
}

impl Certificate {
    /// Collects signatures, which may come in any order but one a member.
    pub fn new(
        cycle: Cycle,
        statement: Statement,
        signatures: impl IntoIterator<Item = (MemberIndex, Signature)>,
    ) -> Self {
        let ordered: std::collections::BTreeMap<_, _> = signatures.into_iter().collect();
        Self { cycle, statement, signatures: ordered.into_iter().collect() }
    }

    /// The view it is about, and its cycle.
    pub fn turn(&self) -> Turn {
        Turn { cycle: self.cycle, view: self.statement.view() }
    }

    /// What was signed.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Who signed.
    pub fn signers(&self) -> impl Iterator<Item = MemberIndex> {
        self.signatures.iter().map(|(member, _)| *member)
    }

    /// The signatures, in the order of the members' numbers.
    pub fn into_signatures(self) -> Vec<(MemberIndex, Signature)> {
        self.signatures
    }

    /// Checks that it is of the committee's cycle, and that a quorum of the committee has signed (R7).
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, committee: &Committee) -> Result<(), CertificateFault> {
        if self.cycle != committee.cycle() {
            return Err(CertificateFault::Cycle(self.cycle));
        }
        let (quorum, members, signers) = (committee.quorum(), committee.size(), self.signatures.len());
        if signers < quorum || signers > members {
            return Err(CertificateFault::Signers { signers, quorum, members });
        }
        let mut signed = Vec::with_capacity(signers);
        for (member, signature) in &self.signatures {
            let key = committee.key(*member).ok_or(CertificateFault::NotMember(*member))?;
            signed.push((*key, *signature));
        }
        verify_all(&committee.scope(), self.statement.purpose(), &self.statement.to_bytes(), &signed)
            .map_err(|_| CertificateFault::Signature)
    }
}

impl Encode for Certificate {
    fn encode(&self, out: &mut Vec<u8>) {
        self.cycle.encode(out);
        self.statement.encode(out);
        put_signatures(out, &self.signatures);
    }
}

impl Decode for Certificate {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let cycle = Cycle::decode(reader)?;
        let statement = Statement::decode(reader)?;
        let signatures = read_signatures(reader)?;
        Ok(Self { cycle, statement, signatures })
    }
}

/// Appends signatures, given in the order of the members' numbers, each at most once: the signers as a bitmap of as many
/// bytes as the highest needs, then the signatures.
pub(crate) fn put_signatures(out: &mut Vec<u8>, signatures: &[(MemberIndex, Signature)]) {
    let bytes = signatures.last().map_or(0, |(member, _)| member.at() / 8 + 1);
    let mut bitmap = vec![0u8; bytes];
    for (member, _) in signatures {
        if let Some(byte) = bitmap.get_mut(member.at() / 8) {
            *byte |= 1 << (member.at() % 8);
        }
    }
    put_len(out, bytes);
    out.extend_from_slice(&bitmap);
    for (_, signature) in signatures {
        signature.encode(out);
    }
}

/// Reads what [`put_signatures`] writes.
pub(crate) fn read_signatures(reader: &mut Reader<'_>) -> Result<Vec<(MemberIndex, Signature)>, DecodeError> {
    let bitmap = reader.bytes(MAX_MEMBERS_EVER.div_ceil(8), "signer bitmap")?;
    if bitmap.last() == Some(&0) {
        return Err(DecodeError::NotCanonical("signer bitmap"));
    }
    let members = (0..).map(MemberIndex::new).take(bitmap.len() * 8);
    let signed =
        |member: &MemberIndex| bitmap.get(member.at() / 8).is_some_and(|b| b >> (member.at() % 8) & 1 == 1);
    let mut signatures = Vec::new();
    for member in members.filter(signed) {
        signatures.push((member, Signature::decode(reader)?));
    }
    Ok(signatures)
}
