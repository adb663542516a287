//! Flat PBFT (Castro, Liskov, 1999), in the case without faults, in our encodings: the leader sends its block to all
//! (pre-prepare), everybody else a vote to all (prepare), everybody another (commit). Counted, not run: there is nothing
//! in it to vary.

use galen_ledger::{
    View,
    chain::{Statement, Vote},
    codec::Encode,
    consensus::{BuildOrder, Message, Proposal},
    types::OutcomeHash,
};

use super::world::World;

/// Messages and bytes that a member sends for a block, on average.
pub fn pbft(members: u8) -> (f64, f64) {
    let world = World::new(members, std::time::Duration::from_secs(1));
    let (committee, view) = (world.genesis.committee(), View::new(1));
    let leader = committee.leader(view).unwrap_or_default();
    let key = world.keys.get(leader.at()).expect("the leader is a member");
    let parent = world.genesis.block_hash();
    let order = BuildOrder { view, parent, height: Default::default() };
    let block = world.build(leader.at(), &order, 0);
    let (scope, hash) = (committee.scope(), block.hash());
    let vote = |statement| Message::Vote(Vote::sign(statement, leader, &scope, key));
    let prepare = vote(Statement::Notarize { view, block: hash });
    let outcome = OutcomeHash::from_bytes([0; 32]);
    let commit = vote(Statement::Finalize { view, block: hash, outcome });
    let propose = Message::Propose(Proposal::sign(view, block, &scope, key));
    let size = |message: &Message| message.to_bytes().len() as f64;
    let (n, others) = (f64::from(members), f64::from(members) - 1.0);
    let messages = [(1.0, &propose), (others, &prepare), (n, &commit)];
    let count = messages.iter().map(|(senders, _)| senders * others).sum::<f64>();
    let bytes = messages.iter().map(|(senders, message)| senders * others * size(message)).sum::<f64>();
    (count / n, bytes / n)
}
