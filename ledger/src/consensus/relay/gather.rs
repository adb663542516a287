//! Being the leader of a part: votes of its members go out in bundles, those of other parts come in.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Bundle, Relay};
use crate::{
    chain::{Statement, StatementKind, Vote},
    consensus::{Effect, Input, Message, RelayTimer, Timer},
    types::{MemberIndex, Turn, View},
};

/// Members of other parts whose vote came directly are handed certificates up to so many views after it.
const HANDED_VIEWS: u64 = 2;

/// The votes of one's part of one kind in a view: the first that each member sent.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    votes: BTreeMap<MemberIndex, Vote>,
    /// Whose votes have been passed on.
    passed: BTreeSet<MemberIndex>,
    /// For the rest, at most so long.
    waits: Option<Duration>,
}

impl Relay {
    /// A vote came directly. From one's part it is to be passed on; from another, its leader has failed that member.
    pub(super) fn overhear(&mut self, from: MemberIndex, vote: &Vote) {
        let Some(parts) = self.parts.as_ref().filter(|parts| parts.leads(self.me)) else { return };
        // The link says truly who sent it, so nobody can take another member's place in a bundle.
        if from != vote.voter || !self.is_near(vote.turn()) {
            return;
        }
        match parts.leader_of(from) {
            Some(leader) if leader == self.me => self.gather(vote.clone()),
            Some(_) => {
                // A member that votes directly says so again in every view.
                let until = View::new(vote.turn().view.get().saturating_add(HANDED_VIEWS));
                self.orphans.insert(from, until);
            }
            None => {}
        }
    }

    /// Adds a vote of one's part, and passes all on when none is missing. Those who are absent are not waited for the first
    /// time; what comes after that waits for the rest again, or each late vote would be a bundle of its own.
    pub(super) fn gather(&mut self, vote: Vote) {
        let (turn, kind, voter) = (vote.turn(), vote.statement.kind(), vote.voter);
        self.absent.remove(&voter);
        let gathering = self.gathered.entry((turn, kind)).or_default();
        gathering.votes.entry(voter).or_insert(vote);
        let Some(parts) = &self.parts else { return };
        let first = gathering.passed.is_empty();
        let here = |member: &MemberIndex| {
            gathering.votes.contains_key(member) || (first && self.absent.contains(member))
        };
        if parts.part(self.me).iter().all(here) {
            return self.flush(turn, kind);
        }
        // The members see a certificate a hop after their leader, and their votes take another.
        let wait = if voter == self.me { self.delta / 4 } else { self.delta / 16 };
        if gathering.waits.is_none_or(|waits| wait < waits) {
            gathering.waits = Some(wait);
            self.out.push(Effect::Arm(Timer::Relay(RelayTimer::Flush(turn, kind)), wait));
        }
    }

    /// It has taken too long: the others must not wait for those who are silent, nor this leader the next time.
    pub(super) fn flush_incomplete(&mut self, turn: Turn, kind: StatementKind) {
        let Some(gathering) = self.gathered.get_mut(&(turn, kind)) else { return };
        gathering.waits = None;
        let members = self.parts.iter().flat_map(|parts| parts.part(self.me));
        // Not everybody gives up a view, but everybody should vote for its block.
        if kind != StatementKind::Nullify {
            let silent = members.filter(|member| !gathering.votes.contains_key(member));
            self.absent.extend(silent);
        }
        self.flush(turn, kind);
    }

    fn flush(&mut self, turn: Turn, kind: StatementKind) {
        let Some(gathering) = self.gathered.get_mut(&(turn, kind)) else { return };
        let mut bundles: BTreeMap<Statement, Vec<Vote>> = BTreeMap::new();
        for (member, vote) in &gathering.votes {
            if gathering.passed.insert(*member) {
                bundles.entry(vote.statement).or_default().push(vote.clone());
            }
        }
        let leaders = self.parts.iter().flat_map(|parts| parts.leaders());
        let others: Vec<_> = leaders.filter(|leader| *leader != self.me).collect();
        for bundle in bundles.values().filter_map(|votes| Bundle::new(votes)) {
            for leader in &others {
                self.send(*leader, Message::Bundle(bundle.clone()));
            }
        }
    }

    /// Hands the core the votes of another part. Only from its leader, only of its members, one of a kind and member in a
    /// view: what a leader can cost is bounded by what honest leaders cost. The core verifies signatures.
    pub(super) fn unbundle(&mut self, from: MemberIndex, bundle: Bundle) {
        let Some(parts) = self.parts.as_ref().filter(|parts| parts.leads(self.me)) else { return };
        let turn = bundle.turn();
        let of_its_part = |voter: MemberIndex| parts.leader_of(voter) == Some(from);
        if from == self.me || !parts.leads(from) || !self.is_near(turn) || !bundle.voters().all(of_its_part) {
            return;
        }
        let known = self.unbundled.entry((turn, bundle.statement().kind())).or_default();
        let fresh: Vec<_> = bundle.into_votes().filter(|vote| known.insert(vote.voter)).collect();
        for vote in fresh {
            self.feed(Input::Message { from, message: Message::Vote(vote) });
        }
    }
}
