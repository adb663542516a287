//! T30 and T35: money that is locked for a request, and what comes back.

use galen_ledger::Application;

use super::super::actors::{FUNDS, PRICE, World, records, wish};
use super::{at, refuse, rng, send, transfer_of};
use crate::action::{Action, PostRequest};
use crate::id::RequestId;
use crate::money::{self, Origin};
use crate::notes::note::Opening;
use crate::notes::transfer::Transfer;
use crate::record::{ContributionRecord, Phase, Status};
use crate::request::Request;
use crate::transaction::Transaction;
use crate::wallet::{Held, WalletFault};

fn ask(world: &mut World, max_records: u32) -> Request {
    let wish = wish(max_records, world.chain.height + 30);
    world.request(wish)
}

/// Funding as a buyer likes it: for which request, at which price, for how many records.
fn funding(world: &mut World, of: &RequestId, price: Opening, max_records: u32) -> Transfer {
    world.scan();
    at(&world.chain, |at| world.wallet.fund(at, of, (price, records(max_records)), &mut rng(7)).unwrap())
}

fn post(world: &mut World, request: &Request, funding: Transfer) -> Transaction {
    let signer = world.researcher.account.clone();
    let posting = PostRequest { request: request.clone(), funding };
    world.chain.order(Action::PostRequest(posting), &[&signer])
}

#[test]
fn t30_a_request_is_funded_in_full_for_itself_or_not_posted() {
    let mut world = World::new(71, 1);
    let chain = world.chain.id();
    let (request, other) = (ask(&mut world, 20), ask(&mut world, 20));
    let (id, price) = (request.id(&chain), world.researcher.price(&chain, &request).unwrap());
    let of_other = world.researcher.price(&chain, &other).unwrap();
    let cheaper = Opening { amount: PRICE - 1, ..price };
    let nothing = Opening { amount: 0, blinding: price.blinding };
    let cases = [
        ("one record less", funding(&mut world, &id, price, 19)),
        ("one record", funding(&mut world, &id, price, 1)),
        ("more than is asked for", funding(&mut world, &id, price, 21)),
        ("a lower price", funding(&mut world, &id, cheaper, 20)),
        ("for nothing", funding(&mut world, &id, nothing, 20)),
        ("another request's", funding(&mut world, &other.id(&chain), of_other, 20)),
        ("another request's price", funding(&mut world, &id, of_other, 20)),
        ("for another request", funding(&mut world, &other.id(&chain), price, 20)),
        ("a plain transfer", send(&world.chain, &world.wallet, &world.bystander.address(), 140, 7)),
    ];
    for (what, funding) in cases {
        let tx = post(&mut world, &request, funding);
        println!("{what}: {}", refuse(&mut world, &tx, "money.transfer"));
        assert!(money::escrow(&world.chain.state, &id).is_none(), "{what}");
    }
    let good = funding(&mut world, &id, price, 20);
    // Funding is no plain transfer, either: what it locks would be lost.
    refuse(&mut world, &Transaction::Transfer(good.clone()), "money.transfer");
    let tx = post(&mut world, &request, good.clone());
    world.chain.accept(&tx);
    assert_eq!(money::escrow(&world.chain.state, &id).unwrap().records, records(20));
    let again = post(&mut world, &other, good);
    refuse(&mut world, &again, "money.spent");
    assert_eq!(world.balance(), FUNDS[0] - 20 * PRICE);
}

#[test]
fn t30_one_funding_for_two_requests_of_one_block() {
    let mut world = World::new(72, 1);
    let (request, other) = (ask(&mut world, 20), ask(&mut world, 20));
    let first = world.post_tx(request.clone());
    let stolen = post(&mut world, &other, transfer_of(&first).unwrap().clone());
    super::block(&mut world, &[&first, &stolen], &["ok", "money.spent"]);
    assert!(money::escrow(&world.chain.state, &other.id(&world.chain.id())).is_none());
}

#[test]
fn t30_who_has_too_little_makes_no_funding() {
    let mut world = World::new(73, 1);
    let request = ask(&mut world, 150_000);
    let (chain, key) = (world.chain.id(), world.chain.key());
    let price = world.researcher.price(&chain, &request).unwrap();
    world.scan();
    let at = crate::wallet::At { state: &world.chain.state, chain: &chain, authority: &key };
    let poor = world.wallet.fund(at, &request.id(&chain), (price, request.max_records), &mut rng(1));
    assert!(matches!(poor, Err(WalletFault::Insufficient { needed: 1_050_000, .. })), "{poor:?}");
}

fn refunds(world: &mut World) -> Vec<u64> {
    world.scan();
    let refunded = |held: &&Held| matches!(held.record.origin, Origin::Refunded { .. });
    world.wallet.notes().filter(refunded).map(Held::amount).collect()
}

#[test]
fn t35_nothing_comes_back_before_the_deadline_and_all_of_it_then_once() {
    let mut world = World::new(74, 1);
    let request = world.post(10, 12);
    let deadline = world.record(&request).request.deadline.get();
    world.chain.pass_to(deadline - 1);
    assert_eq!(refunds(&mut world), [0; 0]);
    assert_eq!(world.balance(), FUNDS[0] - 10 * PRICE);
    assert_eq!(money::escrow(&world.chain.state, &request).unwrap().records, records(10));
    world.chain.pass(1);
    assert_eq!(refunds(&mut world), [10 * PRICE]);
    assert!(money::escrow(&world.chain.state, &request).is_none());
    world.chain.pass(100);
    assert_eq!(refunds(&mut world), [10 * PRICE]);
    assert_eq!(world.balance(), FUNDS[0]);
}

#[test]
fn t35_what_is_reserved_is_not_given_back_and_a_late_opening_gets_nothing() {
    let mut world = World::new(75, 2);
    let request = world.post(10, 5);
    for (hospital, rows) in [(0, 6), (1, 3)] {
        let tx = world.contribute(hospital, &request, rows);
        world.chain.accept(&tx);
    }
    let (paid, late) = (world.id_of(&request, 0), world.id_of(&request, 1));
    let until = |world: &World, id| match ContributionRecord::load(&world.chain.state, id).unwrap().status {
        Status::Reserved { until } => until,
        other => panic!("{other:?}"),
    };
    let deadline = world.record(&request).request.deadline.get();
    let (first, last) = (until(&world, &paid), until(&world, &late));
    assert!(deadline < first && first < last);
    world.chain.pass_to(deadline);
    assert_eq!(world.record(&request).phase, Phase::Closing);
    world.chain.accept(&world.open(&paid));
    world.chain.pass_to(last - 1);
    assert_eq!(refunds(&mut world), [0; 0], "three records are still reserved");
    assert_eq!(money::escrow(&world.chain.state, &request).unwrap().records, records(4));
    world.chain.pass(1);
    assert_eq!(refunds(&mut world), [4 * PRICE]);
    let opening = world.open(&late);
    refuse(&mut world, &opening, "open.lapsed");
    assert_eq!(world.earnings(0).balance().get(), 6 * PRICE);
    assert_eq!(world.earnings(1).balance().get(), 0);
    assert_eq!(world.balance(), FUNDS[0] - 6 * PRICE);
}

#[test]
fn t35_an_opening_in_the_block_of_the_deadline_is_paid_before_the_rest_comes_back() {
    let mut world = World::new(76, 1);
    let request = world.post(10, 5);
    let tx = world.contribute(0, &request, 6);
    world.chain.accept(&tx);
    let deadline = world.record(&request).request.deadline.get();
    world.chain.pass_to(deadline - 1);
    let opening = world.open(&world.id_of(&request, 0));
    world.chain.accept(&opening);
    assert_eq!(world.chain.height, deadline);
    assert_eq!(refunds(&mut world), [4 * PRICE]);
    assert_eq!(world.earnings(0).balance().get(), 6 * PRICE);
    refuse(&mut world, &opening, "open.opened");
}

#[test]
fn t35_of_what_is_paid_in_full_nothing_comes_back() {
    let mut world = World::new(77, 1);
    let request = world.post(10, 40);
    let tx = world.contribute(0, &request, 10);
    world.chain.accept(&tx);
    let opening = world.open(&world.id_of(&request, 0));
    world.chain.accept(&opening);
    assert!(money::escrow(&world.chain.state, &request).is_none());
    assert_eq!(refunds(&mut world), [0; 0]);
    world.chain.pass(60);
    assert_eq!(refunds(&mut world), [0; 0]);
    assert!(!world.chain.app.waits_for_blocks(&world.chain.state));
}

/// What is paid and what comes back is what was locked, however opening, lapse and deadline follow each other.
#[test]
fn t35_paid_and_refunded_are_the_escrow_whatever_comes_first() {
    for opened in [false, true] {
        for before_deadline in [false, true] {
            for other_opened in [false, true] {
                let mut world = World::new(78, 2);
                let request = world.post(10, 6);
                for (hospital, rows) in [(0, 7), (1, 3)] {
                    let tx = world.contribute(hospital, &request, rows);
                    world.chain.accept(&tx);
                }
                let (one, other) = (world.id_of(&request, 0), world.id_of(&request, 1));
                if !before_deadline {
                    let deadline = world.record(&request).request.deadline.get();
                    world.chain.pass_to(deadline);
                }
                for (opens, id) in [(opened, one), (other_opened, other)] {
                    if opens {
                        world.chain.accept(&world.open(&id));
                    }
                }
                world.chain.pass(80);
                let paid = 7 * u64::from(opened) + 3 * u64::from(other_opened);
                let back: u64 = refunds(&mut world).iter().sum();
                let earned = [0, 1].map(|hospital| world.earnings(hospital).balance().get());
                assert_eq!(earned.iter().sum::<u64>(), paid * PRICE);
                assert_eq!(back, (10 - paid) * PRICE);
                assert_eq!(world.balance() + paid * PRICE, FUNDS[0]);
                assert!(money::escrow(&world.chain.state, &request).is_none());
            }
        }
    }
}
