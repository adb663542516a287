//! T27 and T28: who reads a price, and what that tells of whom is paid.

use curve25519_dalek::Scalar;

use super::super::actors::{PRICE, World, accreditation, wish};
use super::refuse;
use crate::action::{Action, Suspend, WithdrawDataset};
use crate::id::RequestId;
use crate::money::{self, Origin};
use crate::notes::note::Opening;
use crate::notes::price::SealingSecret;
use crate::query;
use crate::registry::sellers::PriceSeller;

fn boundary(world: &mut World) {
    let interval = world.chain.app.config().windows.recent_interval;
    let next = (world.chain.height / interval + 1) * interval;
    world.chain.pass_to(next);
}

/// A request whose price is sealed to these.
fn sealed_to(world: &mut World, sellers: &[PriceSeller]) -> crate::Transaction {
    let (id, key) = (world.chain.id(), world.chain.key());
    let wish = wish(20, world.chain.height + 30);
    let request = world.researcher.request(&id, &key, sellers, wish, &mut world.chain.rng).unwrap();
    world.post_tx(request)
}

fn read(world: &World, hospital: usize, request: &RequestId) -> Option<(u64, Scalar)> {
    let price = world.hospitals[hospital].price(&world.chain.state, &world.chain.id(), request)?;
    Some((price.amount, price.blinding))
}

/// What a secret opens at any of the places of a price.
fn opens_anywhere(world: &World, secret: &SealingSecret, request: &RequestId) -> bool {
    let record = world.record(request);
    let context = record.request.price_context(&world.chain.id());
    (0..=record.sellers.len()).any(|place| record.request.price.open(&context, secret, place).is_some())
}

#[test]
fn t27_a_price_is_sealed_to_exactly_the_sellers_of_the_last_boundary() {
    let mut world = World::new(61, 3);
    let sellers = query::sellers(&world.chain.state);
    assert_eq!(sellers.len(), 3);
    let stranger = PriceSeller { key: SealingSecret::from_seed(&[77; 32]).key(&[]).key, ..sellers[0] };
    let lists: [(&str, Vec<PriceSeller>); 7] = [
        ("to one alone", vec![sellers[0]]),
        ("one left out", sellers[..2].to_vec()),
        ("a stranger besides", [sellers.as_slice(), &[stranger]].concat()),
        ("a stranger instead", vec![stranger, sellers[1], sellers[2]]),
        ("another order", sellers.iter().rev().copied().collect()),
        ("one twice", vec![sellers[0], sellers[0], sellers[2]]),
        ("to nobody", Vec::new()),
    ];
    for (what, list) in lists {
        let tx = sealed_to(&mut world, &list);
        println!("{what}: {}", refuse(&mut world, &tx, "request.price"));
    }
    let tx = sealed_to(&mut world, &sellers);
    world.chain.accept(&tx);
}

#[test]
fn t27_the_list_changes_at_the_boundary_and_not_before() {
    let mut world = World::new(62, 2);
    let old = query::sellers(&world.chain.state);
    world.add_hospital();
    assert_eq!(query::sellers(&world.chain.state), old, "not before the boundary");
    let tx = sealed_to(&mut world, &old);
    world.chain.accept(&tx);
    boundary(&mut world);
    let new = query::sellers(&world.chain.state);
    assert_eq!(new.len(), 3);
    let stale = sealed_to(&mut world, &old);
    refuse(&mut world, &stale, "request.price");
    let tx = sealed_to(&mut world, &new);
    world.chain.accept(&tx);
}

#[test]
fn t27_all_who_were_accredited_read_one_price_and_nobody_else_reads_any() {
    let mut world = World::new(63, 3);
    let request = world.post(20, 40);
    let first = read(&world, 0, &request).unwrap();
    assert_eq!(first.0, PRICE);
    assert!((1..3).all(|hospital| read(&world, hospital, &request) == Some(first)));
    world.add_hospital();
    boundary(&mut world);
    assert_eq!(read(&world, 3, &request), None, "accredited later");
    assert!(!opens_anywhere(&world, &world.hospitals[3].sealing(), &request));
    assert!(!opens_anywhere(&world, &SealingSecret::from_seed(&[77; 32]), &request), "a stranger");
    let later = world.post(20, 40);
    let second = read(&world, 0, &later).unwrap();
    assert!(second.1 != first.1, "two requests at one price have two blindings");
    assert!((1..4).all(|hospital| read(&world, hospital, &later) == Some(second)));
}

#[test]
fn t27_a_suspended_hospital_reads_no_price_from_the_next_block_on() {
    let mut world = World::new(64, 3);
    let before = query::sellers(&world.chain.state);
    let account = world.hospitals[1].account().key();
    let suspend = world.chain.governed(Action::Suspend(Suspend { account, reason: "audit".into() }), &[]);
    world.chain.accept(&suspend);
    let after = query::sellers(&world.chain.state);
    assert_eq!(after, before.iter().filter(|seller| seller.account != account).copied().collect::<Vec<_>>());
    let stale = sealed_to(&mut world, &before);
    refuse(&mut world, &stale, "request.price");
    let request = world.post(20, 40);
    assert_eq!(read(&world, 1, &request), None);
    assert!(!opens_anywhere(&world, &world.hospitals[1].sealing(), &request));
    assert_eq!(read(&world, 0, &request).map(|price| price.0), Some(PRICE));
    // Given back, it reads what is posted after the next boundary.
    let (chain, keys, schema) = (world.chain.id(), world.hospitals[1].clone(), world.schema());
    let back = world.chain.governed(accreditation(&chain, &keys, "H1", vec![schema]), &[&keys.account()]);
    world.chain.accept(&back);
    boundary(&mut world);
    assert_eq!(query::sellers(&world.chain.state), before);
    assert_eq!(read(&world, 1, &request), None);
    let later = world.post(20, 40);
    assert_eq!(read(&world, 1, &later).map(|price| price.0), Some(PRICE));
}

/// A hospital that had withdrawn its dataset kept its place in the list, and read every price, after it was suspended; and it
/// could still sell under the root of before its withdrawal.
#[test]
fn t27_a_hospital_that_withdrew_and_is_suspended_is_gone_as_well() {
    let mut world = World::new(66, 2);
    let request = world.post(20, 40);
    let stale = world.contribute(1, &request, 5);
    let (keys, schema) = (world.hospitals[1].clone(), world.schema());
    let account = keys.account().key();
    let withdraw = Action::WithdrawDataset(WithdrawDataset { account, schema });
    let withdraw = world.chain.order(withdraw, &[&keys.account()]);
    world.chain.accept(&withdraw);
    assert_eq!(
        world.chain.check(&stale),
        "ok",
        "its withdrawal ends its standing at the boundary after next"
    );
    let suspend = world.chain.governed(Action::Suspend(Suspend { account, reason: "audit".into() }), &[]);
    world.chain.accept(&suspend);
    assert!(query::sellers(&world.chain.state).iter().all(|seller| seller.account != account));
    refuse(&mut world, &stale, "contribution.not_recent");
    let later = world.post(20, 40);
    assert!(!opens_anywhere(&world, &keys.sealing(), &later));
}

#[test]
fn t28_who_opens_the_price_opens_no_payout_of_another() {
    let mut world = World::new(65, 2);
    let request = world.post(40, 40);
    for (hospital, rows) in [(0, 5), (1, 6)] {
        let tx = world.contribute(hospital, &request, rows);
        world.chain.accept(&tx);
        let open = world.open(&world.id_of(&request, hospital));
        world.chain.accept(&open);
    }
    // The observer is the second hospital: it knows p and r_p, n, and everything on the ledger.
    let (price, blinding) = read(&world, 1, &request).unwrap();
    let of = |n: u32| Opening { amount: price * u64::from(n), blinding: Scalar::from(n) * blinding };
    let record = world.record(&request);
    let payouts: Vec<_> = (0..money::notes(&world.chain.state))
        .filter_map(|at| money::note(&world.chain.state, at))
        .filter(|note| matches!(note.origin, Origin::Paid { .. }))
        .collect();
    assert_eq!(payouts.len(), 2);
    for (payout, n) in payouts.iter().zip([5, 6]) {
        assert_eq!(of(n).commit(), record.request.price.times(n), "without S it would be this, and known");
        assert!((0..=40).all(|n| of(n).commit() != *payout.note.commitment.get()), "with S it is not");
        // The handle neither: without T it would be n·A_p.
        assert!(
            (1..=40)
                .all(|n| Scalar::from(n as u32) * record.request.price.handle.get()
                    != *payout.note.handle.get())
        );
    }
    // Each wallet finds its own payout and no other; both know what it is worth.
    for (hospital, n) in [(0, 5), (1, 6)] {
        let wallet = world.earnings(hospital);
        assert_eq!(wallet.notes().map(|held| held.amount()).collect::<Vec<_>>(), [n * PRICE]);
    }
    // Two payouts at one price for as many records have nothing in common.
    let other = world.post(40, 40);
    let tx = world.contribute(0, &other, 5);
    world.chain.accept(&tx);
    let open = world.open(&world.id_of(&other, 0));
    world.chain.accept(&open);
    let last = money::note(&world.chain.state, money::notes(&world.chain.state) - 1).unwrap();
    assert_ne!(last.note.commitment, payouts[0].note.commitment);
    assert_ne!(last.note.owner, payouts[0].note.owner);
}
