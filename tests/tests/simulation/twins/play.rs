//! One play: bare cores, no log, and an execution that gives a digest of the block.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use galen_ledger::{
    AppHash, Height, MemberIndex, View,
    chain::{Block, Committee, Genesis, Header, Outcome, Parameters, block::tx_root, upkeep::upkeep_root},
    consensus::{BuildOrder, Committed, Core, Effect, Input, Message, Recovered, Setup, Timing, Tip},
    election::Election,
    lanes::lanes_root,
    types::{BlockHash, ReceiptsRoot, TxHash},
};

use crate::node::{DELTA, genesis, key_of};

/// Until when the links are parted, and by when all must have gone on.
const PARTED: u64 = 20 * DELTA;
const OVER: u64 = 200 * DELTA;

/// What is decided of a view.
#[derive(Clone, Debug)]
pub struct Round {
    /// Who leads.
    pub leader: MemberIndex,
    /// The part that each machine is in.
    pub parts: Vec<u8>,
}

/// A play.
#[derive(Clone, Debug)]
pub struct Play {
    /// Members.
    pub members: usize,
    /// How many of them, the last ones, have two machines.
    pub twins: usize,
    /// The first views.
    pub rounds: Vec<Round>,
}

/// A play that is going on.
struct Stage<'a> {
    play: &'a Play,
    committee: Arc<Committee>,
    genesis: Arc<Genesis>,
    cores: Vec<(MemberIndex, Core)>,
    blocks: BTreeMap<BlockHash, View>,
    chain: BTreeMap<Height, BlockHash>,
    /// What is final at each machine: what its log would have.
    logs: BTreeMap<(usize, BlockHash), Arc<Block>>,
    now: u64,
    queue: BTreeMap<(u64, u64), (usize, Input)>,
    events: u64,
}

fn outcome(block: &BlockHash) -> Outcome {
    let bytes = *block.as_bytes();
    Outcome { app_hash: AppHash::from_bytes(bytes), receipts_root: ReceiptsRoot::from_bytes(bytes) }
}

impl Play {
    /// Plays it to the end: a block of a later view is final at all honest members.
    ///
    /// # Errors
    /// When they disagree, or that does not come.
    pub fn perform(&self) -> Result<(), String> {
        let mut stage = Stage::set(self);
        while !stage.is_over() {
            let Some(((now, _), (at, input))) = stage.queue.pop_first() else {
                return Err("nothing happens any more".into());
            };
            stage.now = now;
            if now > OVER {
                let tips: Vec<_> =
                    stage.cores.iter().map(|(_, core)| (core.view(), core.tip().view)).collect();
                return Err(format!("no progress: {tips:?}"));
            }
            let effects = stage.cores[at].1.step(input);
            stage.apply(at, effects)?;
        }
        Ok(())
    }

    fn honest(&self) -> usize {
        self.members - self.twins
    }

    /// The last view of which anything is decided.
    fn last(&self) -> View {
        View::new(self.rounds.len() as u64)
    }

    /// Leaders of all views: as decided, then the honest members in turn.
    fn election(&self) -> Election {
        let members = || (0..self.members as u16).map(MemberIndex::new);
        let later = members().take(self.honest()).cycle().take(32);
        let decided = self.rounds.iter().map(|round| round.leader);
        let order = std::iter::once(MemberIndex::new(0)).chain(decided).chain(later).collect();
        Election { groups: vec![members().collect()], proposers: vec![order] }
    }
}

impl<'a> Stage<'a> {
    fn set(play: &'a Play) -> Self {
        let parameters = Parameters { beacon_interval: 1 << 20, ..Parameters::default() };
        let genesis = genesis(play.members, parameters);
        let first = genesis.committee();
        let seats = first.seats().to_vec();
        let committee = Committee::new(first.scope(), View::new(0), seats, play.election());
        let (cores, blocks, chain, logs, queue) = Default::default();
        let committee = Arc::new(committee);
        let mut stage =
            Self { play, committee, genesis, cores, blocks, chain, logs, now: 0, queue, events: 0 };
        let names = (0..play.members).chain(play.honest()..play.members);
        let starts: Vec<_> = names.map(|name| stage.start(MemberIndex::new(name as u16))).collect();
        for (index, core, effects) in starts {
            stage.cores.push((index, core));
            let at = stage.cores.len() - 1;
            stage.apply(at, effects).expect("nothing is final yet");
            stage.send_to(at, 0, Input::Work(true));
        }
        stage
    }

    fn start(&self, index: MemberIndex) -> (MemberIndex, Core, Vec<Effect>) {
        let block = self.genesis.block_hash();
        let tip = Tip { height: Height::new(0), view: View::new(0), block, outcome: outcome(&block) };
        let delta = Duration::from_millis(DELTA);
        let setup = Setup {
            genesis: Arc::clone(&self.genesis),
            committee: Arc::clone(&self.committee),
            me: index,
            keys: vec![key_of(index)],
            timing: Timing { delta, max_delta: 8 * delta },
        };
        let (core, effects) = Core::start(setup, Recovered::fresh(tip));
        (index, core, effects)
    }

    fn is_over(&self) -> bool {
        (0..self.play.honest()).all(|at| self.has_gone_on(at))
    }

    /// Whether a block of a later view than the last decided one is final at a machine.
    fn has_gone_on(&self, at: usize) -> bool {
        self.cores[at].1.tip().view > self.play.last()
    }

    fn send_to(&mut self, at: usize, delay: u64, input: Input) {
        self.events += 1;
        self.queue.insert((self.now + delay, self.events), (at, input));
    }

    fn apply(&mut self, at: usize, effects: Vec<Effect>) -> Result<(), String> {
        for effect in effects {
            match effect {
                Effect::Send(to, message) => self.send(at, Some(to), &message),
                Effect::Broadcast(message) => self.send(at, None, &message),
                Effect::Arm(timer, after) => {
                    let after = u64::try_from(after.as_millis()).expect("short");
                    self.send_to(at, after, Input::Timer(timer));
                }
                Effect::Build(order) => {
                    let block = self.build(at, &order);
                    self.send_to(at, 0, Input::Built(block));
                }
                Effect::Execute { block, .. } => {
                    let hash = block.hash();
                    self.blocks.insert(hash, block.header.view);
                    let result = Ok(outcome(&hash).into());
                    self.send_to(at, 0, Input::Executed { block: hash, result });
                }
                Effect::Serve(to, block) => {
                    if let Some(block) = self.logs.get(&(at, block)).cloned() {
                        self.send(at, Some(to), &Message::Block(block));
                    }
                }
                Effect::Finalize(blocks) => {
                    let held = blocks.iter().map(|Committed { block, .. }| Arc::clone(block));
                    self.logs.extend(held.map(|block| ((at, block.hash()), block)));
                    if at < self.play.honest() {
                        self.agree(&blocks)?;
                    }
                    // The others need what it knows, but no more blocks.
                    if self.has_gone_on(at) {
                        self.send_to(at, 0, Input::Work(false));
                    }
                }
                Effect::Halt(reason) if at < self.play.honest() => return Err(format!("halt: {reason}")),
                _ => {}
            }
        }
        Ok(())
    }

    fn agree(&mut self, blocks: &[Committed]) -> Result<(), String> {
        for Committed { block, .. } in blocks {
            let (height, hash) = (block.header.height, block.hash());
            if *self.chain.entry(height).or_insert(hash) != hash {
                return Err(format!("fork at height {height}"));
            }
        }
        Ok(())
    }

    fn build(&self, at: usize, order: &BuildOrder) -> Arc<Block> {
        // Twins build different blocks.
        let txs = vec![format!("{at} in {}", order.view).into_bytes()];
        let hashes: Vec<_> = txs.iter().map(|tx| TxHash::of(tx)).collect();
        let header = Header {
            chain_id: self.genesis.chain_id(),
            cycle: self.committee.cycle(),
            height: order.height.next(),
            view: order.view,
            proposer: self.cores[at].0,
            parent: order.parent,
            parent_view: self.blocks.get(&order.parent).copied().unwrap_or_default(),
            time_ms: 1,
            parent_outcome: outcome(&order.parent),
            tx_root: tx_root(&hashes),
            upkeep_root: upkeep_root(&[]),
            lanes_root: lanes_root(&[]),
        };
        Arc::new(Block { header, upkeep: Vec::new(), lanes: Vec::new(), txs })
    }

    /// The view that a message is about; else the one that its sender is in.
    fn view_of(&self, at: usize, message: &Message) -> View {
        match message {
            Message::Propose(proposal) => proposal.view,
            Message::Vote(vote) => vote.statement.view(),
            Message::Certificate(certificate) => certificate.statement().view(),
            _ => self.cores[at].1.view(),
        }
    }

    fn send(&mut self, from: usize, to: Option<MemberIndex>, message: &Message) {
        let (me, view) = (self.cores[from].0, self.view_of(from, message));
        let round = usize::try_from(view.get()).ok().and_then(|view| view.checked_sub(1));
        let round = round.and_then(|round| self.play.rounds.get(round)).filter(|_| self.now < PARTED);
        let parts = round.map(|round| round.parts.clone());
        let hears = |at: usize| parts.as_ref().is_none_or(|parts| parts[from] == parts[at]);
        let machines = self.play.members + self.play.twins;
        for at in (0..machines).filter(|at| *at != from && hears(*at)) {
            let name = if at < self.play.members { at } else { at - self.play.twins };
            let name = MemberIndex::new(name as u16);
            if to.is_none_or(|to| to == name) && name != me {
                self.send_to(at, 10, Input::Message { from: me, message: message.clone() });
            }
        }
    }
}
