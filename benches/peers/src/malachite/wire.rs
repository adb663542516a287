//! Bytes of messages, as short as ours.

use malachitebft_core_consensus::SignedConsensusMsg;
use malachitebft_core_types::{NilOrVal, Round, SignedProposal, SignedVote, VoteType};
use malachitebft_signing_ed25519::Signature;

use super::context::{Address, Bench, Body, BodyId, Height, Proposal, Vote};

/// What a voter signs.
pub fn vote_bytes(vote: &Vote) -> Vec<u8> {
    let mut out = vec![if vote.kind == VoteType::Prevote { 1 } else { 2 }];
    put_place(&mut out, vote.height, vote.round, vote.address);
    if let NilOrVal::Val(id) = vote.value {
        out.extend_from_slice(&id.digest);
        out.extend_from_slice(&id.made);
    }
    out
}

/// What a proposer signs.
pub fn proposal_bytes(proposal: &Proposal) -> Vec<u8> {
    let mut out = vec![3];
    put_place(&mut out, proposal.height, proposal.round, proposal.address);
    out.extend_from_slice(&proposal.pol_round.as_i64().to_le_bytes());
    out.extend_from_slice(&proposal.value.bytes);
    out
}

fn put_place(out: &mut Vec<u8>, height: Height, round: Round, address: Address) {
    out.extend_from_slice(&height.0.to_le_bytes());
    out.extend_from_slice(&round.as_i64().to_le_bytes());
    out.extend_from_slice(&address.0.to_le_bytes());
}

/// A message: its signature, and what was signed.
pub fn encode(message: &SignedConsensusMsg<Bench>) -> Vec<u8> {
    let mut out = message.signature().to_bytes().to_vec();
    out.extend(match message {
        SignedConsensusMsg::Vote(vote) => vote_bytes(&vote.message),
        SignedConsensusMsg::Proposal(proposal) => proposal_bytes(&proposal.message),
    });
    out
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("as long as that")
}

/// Reads a message of [`encode`].
pub fn decode(bytes: &[u8]) -> SignedConsensusMsg<Bench> {
    let (signature, bytes) = (Signature::from_bytes(array(bytes, 0)), &bytes[64..]);
    let height = Height(u64::from_le_bytes(array(bytes, 1)));
    let round = Round::from(i64::from_le_bytes(array(bytes, 9)));
    let address = Address(u16::from_le_bytes(array(bytes, 17)));
    if bytes[0] == 3 {
        let pol_round = Round::from(i64::from_le_bytes(array(bytes, 19)));
        let value = Body::new(bytes[27..].into());
        let proposal = Proposal { height, round, value, pol_round, address };
        return SignedConsensusMsg::Proposal(SignedProposal::new(proposal, signature));
    }
    let kind = if bytes[0] == 1 { VoteType::Prevote } else { VoteType::Precommit };
    let value = if bytes.len() > 19 {
        NilOrVal::Val(BodyId { digest: array(bytes, 19), made: array(bytes, 51) })
    } else {
        NilOrVal::Nil
    };
    let vote = Vote { kind, height, round, value, address, extension: None };
    SignedConsensusMsg::Vote(SignedVote::new(vote, signature))
}
