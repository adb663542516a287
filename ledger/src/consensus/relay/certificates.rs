//! To whom certificates go.

use super::Relay;
use crate::{
    chain::{Certificate, StatementKind},
    consensus::{Effect, Message, Proposal},
    types::{MemberIndex, Turn},
};

/// Ticks of Δ/4 after which a notarization is sent to those who do not show that they hold it: Δ/4 at least.
const TICKS_TO_SHOW: u8 = 2;

impl Relay {
    /// This member has come to hold a certificate.
    pub(super) fn send_certificate(&mut self, certificate: Certificate) {
        let (turn, kind) = (certificate.turn(), certificate.statement().kind());
        if kind == StatementKind::Finalize {
            self.finality = Some(certificate.clone());
        }
        if !self.committee.contains(self.me) {
            return;
        }
        if self.parts.is_some() {
            return self.hand_down(&certificate);
        }
        match kind {
            StatementKind::Nullify => self.out.push(Effect::Broadcast(Message::Certificate(certificate))),
            StatementKind::Notarize => {
                self.to_show.insert(turn.view, (certificate, 0));
                self.start_ticking();
            }
            StatementKind::Finalize => {
                let leaders = [turn.view, turn.view.next()].map(|view| self.committee.leader(view));
                if leaders.contains(&Some(self.me)) {
                    self.out.push(Effect::Broadcast(Message::Certificate(certificate)));
                }
            }
        }
    }

    /// A proposal after a view that was given up goes to all with what it stands on: a member that has left a view by one
    /// certificate may lack the other, and would not see that it lacks anything.
    pub(super) fn send_proposal(&mut self, proposal: Proposal) {
        for certificate in self.core.grounds(&proposal) {
            self.out.push(Effect::Broadcast(Message::Certificate(certificate)));
        }
        self.out.push(Effect::Broadcast(Message::Propose(proposal)));
    }

    /// A leader's certificates go to its part, and to those whose leaders have failed them.
    fn hand_down(&mut self, certificate: &Certificate) {
        let Some(parts) = self.parts.as_ref().filter(|parts| parts.leads(self.me)) else { return };
        let part = parts.part(self.me).iter().copied();
        let receivers: Vec<_> =
            part.chain(self.orphans.keys().copied()).filter(|member| *member != self.me).collect();
        for member in receivers {
            self.send(member, Message::Certificate(certificate.clone()));
        }
    }

    /// Notes what a message shows of its sender: who votes for finality holds the notarization.
    pub(super) fn note_shown(&mut self, from: MemberIndex, message: &Message) {
        let view = match message {
            Message::Vote(vote)
                if vote.voter == from
                    && vote.cycle == self.committee.cycle()
                    && vote.statement.kind() == StatementKind::Finalize =>
            {
                vote.statement.view()
            }
            Message::Certificate(certificate)
                if certificate.turn().cycle == self.committee.cycle()
                    && certificate.statement().kind() != StatementKind::Nullify =>
            {
                certificate.turn().view
            }
            _ => return,
        };
        let near = Turn { cycle: self.committee.cycle(), view };
        if self.committee.contains(from) && self.is_near(near) {
            self.shown.entry(view).or_default().insert(from);
        }
    }

    pub(super) fn show_certificates(&mut self) {
        let mut due = Vec::new();
        for (view, (certificate, ticks)) in &mut self.to_show {
            *ticks += 1;
            if *ticks >= TICKS_TO_SHOW {
                due.push((*view, certificate.clone()));
            }
        }
        for (view, certificate) in due {
            self.to_show.remove(&view);
            let shown =
                |member: &MemberIndex| self.shown.get(&view).is_some_and(|shown| shown.contains(member));
            let others = self.committee.members().filter(|member| *member != self.me && !shown(member));
            for member in others.collect::<Vec<_>>() {
                self.send(member, Message::Certificate(certificate.clone()));
            }
        }
    }
}
