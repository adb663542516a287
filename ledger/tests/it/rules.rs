//! R1 to R7, each at one core that is fed by hand.

use std::{sync::Arc, time::Duration};

use galen_ledger::{
    AppHash, Height, MemberIndex, View,
    chain::{
        Block, Candidate, Certificate, Committee, Evidence, Genesis, Header, Outcome, Parameters, Statement,
        Vote, block::tx_root, upkeep::upkeep_root,
    },
    consensus::{
        BuildOrder, Core, Effect, Input, Message, Proposal, Record, Recovered, Rejection, Setup, SignState,
        Timer, Timing, Tip,
    },
    crypto::{Scope, SecretKey},
    types::{BlockHash, Cycle, ReceiptsRoot, Turn, TxHash},
};

pub const ME: MemberIndex = MemberIndex::new(0);

/// A core of member 0 of 4, and the keys of all. Member v mod 4 leads view v.
pub struct Bench {
    pub genesis: Arc<Genesis>,
    pub committee: Arc<Committee>,
    pub keys: Vec<SecretKey>,
    pub core: Core,
}

pub fn outcome(byte: u8) -> Outcome {
    Outcome { app_hash: AppHash::from_bytes([byte; 32]), receipts_root: ReceiptsRoot::from_bytes([byte; 32]) }
}

pub fn world(members: u8) -> (Arc<Genesis>, Vec<SecretKey>) {
    world_with(members, Parameters::default())
}

pub fn world_with(members: u8, parameters: Parameters) -> (Arc<Genesis>, Vec<SecretKey>) {
    let keys: Vec<_> = (0..members).map(|seed| SecretKey::from_bytes(&[seed + 1; 32])).collect();
    let genesis = Genesis {
        name: "test".into(),
        time_ms: 0,
        members: keys.iter().map(|key| Candidate::new("member", key, None)).collect(),
        parameters,
        config: b"config".to_vec(),
    };
    (Arc::new(genesis), keys)
}

fn start(genesis: &Arc<Genesis>, committee: &Arc<Committee>, keys: &[SecretKey]) -> (Setup, Tip) {
    let tip =
        Tip { height: Height::new(0), view: View::new(0), block: genesis.block_hash(), outcome: outcome(0) };
    let timing = Timing { delta: Duration::from_secs(1), max_delta: Duration::from_secs(8) };
    let setup = Setup {
        genesis: Arc::clone(genesis),
        committee: Arc::clone(committee),
        me: ME,
        keys: vec![keys[0].clone()],
        timing,
    };
    (setup, tip)
}

impl Bench {
    pub fn new() -> Self {
        Self::recovering(Recovered::fresh).0
    }

    pub fn recovering(recovered: impl FnOnce(Tip) -> Recovered) -> (Self, Vec<Effect>) {
        Self::with(Parameters::default(), recovered)
    }

    pub fn with(parameters: Parameters, recovered: impl FnOnce(Tip) -> Recovered) -> (Self, Vec<Effect>) {
        let (genesis, keys) = world_with(4, parameters);
        let committee = Arc::new(genesis.committee());
        let (setup, tip) = start(&genesis, &committee, &keys);
        let (core, effects) = Core::start(setup, recovered(tip));
        (Self { genesis, committee, keys, core }, effects)
    }

    /// What a core beside this bench's begins with.
    pub fn start(&self) -> (Setup, Tip) {
        start(&self.genesis, &self.committee, &self.keys)
    }

    pub fn scope(&self) -> Scope {
        self.committee.scope()
    }

    /// A block of the leader of a view on a parent.
    pub fn block(&self, view: u64, height: u64, parent: (BlockHash, u64), tx: &str) -> Arc<Block> {
        let txs = vec![tx.as_bytes().to_vec()];
        let hashes: Vec<_> = txs.iter().map(|tx| TxHash::of(tx)).collect();
        let header = Header {
            chain_id: self.genesis.chain_id(),
            cycle: self.scope().cycle,
            height: Height::new(height),
            view: View::new(view),
            proposer: self.committee.leader(View::new(view)).expect("somebody leads"),
            parent: parent.0,
            parent_view: View::new(parent.1),
            time_ms: 1,
            parent_outcome: outcome(0),
            tx_root: tx_root(&hashes),
            upkeep_root: upkeep_root(&[]),
            lanes_root: galen_ledger::lanes::lanes_root(&[]),
        };
        Arc::new(Block { header, upkeep: vec![], lanes: vec![], txs })
    }

    pub fn on_genesis(&self, view: u64, tx: &str) -> Arc<Block> {
        self.block(view, 1, (self.genesis.block_hash(), 0), tx)
    }

    pub fn say(&mut self, from: u16, message: Message) -> Vec<Effect> {
        self.core.step(Input::Message { from: MemberIndex::new(from), message })
    }

    pub fn propose(&mut self, block: &Arc<Block>) -> Vec<Effect> {
        let leader = block.header.proposer;
        let proposal =
            Proposal::sign(block.header.view, Arc::clone(block), &self.scope(), &self.keys[leader.at()]);
        self.say(leader.get(), Message::Propose(proposal))
    }

    pub fn executed(&mut self, block: &Arc<Block>, byte: u8) -> Vec<Effect> {
        self.core.step(Input::Executed { block: block.hash(), result: Ok(outcome(byte).into()) })
    }

    pub fn vote(&mut self, voter: u16, statement: Statement) -> Vec<Effect> {
        let vote =
            Vote::sign(statement, MemberIndex::new(voter), &self.scope(), &self.keys[usize::from(voter)]);
        self.say(voter, Message::Vote(vote))
    }

    pub fn certificate(&self, statement: Statement, signers: &[u16]) -> Certificate {
        let sign = |member: &u16| {
            let vote = Vote::sign(
                statement,
                MemberIndex::new(*member),
                &self.scope(),
                &self.keys[usize::from(*member)],
            );
            (vote.voter, vote.signature)
        };
        Certificate::new(self.committee.cycle(), statement, signers.iter().map(sign))
    }

    pub fn certify(&mut self, statement: Statement, signers: &[u16]) -> Vec<Effect> {
        let certificate = self.certificate(statement, signers);
        self.say(signers[0], Message::Certificate(certificate))
    }

    pub fn fire(&mut self, timer: fn(Turn) -> Timer, view: u64) -> Vec<Effect> {
        let turn = Turn { cycle: self.committee.cycle(), view: View::new(view) };
        self.core.step(Input::Timer(timer(turn)))
    }
}

pub fn notarize(view: u64, block: &Arc<Block>) -> Statement {
    Statement::Notarize { view: View::new(view), block: block.hash() }
}

pub fn finalize(view: u64, block: &Arc<Block>, byte: u8) -> Statement {
    Statement::Finalize { view: View::new(view), block: block.hash(), outcome: outcome(byte).hash() }
}

pub fn nullify(view: u64) -> Statement {
    Statement::Nullify { view: View::new(view) }
}

/// Statements of own votes that are sent.
pub fn cast(effects: &[Effect]) -> Vec<Statement> {
    let vote = |effect: &Effect| match effect {
        Effect::Broadcast(Message::Vote(vote)) => Some(vote.statement),
        _ => None,
    };
    effects.iter().filter_map(vote).collect()
}

pub fn executes(effects: &[Effect]) -> Vec<(BlockHash, bool)> {
    let execute = |effect: &Effect| match effect {
        Effect::Execute { block, check } => Some((block.hash(), *check)),
        _ => None,
    };
    effects.iter().filter_map(execute).collect()
}

#[test]
fn r1_one_notarization_in_a_view_and_the_equivocation_is_evidence() {
    let mut bench = Bench::new();
    let (first, second) = (bench.on_genesis(1, "a"), bench.on_genesis(1, "b"));
    assert_eq!(executes(&bench.propose(&first)), [(first.hash(), true)]);
    let effects = bench.propose(&second);
    assert!(matches!(&effects[..], [Effect::Evidence(Evidence::Proposals { .. })]), "{effects:?}");
    assert_eq!(cast(&bench.executed(&first, 1)), [notarize(1, &first)]);
    assert_eq!(cast(&bench.executed(&second, 1)), []);
    assert_eq!(cast(&bench.propose(&first)), []);
}

#[test]
fn r1_holds_after_a_restart_with_a_lost_log() {
    let (mut bench, _) = Bench::recovering(Recovered::fresh);
    let (first, second) = (bench.on_genesis(1, "a"), bench.on_genesis(1, "b"));
    bench.propose(&first);
    bench.executed(&first, 1);
    let signed: SignState = *bench.core.sign_state();
    let (mut again, _) = Bench::recovering(|tip| Recovered { sign_state: signed, ..Recovered::fresh(tip) });
    again.propose(&second);
    assert_eq!(cast(&again.executed(&second, 1)), []);
    let (mut amnesiac, _) = Bench::recovering(Recovered::fresh);
    amnesiac.propose(&second);
    assert_eq!(cast(&amnesiac.executed(&second, 1)), [notarize(1, &second)], "the file is what prevents it");
}

#[test]
fn r2_the_parent_must_be_notarized_and_the_views_between_nullified() {
    let mut bench = Bench::new();
    let parent = bench.on_genesis(1, "a");
    bench.propose(&parent);
    bench.executed(&parent, 1);
    bench.certify(nullify(1), &[1, 2, 3]);
    bench.certify(nullify(2), &[1, 2, 3]);
    let child = bench.block(3, 2, (parent.hash(), 1), "b");
    assert_eq!(executes(&bench.propose(&child)), [], "the parent is not notarized");
    let effects = bench.certify(notarize(1, &parent), &[1, 2, 3]);
    assert_eq!(executes(&effects), [(child.hash(), true)]);
    assert_eq!(cast(&bench.executed(&child, 2)), [notarize(3, &child)]);
}

#[test]
fn r2_a_gap_without_nullification_is_refused() {
    let mut bench = Bench::new();
    // View 2 is entered by a notarization of view 1; view 3 by one of view 2. A block of view 3 on genesis skips both.
    let (one, skipping) = (bench.on_genesis(1, "a"), bench.on_genesis(3, "c"));
    bench.propose(&one);
    bench.executed(&one, 1);
    bench.certify(notarize(1, &one), &[1, 2, 3]);
    let two = bench.block(2, 2, (one.hash(), 1), "b");
    bench.propose(&two);
    bench.executed(&two, 2);
    bench.certify(notarize(2, &two), &[1, 2, 3]);
    assert_eq!(bench.core.view(), View::new(3));
    assert_eq!(executes(&bench.propose(&skipping)), []);
    assert_eq!(cast(&bench.executed(&skipping, 1)), []);
}

#[test]
fn r3_no_notarization_after_nullification() {
    let mut bench = Bench::new();
    bench.core.step(Input::Work(true));
    assert_eq!(cast(&bench.fire(Timer::Proposal, 1)), [nullify(1)]);
    let block = bench.on_genesis(1, "a");
    bench.propose(&block);
    assert_eq!(cast(&bench.executed(&block, 1)), []);
}

#[test]
fn r4_finalize_and_nullify_exclude_each_other() {
    let mut bench = Bench::new();
    let block = bench.on_genesis(1, "a");
    bench.propose(&block);
    bench.executed(&block, 1);
    // Gave up the view: does not finalize what is notarized after all.
    assert_eq!(cast(&bench.fire(Timer::View, 1)), [nullify(1)]);
    assert_eq!(cast(&bench.certify(notarize(1, &block), &[1, 2, 3])), []);
    let mut other = Bench::new();
    other.propose(&block);
    other.executed(&block, 1);
    assert_eq!(cast(&other.certify(notarize(1, &block), &[1, 2, 3])), [finalize(1, &block, 1)]);
    assert_eq!(cast(&other.fire(Timer::View, 1)), []);
}

#[test]
fn r5_only_what_was_checked_and_not_rejected_is_notarized() {
    let mut bench = Bench::new();
    let block = bench.on_genesis(1, "a");
    assert_eq!(executes(&bench.propose(&block)), [(block.hash(), true)]);
    let result = Err(Rejection("bad proof".into()));
    let effects = bench.core.step(Input::Executed { block: block.hash(), result });
    assert_eq!(cast(&effects), [nullify(1)]);
}

#[test]
fn r5_what_a_quorum_notarized_is_executed_without_checking_and_never_notarized_here() {
    let mut bench = Bench::new();
    let block = bench.on_genesis(1, "a");
    let effects = bench.certify(notarize(1, &block), &[1, 2, 3]);
    let fetch = effects.iter().find_map(|effect| match effect {
        Effect::Send(to, Message::Fetch(hash)) => Some((*to, *hash)),
        _ => None,
    });
    assert_eq!(fetch, Some((MemberIndex::new(1), block.hash())), "the body is pulled from who vouches");
    let effects = bench.say(1, Message::Block(Arc::clone(&block)));
    assert_eq!(executes(&effects), [(block.hash(), false)]);
    assert_eq!(cast(&bench.executed(&block, 1)), [finalize(1, &block, 1)]);
}

#[test]
fn r6_a_vote_is_persisted_with_its_block_before_it_is_sent_and_sent_again_after_a_restart() {
    let mut bench = Bench::new();
    let block = bench.on_genesis(1, "a");
    bench.propose(&block);
    let effects = bench.executed(&block, 1);
    let [Effect::Persist(Record::Block(body)), Effect::Persist(Record::Vote(vote)), Effect::Broadcast(sent)] =
        &effects[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!((body.hash(), sent), (block.hash(), &Message::Vote(vote.clone())));
    let (vote, sign_state) = (vote.clone(), *bench.core.sign_state());
    let (mut again, effects) = Bench::recovering(|tip| Recovered {
        sign_state,
        blocks: vec![Arc::clone(&block)],
        votes: vec![vote.clone()],
        ..Recovered::fresh(tip)
    });
    assert_eq!(cast(&effects), [vote.statement]);
    let conflicting = again.on_genesis(1, "b");
    again.propose(&conflicting);
    assert_eq!(cast(&again.executed(&conflicting, 1)), []);
}

#[test]
fn r7_a_certificate_needs_n_minus_f_distinct_members() {
    let mut bench = Bench::new();
    let block = bench.on_genesis(1, "a");
    bench.propose(&block);
    bench.executed(&block, 1);
    bench.vote(1, notarize(1, &block));
    bench.vote(1, notarize(1, &block));
    assert_eq!(bench.core.view(), View::new(1), "own vote and one other are two of three");
    bench.certify(notarize(1, &block), &[1, 2]);
    bench.certify(notarize(1, &block), &[1, 1, 2, 2]);
    assert_eq!(bench.core.view(), View::new(1));
    assert_eq!(cast(&bench.vote(2, notarize(1, &block))), [finalize(1, &block, 1)]);
    assert_eq!(bench.core.view(), View::new(2));
}

/// The signatures of others are looked at when a quorum may be complete: also when one's own vote, or a genuine one in place
/// of a forged one, is what completes it.
#[test]
fn a_quorum_is_complete_with_the_last_vote_whosever_it_is() {
    let certified = |effects: &[Effect], statement: Statement| {
        let is = |effect: &Effect| matches!(effect, Effect::Broadcast(Message::Certificate(c)) if *c.statement() == statement);
        effects.iter().any(is)
    };
    let mut bench = Bench::new();
    let block = bench.on_genesis(1, "a");
    let said = notarize(1, &block);
    for voter in [1, 2] {
        assert!(!certified(&bench.vote(voter, said), said), "two of three");
    }
    bench.propose(&block);
    assert!(certified(&bench.executed(&block, 1), said), "with its own");

    let mut bench = Bench::new();
    let forged = Vote {
        voter: MemberIndex::new(1),
        ..Vote::sign(nullify(1), MemberIndex::new(2), &bench.scope(), &bench.keys[2])
    };
    bench.say(2, Message::Vote(forged));
    bench.vote(2, said);
    bench.vote(3, said);
    assert!(certified(&bench.vote(1, said), said), "in place of a forged one");
}

#[test]
fn t56_certificates_of_another_chain_or_with_a_wrong_signature_change_nothing() {
    let mut bench = Bench::new();
    let mut scope = bench.scope();
    scope.chain_id = galen_ledger::ChainId::from_bytes([9; 32]);
    let sign = |key: usize, scope: &Scope| {
        let vote = Vote::sign(nullify(1), MemberIndex::new(key as u16), scope, &bench.keys[key]);
        (vote.voter, vote.signature)
    };
    let cycle = bench.committee.cycle();
    let foreign = Certificate::new(cycle, nullify(1), (1..4).map(|key| sign(key, &scope)));
    let own = bench.scope();
    let forged = Certificate::new(
        cycle,
        nullify(1),
        [sign(1, &own), sign(2, &own), (MemberIndex::new(3), sign(2, &own).1)],
    );
    for certificate in [foreign, forged] {
        assert_eq!(bench.say(1, Message::Certificate(certificate)), []);
    }
    assert_eq!(bench.core.view(), View::new(1));
    bench.certify(nullify(1), &[1, 2, 3]);
    assert_eq!(bench.core.view(), View::new(2));
}

#[test]
fn a_finalization_makes_ancestors_final_too() {
    let mut bench = Bench::new();
    let one = bench.on_genesis(1, "a");
    bench.propose(&one);
    bench.executed(&one, 1);
    bench.certify(notarize(1, &one), &[1, 2, 3]);
    let two = bench.block(2, 2, (one.hash(), 1), "b");
    bench.propose(&two);
    bench.executed(&two, 2);
    let effects = bench.certify(finalize(2, &two, 2), &[1, 2, 3]);
    let finals = effects.iter().find_map(|effect| match effect {
        Effect::Finalize(blocks) => Some(blocks),
        _ => None,
    });
    let finals = finals.expect("final");
    assert_eq!(finals.iter().map(|final_| final_.block.hash()).collect::<Vec<_>>(), [one.hash(), two.hash()]);
    assert_eq!(finals.iter().map(|final_| final_.certificate.is_some()).collect::<Vec<_>>(), [false, true]);
    assert_eq!((bench.core.tip().height, bench.core.view()), (Height::new(2), View::new(3)));
    assert_eq!(bench.core.held(), 0);
}

#[test]
fn another_outcome_than_a_quorum_attests_stops_the_node() {
    let mut bench = Bench::new();
    let block = bench.on_genesis(1, "a");
    bench.propose(&block);
    bench.executed(&block, 1);
    let effects = bench.certify(finalize(1, &block, 7), &[1, 2, 3]);
    assert!(matches!(effects.last(), Some(Effect::Halt(_))), "{effects:?}");
    assert_eq!(bench.core.step(Input::Work(true)), []);
}

#[test]
fn an_idle_view_lasts_and_work_starts_its_timers() {
    let mut bench = Bench::new();
    assert_eq!(cast(&bench.fire(Timer::Proposal, 1)), []);
    assert_eq!(cast(&bench.fire(Timer::View, 1)), []);
    let armed = bench.core.step(Input::Work(true));
    let first = Turn { cycle: Cycle::new(0), view: View::new(1) };
    assert!(armed.contains(&Effect::Arm(Timer::Proposal(first), Duration::from_secs(2))), "{armed:?}");
    assert!(armed.contains(&Effect::Arm(Timer::View(first), Duration::from_secs(3))));
}

#[test]
fn without_work_a_view_is_left_only_with_others_one_of_whom_is_honest() {
    let mut bench = Bench::new();
    bench.vote(2, nullify(1));
    assert_eq!(cast(&bench.fire(Timer::Proposal, 1)), vec![], "f members may be lying");
    let effects = bench.vote(3, nullify(1));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Arm(Timer::View(_), _))), "{effects:?}");
    assert_eq!(cast(&bench.fire(Timer::Proposal, 1)), vec![nullify(1)]);
}

#[test]
fn the_leader_orders_one_block_on_the_newest_notarized_one() {
    let mut bench = Bench::new();
    let one = bench.on_genesis(1, "a");
    bench.propose(&one);
    bench.executed(&one, 1);
    bench.certify(notarize(1, &one), &[1, 2, 3]);
    bench.certify(nullify(2), &[1, 2, 3]);
    bench.certify(nullify(3), &[1, 2, 3]);
    let effects = bench.core.step(Input::Work(true));
    let order = BuildOrder { view: View::new(4), parent: one.hash(), height: Height::new(1) };
    assert!(effects.contains(&Effect::Build(order)), "{effects:?}");
    assert!(!bench.core.step(Input::Work(true)).iter().any(|effect| matches!(effect, Effect::Build(_))));
}

#[test]
fn t57_votes_far_ahead_are_dropped_and_memory_stays_bounded() {
    let mut bench = Bench::new();
    for view in 12..200 {
        assert_eq!(bench.vote(1, nullify(view)), []);
    }
    let effects = bench.vote(2, nullify(5));
    assert_eq!(effects, []);
    bench.certify(nullify(50), &[1, 2, 3]);
    assert_eq!(bench.core.view(), View::new(51), "a certificate is proof whatever its view");
}
