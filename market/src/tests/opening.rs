//! Opening, lapsing, promotion, settlement.

use galen_circuits::jubjub::{Ephemeral, SecretKey};
use galen_circuits::seal::TO_AUDITOR;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::actors::{FUNDS, PRICE, World, amount, bystander};
use crate::action::disclose::Subject;
use crate::action::{Action, Disclose};
use crate::agent::authority::{AuthorityKeys, OpeningFault};
use crate::id::{ContributionId, RequestId};
use crate::money::Origin;
use crate::notes::authority::OpenedAmount;
use crate::notes::logarithm::LogTable;
use crate::query;
use crate::record::{ContributionRecord, Phase, Status};
use crate::transaction::{Opening, Transaction};
use crate::wallet::{At, Patience, Wallet, no_prices};
use galen_ledger::Application;

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
fn t34_the_authority_opens_amounts_and_prices_under_an_order_and_shows_that_they_are_right() {
    let mut world = World::new(9, 1);
    let request = world.post(10, 20);
    let tx = world.contribute(0, &request, 8);
    world.chain.accept(&tx);
    world.chain.accept(&world.open(&world.id_of(&request, 0)));
    let Status::Paid { note, .. } = status(&world, &world.id_of(&request, 0)) else { unreachable!() };
    let keys =
        AuthorityKeys { identities: world.chain.authority.clone(), amounts: world.chain.amounts.clone() };
    let (table, mut rng) = (LogTable::with_bits(16), ChaCha20Rng::seed_from_u64(1));
    let (amount, price) = (Subject::Amount(note), Subject::Price(request));
    let none = keys.amount(&world.chain.state, &table, note, &mut rng);
    assert_eq!(none.unwrap_err(), OpeningFault::NoOrder(amount));
    for subject in [amount, price] {
        let order = world.chain.governed(Action::Disclose(Disclose { subject, reason: "audit".into() }), &[]);
        world.chain.accept(&order);
    }
    let (_, opened) = keys.amount(&world.chain.state, &table, note, &mut rng).unwrap();
    assert_eq!(opened.amount, 8 * PRICE);
    let record = query::note(&world.chain.state, note).unwrap().note;
    assert!(opened.holds(&world.chain.key(), &record.commitment, &record.handle));
    let lie = OpenedAmount { amount: 9 * PRICE, ..opened };
    assert!(!lie.holds(&world.chain.key(), &record.commitment, &record.handle));
    let (_, opened) = keys.price(&world.chain.state, &table, &request, &mut rng).unwrap();
    assert_eq!(opened.amount, PRICE);
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
    let keys = |identities| AuthorityKeys { identities, amounts: world.chain.amounts.clone() };
    let (right, other) =
        (keys(world.chain.authority.clone()), keys(SecretKey::generate(&mut ChaCha20Rng::seed_from_u64(1))));
    let subject = Subject::Identity(id);
    assert_eq!(right.identity(&world.chain.state, &id), Err(OpeningFault::NoOrder(subject)));
    let order = world.chain.governed(Action::Disclose(Disclose { subject, reason: "case 7".into() }), &[]);
    world.chain.accept(&order);
    let opened = right.identity(&world.chain.state, &id).unwrap();
    assert_eq!(
        (opened.account, opened.participant.name.as_str()),
        (world.hospitals[1].account().key(), "H1")
    );
    assert_eq!((opened.order.reason.as_str(), opened.order.height), ("case 7", world.chain.height));
    assert_eq!(other.identity(&world.chain.state, &id), Err(OpeningFault::Nobody));
}

#[test]
fn t32_what_was_checked_above_one_block_is_not_believed_above_another() {
    let mut world = World::new(10, 1);
    world.scan();
    let (id, key, to) = (world.chain.id(), world.chain.key(), world.bystander.address());
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut pay = |world: &World, minor| {
        let at = At { state: &world.chain.state, chain: &id, authority: &key };
        Transaction::Transfer(world.wallet.send(at, &to, amount(minor), Patience::Now, &mut rng).unwrap())
    };
    // Two blocks that compete: the notes that they make lie at the same places.
    let (one, other) = (pay(&world, 100), pay(&world, 200));
    let context = world.chain.context(world.chain.height + 1);
    let mut branch = world.chain.state.clone();
    assert!(world.chain.app.execute(&mut branch, &context, &one.to_bytes()).accepted);
    world.chain.accept(&other);
    // The note of the one is spent, in a ring for which the other has other notes.
    let mut payee = Wallet::new(bystander());
    payee.scan(&branch, &no_prices);
    let at = At { state: &branch, chain: &id, authority: &key };
    let spend = payee.send(at, &world.wallet.address(), amount(100), Patience::Now, &mut rng).unwrap();
    let newest = galen_ledger::StateRead::get(&branch, &crate::state_key::note(32)).is_some();
    assert!(newest && spend.inputs[0].ring.iter().any(|position| *position >= 32));
    let spend = Transaction::Transfer(spend);
    assert_eq!(world.chain.app.check(&branch, &context, &spend.to_bytes()), Ok(()));
    world.chain.refuse(&spend, "money.transfer");
}
