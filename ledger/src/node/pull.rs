//! The thread that gets blobs from other nodes, and gives them to others: disk and hashing delay no vote.

mod backlog;
mod join;
mod puller;
mod serve;
mod transfer;
mod wants;

use std::{
    path::Path,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use self::{
    backlog::Backlog,
    join::{Joined, Joining, Offering},
    puller::{Pulled, Puller},
    serve::Serving,
};
use super::{Frame, Held, Transport, awaiting::Need, event::Event};
use crate::{
    blobs::{BlobChunk, BlobRequest, Blobs},
    codec::Encode,
    consensus::Message,
    execution::{Executor, FinalBlock},
    snapshot::Shelf,
    storage::JournalError,
    types::{BlobHash, Height, MemberIndex},
};

pub(super) use wants::Urgency;

/// Orders that may wait. Links keep what peers send far below that.
const ORDERS: usize = 16 * 1024;
/// Orders taken at a time.
const BATCH: usize = 64;
/// Blocks of a backlog gone through at a time, …
const SCANNED: usize = 32;
/// … and how long to wait before the next: the node has better to do.
const SCAN_PAUSE: Duration = Duration::from_millis(20);
/// How often to remember how far the backlog is.
const SAVE: Duration = Duration::from_secs(5);
/// How long to sleep when nothing is due.
const LONG: Duration = Duration::from_secs(60);

/// Something for the thread to do.
pub(super) enum Order {
    /// Get a blob. The answer is [`Event::Arrived`] or [`Event::GaveUp`].
    Want {
        /// Which.
        blob: BlobHash,
        /// Why.
        urgency: Urgency,
        /// Who should have it.
        from: MemberIndex,
    },
    /// Give a peer what it asks for.
    Serve(MemberIndex, BlobRequest, Held),
    /// A chunk from a peer.
    Chunk(MemberIndex, BlobChunk, Held),
    /// A peer does not have a blob.
    Absent(MemberIndex, BlobHash),
    /// Blocks are final: have what they name.
    Final(Vec<Arc<FinalBlock>>),
    /// Who can be asked from now on.
    Members(Vec<MemberIndex>),
    /// Get a snapshot above this height from those who are ahead. The answer is [`Event::Joined`].
    Join(Height, Vec<MemberIndex>),
    /// Say to a peer which snapshot is here, if it is above its height.
    Offer(MemberIndex, Height),
    /// A peer says which snapshot it has.
    Offered(MemberIndex, Height, BlobHash),
}

/// What the thread works with.
pub(super) struct Setup<'a> {
    pub name: String,
    pub home: &'a Path,
    pub me: MemberIndex,
    pub members: Vec<MemberIndex>,
    pub blobs: Arc<dyn Blobs>,
    pub shelf: Shelf,
    pub executor: Arc<Executor>,
    pub transport: Arc<dyn Transport>,
    pub events: mpsc::SyncSender<Event>,
}

/// Starts the thread. It ends when nobody can give it orders.
pub(super) fn start(setup: Setup<'_>) -> std::io::Result<(mpsc::SyncSender<Order>, JoinHandle<()>)> {
    let (orders, ordered) = mpsc::sync_channel(ORDERS);
    let Setup { name, home, me, members, blobs, shelf, executor, transport, events } = setup;
    let backlog = Backlog::open(home);
    let now = Instant::now();
    // Made in its thread: a tree that is being restored stays in one.
    let work = move || {
        let pulling = Pulling {
            me,
            puller: Puller::new(Arc::clone(&blobs), me, members.clone()),
            members,
            serving: Serving::new(Arc::clone(&blobs), shelf.clone()),
            shelf,
            joining: None,
            offering: Offering::default(),
            backlog,
            blobs,
            executor,
            transport,
            events,
            scan_due: now,
            save_due: now + SAVE,
        };
        pulling.work(&ordered);
    };
    let thread = std::thread::Builder::new().name(name).spawn(work)?;
    Ok((orders, thread))
}

/// The node does not answer any more.
struct Gone;

struct Pulling {
    me: MemberIndex,
    members: Vec<MemberIndex>,
    shelf: Shelf,
    joining: Option<Joining>,
    offering: Offering,
    puller: Puller,
    serving: Serving,
    backlog: Backlog,
    blobs: Arc<dyn Blobs>,
    executor: Arc<Executor>,
    transport: Arc<dyn Transport>,
    events: mpsc::SyncSender<Event>,
    scan_due: Instant,
    save_due: Instant,
}

impl Pulling {
    fn work(mut self, orders: &mpsc::Receiver<Order>) {
        while self.turn(orders).is_ok() {}
        self.backlog.save();
    }

    fn turn(&mut self, orders: &mpsc::Receiver<Order>) -> Result<(), Gone> {
        let first = match orders.recv_timeout(self.idle(Instant::now())) {
            Ok(order) => Some(order),
            Err(mpsc::RecvTimeoutError::Timeout) => None,
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(Gone),
        };
        for order in first.into_iter().chain(orders.try_iter().take(BATCH)) {
            self.carry_out(order);
        }
        let now = Instant::now();
        self.puller.tick(now);
        self.joining.iter_mut().for_each(|joining| joining.tick(now));
        if now >= self.scan_due {
            self.scan(now)?;
        }
        self.deliver()?;
        if now >= self.save_due {
            self.save_due = now + SAVE;
            self.backlog.save();
            let missing = self.backlog.missing();
            if missing > 0 {
                let complete = self.backlog.complete();
                tracing::info!(missing, %complete, "blobs that final blocks name are on the way");
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, order: Order) {
        let now = Instant::now();
        match order {
            Order::Want { blob, urgency, from } => self.puller.want(blob, urgency, Some(from), now),
            Order::Serve(from, request, _held) => {
                for answer in self.serving.answer(from, &request, now) {
                    self.send(from, &answer);
                }
            }
            Order::Chunk(from, chunk, _held) => {
                self.joining.iter_mut().for_each(|joining| joining.take(from, &chunk, now));
                self.puller.take(from, &chunk, now);
            }
            Order::Absent(from, blob) => {
                self.joining.iter_mut().for_each(|joining| joining.absent(from, &blob, now));
                self.puller.absent(from, &blob, now);
            }
            Order::Final(blocks) => {
                for block in blocks {
                    self.note(block.height(), &block.block.txs, now);
                }
            }
            Order::Members(members) => {
                self.members = members.clone();
                self.puller.set_members(members);
            }
            Order::Join(above, ahead) => self.join(above, ahead, now),
            Order::Offer(to, above) => match self.offering.above(&self.shelf, above) {
                Ok(Some((height, manifest))) => self.send(to, &Message::Snapshot(height, manifest)),
                Ok(None) => {}
                Err(fault) => tracing::warn!(%fault, "the newest snapshot cannot be read"),
            },
            Order::Offered(from, height, manifest) => {
                self.joining.iter_mut().for_each(|joining| joining.offered(from, height, manifest, now));
            }
        }
    }

    fn join(&mut self, above: Height, ahead: Vec<MemberIndex>, now: Instant) {
        let genesis = Arc::clone(self.executor.genesis());
        let (shelf, members) = (self.shelf.clone(), self.members.clone());
        self.joining = Some(Joining::begin(self.me, genesis, shelf, above, ahead, members, now));
    }

    /// Sends and reports what the search for a snapshot has come to.
    fn deliver_joined(&mut self) -> Result<(), Gone> {
        let Some(joining) = &mut self.joining else { return Ok(()) };
        let out = joining.take_out();
        if joining.is_over() {
            self.joining = None;
        }
        for joined in out {
            match joined {
                Joined::Send(to, message) => self.send(to, &message),
                Joined::Here(height) => self.report(Event::Joined(Some(height)))?,
                Joined::Nobody => self.report(Event::Joined(None))?,
            }
        }
        Ok(())
    }

    /// Sends and reports what has come out.
    fn deliver(&mut self) -> Result<(), Gone> {
        self.deliver_joined()?;
        for pulled in self.puller.take_out() {
            match pulled {
                Pulled::Ask(to, request) => self.send(to, &Message::FetchBlob(request)),
                Pulled::Here(blob) => {
                    self.backlog.arrived(&blob);
                    self.scan_due = self.scan_due.min(Instant::now() + SCAN_PAUSE);
                    self.report(Event::Arrived(Need::Blob(blob)))?;
                }
                Pulled::GaveUp(blob) => self.report(Event::GaveUp(Need::Blob(blob)))?,
            }
        }
        Ok(())
    }

    fn report(&self, event: Event) -> Result<(), Gone> {
        self.events.send(event).map_err(|_| Gone)
    }

    fn send(&self, to: MemberIndex, message: &Message) {
        let frame: Frame = message.to_bytes().into();
        self.transport.send(to, &frame);
    }

    /// Wants what a final block names and is not here. Blocks come in order, but for those that this member made up for.
    fn note(&mut self, height: Height, txs: &[Vec<u8>], now: Instant) {
        if self.backlog.next(height) != Some(height) {
            // Something before it was not gone through yet: it is all in the log.
            self.scan_due = self.scan_due.min(now + SCAN_PAUSE);
            return;
        }
        let named = txs.iter().flat_map(|tx| self.executor.attachments(tx));
        let missing: Vec<_> = named.filter(|blob| !self.blobs.has(blob).unwrap_or(false)).collect();
        self.backlog.note(height, missing.iter().copied());
        for blob in missing {
            self.puller.want(blob, Urgency::Final, None, now);
        }
    }

    /// Goes through some blocks that became final while this thread was not told.
    fn scan(&mut self, now: Instant) -> Result<(), Gone> {
        self.scan_due = now + LONG;
        for _ in 0..SCANNED {
            let Some(height) = self.backlog.next(self.executor.tip().height) else { return Ok(()) };
            let (reply, answer) = oneshot::channel();
            self.report(Event::Block { height, reply })?;
            match answer.blocking_recv().map_err(|_| Gone)? {
                Ok(Some((block, _))) => self.note(height, &block.txs, now),
                Ok(None) => self.backlog.note(height, []),
                // It went on with a snapshot. What was named before was checked by others, and is asked of them.
                Err(JournalError::BeforeBase { base, .. }) => self.backlog.skip_to(base),
                Err(error) => {
                    tracing::error!(%height, %error, "a block cannot be read; its blobs are not looked for");
                    return Ok(());
                }
            }
        }
        self.scan_due = now + SCAN_PAUSE;
        Ok(())
    }

    fn idle(&self, now: Instant) -> Duration {
        let joining = self.joining.as_ref().and_then(|joining| joining.due(now));
        let due = self.puller.due(now).into_iter().chain(joining).chain([self.scan_due, self.save_due]).min();
        due.map_or(LONG, |due| due.saturating_duration_since(now))
    }
}
