//! The task of one peer: keeps one link to it. It alone decides which connection that is.
//!
//! Both sides may dial; the one with the higher name gives the other a moment first. Of two connections, that of a
//! restarted peer stays; else the one dialed by the lower name; of two dialed by the same side, the newer. Both sides
//! come to the same verdict, whatever they see first.

use std::{future::pending, pin::Pin, sync::Arc};

use tokio::{
    select,
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::{
    backoff::Backoff,
    connection,
    control::Goodbye,
    error::LinkError,
    handshake::{self, Arrival},
    peer::PeerId,
    quota::Bucket,
    settings::LinkTiming,
    state::{PeerState, Shared},
    status::{self, LinkState},
};

/// Calls that a peer may make in a moment; after them, one a second.
const CALLS: u64 = 16;

type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Keeps the link to a peer until it is taken off the list or the links close.
pub(super) async fn keep(shared: Arc<Shared>, peer: Arc<PeerState>, mut arriving: mpsc::Receiver<Arrival>) {
    let mut keeper = Keeper::new(shared, peer);
    loop {
        select! {
            biased;
            () = keeper.peer.stop.cancelled() => break,
            Some(arrival) = arriving.recv() => keeper.arrived(arrival),
            result = poll(&mut keeper.dialing) => keeper.dialed(result),
            error = poll_current(&mut keeper.current) => keeper.lost(&error),
            () = keeper.peer.redial.notified() => keeper.due = Instant::now(),
            () = sleep_until(keeper.due), if keeper.is_alone() => keeper.dial(),
        }
    }
    keeper.part().await;
}

/// The connection that is the link.
struct Current {
    incarnation: u64,
    dialed: bool,
    since: Instant,
    running: Task<LinkError>,
}

struct Keeper {
    shared: Arc<Shared>,
    peer: Arc<PeerState>,
    current: Option<Current>,
    dialing: Option<Task<Result<Arrival, LinkError>>>,
    backoff: Backoff,
    /// When to dial, if there is no link by then.
    due: Instant,
    penalty: Penalty,
    /// How often the peer may call.
    calls: Bucket,
}

async fn poll<T>(task: &mut Option<Task<T>>) -> T {
    match task {
        Some(task) => task.await,
        None => pending().await,
    }
}

async fn poll_current(current: &mut Option<Current>) -> LinkError {
    match current {
        Some(current) => (&mut current.running).await,
        None => pending().await,
    }
}

impl Keeper {
    fn new(shared: Arc<Shared>, peer: Arc<PeerState>) -> Self {
        let timing = shared.settings.timing;
        let backoff = Backoff::new(timing.backoff, timing.max_backoff, shared.seed(peer.id.get()));
        let mut keeper = Self {
            shared,
            peer,
            current: None,
            dialing: None,
            backoff,
            due: Instant::now(),
            penalty: Penalty::default(),
            calls: Bucket::new(1, CALLS, Instant::now()),
        };
        keeper.due += keeper.courtesy();
        keeper
    }

    fn timing(&self) -> LinkTiming {
        self.shared.settings.timing
    }

    /// How long to wait for the peer's call first.
    fn courtesy(&self) -> std::time::Duration {
        if self.shared.settings.me > self.peer.id { self.timing().courtesy } else { Default::default() }
    }

    fn is_alone(&self) -> bool {
        self.current.is_none() && self.dialing.is_none()
    }

    fn dial(&mut self) {
        self.wait();
        let Some(address) = self.peer.address() else { return };
        let (shared, peer) = (Arc::clone(&self.shared), Arc::clone(&self.peer));
        self.set_state(LinkState::Dialing);
        self.dialing = Some(Box::pin(handshake::dial(shared, peer, address)));
    }

    fn dialed(&mut self, result: Result<Arrival, LinkError>) {
        self.dialing = None;
        match result {
            Ok(arrival) => self.arrived(arrival),
            Err(error) => self.failed(&error),
        }
    }

    /// An attempt came to nothing.
    fn failed(&mut self, error: &LinkError) {
        self.peer.note(error);
        if error.is_violation() {
            self.cut_off();
        }
        self.wait();
        if self.current.is_none() {
            self.set_state(self.unlinked_state());
        }
        self.shared.announce();
    }

    /// An authenticated connection is there.
    fn arrived(&mut self, arrival: Arrival) {
        let too_often = !arrival.dialed && !self.calls.try_take(Instant::now());
        if too_often || self.is_cut_off() {
            return self.send_away(arrival, Goodbye::CutOff, LinkError::CutOff);
        }
        let contest = |current: &Current| {
            supersedes(
                self.shared.settings.me,
                self.peer.id,
                current.of(),
                (arrival.incarnation, arrival.dialed),
            )
        };
        match &self.current {
            Some(current) if !contest(current) => {
                self.send_away(arrival, Goodbye::Duplicate, LinkError::Duplicate);
            }
            Some(_) => {
                self.current = None;
                self.peer.note(&LinkError::Replaced);
                self.link(arrival);
            }
            None => self.link(arrival),
        }
    }

    fn send_away(&mut self, arrival: Arrival, reason: Goodbye, error: LinkError) {
        self.peer.note(&error);
        self.wait();
        if self.current.is_none() {
            self.set_state(self.unlinked_state());
        }
        self.shared.spawn(handshake::send_away(Arc::clone(&self.shared), arrival, reason));
    }

    fn link(&mut self, arrival: Arrival) {
        let Arrival { stream, incarnation, dialed } = arrival;
        self.peer.outbox.linked();
        let running = connection::run(stream, Arc::clone(&self.shared), Arc::clone(&self.peer));
        let since = Instant::now();
        self.current = Some(Current { incarnation, dialed, since, running: Box::pin(running) });
        self.peer.record(|record| {
            record.links += 1;
            record.state = LinkState::Linked { since_ms: status::now_ms(), dialed };
        });
        tracing::info!(peer = %self.peer.id, dialed, "linked");
        self.shared.announce();
    }

    /// The link is gone.
    fn lost(&mut self, error: &LinkError) {
        let lasted = self.current.take().map(|current| current.since.elapsed());
        self.peer.outbox.unlinked();
        if lasted.is_some_and(|lasted| lasted >= self.timing().stable) {
            self.backoff.reset();
        }
        self.failed(error);
        self.due += self.courtesy();
    }

    fn wait(&mut self) {
        let wait = Instant::now() + self.backoff.wait();
        self.due = self.penalty.until.map_or(wait, |until| until.max(wait));
    }

    fn cut_off(&mut self) {
        let lasts = self.penalty.strike(self.timing());
        tracing::warn!(peer = %self.peer.id, ?lasts, "peer cut off");
    }

    fn is_cut_off(&self) -> bool {
        self.penalty.until.is_some_and(|until| Instant::now() < until)
    }

    fn unlinked_state(&self) -> LinkState {
        if self.is_cut_off() { LinkState::CutOff } else { LinkState::Down }
    }

    fn set_state(&self, state: LinkState) {
        self.peer.set_state(state);
        self.shared.announce();
    }

    /// Says goodbye.
    async fn part(mut self) {
        if let Some(current) = self.current.take() {
            // The connection has heard that it is to stop, and takes its time over it; this is for what it cannot foresee.
            let error = timeout(2 * self.timing().farewell, current.running).await;
            self.peer.note(&error.unwrap_or(LinkError::Stopped));
        }
        self.peer.outbox.unlinked();
        self.set_state(LinkState::Down);
    }
}

impl Current {
    fn of(&self) -> (u64, bool) {
        (self.incarnation, self.dialed)
    }
}

/// Whether a new connection takes the place of the current one. Each is its peer's incarnation, and whether this node
/// dialed it.
fn supersedes(me: PeerId, peer: PeerId, current: (u64, bool), new: (u64, bool)) -> bool {
    let by_lower = |(_, dialed): (u64, bool)| dialed == (me < peer);
    current.0 != new.0 || by_lower(new) || !by_lower(current)
}

/// What a peer gets for breaking the rules.
#[derive(Debug, Default)]
struct Penalty {
    strikes: u32,
    until: Option<Instant>,
}

impl Penalty {
    /// Each time as long again, unless the last time is long ago.
    fn strike(&mut self, timing: LinkTiming) -> std::time::Duration {
        let now = Instant::now();
        if self.until.is_none_or(|until| now > until + timing.max_cut_off) {
            self.strikes = 0;
        }
        let lasts = timing.cut_off.saturating_mul(1 << self.strikes.min(16)).min(timing.max_cut_off);
        self.strikes += 1;
        self.until = Some(now + lasts);
        lasts
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn both_sides_keep_the_same_of_two_connections() {
        let (low, high) = (PeerId::new(1), PeerId::new(2));
        let (by_low, by_high) = (true, false);
        // Whatever the order in which each side sees the two, what stays is the one dialed by the lower.
        for first in [by_low, by_high] {
            for me in [low, high] {
                let peer = if me == low { high } else { low };
                let seen = |by: bool| (7, (me == low) == by);
                let second = !first;
                let stays = if supersedes(me, peer, seen(first), seen(second)) { second } else { first };
                assert_eq!(stays, by_low, "{me} saw {first} first");
            }
        }
    }

    #[test]
    fn a_restarted_peer_and_a_newer_call_replace() {
        let (me, peer) = (PeerId::new(1), PeerId::new(2));
        for (old, new) in [(true, true), (true, false), (false, true), (false, false)] {
            assert!(supersedes(me, peer, (7, old), (8, new)), "restarted");
        }
        assert!(supersedes(me, peer, (7, true), (7, true)));
        assert!(supersedes(me, peer, (7, false), (7, false)));
        assert!(!supersedes(me, peer, (7, true), (7, false)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_penalty_doubles_and_is_forgotten() {
        let timing = LinkTiming::default();
        let mut penalty = Penalty::default();
        let lasts: Vec<_> = (0..7).map(|_| penalty.strike(timing).as_secs()).collect();
        assert_eq!(lasts, [30, 60, 120, 240, 480, 600, 600]);
        tokio::time::advance(Duration::from_secs(1201)).await;
        assert_eq!(penalty.strike(timing).as_secs(), 30);
    }
}
