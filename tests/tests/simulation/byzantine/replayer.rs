//! Sends what was true once, or is true elsewhere.

use galen_ledger::{
    ChainId,
    chain::{Certificate, Statement, Vote},
    consensus::Message,
    crypto::Scope,
    types::{Cycle, View},
};
use rand::{Rng, seq::SliceRandom};

use super::{Adversary, Mail, Scene};
use crate::network::chance;

/// Most old messages that it keeps.
const KEPT: usize = 64;

/// Sends old messages again; votes under another cycle, view or chain than they were signed for; certificates with the
/// signatures of another statement, with too few, or with its own many times.
#[derive(Default)]
pub struct Replayer {
    heard: Vec<Message>,
}

impl Replayer {
    fn keep(&mut self, scene: &mut Scene<'_>, message: &Message) {
        if self.heard.len() < KEPT {
            self.heard.push(message.clone());
        } else {
            let place = scene.rng.gen_range(0..KEPT);
            self.heard[place] = message.clone();
        }
    }

    fn votes(&self) -> impl Iterator<Item = &Vote> {
        self.heard.iter().filter_map(|message| match message {
            Message::Vote(vote) => Some(vote),
            _ => None,
        })
    }

    /// A vote that says something else than was signed.
    fn foreign_vote(&self, scene: &mut Scene<'_>) -> Option<Message> {
        let votes: Vec<_> = self.votes().collect();
        let mut vote = (*votes.choose(scene.rng)?).clone();
        let (now, view) = (scene.node.core.turn(), scene.node.core.view());
        match scene.rng.gen_range(0..3) {
            0 => vote.cycle = now.cycle,
            1 => vote.statement = moved(vote.statement, view),
            _ => {
                let scope = Scope { chain_id: ChainId::from_bytes([7; 32]), cycle: now.cycle };
                vote = Vote::sign(moved(vote.statement, view), scene.node.index, &scope, &scene.key()?);
            }
        }
        Some(Message::Vote(vote))
    }

    /// A certificate put together from whatever signatures there are.
    fn foreign_certificate(&self, scene: &mut Scene<'_>) -> Option<Message> {
        let votes: Vec<_> = self.votes().collect();
        let statement = moved(votes.choose(scene.rng)?.statement, scene.node.core.view());
        let cycle = if chance(scene.rng, 0.8) { scene.node.core.turn().cycle } else { Cycle::new(0) };
        let signed: Vec<_> = votes.iter().map(|vote| (vote.voter, vote.signature)).collect();
        let most = scene.rng.gen_range(0..=signed.len());
        Some(Message::Certificate(Certificate::new(cycle, statement, signed.into_iter().take(most))))
    }
}

/// The same statement of another view.
fn moved(statement: Statement, view: View) -> Statement {
    match statement {
        Statement::Notarize { block, .. } => Statement::Notarize { view, block },
        Statement::Nullify { .. } => Statement::Nullify { view },
        Statement::Finalize { block, outcome, .. } => Statement::Finalize { view, block, outcome },
    }
}

impl Adversary for Replayer {
    fn send(&mut self, _scene: &mut Scene<'_>, mail: Mail) -> Vec<Mail> {
        vec![mail]
    }

    fn hear(&mut self, scene: &mut Scene<'_>, message: &Message) -> Vec<Mail> {
        self.keep(scene, message);
        if !chance(scene.rng, 0.25) {
            return Vec::new();
        }
        let said = match scene.rng.gen_range(0..4) {
            0 => self.foreign_vote(scene),
            1 => self.foreign_certificate(scene),
            _ => self.heard.choose(scene.rng).cloned(),
        };
        let others = scene.others();
        let to = scene.some(&others);
        said.map(|message| Mail::now(to, message)).into_iter().collect()
    }
}
