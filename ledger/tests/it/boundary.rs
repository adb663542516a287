//! The end of a cycle at one core that is fed by hand. Cycles have two blocks here.

use std::sync::Arc;

use galen_ledger::{
    Height, MemberIndex, View,
    chain::{Block, Certificate, Committee, Evidence, Parameters, Seat, Statement, Vote},
    consensus::{Effect, Executed, Input, Message, Proposal, Record, Recovered, Timer, Tip, message::Status},
    crypto::Scope,
    election::Election,
    types::{BlockHash, Cycle, Turn},
};

use crate::rules::{Bench, cast, executes, finalize, notarize, nullify, outcome};

fn bench() -> Bench {
    recovering(Recovered::fresh).0
}

fn recovering(recovered: impl FnOnce(Tip) -> Recovered) -> (Bench, Vec<Effect>) {
    Bench::with(Parameters { cycle_blocks: 2, ..Parameters::default() }, recovered)
}

/// The committee that follows when the last block is of a view.
fn next(bench: &Bench, base: u64) -> Arc<Committee> {
    let scope = Scope { chain_id: bench.scope().chain_id, cycle: Cycle::new(1) };
    let seats: Vec<Seat> = bench.committee.seats().to_vec();
    // Not the order of the list: member 3 comes first.
    let mut order: Vec<_> = bench.committee.members().collect();
    order.reverse();
    Arc::new(Committee::new(scope, View::new(base), seats, Election::unshuffled(order, 1)))
}

fn execute_last(bench: &mut Bench, block: &Arc<Block>) -> Vec<Effect> {
    let next = Some(next(bench, block.header.view.get()));
    let result = Ok(Executed { outcome: outcome(2), next });
    bench.core.step(Input::Executed { block: block.hash(), result })
}

/// Block 1 notarized in view 1, block 2, the last of its cycle, notarized in view 2.
fn at_the_end(bench: &mut Bench) -> Arc<Block> {
    let one = bench.on_genesis(1, "a");
    bench.propose(&one);
    bench.executed(&one, 1);
    bench.certify(notarize(1, &one), &[1, 2, 3]);
    let last = bench.block(2, 2, (one.hash(), 1), "b");
    bench.propose(&last);
    execute_last(bench, &last);
    bench.certify(notarize(2, &last), &[1, 2, 3]);
    last
}

fn again(bench: &mut Bench, view: u64, block: &Arc<Block>) -> Vec<Effect> {
    let leader = bench.committee.leader(View::new(view)).expect("somebody leads");
    let key = &bench.keys[leader.at()];
    let proposal = Proposal::sign(View::new(view), Arc::clone(block), &bench.scope(), key);
    bench.say(leader.get(), Message::Propose(proposal))
}

fn begun(effects: &[Effect]) -> Option<Arc<Committee>> {
    effects.iter().find_map(|effect| match effect {
        Effect::Began(committee) => Some(Arc::clone(committee)),
        _ => None,
    })
}

fn proposals(effects: &[Effect]) -> Vec<(u64, BlockHash)> {
    let proposal = |effect: &Effect| match effect {
        Effect::Broadcast(Message::Propose(proposal)) => Some((proposal.view.get(), proposal.block.hash())),
        _ => None,
    };
    effects.iter().filter_map(proposal).collect()
}

#[test]
fn r2_the_last_block_is_notarized_again_only_over_nullified_views() {
    let mut bench = bench();
    let last = at_the_end(&mut bench);
    assert_eq!(cast(&again(&mut bench, 3, &last)), [notarize(3, &last)], "notarized just before");
    // In view 5 with view 4 neither nullified nor notarized: refused; then view 4 is nullified.
    let mut other = self::bench();
    let last = at_the_end(&mut other);
    other.certify(nullify(3), &[1, 2, 3]);
    other.certify(nullify(5), &[1, 2, 3]);
    assert_eq!(other.core.view(), View::new(6));
    assert_eq!(cast(&again(&mut other, 6, &last)), [], "nothing says that view 4 gave nothing");
    assert_eq!(cast(&other.certify(nullify(4), &[1, 2, 3])), [notarize(6, &last)]);
}

#[test]
fn r2_what_was_not_notarized_is_not_taken_again() {
    let mut bench = bench();
    let one = bench.on_genesis(1, "a");
    bench.propose(&one);
    bench.executed(&one, 1);
    bench.certify(notarize(1, &one), &[1, 2, 3]);
    let last = bench.block(2, 2, (one.hash(), 1), "b");
    bench.propose(&last);
    execute_last(&mut bench, &last);
    bench.certify(nullify(2), &[1, 2, 3]);
    assert_eq!(cast(&again(&mut bench, 3, &last)), []);
}

#[test]
fn only_the_last_block_of_a_cycle_is_taken_again_and_nothing_follows_it() {
    let mut bench = bench();
    let one = bench.on_genesis(1, "a");
    bench.propose(&one);
    bench.executed(&one, 1);
    bench.certify(notarize(1, &one), &[1, 2, 3]);
    assert_eq!(cast(&again(&mut bench, 2, &one)), [], "it is not the last");
    let mut bench = self::bench();
    let last = at_the_end(&mut bench);
    let child = bench.block(3, 3, (last.hash(), 2), "c");
    assert_eq!(executes(&bench.propose(&child)), [], "block 3 is of the next cycle");
    assert_eq!(cast(&bench.executed(&child, 3)), []);
}

#[test]
fn r1_a_view_in_which_the_last_block_is_taken_again_takes_no_other() {
    let mut bench = bench();
    let last = at_the_end(&mut bench);
    bench.certify(nullify(2), &[1, 2, 3]);
    let rival = bench.block(3, 2, (last.header.parent, 1), "rival");
    assert_eq!(cast(&again(&mut bench, 3, &last)), [notarize(3, &last)]);
    let effects = bench.propose(&rival);
    assert!(
        matches!(&effects[..], [Effect::Evidence(evidence @ Evidence::Proposals { .. })]
            if evidence.verify(&bench.committee).is_ok() && evidence.accused() == MemberIndex::new(3)),
        "{effects:?}"
    );
}

#[test]
fn the_leader_proposes_the_last_block_again_when_finality_does_not_come_and_not_before() {
    let mut bench = bench();
    let last = at_the_end(&mut bench);
    bench.certify(nullify(3), &[1, 2, 3]);
    // View 4 is this member's. There is work, but no place for it in this cycle.
    let effects = bench.core.step(Input::Work(true));
    assert_eq!(proposals(&effects), []);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Build(_))), "{effects:?}");
    assert_eq!(proposals(&bench.fire(Timer::Idle, 4)), [(4, last.hash())]);
    assert_eq!(proposals(&bench.core.step(Input::Work(true))), [], "once");
}

/// A run of the simulation stood still (seed 5000): the last block's view was notarized by some and given up by all, and
/// three members came to know of the notarization only after they had looked for anything unfinished.
#[test]
fn what_is_notarized_late_is_finished_all_the_same() {
    let mut bench = bench();
    let one = bench.on_genesis(1, "a");
    bench.propose(&one);
    bench.executed(&one, 1);
    bench.certify(finalize(1, &one, 1), &[1, 2, 3]);
    bench.certify(nullify(2), &[1, 2, 3]);
    bench.certify(nullify(3), &[1, 2, 3]);
    bench.fire(Timer::Idle, 4);
    let last = bench.block(2, 2, (one.hash(), 1), "b");
    bench.propose(&last);
    assert_eq!(proposals(&bench.certify(notarize(2, &last), &[1, 2, 3])), [(4, last.hash())]);
}

#[test]
fn the_next_cycle_begins_after_the_blocks_own_view_whatever_view_made_it_final() {
    let mut states = Vec::new();
    for view in [2, 3, 5] {
        let mut bench = bench();
        let last = at_the_end(&mut bench);
        let effects = bench.certify(finalize(view, &last, 2), &[1, 2, 3]);
        let committee = begun(&effects).expect("a cycle begins");
        assert_eq!((committee.cycle(), committee.base()), (Cycle::new(1), View::new(2)));
        let turn = Turn { cycle: Cycle::new(1), view: View::new(3) };
        assert!(effects.contains(&Effect::Entered { turn, nullified: false }), "{effects:?}");
        let finals = effects.iter().find_map(|effect| match effect {
            Effect::Finalize(blocks) => blocks.last().and_then(|last| last.certificate.clone()),
            _ => None,
        });
        assert_eq!(finals.expect("the last block has a certificate").turn().view, View::new(view));
        states.push((bench.core.turn(), *bench.core.tip(), bench.core.held()));
    }
    assert_eq!(states[0].0, Turn { cycle: Cycle::new(1), view: View::new(3) });
    assert!(states.iter().all(|state| *state == states[0]), "{states:?}");
}

fn in_next(bench: &mut Bench) -> Arc<Block> {
    let last = at_the_end(bench);
    bench.certify(finalize(2, &last, 2), &[1, 2, 3]);
    bench.committee = next(bench, 2);
    last
}

#[test]
fn the_next_committee_decides_in_its_own_order() {
    let mut bench = bench();
    let last = in_next(&mut bench);
    // View 3 belongs to member 0 in the new order: it orders a block at once, as there is work.
    let effects = bench.core.step(Input::Work(true));
    let ordered = effects.iter().any(|effect| {
        matches!(effect, Effect::Build(order) if order.parent == last.hash() && order.height == Height::new(2))
    });
    assert!(ordered, "{effects:?}");
    assert_eq!(bench.committee.leader(View::new(4)), Some(MemberIndex::new(3)));
}

/// T56: what was signed in one cycle says nothing in another, whatever it is said to be.
#[test]
fn t56_messages_of_another_cycle_change_nothing() {
    let mut bench = bench();
    let old = bench.scope();
    let last = in_next(&mut bench);
    let vote = |cycle: Cycle, key: u16| {
        let key_of = &bench.keys[usize::from(key)];
        Vote { cycle, ..Vote::sign(nullify(3), MemberIndex::new(key), &old, key_of) }
    };
    for cycle in [Cycle::new(0), Cycle::new(1)] {
        let votes: Vec<_> = (1..4).map(|key| vote(cycle, key)).collect();
        let signed = votes.iter().map(|vote| (vote.voter, vote.signature));
        let certificate = Certificate::new(cycle, nullify(3), signed);
        for vote in votes {
            let from = vote.voter.get();
            assert_eq!(bench.core.step(message(from, Message::Vote(vote))), [], "a vote of the old cycle");
        }
        assert_eq!(bench.core.step(message(1, Message::Certificate(certificate))), []);
    }
    assert_eq!(bench.core.view(), View::new(3));
    // The old cycle's view 3 is not the new one's: having voted there does not bind here.
    let proposal = bench.block(4, 3, (last.hash(), 2), "c");
    assert_eq!(proposal.header.proposer, MemberIndex::new(3));
}

fn message(from: u16, message: Message) -> Input {
    Input::Message { from: MemberIndex::new(from), message }
}

#[test]
fn t57_what_comes_early_is_kept_and_counts_when_its_cycle_begins() {
    let mut bench = bench();
    let last = at_the_end(&mut bench);
    let committee = next(&bench, 2);
    for key in 1..4u16 {
        let vote =
            Vote::sign(nullify(3), MemberIndex::new(key), &committee.scope(), &bench.keys[usize::from(key)]);
        let effects = bench.core.step(message(key, Message::Vote(vote)));
        assert!(
            matches!(&effects[..], [Effect::Send(to, Message::Status(_))] if to.get() == key),
            "asks the sender for what it missed: {effects:?}"
        );
    }
    for view in 0..1000 {
        let vote = Vote::sign(nullify(view), MemberIndex::new(1), &committee.scope(), &bench.keys[2]);
        assert_eq!(bench.core.step(message(9, Message::Vote(vote.clone()))), []);
        assert_eq!(bench.core.step(message(2, Message::Vote(vote))), [], "only so many are kept");
    }
    let effects = bench.certify(finalize(2, &last, 2), &[1, 2, 3]);
    assert!(begun(&effects).is_some());
    // Member 2's early vote was pushed out by the flood; those of 1 and 3 count, and this member's own.
    bench.committee = committee;
    let effects = bench.vote(2, nullify(3));
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Entered { turn, .. } if turn.view == View::new(4)))
    );
}

#[test]
fn whoever_is_behind_gets_the_certificate_of_the_last_block() {
    let mut bench = bench();
    in_next(&mut bench);
    let behind = Status {
        turn: Turn { cycle: Cycle::new(0), view: View::new(2) },
        height: Height::new(1),
        finalized: View::new(1),
        missing_from: View::new(2),
    };
    let effects = bench.say(2, Message::Status(behind));
    assert_eq!(effects, [Effect::ServeFinality(MemberIndex::new(2), Height::new(1))]);
}

#[test]
fn nothing_is_signed_in_a_cycle_that_is_over_even_with_a_lost_log() {
    let mut bench = bench();
    in_next(&mut bench);
    bench.core.step(Input::Work(true));
    bench.fire(Timer::View, 3);
    let sign_state = *bench.core.sign_state();
    let (mut again, _) = recovering(|tip| Recovered { sign_state, ..Recovered::fresh(tip) });
    let one = again.on_genesis(1, "other");
    again.propose(&one);
    assert_eq!(cast(&again.executed(&one, 1)), [], "it signed in cycle 1");
}

/// The certificate is durable before anything depends on it; the mark that the block is final may be lost with the crash.
#[test]
fn killed_between_the_certificate_and_its_effect_the_cycle_begins_after_the_restart() {
    let bench = bench();
    let one = bench.on_genesis(1, "a");
    let last = bench.block(2, 2, (one.hash(), 1), "b");
    let certificate = bench.certificate(finalize(4, &last, 2), &[1, 2, 3]);
    let (mut again, effects) = recovering(|tip| Recovered {
        blocks: vec![Arc::clone(&one), Arc::clone(&last)],
        certificates: vec![certificate.clone()],
        ..Recovered::fresh(tip)
    });
    assert_eq!(executes(&effects), [(one.hash(), false)]);
    assert_eq!(executes(&again.executed(&one, 1)), [(last.hash(), false)]);
    let effects = execute_last(&mut again, &last);
    assert_eq!(begun(&effects).map(|committee| committee.base()), Some(View::new(2)));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Persist(Record::Vote(_)))));
}

#[test]
fn a_last_block_without_a_committee_stops_the_node() {
    let mut bench = bench();
    let one = bench.on_genesis(1, "a");
    bench.propose(&one);
    bench.executed(&one, 1);
    bench.certify(notarize(1, &one), &[1, 2, 3]);
    let last = bench.block(2, 2, (one.hash(), 1), "b");
    bench.propose(&last);
    bench.executed(&last, 2);
    let effects = bench.certify(finalize(2, &last, 2), &[1, 2, 3]);
    assert!(matches!(effects.last(), Some(Effect::Halt(_))), "{effects:?}");
    assert_eq!(bench.core.step(Input::Work(true)), [], "halted");
}

#[test]
fn t50_a_finalization_and_a_nullification_of_one_view_are_evidence_and_a_repetition_is_none() {
    let mut bench = bench();
    let block = bench.on_genesis(1, "a");
    bench.propose(&block);
    bench.executed(&block, 1);
    let is_evidence = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Evidence(_)));
    assert!(!is_evidence(&bench.vote(1, nullify(1))));
    assert!(!is_evidence(&bench.vote(1, nullify(1))), "said again");
    assert!(!is_evidence(&bench.vote(1, notarize(1, &block))), "no order, no proof");
    let effects = bench.vote(1, finalize(1, &block, 1));
    let evidence = effects.iter().find_map(|effect| match effect {
        Effect::Evidence(evidence) => Some(evidence.clone()),
        _ => None,
    });
    let evidence = evidence.expect("R4 was broken");
    assert_eq!((evidence.accused(), evidence.verify(&bench.committee)), (MemberIndex::new(1), Ok(())));
    let Evidence::Votes(one, mut other) = evidence else { panic!("votes") };
    assert!(Evidence::Votes(one.clone(), one.clone()).verify(&bench.committee).is_err());
    other.statement = Statement::Nullify { view: View::new(2) };
    assert!(Evidence::Votes(one, other).verify(&bench.committee).is_err(), "another view");
}
