//! A node that is far behind takes the state from a snapshot of other members, and goes on from there.
//!
//! The log comes first: once it says with which block it begins, the state is brought there, now or after a restart.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Driver, Fatal};
use crate::{
    chain::{SignedChange, Upkeep},
    consensus::{Effect, Message, Setup, Tip, core::Recovered},
    light::Anchor,
    node::{
        NodeStatus, Submitted,
        event::{Event, Job, Worked},
        lanes::Checks,
        pull::Order,
        upkeep::UpkeepPool,
    },
    snapshot::{Shelf, Snapshot, SnapshotFault},
    types::{Cycle, Height, MemberIndex},
};

/// How long to wait after a search for a snapshot that came to nothing.
const AGAIN: Duration = Duration::from_secs(30);

/// Where a node is on its way to a snapshot.
#[derive(Debug)]
pub(in crate::node) struct Joining {
    /// A node that is so many blocks behind looks for one; 0 for never.
    lag: u64,
    /// Its own snapshots, and those it got.
    shelf: Shelf,
    /// Members that say that they are so far ahead.
    ahead: std::collections::BTreeMap<MemberIndex, Height>,
    /// One is being looked for, or got.
    looking: bool,
    /// Not before this.
    due: Instant,
    /// The block with which the log begins now, while the state is not there yet.
    pub installing: Option<Anchor>,
    /// Changes of the membership that were handed in meanwhile.
    changes: Vec<SignedChange>,
}

impl Joining {
    pub fn new(lag: u64, shelf: Shelf) -> Self {
        let due = Instant::now();
        Self {
            lag,
            shelf,
            ahead: Default::default(),
            looking: false,
            due,
            installing: None,
            changes: Vec::new(),
        }
    }
}

impl Driver {
    /// Takes from a message how high its sender is. Members without a seat are sent certificates only: one of a later cycle
    /// says that those before it have ended.
    pub(super) fn hear_height(&mut self, from: MemberIndex, message: &Message) {
        let height = match message {
            Message::Status(status) => Some(status.height),
            Message::Certificate(certificate) => {
                let before = certificate.turn().cycle.get().checked_sub(1);
                before.map(|cycle| self.genesis.schedule().last(Cycle::new(cycle)))
            }
            _ => None,
        };
        if let Some(height) = height {
            self.heard_height(from, height);
        }
    }

    /// A member says how high it is. That f + 1 say that they are far ahead begins the search: then one honest member is.
    fn heard_height(&mut self, from: MemberIndex, height: Height) {
        if self.joining.lag == 0 {
            return;
        }
        let far = self.core.tip().height.get().saturating_add(self.joining.lag);
        let known = self.joining.ahead.entry(from).or_default();
        *known = height.max(*known);
        let committee = &self.committee;
        self.joining.ahead.retain(|member, height| height.get() > far && committee.contains(*member));
        let joining = &mut self.joining;
        if joining.ahead.len() <= committee.faults() || joining.looking || joining.due > Instant::now() {
            return;
        }
        joining.looking = true;
        let ahead: Vec<_> = joining.ahead.keys().copied().collect();
        tracing::info!(member = %self.me, height = %self.core.tip().height, "far behind: looking for a snapshot");
        self.instruct(Order::Join(self.core.tip().height, ahead));
    }

    /// The search for a snapshot is over.
    pub(super) fn joined(&mut self, height: Option<Height>, effects: &mut Vec<Effect>) -> Result<(), Fatal> {
        self.joining.looking = false;
        self.joining.due = Instant::now() + AGAIN;
        let Some(height) = height else { return Ok(()) };
        let halt = |fault: SnapshotFault| Fatal::Halt(fault.to_string());
        if height <= self.core.tip().height {
            return self.joining.shelf.unmark().map_err(halt);
        }
        // What the core has decided until now comes before.
        self.apply(std::mem::take(effects))?;
        let load = || -> Result<(Snapshot, Anchor), SnapshotFault> {
            let snapshot = self.joining.shelf.load(height)?;
            let anchor = snapshot.manifest.anchor()?.clone();
            Ok((snapshot, anchor))
        };
        let (snapshot, anchor) = load().map_err(halt)?;
        tracing::info!(member = %self.me, %height, "going on with a snapshot");
        self.journal.rebase(anchor.clone())?;
        self.joining.shelf.unmark().map_err(halt)?;
        self.joining.installing = Some(anchor);
        self.timers.clear();
        self.give(Job::Install(snapshot));
        Ok(())
    }

    /// What is done while the state is being installed: the core, which knows the old one only, is not asked any more.
    pub(super) fn handle_installing(&mut self, event: Event, effects: &mut Vec<Effect>) -> Result<(), Fatal> {
        match event {
            Event::Frame { from, frame, held } => match crate::codec::Decode::from_bytes(&frame) {
                Ok(Message::FetchBlob(request)) => self.instruct(Order::Serve(from, request, held)),
                Ok(Message::BlobChunk(chunk)) => self.instruct(Order::Chunk(from, chunk, held)),
                _ => {}
            },
            Event::Worked(Worked::Installed) => self.installed(effects)?,
            Event::Worked(Worked::Committed { blocks, .. }) => {
                blocks.iter().for_each(|block| self.publish(block));
            }
            Event::Worked(Worked::Failed(reason)) => return Err(Fatal::Halt(reason)),
            Event::Submit { tx, reply } => self.submit(tx, reply)?,
            Event::Change(change) => self.joining.changes.push(change),
            Event::Demand(height) => self.demand = self.demand.max(height),
            Event::Block { height, reply } => {
                let _ = reply.send(self.journal.block(height));
            }
            _ => {}
        }
        Ok(())
    }

    /// The state is there: begins anew from it, as after a restart.
    fn installed(&mut self, effects: &mut Vec<Effect>) -> Result<(), Fatal> {
        let Some(Anchor { header, outcome, certificate }) = self.joining.installing.take() else {
            return Ok(());
        };
        let (committee, height) = (self.executor.committee(), header.height);
        let tip = Tip { height, view: header.view, block: header.hash(), outcome };
        let sign_state = *self.core.sign_state();
        let recovered = Recovered { finality: Some(certificate), sign_state, ..Recovered::fresh(tip) };
        let setup = Setup {
            genesis: Arc::clone(&self.genesis),
            committee: Arc::clone(&committee),
            me: self.me,
            keys: self.keys.clone(),
            timing: self.timing,
        };
        let first = self.core.restart(setup, recovered);
        self.joining.ahead.clear();
        self.held_proposals.clear();
        self.upkeep = UpkeepPool::new(self.genesis.schedule(), self.me, Arc::clone(&committee), height);
        // What came of checks, and of what was asked for, was passed over.
        self.lanes.checks = Checks::default();
        self.mempool.check_anew();
        self.began(committee)?;
        self.hold_anew();
        self.answer_waiters();
        let changes = std::mem::take(&mut self.joining.changes);
        changes.into_iter().for_each(|change| self.say_upkeep(Upkeep::Change(change)));
        self.status.send_replace(NodeStatus::Running { height, view: header.view });
        self.give(Job::Commit(Vec::new()));
        effects.extend(first);
        Ok(())
    }

    /// Looks again at what waits for something that may have come, or been given up, unheard.
    fn hold_anew(&mut self) {
        let held: Vec<_> = self.held_txs.names().copied().collect();
        for hash in held {
            match self.mempool.get(&hash) {
                Some(tx) => self.hold_incomplete(hash, &tx, self.me),
                None => drop(self.held_txs.remove(&hash)),
            }
        }
    }

    /// Those who wait for a transaction in a block before the snapshot would never hear of it.
    fn answer_waiters(&mut self) {
        for (hash, replies) in std::mem::take(&mut self.waiters) {
            for reply in replies {
                match Submitted::answer(&self.executor, &hash) {
                    Ok(None) => self.waiters.entry(hash).or_default().push(reply),
                    Ok(Some(submitted)) => drop(reply.send(Ok(submitted))),
                    Err(error) => drop(reply.send(Err(error))),
                }
            }
        }
    }
}
