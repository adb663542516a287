//! Cycles, the beacon, evidence and membership, in the simulation.

use std::collections::BTreeSet;

use galen_ledger::{
    Height, MemberIndex,
    chain::{Action, Candidate, Change, Parameters, SignedChange, Upkeep},
    crypto::SecretKey,
    types::Cycle,
};

use crate::sim::{DELTA, Faults, Sim};

fn short(cycle_blocks: u64, beacon_interval: u64) -> Parameters {
    Parameters { cycle_blocks, beacon_interval, ..Parameters::default() }
}

fn member(index: u16) -> MemberIndex {
    MemberIndex::new(index)
}

/// Runs through several cycles, and checks that everybody is in the same.
fn through(sim: &mut Sim, height: u64) {
    sim.run_to(height, sim.now() + 4000 * DELTA);
    sim.quiet();
    sim.run_to(height + 3, sim.now() + 1000 * DELTA);
    let schedule = sim.genesis.schedule();
    for member in &sim.members {
        let tip = member.executor.tip();
        assert_eq!(member.core.committee().cycle(), schedule.cycle(tip.height.next()));
        assert_eq!(*member.core.committee(), member.executor.committee());
    }
}

#[test]
fn cycles_follow_each_other_on_good_links() {
    for (seed, members) in [(1, 4), (2, 7), (3, 1), (4, 2)] {
        let mut sim = Sim::with(seed, Faults::default(), members, short(5, 5));
        through(&mut sim, 28);
        assert!(sim.now() < 120 * DELTA, "a boundary takes a few hops, not time-outs: {}", sim.now());
        assert_eq!(sim.again, 0, "nothing had to be proposed again");
    }
}

#[test]
fn the_last_block_of_a_cycle_is_proposed_again_until_it_is_final() {
    for seed in 0..6 {
        let loss = if seed % 2 == 0 { 0.0 } else { 0.1 };
        let faults = Faults { unfinished_boundaries: true, loss, ..Faults::default() };
        let mut sim = Sim::with(seed, faults, 4, short(3, 3));
        through(&mut sim, 14);
        assert!(sim.again >= 4 * 4, "every boundary at every member: {}", sim.again);
    }
}

#[test]
fn cycles_follow_each_other_through_losses_and_crashes_at_every_boundary() {
    let (mut crashes, mut again) = (0, 0);
    for seed in 100..116 {
        let members = if seed % 4 == 0 { 7 } else { 4 };
        let faults = Faults {
            loss: 0.05,
            crashes: seed % 2 == 0,
            crashes_at_boundaries: true,
            unfinished_boundaries: seed % 3 == 0,
            ..Faults::default()
        };
        let mut sim = Sim::with(seed, faults, members, short(5, 5));
        through(&mut sim, 21);
        crashes += sim.crashes;
        again += sim.again;
    }
    assert!(crashes > 40 && again > 20, "{crashes} crashes, {again} times again");
}

#[test]
fn t52_agreement_through_cycles_with_a_member_that_has_two_heads_which_is_expelled() {
    let mut barred = 0;
    for seed in 200..208 {
        let faults = Faults { twins: true, loss: 0.02, ..Faults::default() };
        let mut sim = Sim::with(seed, faults, 4, short(8, 8));
        through(&mut sim, 26);
        let record = sim.members[0].executor.member(member(3)).expect("store").expect("is a member");
        if record.barred {
            barred += 1;
            assert_eq!(record.credit.get(), 0);
            // It is in force with the next cycle.
            through(&mut sim, 34);
            let committee = sim.members[0].executor.committee();
            assert!(committee.contains(member(3)), "it keeps its vote until it is removed");
            assert_eq!(committee.size(), 4);
            let proposers = &committee.election().proposers;
            assert!(!proposers.concat().contains(&member(3)), "seed {seed}: {proposers:?}");
        }
        for other in 0..3 {
            let record = sim.members[0].executor.member(member(other)).expect("store").expect("is a member");
            assert!(!record.barred, "nobody else");
        }
    }
    assert!(barred >= 4, "{barred} of 8 runs caught it");
}

#[test]
fn t53_a_member_that_was_away_for_cycles_catches_up_and_votes() {
    let mut sim = Sim::with(300, Faults::default(), 4, short(5, 5));
    sim.run_to(3, 1000 * DELTA);
    sim.members[2].away = true;
    sim.run_to(19, sim.now() + 4000 * DELTA);
    assert!(sim.members[2].core.committee().cycle() < Cycle::new(2));
    sim.members[2].away = false;
    sim.run_to(22, sim.now() + 1000 * DELTA);
    // Now one more leaves: the others need the one that came back.
    sim.members[1].away = true;
    sim.run_to(28, sim.now() + 4000 * DELTA);
}

#[test]
fn t53_a_member_far_behind_in_one_cycle_catches_up_in_steps() {
    let mut sim = Sim::with(301, Faults::default(), 4, short(5000, 60));
    sim.run_to(2, 1000 * DELTA);
    sim.members[3].away = true;
    sim.run_to(500, sim.now() + 40_000 * DELTA);
    sim.members[3].away = false;
    sim.run_to(505, sim.now() + 1000 * DELTA);
    assert!(sim.most_held < 220, "{} blocks at once", sim.most_held);
}

/// T55: a withheld secret is put together by the others, and costs the withholder its credit.
#[test]
fn t55_a_withheld_secret_is_restored_and_the_output_is_the_same() {
    let outputs = |withholding: BTreeSet<MemberIndex>| {
        let mut sim = Sim::with(400, Faults { withholding, ..Faults::default() }, 4, short(24, 12));
        sim.run_to(12, 4000 * DELTA);
        sim.run_to(25, sim.now() + 4000 * DELTA);
        let executor = &sim.members[0].executor;
        let credit = |index| executor.member(member(index)).expect("store").expect("member").credit.get();
        let output = executor.output().expect("store").expect("there was one");
        (output.cycle, output.round, output.value, [0, 1, 2, 3].map(credit))
    };
    let all = outputs(BTreeSet::new());
    let without = outputs(BTreeSet::from([member(2)]));
    assert_eq!((all.0, all.1, all.2), (without.0, without.1, without.2), "the withholder changes nothing");
    assert!(without.3[2] < all.3[2] / 2, "{:?} {:?}", without.3, all.3);
    assert_eq!(without.3[1], all.3[1]);
}

#[test]
fn the_election_follows_the_beacon() {
    let order = |seed| {
        // In shorter rounds a dealing may come too late for its window, and then the secrets are not the same.
        let mut sim = Sim::with(seed, Faults::default(), 7, short(24, 24));
        sim.run_to(25, 4000 * DELTA);
        let committee = sim.members[0].executor.committee();
        assert_eq!(committee.cycle(), Cycle::new(1));
        assert!(sim.members[0].executor.output().expect("store").is_some());
        committee.election().proposers.concat()
    };
    let listed: Vec<_> = (0..7).map(member).collect();
    let first = order(500);
    assert_ne!(first, listed, "1 in 5,040 for a fair shuffle");
    assert_eq!(first, order(501), "the same secrets, whatever the links did");
}

fn approved(sim: &Sim, nonce: u64, action: Action, approvers: &[u16]) -> Upkeep {
    let committee = sim.members[0].executor.committee();
    let last = Cycle::new(committee.cycle().get() + 3);
    let change = Change { chain_id: sim.genesis.chain_id(), last, nonce, action };
    let approvals = approvers
        .iter()
        .map(|index| change.approve(member(*index), &sim.members[usize::from(*index)].keys[0]));
    Upkeep::Change(SignedChange::new(change.clone(), approvals))
}

fn candidate(sim: &Sim, key: &SecretKey) -> Candidate {
    Candidate::new("ward", key, Some(&sim.genesis.chain_id()))
}

#[test]
fn a_member_is_admitted_syncs_and_votes() {
    let mut sim = Sim::with(600, Faults { loss: 0.02, ..Faults::default() }, 4, short(6, 6));
    sim.run_to(2, 1000 * DELTA);
    let key = SecretKey::from_bytes(&[77; 32]);
    let joiner = sim.join(member(4), vec![key.clone()]);
    sim.run_to(4, sim.now() + 1000 * DELTA);
    assert!(!sim.members[joiner].core.has_seat());
    let admit = Action::Admit { member: member(4), candidate: candidate(&sim, &key) };
    let item = approved(&sim, 1, admit, &[0, 2, 3]);
    sim.hand_in(0, item);
    sim.run_to(20, sim.now() + 4000 * DELTA);
    let committee = sim.members[0].executor.committee();
    assert_eq!((committee.size(), committee.quorum()), (5, 4));
    assert!(sim.members[joiner].core.has_seat());
    // Four of five are needed: without the new one and another nothing goes on, with it, it does.
    sim.members[1].away = true;
    sim.run_to(27, sim.now() + 4000 * DELTA);
}

#[test]
fn a_member_is_removed_and_follows_without_a_vote() {
    let mut sim = Sim::with(601, Faults::default(), 5, short(6, 6));
    sim.run_to(2, 1000 * DELTA);
    let item = approved(&sim, 1, Action::Remove(member(4)), &[0, 1, 2, 3]);
    sim.hand_in(1, item);
    sim.run_to(10, sim.now() + 1000 * DELTA);
    assert_eq!(sim.members[0].executor.committee().size(), 4);
    assert!(!sim.members[4].core.has_seat());
    sim.run_to(20, sim.now() + 1000 * DELTA);
    assert!(sim.members[4].core.tip().height >= Height::new(20), "it follows");
    // Fewer than four are refused: the change waits in the pool, and gets into no block.
    let item = approved(&sim, 2, Action::Remove(member(3)), &[0, 1, 2]);
    sim.hand_in(0, item);
    sim.run_to(30, sim.now() + 2000 * DELTA);
    assert_eq!(sim.members[0].executor.committee().size(), 4);
}

#[test]
fn a_member_changes_its_keys() {
    let mut sim = Sim::with(602, Faults::default(), 4, short(6, 6));
    sim.run_to(2, 1000 * DELTA);
    let key = SecretKey::from_bytes(&[88; 32]);
    sim.members[2].keys.push(key.clone());
    let item =
        approved(&sim, 1, Action::Rotate { member: member(2), candidate: candidate(&sim, &key) }, &[0, 1, 3]);
    sim.hand_in(0, item.clone());
    // Its core was started with the old key only; so it starts again, with both.
    sim.restart_with(2);
    sim.run_to(9, sim.now() + 1000 * DELTA);
    let committee = sim.members[0].executor.committee();
    assert_eq!(committee.key(member(2)), Some(&key.public()));
    assert!(sim.members[2].core.has_seat());
    sim.members[1].away = true;
    sim.run_to(20, sim.now() + 4000 * DELTA);
    // What was made once is not made again: the pool takes it, the first leader finds it out of order.
    let me = sim.members[0].index;
    assert!(sim.members[0].pool.offer(me, item));
    sim.run_to(26, sim.now() + 4000 * DELTA);
    assert_eq!(sim.members[0].executor.member(member(2)).expect("store").expect("member").pending, None);
    assert!(!sim.members[0].pool.is_pressing(), "it waits no more");
}
