//! Certificates: a statement with the signatures of a quorum of all members (R7).

use super::{Genesis, Statement, genesis::MAX_MEMBERS};
use crate::{
    codec::{Decode, DecodeError, Encode, Reader, put_len},
    crypto::{Scope, Signature, verify_all},
    types::MemberIndex,
};

/// A statement that a quorum signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    statement: Statement,
    /// In the order of the members' indices, each at most once.
    signatures: Vec<(MemberIndex, Signature)>,
}

/// Why a certificate proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateFault {
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
    pub fn new(statement: Statement, signatures: impl IntoIterator<Item = (MemberIndex, Signature)>) -> Self {
        let ordered: std::collections::BTreeMap<_, _> = signatures.into_iter().collect();
        Self { statement, signatures: ordered.into_iter().collect() }
    }

    /// What was signed.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Who signed.
    pub fn signers(&self) -> impl Iterator<Item = MemberIndex> {
        self.signatures.iter().map(|(member, _)| *member)
    }

    /// Checks that a quorum of the members has signed.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, genesis: &Genesis, scope: &Scope) -> Result<(), CertificateFault> {
        let (quorum, members, signers) = (genesis.quorum(), genesis.members.len(), self.signatures.len());
        if signers < quorum || signers > members {
            return Err(CertificateFault::Signers { signers, quorum, members });
        }
        let mut signed = Vec::with_capacity(signers);
        for (member, signature) in &self.signatures {
            let key = genesis.key(*member).ok_or(CertificateFault::NotMember(*member))?;
            signed.push((*key, *signature));
        }
        verify_all(scope, self.statement.purpose(), &self.statement.to_bytes(), &signed)
            .map_err(|_| CertificateFault::Signature)
    }
}

impl Encode for Certificate {
    /// The signers go as a bitmap of as many bytes as the highest needs; then their signatures in order.
    fn encode(&self, out: &mut Vec<u8>) {
        self.statement.encode(out);
        let bytes = self.signatures.last().map_or(0, |(member, _)| member.at() / 8 + 1);
        let mut bitmap = vec![0u8; bytes];
        for (member, _) in &self.signatures {
            if let Some(byte) = bitmap.get_mut(member.at() / 8) {
                *byte |= 1 << (member.at() % 8);
            }
        }
        put_len(out, bytes);
        out.extend_from_slice(&bitmap);
        for (_, signature) in &self.signatures {
            signature.encode(out);
        }
    }
}

impl Decode for Certificate {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let statement = Statement::decode(reader)?;
        let bitmap = reader.bytes(MAX_MEMBERS.div_ceil(8), "signer bitmap")?;
        if bitmap.last() == Some(&0) {
            return Err(DecodeError::NotCanonical("signer bitmap"));
        }
        let members = (0..).map(MemberIndex::new).take(bitmap.len() * 8);
        let signed = |member: &MemberIndex| {
            bitmap.get(member.at() / 8).is_some_and(|b| b >> (member.at() % 8) & 1 == 1)
        };
        let mut signatures = Vec::new();
        for member in members.filter(signed) {
            signatures.push((member, Signature::decode(reader)?));
        }
        Ok(Self { statement, signatures })
    }
}
