//! Members as threads of one process: each owns its core and its log, as in a node. Messages are encoded, sent through
//! channels, and decoded.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use galen_ledger::{
    MemberIndex,
    codec::{Decode, Encode},
    consensus::{Effect, Input, Message, Record, Relay, SignState, Timer, VoteRelay},
    storage::{FileStorage, Journal, SignFile},
};

use super::{
    latency::Figures,
    world::{World, number, outcome},
};

/// Events handled before the log is synchronised, as in a node.
const BATCH: usize = 64;

type Frame = (MemberIndex, Arc<[u8]>);

/// Runs members for a time with their logs in a folder: on a disk, or in memory where the folder is.
///
/// # Panics
/// When the folder cannot be written, or a member halts.
pub fn run(members: u8, folder: &Path, warm_up: Duration, measured: Duration) -> Figures {
    let world = Arc::new(World::new(members, Duration::from_secs(1)));
    let (began, stop) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..members).map(|_| mpsc::channel::<Frame>()).unzip();
    let threads: Vec<_> = receivers
        .into_iter()
        .enumerate()
        .map(|(me, inbox)| {
            let (world, links, stop) = (Arc::clone(&world), senders.clone(), Arc::clone(&stop));
            let home = folder.join(me.to_string());
            std::thread::spawn(move || Member::open(me, &world, &home, links, began).run(&inbox, &stop))
        })
        .collect();
    std::thread::sleep(warm_up + measured);
    stop.store(true, Ordering::Relaxed);
    let ends = warm_up + measured;
    let (mut latencies, mut blocks) = (Vec::new(), Vec::new());
    for thread in threads {
        let finals = thread.join().expect("a member halted");
        let counted = finals.into_iter().filter(|(at, _)| (warm_up..ends).contains(at));
        let own: Vec<_> = counted.map(|(_, latency)| latency).collect();
        blocks.push(own.len() as u64);
        latencies.extend(own);
    }
    let mean = blocks.iter().sum::<u64>() / blocks.len().max(1) as u64;
    Figures::of(latencies, mean, measured)
}

/// A folder for logs: in memory, where the system has one there, or on the disk of the target directory.
pub fn folder(in_memory: bool) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let disk = std::env::var_os("GALEN_BENCH_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let base = if in_memory && memory.is_dir() { memory.to_owned() } else { disk };
    base.join(format!("galen-bench-{}", std::process::id()))
}

struct Member<'a> {
    me: usize,
    world: &'a World,
    core: Relay,
    journal: Journal,
    sign_file: SignFile,
    signed: SignState,
    links: Vec<mpsc::Sender<Frame>>,
    timers: BTreeMap<Timer, Instant>,
    began: Instant,
    /// When a block became final here, and how old it was then.
    finals: Vec<(Duration, Duration)>,
}

impl<'a> Member<'a> {
    fn open(
        me: usize,
        world: &'a World,
        home: &Path,
        links: Vec<mpsc::Sender<Frame>>,
        began: Instant,
    ) -> Self {
        let storage = || Box::new(FileStorage::open(home).expect("a folder for the log"));
        let (sign_file, signed) = SignFile::open(storage()).expect("sign state");
        let (journal, recovered) = Journal::open(storage(), &world.genesis, outcome(), signed).expect("log");
        let (core, effects) = world.start(me, recovered, VoteRelay::Auto);
        let (timers, finals) = (BTreeMap::new(), Vec::new());
        let mut member = Self { me, world, core, journal, sign_file, signed, links, timers, began, finals };
        member.apply(effects);
        member
    }

    fn run(mut self, inbox: &mpsc::Receiver<Frame>, stop: &AtomicBool) -> Vec<(Duration, Duration)> {
        let effects = self.core.step(Input::Work(true));
        self.apply(effects);
        while !stop.load(Ordering::Relaxed) {
            let next = self.timers.values().min().map(|at| at.saturating_duration_since(Instant::now()));
            let wait = next.unwrap_or(Duration::from_millis(50)).min(Duration::from_millis(50));
            let first = inbox.recv_timeout(wait).ok();
            let mut effects = Vec::new();
            for (from, frame) in first.into_iter().chain(inbox.try_iter().take(BATCH)) {
                let message = Message::from_bytes(&frame).expect("own encoding");
                effects.extend(self.core.step(Input::Message { from, message }));
            }
            let now = Instant::now();
            let due: Vec<_> =
                self.timers.iter().filter(|(_, at)| **at <= now).map(|(timer, _)| *timer).collect();
            for timer in due {
                self.timers.remove(&timer);
                effects.extend(self.core.step(Input::Timer(timer)));
            }
            self.apply(effects);
        }
        self.finals
    }

    /// What the application answers at once is taken up before the log is synchronised, once for all of it.
    fn apply(&mut self, effects: Vec<Effect>) {
        let mut queue: std::collections::VecDeque<_> = effects.into();
        let mut rest = Vec::new();
        while let Some(effect) = queue.pop_front() {
            match effect {
                Effect::Execute { block, .. } => {
                    let result = Ok(outcome().into());
                    queue.extend(self.core.step(Input::Executed { block: block.hash(), result }));
                }
                Effect::Build(order) => {
                    let made = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                    let block = self.world.build(self.me, &order, made);
                    queue.extend(self.core.step(Input::Built(block)));
                }
                other => rest.push(other),
            }
        }
        self.make_durable(&rest);
        rest.into_iter().for_each(|effect| self.carry_out(effect));
    }

    fn make_durable(&mut self, effects: &[Effect]) {
        let records = || {
            effects.iter().filter_map(|effect| match effect {
                Effect::Persist(record) => Some(record),
                _ => None,
            })
        };
        for record in records() {
            self.journal.persist(record).expect("the log is written");
        }
        if records().any(Record::is_pledge) {
            self.journal.sync().expect("the log is synchronised");
        }
        if *self.core.sign_state() != self.signed {
            self.signed = *self.core.sign_state();
            self.sign_file.write(&self.signed).expect("the sign state is written");
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Send(to, message) => self.send(to.at(), &message.to_bytes().into()),
            Effect::Broadcast(message) => {
                let frame = message.to_bytes().into();
                (0..self.links.len()).filter(|to| *to != self.me).for_each(|to| self.send(to, &frame));
            }
            Effect::Arm(timer, after) => {
                self.timers.insert(timer, Instant::now() + after);
            }
            Effect::Finalize(blocks) => {
                for committed in blocks {
                    self.journal.finalize(&committed).expect("the log is written");
                    let (now, made) = (self.began.elapsed(), Duration::from_nanos(number(&committed.block)));
                    self.finals.push((now, now.saturating_sub(made)));
                }
            }
            Effect::Entered { turn, .. } => self.timers.retain(|timer, _| match timer {
                Timer::Proposal(of) | Timer::View(of) | Timer::Idle(of) | Timer::Resend(of) => *of >= turn,
                Timer::Fetch(_) | Timer::Status | Timer::Relay(_) => true,
            }),
            Effect::Halt(reason) => panic!("member {} halts: {reason}", self.me),
            _ => {}
        }
    }

    fn send(&self, to: usize, frame: &Arc<[u8]>) {
        let from = (0..).map(MemberIndex::new).nth(self.me).unwrap_or_default();
        if let Some(link) = self.links.get(to) {
            // Members end at different times.
            let _ = link.send((from, Arc::clone(frame)));
        }
    }
}
