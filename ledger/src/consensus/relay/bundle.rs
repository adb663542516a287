//! Votes that a leader passes on together.

use crate::{
    chain::{Certificate, Statement, Vote},
    codec::{Decode, DecodeError, Encode, Reader},
    types::{MemberIndex, Turn},
};

/// Votes of several members for one statement, each with its own signature: a certificate in the making, and encoded as
/// one. It proves nothing, and whoever passes it on cannot change what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle(Certificate);

impl Bundle {
    /// Puts votes for one statement together; none if there are none, or for different ones.
    pub fn new(votes: &[Vote]) -> Option<Self> {
        let first = votes.first()?;
        let same = votes.iter().all(|vote| vote.statement == first.statement && vote.cycle == first.cycle);
        let signatures = votes.iter().map(|vote| (vote.voter, vote.signature));
        same.then(|| Self(Certificate::new(first.cycle, first.statement, signatures)))
    }

    /// The view it is about, and its cycle.
    pub fn turn(&self) -> Turn {
        self.0.turn()
    }

    /// What was signed.
    pub fn statement(&self) -> &Statement {
        self.0.statement()
    }

    /// Who signed.
    pub fn voters(&self) -> impl Iterator<Item = MemberIndex> {
        self.0.signers()
    }

    /// The votes, none of them verified.
    pub fn into_votes(self) -> impl Iterator<Item = Vote> {
        let (cycle, statement) = (self.0.turn().cycle, *self.0.statement());
        let vote = move |(voter, signature)| Vote { cycle, statement, voter, signature };
        self.0.into_signatures().into_iter().map(vote)
    }
}

impl Encode for Bundle {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Bundle {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Decode::decode(reader)?))
    }
}
