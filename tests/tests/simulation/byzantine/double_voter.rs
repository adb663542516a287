//! Breaks R1 to R4: says yes to everything.

use std::collections::BTreeSet;

use galen_ledger::{chain::Statement, consensus::Message, types::Turn};

use super::{Adversary, Mail, Scene};

/// Signs every statement that it hears of, and gives up every view, each to some of the others; so each of them may
/// count another vote of it.
#[derive(Default)]
pub struct DoubleVoter {
    said: BTreeSet<(Turn, Statement)>,
}

impl DoubleVoter {
    fn say(&mut self, scene: &mut Scene<'_>, turn: Turn, statement: Statement) -> Vec<Mail> {
        if turn.cycle != scene.node.core.committee().cycle() || !self.said.insert((turn, statement)) {
            return Vec::new();
        }
        let others = scene.others();
        let to = scene.some(&others);
        scene.vote(statement).map(|message| Mail::now(to, message)).into_iter().collect()
    }
}

impl Adversary for DoubleVoter {
    fn send(&mut self, scene: &mut Scene<'_>, mail: Mail) -> Vec<Mail> {
        let to = if matches!(mail.message, Message::Vote(_)) { scene.some(&mail.to) } else { mail.to };
        vec![Mail { to, ..mail }]
    }

    fn hear(&mut self, scene: &mut Scene<'_>, message: &Message) -> Vec<Mail> {
        match message {
            Message::Propose(proposal) => {
                let (turn, view) = (proposal.turn(), proposal.view);
                let notarize = Statement::Notarize { view, block: proposal.block.hash() };
                let mut mails = self.say(scene, turn, notarize);
                mails.extend(self.say(scene, turn, Statement::Nullify { view }));
                mails
            }
            Message::Vote(vote) => self.say(scene, vote.turn(), vote.statement),
            _ => Vec::new(),
        }
    }
}
