//! An exhaustive check of R1–R4, R6 and R7: four members, one of which may do anything, through every order of events.
//!
//! Two views are checked in every run; three with `GALEN_MODEL_VIEWS=3`, which takes minutes and some gigabytes.
//!
//! # What is left out, and why nothing is lost
//!
//! The model may do more than the protocol, never less; what holds for it holds for the protocol.
//!
//! - *Messages.* There are no queues. What was once sent can be received by anybody, at any time, or never. Every rule
//!   asks only that some message *has* been received (a certificate, R2) or that the member itself has *not* said
//!   something (R1, R3, R4). Receiving more can only allow more, so all that is sent counts as received, as soon as
//!   somebody acts on it. Loss, delay, duplication and order are in this.
//! - *The Byzantine member* says everything from the beginning: every vote of both kinds for every block, to everybody.
//!   A certificate is there when enough honest members have signed to complete it with that vote.
//! - *Leaders.* Every view is led as by a Byzantine leader: any block of the tree may be voted for. An honest leader, who
//!   proposes one, is a special case. In a view, two blocks on each parent suffice: a fork needs two chains, which
//!   together use at most two blocks of a view, and votes for a third block forbid things, but enable nothing.
//! - *Views are not entered.* A member may vote in any view at any time, which allows more than the protocol does.
//! - *Symmetry.* Honest members are kept in the order of their votes, and of two blocks of a view on one parent the first
//!   to be voted for is called the first: states that differ in names alone are one state.
//! - *Amnesia.* A crash loses what is not durable. With R6 a vote becomes durable and is sent in one step: durable and
//!   not yet sent is the same as sent and not yet received, as it is sent again after the restart. Without R6 it is sent
//!   first, and made durable by another step, if no crash comes before it.
//! - *Certificates and blocks* are not lost in crashes: they can be received again, and who holds them only allows more.
//! - *The last block of a cycle, proposed again* in a later view, is an empty block of that view on itself
//!   (`galen_ledger::consensus`), so it is among the blocks here. R5 is about what blocks contain; here they contain
//!   nothing.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::expect_used, reason = "a panic is a failed test")]

mod blocks;
mod properties;
mod protocol;
mod rules;
mod state;

use std::time::Instant;

use properties::{AFTER, AGREEMENT, CHAIN, DEAD, EXCLUSION, FINAL, REMEMBERED, UNIQUE};
use protocol::{Protocol, Step};
use rules::Rule;
use stateright::{Checker, Model, Path};

/// How many views to check: 2, or what `GALEN_MODEL_VIEWS` says.
fn views() -> usize {
    let wanted = std::env::var("GALEN_MODEL_VIEWS").ok().map(|views| views.parse().expect("a number"));
    let views = wanted.unwrap_or(2);
    assert!((1..=blocks::MAX_VIEWS).contains(&views), "GALEN_MODEL_VIEWS is from 1 to {}", blocks::MAX_VIEWS);
    views
}

/// Explores all of it, or as far as the first counterexamples of what is expected to break.
fn explore(protocol: Protocol) -> impl Checker<Protocol> {
    let (begun, views, dropped) = (Instant::now(), protocol.views, protocol.rules.dropped);
    let checker = protocol.checker().threads(2).spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!(
        "{views} views, {dropped:?} dropped: {states} states, {depth} steps deep, {:?}",
        begun.elapsed()
    );
    checker
}

/// The steps to a state that breaks a property.
fn counterexample(dropped: Rule, property: &'static str) -> Vec<Step> {
    let checker = explore(Protocol::new(2, Some(dropped)));
    let path: Path<_, _> = checker.discovery(property).unwrap_or_else(|| panic!("{dropped:?} is not missed"));
    let steps = path.into_actions();
    println!("without {dropped:?}: {steps:?}");
    steps
}

#[test]
fn agreement_holds_in_every_order_of_events() {
    let checker = explore(Protocol::new(views(), None));
    for property in [AGREEMENT, EXCLUSION, UNIQUE, DEAD, REMEMBERED] {
        checker.assert_no_discovery(property);
    }
    for property in [FINAL, CHAIN, AFTER] {
        checker.assert_any_discovery(property);
    }
}

#[test]
fn without_r1_two_blocks_of_a_view_are_notarized_and_both_are_built_on() {
    let steps = counterexample(Rule::R1, AGREEMENT);
    let views = blocks::tree(2);
    let twice = |at: usize| {
        let of = |step: &&Step| matches!(step, Step::Notarize(member, block) if *member == at && views[*block].view == 0);
        steps.iter().filter(of).count() > 1
    };
    assert!((0..state::HONEST).any(twice), "somebody notarizes twice in the first view: {steps:?}");
}

#[test]
fn without_r2_a_final_block_is_skipped() {
    let steps = counterexample(Rule::R2, AGREEMENT);
    assert!(!steps.iter().any(|step| matches!(step, Step::Nullify(..))), "nothing was given up: {steps:?}");
}

#[test]
fn without_r4_a_final_block_is_given_up() {
    let steps = counterexample(Rule::R4, AGREEMENT);
    assert!(steps.iter().any(|step| matches!(step, Step::Nullify(..))), "{steps:?}");
}

#[test]
fn without_r6_a_crash_makes_a_member_contradict_itself() {
    let steps = counterexample(Rule::R6, AGREEMENT);
    assert!(steps.iter().any(|step| matches!(step, Step::Crash(_))), "{steps:?}");
}

#[test]
fn without_r7_one_liar_and_one_honest_member_are_a_quorum() {
    let steps = counterexample(Rule::R7, AGREEMENT);
    assert!(!steps.iter().any(|step| matches!(step, Step::Crash(_))), "{steps:?}");
}

/// R3 is not needed for agreement. What a member must have heard before it notarizes in a view is about earlier views;
/// what its giving up of the view allows is about later ones. So it could as well have notarized first and given up
/// then, which R3 allows: without R3 the same votes are sent, in more orders. Here that is counted.
#[test]
fn without_r3_no_other_votes_are_sent_than_with_it() {
    let with = explore(Protocol::new(views(), None));
    let without = explore(Protocol { ordered: false, ..Protocol::new(views(), Some(Rule::R3)) });
    without.assert_no_discovery(AGREEMENT);
    assert_eq!(with.unique_state_count(), without.unique_state_count());
}

/// What R3 is for: a view that too many gave up before they saw a block is not revived by a leader that comes late.
#[test]
fn without_r3_a_view_given_up_comes_back() {
    let checker = explore(Protocol::new(2, Some(Rule::R3)));
    checker.assert_no_discovery(AGREEMENT);
    let path: Path<_, _> = checker.discovery(DEAD).expect("R3 is missed");
    println!("without R3: {:?}", path.into_actions());
}
