//! Breaks "one proposal a view" and R1.

use std::collections::BTreeMap;

use galen_ledger::{
    MemberIndex,
    chain::Statement,
    consensus::{Message, Proposal},
    types::{BlockHash, View},
};

use super::{Adversary, Mail, Scene, with_txs};
use crate::network::chance;

/// As a leader, proposes one block to half of the members and another to the others, or both to all; votes for what each
/// of them was shown, in every kind of vote.
#[derive(Default)]
pub struct Equivocator {
    /// Who was shown the second block of a view, and which.
    shown: BTreeMap<View, (Vec<MemberIndex>, BlockHash)>,
}

impl Equivocator {
    fn propose(&mut self, scene: &mut Scene<'_>, proposal: &Proposal, mail: Mail) -> Vec<Mail> {
        let (view, block) = (proposal.view, &proposal.block);
        if proposal.is_again() {
            return vec![mail];
        }
        let second = with_txs(block, vec![format!("second of {view}").into_bytes()]);
        let (hash, message) = (second.hash(), scene.propose(view, second));
        let (first, others) = match self.shown.get(&view) {
            Some((others, _)) => {
                (mail.to.iter().copied().filter(|to| !others.contains(to)).collect(), others.clone())
            }
            None => scene.halves(&mail.to),
        };
        self.shown.insert(view, (others.clone(), hash));
        let to = if chance(scene.rng, 0.3) { mail.to.clone() } else { others.clone() };
        let second = message.map(|message| Mail::now(to, message));
        let first = if chance(scene.rng, 0.3) { mail.to.clone() } else { first };
        let both = [Some(Mail { to: first, ..mail }), second];
        let vote = scene.vote(Statement::Notarize { view, block: hash });
        both.into_iter().flatten().chain(vote.map(|vote| Mail::now(others, vote))).collect()
    }
}

impl Adversary for Equivocator {
    fn send(&mut self, scene: &mut Scene<'_>, mail: Mail) -> Vec<Mail> {
        if let Message::Propose(proposal) = &mail.message {
            let proposal = proposal.clone();
            return self.propose(scene, &proposal, mail);
        }
        // Those who were shown the second block are not told that it votes for the first.
        let Message::Vote(vote) = &mail.message else { return vec![mail] };
        let Some((others, second)) = self.shown.get(&vote.statement.view()) else { return vec![mail] };
        if vote.statement.block().is_none_or(|block| block == *second) {
            return vec![mail];
        }
        let to = mail.to.iter().copied().filter(|to| !others.contains(to)).collect();
        vec![Mail { to, ..mail }]
    }
}
