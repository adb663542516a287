//! The thread that owns a node's core and log: takes events, lets the core react, makes durable, sends.
//!
//! Everything that is at hand is given to the core before the log is synchronised once for all of it (R6).

pub(super) mod join;
mod lanes;
pub(super) mod needs;
mod progress;
mod proposals;
mod routing;
mod upkeep;

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use tokio::sync::{broadcast, watch};

use self::{needs::HeldProposal, proposals::on_wire};
use super::{
    Frame, Held, NodeStatus, SubmitError, Submitted, Transport,
    awaiting::Awaiting,
    clock,
    event::{Event, Job, SubmitReply, Worked},
    lanes::Lanes,
    mempool::Mempool,
    meters::Meters,
    pull::Order,
    upkeep::UpkeepPool,
};
use crate::{
    blobs::Blobs,
    chain::{Committee, Genesis, Upkeep},
    codec::{Decode, Encode},
    consensus::{BuildOrder, Effect, Input, Message, Record, Relay, SignState, Timer, Timing},
    crypto::SecretKey,
    execution::{Executor, FinalBlock, executor::Candidates},
    storage::{Journal, JournalError, SignFile, explained},
    types::{BlockHash, Height, MemberIndex, MiniHash, Turn, TxHash},
};

/// Events handled before the log is synchronised.
const BATCH: usize = 64;
/// How long to sleep when no timer is set.
const LONG: Duration = Duration::from_secs(60);

/// A failure that stops the node.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fatal {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("sign state: {}", explained(.0))]
    SignState(std::io::Error),
    #[error("{0}")]
    Halt(String),
}

/// The thread's state.
pub(super) struct Driver {
    pub genesis: Arc<Genesis>,
    pub me: MemberIndex,
    pub keys: Vec<SecretKey>,
    /// Of the current cycle.
    pub committee: Arc<Committee>,
    pub upkeep: UpkeepPool,
    pub core: Relay,
    pub journal: Journal,
    pub sign_file: SignFile,
    pub signed: SignState,
    pub transport: Arc<dyn Transport>,
    pub executor: Arc<Executor>,
    pub jobs: mpsc::Sender<Job>,
    /// What is here.
    pub blobs: Arc<dyn Blobs>,
    /// For the thread that gets what is not.
    pub orders: mpsc::SyncSender<Order>,
    /// Transactions of the pool that name what is not here.
    pub held_txs: Awaiting<TxHash, ()>,
    /// Mini-blocks whose transactions do.
    pub held_minis: Awaiting<MiniHash, ()>,
    /// Proposals that name mini-blocks which are not here, or whose transactions name such blobs.
    pub held_proposals: Awaiting<(Turn, BlockHash), HeldProposal>,
    pub mempool: Mempool,
    pub lanes: Lanes,
    pub waiters: BTreeMap<TxHash, Vec<SubmitReply>>,
    pub timers: BTreeMap<Timer, Instant>,
    pub blocks: broadcast::Sender<Arc<FinalBlock>>,
    pub status: watch::Sender<NodeStatus>,
    /// Blocks are wanted up to this height.
    pub demand: Height,
    pub idle_interval: Duration,
    /// How long after a block an empty one is made although nobody waits for it.
    pub heartbeat: Option<Duration>,
    /// When the next block is due although there is nothing to put into it.
    pub idle_due: Option<Instant>,
    pub waits: bool,
    /// How long the core waits.
    pub timing: Timing,
    /// The way to a snapshot, for a node that is far behind.
    pub joining: join::Joining,
    pub meters: Arc<Meters>,
}

impl Driver {
    /// Runs until told to stop, or until it must not go on.
    pub fn run(mut self, events: &mpsc::Receiver<Event>, first: Vec<Effect>) {
        let result = self.apply(first).and_then(|()| self.serve(events));
        let reason = match result {
            Ok(()) => "the node was stopped".to_owned(),
            Err(fatal) => {
                tracing::error!(member = %self.me, error = %fatal, "node stops");
                fatal.to_string()
            }
        };
        self.status.send_replace(NodeStatus::Stopped(reason.clone()));
        for reply in std::mem::take(&mut self.waiters).into_values().flatten() {
            let _ = reply.send(Err(SubmitError::Stopped(reason.clone())));
        }
    }

    fn serve(&mut self, events: &mpsc::Receiver<Event>) -> Result<(), Fatal> {
        loop {
            let mut effects = Vec::new();
            let first = match events.recv_timeout(self.until_next_timer()) {
                Ok(event) => Some(event),
                Err(mpsc::RecvTimeoutError::Timeout) => None,
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
            };
            for event in first.into_iter().chain(events.try_iter().take(BATCH)) {
                if matches!(event, Event::Stop) {
                    self.apply(effects)?;
                    return Ok(self.journal.sync()?);
                }
                self.handle(event, &mut effects)?;
            }
            if self.joining.installing.is_none() {
                self.fire_timers(&mut effects);
                self.apply(effects)?;
                self.offer_work()?;
                self.tend_lanes()?;
            }
            self.measure();
        }
    }

    fn handle(&mut self, event: Event, effects: &mut Vec<Effect>) -> Result<(), Fatal> {
        if self.joining.installing.is_some() {
            return self.handle_installing(event, effects);
        }
        match event {
            Event::Frame { from, frame, held } => self.receive(from, &frame, held, effects),
            Event::Submit { tx, reply } => self.submit(tx, reply)?,
            Event::Worked(worked) => self.worked(worked, effects)?,
            Event::Change(change) => self.say_upkeep(Upkeep::Change(change)),
            Event::Demand(height) => self.demand = self.demand.max(height),
            Event::Block { height, reply } => {
                let _ = reply.send(self.journal.block(height));
            }
            Event::Arrived(need) => self.arrived(&need, effects),
            Event::GaveUp(need) => self.gave_up(&need),
            Event::Joined(height) => self.joined(height, effects)?,
            Event::Stop => {}
        }
        Ok(())
    }

    fn receive(&mut self, from: MemberIndex, frame: &Frame, held: Held, effects: &mut Vec<Effect>) {
        let message = match Message::from_bytes(frame) {
            Ok(message) => message,
            Err(error) => return tracing::warn!(%from, %error, "frame dropped"),
        };
        self.meters.heard(from, &message, clock::now_ms());
        match message {
            Message::Tx(tx) => self.receive_tx(from, tx),
            Message::Compact(proposal) => self.receive_compact(from, proposal, effects),
            Message::MiniBlock(mini) => self.receive_mini(from, mini, effects),
            Message::FetchMinis(names) => self.serve_minis(from, &names),
            Message::Receipts(receipts) => self.receive_receipts(receipts),
            Message::Propose(proposal) => self.receive_proposal(from, proposal, effects),
            Message::FetchBlob(request) => self.instruct(Order::Serve(from, request, held)),
            Message::BlobChunk(chunk) => self.instruct(Order::Chunk(from, chunk, held)),
            Message::NoBlob(blob) => self.instruct(Order::Absent(from, blob)),
            Message::FetchSnapshot(above) => self.instruct(Order::Offer(from, above)),
            Message::Snapshot(height, manifest) => self.instruct(Order::Offered(from, height, manifest)),
            message => {
                self.hear_height(from, &message);
                effects.extend(self.core.step(Input::Message { from, message }));
            }
        }
    }

    fn submit(&mut self, tx: Arc<[u8]>, reply: SubmitReply) -> Result<(), Fatal> {
        let hash = TxHash::of(&tx);
        match Submitted::answer(&self.executor, &hash) {
            Ok(Some(submitted)) => {
                let _ = reply.send(Ok(submitted));
                return Ok(());
            }
            Ok(None) => {}
            Err(SubmitError::Store(error)) => return Err(Fatal::Halt(error.to_string())),
            Err(error) => {
                let _ = reply.send(Err(error));
                return Ok(());
            }
        }
        let known = self.mempool.contains(&hash);
        let (part, author) = self.assign(&hash, &tx, 0);
        if self.mempool.insert(hash, Arc::clone(&tx), self.me, part).is_err() {
            let _ = reply.send(Err(SubmitError::Full));
            return Ok(());
        }
        self.waiters.entry(hash).or_default().push(reply);
        self.hold_incomplete(hash, &tx, self.me);
        if let Some(author) = author.filter(|_| !known) {
            self.transport.send(author, &Message::Tx(tx).to_bytes().into());
        }
        Ok(())
    }

    fn worked(&mut self, worked: Worked, effects: &mut Vec<Effect>) -> Result<(), Fatal> {
        match worked {
            Worked::Executed { block, result } => {
                if let Err(rejection) = &result {
                    self.meters.rejected();
                    tracing::warn!(member = %self.me, %block, reason = %rejection, "a proposal is rejected");
                }
                effects.extend(self.core.step(Input::Executed { block, result }))
            }
            Worked::Built { block, refused, refused_upkeep } => {
                effects.extend(self.core.step(Input::Built(block)));
                self.refuse(refused);
                self.upkeep.refuse(&refused_upkeep);
            }
            Worked::Committed { blocks, waits, duties } => {
                self.waits = waits;
                self.idle_due = self.next_idle();
                blocks.iter().for_each(|block| self.publish(block));
                if !blocks.is_empty() {
                    self.mempool.reconsider();
                    self.lanes.checks.again();
                }
                self.instruct(Order::Final(blocks));
                self.do_duties(&duties);
            }
            Worked::Performed(duty, message) if duty.cycle() == self.committee.cycle() => {
                self.say_upkeep(Upkeep::Beacon(message));
            }
            // The cycle has ended meanwhile.
            Worked::Performed(..) => {}
            // It is waited for only while it is done.
            Worked::Installed => {}
            Worked::Rechecked { refused, known, good } => {
                let (_, sure): (Vec<_>, Vec<_>) =
                    refused.into_iter().partition(|(hash, _)| self.may_be_early(hash));
                self.refuse(sure);
                known.iter().for_each(|hash| self.forget(hash));
                good.iter().for_each(|hash| self.mempool.approve(hash));
            }
            Worked::CheckedMini { name, refused, known } => self.checked_mini(name, &refused, &known)?,
            Worked::Failed(reason) => return Err(Fatal::Halt(reason)),
        }
        Ok(())
    }

    fn refuse(&mut self, refused: Vec<(TxHash, crate::application::Refusal)>) {
        for (hash, refusal) in refused {
            self.forget(&hash);
            for reply in self.waiters.remove(&hash).unwrap_or_default() {
                let _ = reply.send(Err(SubmitError::Refused(refusal.clone())));
            }
        }
    }

    /// Whether a refused transaction came from another member, who may know a newer state: it is checked again.
    fn may_be_early(&mut self, hash: &TxHash) -> bool {
        !self.waiters.contains_key(hash) && self.mempool.get(hash).is_some() && self.mempool.doubt(hash)
    }

    /// A transaction is in the chain, or no good.
    fn forget(&mut self, hash: &TxHash) {
        self.mempool.remove(hash);
        self.lanes.pool.close(hash);
    }

    /// Tells the core whether there is anything to make a block for.
    fn offer_work(&mut self) -> Result<(), Fatal> {
        let idle = self.idle_due.is_some_and(|due| due <= Instant::now());
        let pressing = self.has_transactions() || self.upkeep.is_pressing() || self.is_held_up();
        let work = pressing || self.core.tip().height < self.demand || idle;
        let effects = self.core.step(Input::Work(work));
        self.apply(effects)
    }

    /// Whether there is a transaction to make a block for.
    fn has_transactions(&self) -> bool {
        self.lanes.pool.is_pending(&self.lanes.flight, self.lanes.ripening(self.me))
            || self.mempool.is_pending(|tx| self.lanes.is_busy(tx))
    }

    /// Does what is due about mini-blocks, makes it durable, and sends it.
    fn tend_lanes(&mut self) -> Result<(), Fatal> {
        self.check_new();
        for (author, name) in self.lanes.pool.impatient(self.lanes.ripening(self.me)) {
            self.lanes.checks.add(author, name);
        }
        self.check_minis();
        self.ask_others();
        self.ask_for_minis()?;
        self.cut_mini()?;
        if !self.lanes.outgoing.is_empty() {
            self.journal.sync()?;
            self.send_outgoing();
        }
        Ok(())
    }

    fn until_lanes(&self) -> Option<Duration> {
        let uncut = self.mempool.has_uncut().then(|| self.lanes.asking_due.saturating_sub(self.lanes.now()));
        let impatient = self.lanes.pool.until_impatient(self.lanes.ripening(self.me));
        self.until_asking().into_iter().chain(self.lanes.until_cut()).chain(uncut).chain(impatient).min()
    }

    fn until_next_timer(&self) -> Duration {
        let now = Instant::now();
        let idle = self.idle_due.filter(|due| *due > now);
        let next = self.timers.values().copied().chain(idle).min();
        let next = next.map_or(LONG, |next| next.saturating_duration_since(now));
        self.until_lanes().map_or(next, |due| due.min(next))
    }

    fn fire_timers(&mut self, effects: &mut Vec<Effect>) {
        let now = Instant::now();
        let due: Vec<_> = self.timers.iter().filter(|(_, at)| **at <= now).map(|(timer, _)| *timer).collect();
        for timer in due {
            self.timers.remove(&timer);
            if matches!(timer, Timer::Resend(_) | Timer::Status) {
                self.spread_again();
            }
            effects.extend(self.core.step(Input::Timer(timer)));
        }
    }

    /// Carries out effects: first all that must be durable, then the rest in order.
    fn apply(&mut self, effects: Vec<Effect>) -> Result<(), Fatal> {
        for effect in &effects {
            if let Effect::Persist(record) = effect {
                self.persist(record)?;
            }
        }
        // Receipts and mini-blocks vouch for what was written, as votes do; a certificate proves itself.
        let pledges =
            effects.iter().any(|effect| matches!(effect, Effect::Persist(record) if record.is_pledge()));
        if pledges || !self.lanes.outgoing.is_empty() {
            self.journal.sync()?;
        }
        if *self.core.sign_state() != self.signed {
            self.signed = *self.core.sign_state();
            self.sign_file.write(&self.signed).map_err(Fatal::SignState)?;
        }
        self.send_outgoing();
        effects.into_iter().try_for_each(|effect| self.carry_out(effect))
    }

    fn persist(&mut self, record: &Record) -> Result<(), Fatal> {
        Ok(self.journal.persist(record)?)
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), Fatal> {
        match effect {
            Effect::Persist(_) => {}
            Effect::Send(to, message) => self.transport.send(to, &on_wire(message).to_bytes().into()),
            Effect::Broadcast(message) => self.broadcast(&on_wire(message)),
            Effect::Arm(timer, after) => {
                self.timers.insert(timer, Instant::now() + after);
            }
            Effect::Build(order) => self.order(order),
            Effect::Execute { block, check } => {
                self.lanes.flight.depart(block.header.view, block.tx_hashes());
                self.give(Job::Execute { block, check });
            }
            Effect::Finalize(blocks) => self.finalize(blocks)?,
            Effect::Serve(to, block) => self.send_final(to, &block)?,
            Effect::ServeFinality(to, after) => self.send_finality(to, after)?,
            Effect::Began(committee) => self.began(committee)?,
            Effect::Entered { turn, nullified } => self.entered(turn, nullified)?,
            Effect::Evidence(evidence) => self.caught(evidence),
            Effect::Upkeep(from, item) => {
                self.upkeep.offer(from, item);
            }
            Effect::Halt(reason) => return Err(Fatal::Halt(reason)),
        }
        Ok(())
    }

    fn broadcast(&mut self, message: &Message) {
        let frame: Frame = message.to_bytes().into();
        let others = self.committee.members().filter(|member| *member != self.me);
        others.for_each(|member| self.transport.send(member, &frame));
    }

    fn order(&mut self, order: BuildOrder) {
        let limits = self.genesis.parameters;
        let (most, bytes) = (limits.block_txs as usize, limits.block_bytes as usize);
        let lanes = self.lanes.pool.offers(&self.lanes.flight, self.lanes.ripening(self.me), 2 * most);
        let txs = self.mempool.own(most, bytes, |tx| self.lanes.is_busy(tx));
        self.lanes.flight.depart(order.view, txs.iter().map(|tx| TxHash::of(tx)));
        let upkeep = self.upkeep.candidates(order.height);
        let candidates = Candidates { proposer: self.me, now_ms: clock::now_ms(), upkeep, lanes, txs };
        self.give(Job::Build(order, candidates));
    }

    /// Writes down for operators how this node is doing.
    fn measure(&self) {
        let (txs, bytes) = self.mempool.used();
        self.meters.measure(&self.core, txs, bytes, clock::now_ms());
    }

    /// The worker ends only when this thread does, or after it has reported a failure.
    fn give(&mut self, job: Job) {
        let _ = self.jobs.send(job);
    }
}
