//! Lanes: mini-blocks in blocks, at one executor by hand; and, below, members that make them.

mod attacks;
mod durable;
mod network;
mod pool;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use galen_ledger::{
    AppError, Application, BlobHash, BlockContext, Event, MemberIndex, Receipt as Outcome, Refusal,
    StateRead, StateWrite, View,
    chain::{Block, Committee, Evidence, Genesis, Parameters, Upkeep},
    consensus::{BuildOrder, Committed},
    crypto::{SecretKey, Signature},
    execution::{
        Executor, MemoryStore,
        executor::{Candidates, Clock},
    },
    lanes::{Lane, LaneOffer, MAX_LANES, MiniBlock, Receipt, lane::Omitted, lanes_root, route},
    types::{Cycle, TxHash},
};

use crate::{app::Registers, rules::world_with};

const CLOCK: Option<Clock> = Some(Clock { latest_ms: u64::MAX });

/// The registers, with the first word after the verb as conflict key; counts what it checks.
pub struct Counting {
    registers: Arc<Registers>,
    full: AtomicUsize,
    vouched: AtomicUsize,
}

impl Counting {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            registers: Registers::new(),
            full: AtomicUsize::new(0),
            vouched: AtomicUsize::new(0),
        })
    }

    /// Full checks and others since it was last asked.
    fn take(&self) -> (usize, usize) {
        (self.full.swap(0, Ordering::SeqCst), self.vouched.swap(0, Ordering::SeqCst))
    }
}

impl Application for Counting {
    fn genesis(&self, state: &mut dyn StateWrite, config: &[u8]) -> Result<(), AppError> {
        self.registers.genesis(state, config)
    }

    fn check(&self, state: &dyn StateRead, context: &BlockContext, tx: &[u8]) -> Result<(), Refusal> {
        self.full.fetch_add(1, Ordering::SeqCst);
        self.registers.check(state, context, tx)
    }

    fn check_vouched(&self, _: &dyn StateRead, _: &BlockContext, _: &[u8]) -> Result<(), Refusal> {
        self.vouched.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn conflict_key(&self, tx: &[u8]) -> Option<Vec<u8>> {
        tx.split(|byte| *byte == b' ').nth(1).map(<[u8]>::to_vec)
    }

    fn execute(&self, state: &mut dyn StateWrite, context: &BlockContext, tx: &[u8]) -> Outcome {
        self.registers.execute(state, context, tx)
    }

    fn end_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        self.registers.end_block(state, context)
    }

    fn waits_for_blocks(&self, state: &dyn StateRead) -> bool {
        self.registers.waits_for_blocks(state)
    }

    fn attachments(&self, tx: &[u8]) -> Vec<BlobHash> {
        self.registers.attachments(tx)
    }
}

fn member(index: u16) -> MemberIndex {
    MemberIndex::new(index)
}

/// One executor, and the keys of all members.
struct World {
    genesis: Arc<Genesis>,
    keys: Vec<SecretKey>,
    app: Arc<Counting>,
    executor: Executor,
    view: u64,
}

impl World {
    fn new(members: u8, groups: u16) -> Self {
        let (genesis, keys) = world_with(members, Parameters { groups, ..Parameters::default() });
        let app = Counting::new();
        let running: Arc<dyn Application> = Arc::clone(&app) as _;
        let executor =
            Executor::open(running, Arc::clone(&genesis), Arc::new(MemoryStore::new())).expect("opens");
        Self { genesis, keys, app, executor, view: 0 }
    }

    fn committee(&self) -> Arc<Committee> {
        self.executor.committee()
    }

    fn mini(&self, author: u16, number: u64, txs: &[&str]) -> Arc<MiniBlock> {
        let committee = self.committee();
        let group = route::group_of_member(&committee, member(author)).expect("has a seat");
        let txs = txs.iter().map(|tx| tx.as_bytes().into()).collect();
        let key = &self.keys[usize::from(author)];
        Arc::new(MiniBlock::sign(&committee.scope(), (group, member(author)), number, txs, key))
    }

    fn receipt(&self, mini: &MiniBlock, signer: u16) -> Receipt {
        let scope = self.committee().scope();
        let name = mini.header.hash(&scope.chain_id);
        Receipt::sign(&name, member(signer), &scope, &self.keys[usize::from(signer)])
    }

    fn offer(&self, mini: &Arc<MiniBlock>, signers: &[u16]) -> LaneOffer {
        let receipts = signers.iter().map(|signer| self.receipt(mini, *signer)).collect();
        LaneOffer { mini: Arc::clone(mini), receipts }
    }

    fn build_with(&self, lanes: Vec<LaneOffer>, own: &[&str], upkeep: Vec<Upkeep>) -> Arc<Block> {
        let (tip, view) = (self.executor.tip(), View::new(self.view + 1));
        let proposer = self.committee().leader(view).expect("somebody leads");
        let txs = own.iter().map(|tx| tx.as_bytes().into()).collect();
        let order = BuildOrder { view, parent: tip.block, height: tip.height };
        let candidates = Candidates { proposer, now_ms: 1, upkeep, lanes, txs };
        self.executor.build(&order, candidates).expect("store").expect("on the tip").block
    }

    fn build(&self, lanes: Vec<LaneOffer>, own: &[&str]) -> Arc<Block> {
        self.build_with(lanes, own, vec![])
    }

    fn extend(&mut self, block: Arc<Block>) {
        block.validate(&self.genesis, &self.committee()).expect("valid");
        let outcome = self.executor.execute(&block, CLOCK).expect("store").expect("in order").outcome;
        self.view += 1;
        self.executor.commit(vec![Committed { block, outcome, certificate: None }]).expect("commits");
    }

    /// The fault of a block whose header commits to the lanes that it has.
    fn fault(&self, block: &Block, change: impl FnOnce(&mut Vec<Lane>)) -> String {
        let mut block = block.clone();
        change(&mut block.lanes);
        block.header.lanes_root = lanes_root(&block.lanes);
        let fault = block.validate(&self.genesis, &self.committee());
        fault.err().map_or_else(|| "none".into(), |fault| fault.to_string())
    }
}

fn texts(block: &Block) -> Vec<&str> {
    block.txs.iter().map(|tx| std::str::from_utf8(tx).expect("text")).collect()
}

fn omitted(lane: &Lane) -> Vec<u32> {
    lane.omitted.iter().map(|omitted| omitted.place).collect()
}

#[test]
fn of_each_mini_block_goes_in_what_is_new_and_good_and_the_rest_is_named() {
    let mut world = World::new(4, 1);
    world.extend(world.build(vec![], &["set a 1"]));
    let one = world.mini(1, 0, &["set a 1", "set b 2", "junk", "set c 3"]);
    let two = world.mini(2, 0, &["set c 3", "set d 4"]);
    let offers = vec![world.offer(&one, &[3, 1, 2]), world.offer(&two, &[2])];
    let block = world.build(offers, &["set d 4", "set e 5"]);
    assert_eq!(texts(&block), ["set b 2", "set c 3", "set d 4", "set e 5"]);
    assert_eq!(block.lanes.iter().map(omitted).collect::<Vec<_>>(), [vec![0, 2], vec![0]]);
    assert_eq!(block.lanes[0].receipts.len(), 2, "f + 1, and no more");
    let scope = world.committee().scope();
    for (lane, mini) in block.lanes.iter().zip([&one, &two]) {
        assert_eq!(lane.hash(&scope.chain_id), mini.header.hash(&scope.chain_id), "who authored what");
    }
    world.extend(block);
    let nothing_left = world.build(vec![world.offer(&one, &[]), world.offer(&two, &[])], &[]);
    assert_eq!((nothing_left.lanes.len(), nothing_left.txs.len()), (0, 0));
}

#[test]
fn a_lane_that_is_wrong_in_any_field_is_refused_with_the_reason() {
    let world = World::new(4, 1);
    let one = world.mini(1, 0, &["set a 1", "junk", "set b 2", "nothing"]);
    let two = world.mini(2, 0, &["set c 3"]);
    let offers = vec![world.offer(&one, &[1, 2]), world.offer(&two, &[])];
    let block = world.build(offers, &["set d 4"]);
    let fault = |change: &dyn Fn(&mut Vec<Lane>)| world.fault(&block, change);
    assert_eq!(fault(&|_| {}), "none");
    let stranger = Signature::from_bytes([7; 64]);
    let third = world.receipt(&one, 3);
    let another = Omitted { place: 3, tx: TxHash::of(b"another") };
    type ChangeLanes<'a> = Box<dyn Fn(&mut Vec<Lane>) + 'a>;
    let wrong: Vec<(&str, ChangeLanes<'_>)> = vec![
        ("is of cycle 1", Box::new(|lanes| lanes[0].header.cycle = Cycle::new(1))),
        ("not of group 1", Box::new(|lanes| lanes[0].header.group = 1)),
        ("not of group 0", Box::new(|lanes| lanes[0].header.author = member(9))),
        ("signature does not verify", Box::new(|lanes| lanes[0].header.author = member(3))),
        ("signature does not verify", Box::new(|lanes| lanes[0].header.number = 1)),
        ("signature does not verify", Box::new(|lanes| lanes[0].signature = stranger)),
        ("do not match the header", Box::new(|lanes| lanes[0].header.txs = 5)),
        ("has at least one", Box::new(|lanes| lanes[0].header.txs = 0)),
        ("at most a quarter", Box::new(|lanes| lanes[0].header.txs = 1_000_000)),
        ("do not match the header", Box::new(|lanes| lanes[0].header.root[0] ^= 1)),
        ("receipt does not verify", Box::new(|lanes| lanes[0].receipts[0].1 = stranger)),
        ("receipt does not verify", Box::new(|lanes| lanes[0].receipts[1].0 = member(3))),
        ("receipt does not verify", Box::new(|lanes| lanes[0].receipts[1].0 = member(9))),
        ("2 receipts: there may", Box::new(|lanes| lanes[0].receipts.reverse())),
        ("2 receipts: there may", Box::new(|lanes| lanes[0].receipts[1] = lanes[0].receipts[0])),
        ("3 receipts: there may", Box::new(|lanes| lanes[0].receipts.push((third.signer, third.signature)))),
        ("not in order", Box::new(|lanes| lanes[0].omitted.reverse())),
        ("not in order", Box::new(|lanes| lanes[0].omitted[1].place = 4)),
        ("do not match the header", Box::new(|lanes| lanes[0].omitted[1] = another)),
        ("do not match the header", Box::new(|lanes| lanes[0].omitted[1].place = 2)),
        ("do not match the header", Box::new(|lanes| lanes[0].omitted.truncate(1))),
        ("do not match the header", Box::new(|lanes| lanes.swap(0, 1))),
        (
            "nothing of the mini-block",
            Box::new(|lanes| {
                lanes[0].omitted = (0..4).map(|place| Omitted { place, tx: TxHash::of(b"x") }).collect();
            }),
        ),
        ("number 0 of member 1 is there twice", Box::new(|lanes| lanes[1] = lanes[0].clone())),
        ("exceed the limits", Box::new(|lanes| *lanes = vec![lanes[0].clone(); MAX_LANES + 1])),
    ];
    for (reason, change) in wrong {
        let found = fault(&*change);
        assert!(found.contains(reason), "{found}, and not {reason}");
    }
    let mut block = Block::clone(&block);
    block.lanes.pop();
    let fault = block.validate(&world.genesis, &world.committee()).expect_err("refused").to_string();
    assert_eq!(fault, "the lanes do not match the header");
}

#[test]
fn receipts_of_f_plus_1_members_stand_for_a_check_and_fewer_never_do() {
    let world = World::new(4, 1);
    let mini = world.mini(1, 0, &["set a 1", "set b 2"]);
    // Signers, whether receipts are believed, and what is then checked in full, besides the proposer's own, and what is not:
    // when the block is proposed, and again when it is certified and its transactions were not checked before.
    let cases: [(&[u16], _, _); 3] =
        [(&[0, 3], true, (0, 2)), (&[3], true, (2, 0)), (&[0, 3], false, (2, 0))];
    for (case, (signers, trust, (full, vouched))) in cases.into_iter().enumerate() {
        world.executor.trust_receipts(trust);
        // What was executed once is not executed again: each block is another.
        let build = |own: &str| world.build(vec![world.offer(&mini, signers)], &[own]);
        world.app.take();
        let block = build(&format!("set c {case}"));
        assert_eq!(world.app.take(), (full + 1, vouched), "built: {signers:?} {trust:?}");
        world.executor.execute(&block, CLOCK).expect("store").expect("in order");
        assert_eq!(world.app.take(), (full + 1, vouched), "checked: {signers:?} {trust:?}");
        let block = build(&format!("set d {case}"));
        world.app.take();
        world.executor.execute(&block, None).expect("store").expect("in order");
        assert_eq!(world.app.take(), (0, vouched), "certified: {signers:?} {trust:?}");
    }
    // A check that others vouch for is skipped; what is in no mini-block never is.
    let junk = world.mini(1, 1, &["junk"]);
    let mut block = Block::clone(&world.build(vec![world.offer(&mini, &[0, 3])], &[]));
    block.txs[0] = b"junk".to_vec();
    block.header.time_ms += 1;
    world.executor.trust_receipts(false);
    assert!(world.executor.execute(&Arc::new(block), CLOCK).expect("store").is_err());
    assert!(
        world.build(vec![world.offer(&junk, &[0, 3])], &[]).lanes.is_empty(),
        "a proposer that does not believe receipts checks all"
    );
}

#[test]
fn t51_two_mini_blocks_with_one_number_are_evidence_and_nothing_less_is() {
    let world = World::new(4, 1);
    let signed = |mini: &MiniBlock| (mini.header, mini.signature);
    let one = signed(&world.mini(1, 5, &["set a 1"]));
    let other = signed(&world.mini(1, 5, &["set a 2"]));
    let good = Evidence::MiniBlocks([one, other]);
    assert_eq!(good.accused(), member(1));
    assert!(good.verify(&world.committee()).is_ok());
    let forged = (other.0, one.1);
    let wrong = [
        [one, one],
        [one, signed(&world.mini(1, 6, &["set a 2"]))],
        [one, signed(&world.mini(2, 5, &["set a 2"]))],
        [one, forged],
    ];
    for minis in wrong {
        assert!(Evidence::MiniBlocks(minis).verify(&world.committee()).is_err(), "{minis:?}");
    }
    let block = world.build_with(vec![], &[], vec![Upkeep::Evidence(good.clone())]);
    assert_eq!(block.upkeep, [Upkeep::Evidence(good)]);
}

/// Receipts in final blocks earn, and a member that gives none earns less.
#[test]
fn receipts_in_final_blocks_earn_credit_at_the_end_of_the_cycle() {
    let parameters = Parameters { cycle_blocks: 6, beacon_interval: 6, ..Parameters::default() };
    let (genesis, keys) = world_with(4, parameters);
    let mut world = World::new(4, 1);
    let running: Arc<dyn Application> = Arc::clone(&world.app) as _;
    world.executor =
        Executor::open(running, Arc::clone(&genesis), Arc::new(MemoryStore::new())).expect("opens");
    (world.genesis, world.keys) = (genesis, keys);
    for number in 0..6 {
        let mini = world.mini(1, number, &[&format!("set a {number}")]);
        world.extend(world.build(vec![world.offer(&mini, &[0, 1])], &[]));
    }
    let credit =
        |index: u16| world.executor.member(member(index)).expect("store").expect("known").credit.get();
    println!("credits {:?}", [credit(0), credit(1), credit(2), credit(3)]);
    assert!(credit(0) > credit(3), "both had one turn and proposed in it");
}
