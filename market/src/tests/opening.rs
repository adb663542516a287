//! Opening, lapsing, promotion, settlement.

use galen_circuits::jubjub::{Ephemeral, SecretKey};
use galen_circuits::seal::TO_AUDITOR;

use super::actors::{FUNDS, PRICE, World};
use crate::audit::{IdentifyFault, identify};
use crate::id::{ContributionId, RequestId};
use crate::money::Origin;
use crate::query;
use crate::record::{ContributionRecord, Phase, Status};
use crate::transaction::{Opening, Transaction};

fn status(world: &World, id: &ContributionId) -> Status {
    ContributionRecord::load(&world.chain.state, id).unwrap().status
}

/// A request of 10 records with two contributions of 8: the first reserved, the second waiting.
fn crowded(life: u64) -> (World, RequestId, ContributionId, ContributionId) {
    let mut world = World::new(3, 3);
    let request = world.post(10, life);
    for hospital in 0..2 {
        let tx = world.contribute(hospital, &request, 8);
        world.chain.accept(&tx);
    }
    let (first, second) = (world.id_of(&request, 0), world.id_of(&request, 1));
    assert!(matches!(status(&world, &first), Status::Reserved { .. }));
    assert_eq!(status(&world, &second), Status::Waiting);
    (world, request, first, second)
}

#[test]
fn t25_opening_pays_whoever_posts_it_and_only_what_was_committed_to() {
    let (mut world, _, first, second) = crowded(40);
    let Transaction::Open(mut forged) = world.open(&first) else { unreachable!() };
    forged.encapsulation.masked += galen_circuits::field::F::from(1u64);
    world.chain.refuse(&Transaction::Open(forged), "open.encapsulation");
    world.chain.refuse(&world.open(&second), "open.waiting");
    let unknown = ContributionId::from_bytes([9; 32]);
    let opening = Opening { contribution: unknown, encapsulation: world.kept[&first] };
    world.chain.refuse(&Transaction::Open(opening), "open.unknown");
    world.chain.accept(&world.open(&first));
    assert_eq!(world.earnings(0).balance().get(), 8 * PRICE);
    assert_eq!(world.earnings(1).balance().get(), 0);
    world.chain.refuse(&world.open(&first), "open.opened");
}

#[test]
fn t29_a_reservation_that_is_never_opened_lapses_and_the_next_is_promoted_even_after_the_deadline() {
    let (mut world, request, first, second) = crowded(5);
    let Status::Reserved { until } = status(&world, &first) else { unreachable!() };
    assert!(until > world.record(&request).request.deadline.get());
    world.chain.pass_to(until - 1);
    assert!(matches!(status(&world, &first), Status::Reserved { .. }));
    world.chain.pass(1);
    assert_eq!(status(&world, &first), Status::Lapsed { height: until });
    assert!(matches!(status(&world, &second), Status::Reserved { .. }));
    assert_eq!(query::lapses(&world.chain.state).len(), 1);
    world.chain.refuse(&world.open(&first), "open.lapsed");
    world.chain.accept(&world.open(&second));
    let Phase::Settled { .. } = world.record(&request).phase else { panic!("not settled") };
    assert_eq!(world.balance(), FUNDS[0] - 8 * PRICE);
}

#[test]
fn in_the_block_of_a_lapse_the_opening_comes_first() {
    let (mut world, _, first, second) = crowded(40);
    let Status::Reserved { until } = status(&world, &first) else { unreachable!() };
    world.chain.pass_to(until - 1);
    world.chain.accept(&world.open(&first));
    assert_eq!(world.chain.height, until);
    assert!(matches!(status(&world, &first), Status::Paid { .. }));
    assert_eq!(status(&world, &second), Status::Waiting);
}

#[test]
fn a_late_opening_is_paid_while_escrow_is_left() {
    let mut world = World::new(5, 2);
    let request = world.post(10, 49);
    let tx = world.contribute(0, &request, 8);
    world.chain.accept(&tx);
    let id = world.id_of(&request, 0);
    let window = world.chain.app.config().windows.open_window;
    world.chain.pass(window + 1);
    assert!(matches!(status(&world, &id), Status::Lapsed { .. }));
    world.chain.accept(&world.open(&id));
    assert!(matches!(status(&world, &id), Status::Paid { .. }));
    assert_eq!(world.record(&request).paid.get(), 8);
}

#[test]
fn what_waits_and_never_fits_ends_unserved_and_is_never_opened() {
    let (mut world, request, first, second) = crowded(5);
    world.chain.accept(&world.open(&first));
    let deadline = world.record(&request).request.deadline.get();
    world.chain.pass_to(deadline);
    assert_eq!(status(&world, &second), Status::Unserved { height: deadline });
    world.chain.refuse(&world.open(&second), "open.unserved");
}

#[test]
fn t35_a_request_is_settled_once_and_only_when_nothing_is_open() {
    let mut world = World::new(6, 1);
    let before = world.balance();
    let request = world.post(10, 3);
    let tx = world.contribute(0, &request, 4);
    world.chain.accept(&tx);
    let deadline = world.record(&request).request.deadline.get();
    world.chain.pass_to(deadline);
    assert_eq!(world.record(&request).phase, Phase::Closing);
    world.chain.accept(&world.open(&world.id_of(&request, 0)));
    assert!(matches!(world.record(&request).phase, Phase::Settled { .. }));
    let after = world.balance();
    assert_eq!(before - after, 4 * PRICE);
    world.chain.pass(100);
    assert_eq!(world.balance(), after);
    let refunds = world.wallet.notes().filter(|held| matches!(held.record.origin, Origin::Refunded { .. }));
    assert_eq!(refunds.count(), 1, "once");
}

#[test]
fn a_request_that_is_paid_in_full_settles_before_its_deadline() {
    let mut world = World::new(7, 1);
    let request = world.post(10, 40);
    let tx = world.contribute(0, &request, 10);
    world.chain.accept(&tx);
    world.chain.accept(&world.open(&world.id_of(&request, 0)));
    assert!(matches!(world.record(&request).phase, Phase::Settled { .. }));
    assert_eq!(world.balance(), FUNDS[0] - 10 * PRICE);
    assert!(!galen_ledger::Application::waits_for_blocks(&world.chain.app, &world.chain.state));
}

#[test]
fn t16_the_authority_alone_finds_the_seller_behind_a_contribution() {
    let mut world = World::new(8, 2);
    let request = world.post(10, 20);
    let name = world.hospitals[1].seller_name().field();
    let authority = world.chain.authority.public();
    let identity = Ephemeral::generate(&mut world.chain.rng).seal(TO_AUDITOR, &authority, name);
    let signed = world.contribution_with(1, &request, 5, |header| header.identity = identity);
    world.chain.accept(&Transaction::Contribute(signed));
    let id = world.id_of(&request, 0);
    let (account, participant) = identify(&world.chain.state, &world.chain.authority, &id).unwrap();
    assert_eq!((account, participant.name.as_str()), (world.hospitals[1].account().key(), "H1"));
    let other = SecretKey::generate(&mut world.chain.rng);
    assert_eq!(identify(&world.chain.state, &other, &id), Err(IdentifyFault::Nobody));
}
