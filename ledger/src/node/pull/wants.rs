//! Which blobs are wanted, how urgently, and whom to ask next.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::types::{BlobHash, MemberIndex};

/// Most blobs wanted for transactions of one sender.
const WANTS_OF_A_SENDER: usize = 256;
/// A blob that a transaction or proposal needs and that nobody has given for so long is not looked for any more.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most senders remembered for a blob.
const SOURCES: usize = 8;

/// Why a blob is wanted, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::node) enum Urgency {
    /// A proposal waits for it, and the view does not wait.
    Proposal,
    /// A transaction waits for it.
    Transaction,
    /// A final block names it.
    Final,
}

impl Urgency {
    /// Most transfers under way when one for this begins: for a proposal there is always one left.
    pub fn slots(self) -> usize {
        match self {
            Self::Proposal => 8,
            Self::Transaction => 6,
            Self::Final => 2,
        }
    }

    /// How long to wait before everybody is asked again.
    fn backoff(self, rounds: u32) -> Duration {
        let (first, most) = match self {
            Self::Proposal => (50, 500),
            Self::Transaction => (100, 5_000),
            Self::Final => (500, 60_000),
        };
        Duration::from_millis((first << rounds.min(10)).min(most))
    }
}

/// A blob that is wanted.
#[derive(Debug)]
struct Want {
    urgency: Urgency,
    /// How many its sender wanted already, and the order of arrival: a sender of many does not delay those of few.
    rank: (usize, u64),
    /// Whose transaction it is for, which counts against that sender's share.
    sender: Option<MemberIndex>,
    /// Who should have it.
    sources: Vec<MemberIndex>,
    /// Asked in this round, in vain.
    asked: BTreeSet<MemberIndex>,
    /// Sent something else under its name.
    liars: BTreeSet<MemberIndex>,
    rounds: u32,
    since: Instant,
    due: Instant,
    /// Somebody is sending it.
    coming: bool,
}

/// What to do about a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Ask this peer.
    Ask(BlobHash, MemberIndex),
    /// Everybody was asked: a good time to see whether it has come in another way.
    Look(BlobHash),
    /// It is not looked for any more.
    GiveUp(BlobHash),
}

/// The blobs that are wanted.
#[derive(Debug)]
pub(super) struct Wants {
    me: MemberIndex,
    members: Vec<MemberIndex>,
    wants: BTreeMap<BlobHash, Want>,
    senders: BTreeMap<MemberIndex, usize>,
    count: u64,
}

impl Wants {
    pub fn new(me: MemberIndex, members: Vec<MemberIndex>) -> Self {
        Self { me, members, wants: BTreeMap::new(), senders: BTreeMap::new(), count: 0 }
    }

    /// Who can be asked from now on.
    pub fn set_members(&mut self, members: Vec<MemberIndex>) {
        self.members = members;
    }

    /// Wants a blob, which `from` should have. False if its sender wants too many already.
    pub fn want(
        &mut self,
        blob: BlobHash,
        urgency: Urgency,
        from: Option<MemberIndex>,
        now: Instant,
    ) -> bool {
        if let Some(want) = self.wants.get_mut(&blob) {
            want.urge(urgency, from, now);
            return true;
        }
        let sender = from.filter(|_| urgency == Urgency::Transaction);
        let mut rank = 0;
        if let Some(sender) = sender {
            let wanted = self.senders.entry(sender).or_default();
            if *wanted >= WANTS_OF_A_SENDER {
                return false;
            }
            rank = *wanted;
            *wanted += 1;
        }
        self.count += 1;
        let want = Want {
            urgency,
            rank: (rank, self.count),
            sender,
            sources: from.into_iter().collect(),
            asked: BTreeSet::new(),
            liars: BTreeSet::new(),
            rounds: 0,
            since: now,
            due: now,
            coming: false,
        };
        self.wants.insert(blob, want);
        true
    }

    /// Wants a blob no longer.
    pub fn remove(&mut self, blob: &BlobHash) {
        let Some(want) = self.wants.remove(blob) else { return };
        if let Some(wanted) = want.sender.and_then(|sender| self.senders.get_mut(&sender)) {
            *wanted -= 1;
        }
    }

    /// A peer gave nothing, or with `lied` something else.
    pub fn refused(&mut self, blob: &BlobHash, by: MemberIndex, lied: bool) {
        let Some(want) = self.wants.get_mut(blob) else { return };
        want.coming = false;
        want.asked.insert(by);
        if lied {
            want.liars.insert(by);
        }
    }

    /// It cannot be kept now: later, from whomever.
    pub fn postpone(&mut self, blob: &BlobHash, due: Instant) {
        if let Some(want) = self.wants.get_mut(blob) {
            (want.coming, want.due) = (false, due);
        }
    }

    /// When the first round of questions after `now` is due.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let idle = self.wants.values().filter(|want| !want.coming && want.due > now);
        idle.map(|want| want.due).min()
    }

    /// What to do now, the most urgent first, when so many transfers are under way, from these peers; `mute` are asked
    /// last.
    pub fn next(
        &mut self,
        now: Instant,
        mut busy: BTreeSet<MemberIndex>,
        mute: &BTreeSet<MemberIndex>,
    ) -> Vec<Next> {
        let ready = self.wants.iter().filter(|(_, want)| !want.coming && want.due <= now);
        let mut ready: Vec<_> =
            ready.map(|(blob, want)| (want.urgency, want.rounds, want.rank, *blob)).collect();
        ready.sort_unstable();
        let (mut steps, mut given_up) = (Vec::new(), Vec::new());
        for (urgency, _, _, blob) in ready {
            let Some(want) = self.wants.get_mut(&blob) else { continue };
            let candidates = want.candidates(&blob, self.me, &self.members, mute);
            let left: Vec<_> = candidates.into_iter().filter(|peer| !want.asked.contains(peer)).collect();
            if left.is_empty() {
                let gave_up = want.end_round(now);
                steps.push(if gave_up { Next::GiveUp(blob) } else { Next::Look(blob) });
                given_up.extend(gave_up.then_some(blob));
            } else if busy.len() < urgency.slots()
                && let Some(peer) = left.into_iter().find(|peer| !busy.contains(peer))
            {
                busy.insert(peer);
                want.coming = true;
                steps.push(Next::Ask(blob, peer));
            }
        }
        given_up.iter().for_each(|blob| self.remove(blob));
        steps
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.wants.len()
    }
}

impl Want {
    fn urge(&mut self, urgency: Urgency, from: Option<MemberIndex>, now: Instant) {
        let known = |source: &MemberIndex| self.sources.contains(source);
        if let Some(from) = from.filter(|from| !known(from) && self.sources.len() < SOURCES) {
            self.sources.push(from);
        }
        if urgency < self.urgency {
            (self.urgency, self.since, self.due, self.rounds) = (urgency, now, now, 0);
        }
    }

    /// Whom to ask: first those who should have it, then everybody; those that are silent last, liars never.
    fn candidates(
        &self,
        blob: &BlobHash,
        me: MemberIndex,
        members: &[MemberIndex],
        mute: &BTreeSet<MemberIndex>,
    ) -> Vec<MemberIndex> {
        let start = usize::from(blob.as_bytes()[0]) + self.rounds as usize;
        let rotated = members.iter().cycle().skip(start % members.len().max(1)).take(members.len());
        let mut candidates: Vec<MemberIndex> = Vec::with_capacity(members.len() + self.sources.len());
        for peer in self.sources.iter().chain(rotated) {
            if *peer != me && !self.liars.contains(peer) && !candidates.contains(peer) {
                candidates.push(*peer);
            }
        }
        candidates.sort_by_key(|peer| mute.contains(peer));
        candidates
    }

    /// Everybody was asked. True if it is time to give up.
    fn end_round(&mut self, now: Instant) -> bool {
        self.asked.clear();
        self.due = now + self.urgency.backoff(self.rounds);
        self.rounds = self.rounds.saturating_add(1);
        self.urgency != Urgency::Final && now.saturating_duration_since(self.since) > PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: BTreeSet<MemberIndex> = BTreeSet::new();

    fn member(number: u16) -> MemberIndex {
        MemberIndex::new(number)
    }

    fn blob(byte: u8) -> BlobHash {
        BlobHash::from_bytes([byte; 32])
    }

    fn wants() -> Wants {
        Wants::new(member(0), (0..4).map(member).collect())
    }

    fn asked(steps: &[Next]) -> Vec<MemberIndex> {
        steps
            .iter()
            .filter_map(|next| if let Next::Ask(_, peer) = next { Some(*peer) } else { None })
            .collect()
    }

    #[test]
    fn the_sender_is_asked_first_then_each_once_and_a_liar_never_again() {
        let (mut wants, mut now, blob) = (wants(), Instant::now(), blob(1));
        assert!(wants.want(blob, Urgency::Transaction, Some(member(3)), now));
        let mut rounds: Vec<BTreeSet<MemberIndex>> = vec![BTreeSet::new()];
        for _ in 0..11 {
            match wants.next(now, NONE, &NONE)[..] {
                [Next::Ask(_, peer)] => {
                    let round = rounds.last_mut().expect("one");
                    assert!(!round.is_empty() || rounds.len() > 1 || peer == member(3), "the sender first");
                    assert!(rounds.last_mut().expect("one").insert(peer), "once a round");
                    wants.refused(&blob, peer, peer == member(2));
                }
                [Next::Look(_)] => {
                    rounds.push(BTreeSet::new());
                    assert_eq!(wants.next(now, NONE, &NONE), [], "not at once");
                    now = wants.due(now).expect("again");
                }
                ref steps => panic!("{steps:?}"),
            }
        }
        let all = |members: &[u16]| members.iter().copied().map(member).collect::<BTreeSet<_>>();
        assert_eq!(rounds[..3], [all(&[1, 2, 3]), all(&[1, 3]), all(&[1, 3])]);
    }

    #[test]
    fn what_nobody_has_is_given_up_unless_it_is_final() {
        let (mut wants, mut now) = (wants(), Instant::now());
        wants.want(blob(1), Urgency::Transaction, Some(member(1)), now);
        wants.want(blob(2), Urgency::Final, None, now);
        let mut given_up = Vec::new();
        for _ in 0..1000 {
            for next in wants.next(now, NONE, &NONE) {
                match next {
                    Next::Ask(blob, peer) => wants.refused(&blob, peer, false),
                    Next::GiveUp(blob) => given_up.push(blob),
                    Next::Look(_) => {}
                }
            }
            now = wants.due(now).unwrap_or(now);
        }
        assert_eq!((given_up, wants.len(), wants.senders[&member(1)]), (vec![blob(1)], 1, 0));
    }

    #[test]
    fn a_proposal_goes_first_and_a_sender_of_much_last() {
        let (mut wants, now) = (wants(), Instant::now());
        for byte in 0..10 {
            wants.want(blob(byte), Urgency::Transaction, Some(member(1)), now);
        }
        wants.want(blob(20), Urgency::Transaction, Some(member(2)), now);
        wants.want(blob(30), Urgency::Final, None, now);
        wants.want(blob(40), Urgency::Proposal, Some(member(3)), now);
        let steps = wants.next(now, NONE, &NONE);
        assert_eq!(steps[0], Next::Ask(blob(40), member(3)));
        assert!(steps.contains(&Next::Ask(blob(20), member(2))), "{steps:?}");
        assert_eq!(asked(&steps).iter().collect::<BTreeSet<_>>().len(), steps.len(), "one each at a time");
        assert!(!steps.iter().any(|step| matches!(step, Next::Ask(of, _) if *of == blob(30))), "it can wait");
    }

    #[test]
    fn one_sender_wants_so_many_and_no_more() {
        let (mut wants, now) = (wants(), Instant::now());
        let wanted = (0..1000u32).filter(|number| {
            wants.want(BlobHash::of(&number.to_le_bytes()), Urgency::Transaction, Some(member(1)), now)
        });
        assert_eq!(wanted.count(), WANTS_OF_A_SENDER);
        assert!(wants.want(blob(1), Urgency::Transaction, Some(member(2)), now), "others still may");
    }

    #[test]
    fn whoever_is_silent_is_asked_last() {
        let (mut wants, now) = (wants(), Instant::now());
        wants.want(blob(1), Urgency::Proposal, Some(member(1)), now);
        let mute = BTreeSet::from([member(1), member(2)]);
        assert_eq!(asked(&wants.next(now, NONE, &mute)), [member(3)]);
    }
}
