//! T28 with real transactions: hospitals are paid by rule, send what they earned to themselves and redeem that; an observer
//! reads nothing but blocks. The large game, with rings alone, is in `tests/tests/linkability`.

use std::collections::BTreeMap;

use galen_ledger::StateRead;

use super::super::actors::{World, amount};
use super::{at, rng, send, transfer_of};
use crate::action::Action;
use crate::id::RequestId;
use crate::money::{self, Origin};
use crate::transaction::Transaction;
use crate::wallet::decoys::WINDOW;
use crate::wallet::{Patience, Wallet};

const HOSPITALS: usize = 16;

/// A market in which so many requests were answered by all hospitals, and their wallets.
fn market(requests: usize) -> (World, Vec<Wallet>) {
    let mut world = World::new(99, HOSPITALS);
    for round in 0..requests {
        let request = world.post(800, 49);
        for hospital in 0..HOSPITALS {
            // In another order each time.
            let hospital = (hospital * 5 + round) % HOSPITALS;
            let tx = world.contribute(hospital, &request, 10 + (7 * hospital as u32 + round as u32) % 30);
            world.chain.accept(&tx);
            let last = world.record(&request).contributions as usize - 1;
            let id = world.id_of(&request, last);
            let open = world.open(&id);
            world.chain.accept(&open);
        }
    }
    let wallets = world.hospitals.iter().map(|keys| Wallet::new(keys.wallet())).collect();
    (world, wallets)
}

fn scan(world: &World, wallets: &mut [Wallet]) {
    let id = world.chain.id();
    for (keys, wallet) in world.hospitals.iter().zip(wallets) {
        wallet.scan(&world.chain.state, &|state: &dyn StateRead, request: &RequestId| {
            keys.price(state, &id, request)
        });
    }
}

#[test]
fn t28_real_transactions_show_no_observer_which_payout_was_spent() {
    let (mut world, mut wallets) = market(9);
    assert!(money::notes_of_kind(&world.chain.state, 2) >= 2 * WINDOW, "one window is dealt");
    let (mut seen, mut hits, mut spends) = (BTreeMap::<u32, usize>::new(), [0usize; 4], 0usize);
    for step in 0..5 * HOSPITALS {
        scan(&world, &mut wallets);
        let own = &wallets[step * 5 % HOSPITALS];
        let dealt = own.notes().filter(|held| {
            held.spent.is_none()
                && matches!(held.record.origin, Origin::Paid { .. })
                && held.record.number < WINDOW
        });
        let Some(worth) = dealt.map(|held| held.amount()).min() else { continue };
        let to = own.address();
        let sent =
            at(&world.chain, |at| own.send(at, &to, amount(worth), Patience::Wait, &mut rng(step as u64)));
        let tx = sent.unwrap();
        let (image, ring) = (tx.inputs[0].signature.image, tx.inputs[0].ring.clone());
        world.chain.accept(&Transaction::Transfer(tx));
        // The judge asks the wallet.
        let wallet = &mut wallets[step * 5 % HOSPITALS];
        let before: Vec<u32> =
            wallet.notes().filter(|held| held.spent.is_none()).map(|held| held.position).collect();
        wallet.scan(&world.chain.state, &crate::wallet::no_prices);
        let spent = wallet.notes().find(|held| held.spent.is_some() && before.contains(&held.position));
        let real = ring.iter().position(|member| *member == spent.unwrap().position).unwrap();
        assert!(money::spent(&world.chain.state, &image).is_some());
        let count = |place: &usize| seen.get(&ring[*place]).copied().unwrap_or(0);
        let guesses = [0, 15, (0..16).min_by_key(count).unwrap(), (0..16).max_by_key(count).unwrap()];
        guesses.iter().zip(&mut hits).for_each(|(guess, hits)| *hits += usize::from(*guess == real));
        ring.iter().for_each(|member| *seen.entry(*member).or_default() += 1);
        spends += 1;
    }
    println!("oldest, newest, in fewest rings, in most: {hits:?} of {spends}");
    assert!(spends >= 50, "{spends}");
    // Fewer than once in a million by chance.
    assert!(hits.iter().all(|hits| *hits <= 15), "{hits:?} of {spends}");
}

#[test]
fn t28_a_wallet_redeems_what_it_sent_itself_before_what_others_know_the_worth_of() {
    let (mut world, mut wallets) = market(3);
    scan(&world, &mut wallets);
    let treasury = world.chain.treasury.clone();
    let redeeming = |world: &mut World, wallet: &Wallet| {
        let redeem =
            at(&world.chain, |at| wallet.redeem(at, amount(50), Patience::Now, &mut rng(1)).unwrap());
        world.chain.order(Action::Redeem(redeem), &[&treasury])
    };
    // Nothing else is there: a payout is taken.
    let direct = redeeming(&mut world, &wallets[0]);
    let members = |world: &World, tx: &Transaction, kind| {
        let ring = &transfer_of(tx).unwrap().inputs[0].ring;
        ring.iter().filter(|at| money::note(&world.chain.state, **at).unwrap().origin.kind() == kind).count()
    };
    assert_eq!(members(&world, &direct, 2), 16);
    // Nine hospitals send their money to themselves, so that there is something to hide among.
    for (seed, wallet) in (0..).zip(&wallets[..9]) {
        let tx = send(&world.chain, wallet, &wallet.address(), 60, seed);
        world.chain.accept(&Transaction::Transfer(tx));
    }
    scan(&world, &mut wallets);
    let hidden = redeeming(&mut world, &wallets[0]);
    assert_eq!(members(&world, &hidden, 1), 16);
    world.chain.accept(&hidden);
}
