//! T32 and T33: notes spent twice, burnt by others, or that are none.

use super::super::actors::{World, amount, bystander, wish};
use super::super::chain::Chain;
use super::{at, block, largest, refuse, rng, send, transfer};
use crate::action::{Action, Issue};
use crate::money;
use crate::notes::keys::OwnerKeys;
use crate::notes::transfer::Transfer;
use crate::transaction::Transaction;
use crate::wallet::{Patience, Wallet, no_prices};

fn world(seed: u64) -> (World, OwnerKeys, u32) {
    let mut world = World::new(seed, 1);
    world.scan();
    let (keys, note) = (world.researcher.wallet.clone(), largest(&world.wallet));
    (world, keys, note)
}

fn redeeming(world: &mut World, minor: u64) -> Transaction {
    let redeem =
        at(&world.chain, |at| world.wallet.redeem(at, amount(minor), Patience::Now, &mut rng(3)).unwrap());
    let treasury = world.chain.treasury.clone();
    world.chain.order(Action::Redeem(redeem), &[&treasury])
}

#[test]
fn t32_a_note_is_spent_once_in_a_transfer_in_a_block_and_ever() {
    let (mut world, keys, note) = world(81);
    let to = world.bystander.address();
    let twice = transfer(&world.chain, &keys, &[note, note], (&to, 5), 1);
    let message = refuse(&mut world, &Transaction::Transfer(twice), "money.transfer");
    assert!(message.contains("one note is spent twice"), "{message}");
    let [one, other, third] =
        [1, 2, 3].map(|seed| Transaction::Transfer(transfer(&world.chain, &keys, &[note], (&to, 5), seed)));
    block(&mut world, &[&one, &other], &["ok", "money.spent"]);
    refuse(&mut world, &third, "money.spent");
    refuse(&mut world, &one, "money.spent");
    // With another note besides it is the same note.
    world.scan();
    let fresh = largest(&world.wallet);
    let both = transfer(&world.chain, &keys, &[note.min(fresh), note.max(fresh)], (&to, 5), 4);
    refuse(&mut world, &Transaction::Transfer(both), "money.spent");
    assert_eq!(world.balance(), super::super::actors::FUNDS[0] - 5);
}

/// A transfer, a funding and a redemption of one and the same note: whichever comes first.
#[test]
fn t32_in_one_block_the_first_spends_whatever_for() {
    let wanted = 50_000;
    let make = |seed| {
        let (mut world, keys, _) = world(seed);
        // What the wallet takes for this amount.
        let enough = world.wallet.notes().filter(|held| held.amount() >= wanted);
        let note = enough.min_by_key(|held| held.amount()).unwrap().position;
        let to = world.bystander.address();
        let plain = Transaction::Transfer(transfer(&world.chain, &keys, &[note], (&to, 5), 1));
        let funded = wish((wanted / 7) as u32, world.chain.height + 30);
        let request = world.request(funded);
        let id = request.id(&world.chain.id());
        let posting = world.post_tx(request);
        let redeem = redeeming(&mut world, wanted);
        (world, plain, posting, redeem, id)
    };
    for order in [[0, 1, 2], [1, 0, 2], [2, 0, 1], [2, 1, 0]] {
        let (mut world, plain, posting, redeem, id) = make(82);
        let txs = [&plain, &posting, &redeem];
        let images: Vec<_> =
            txs.iter().map(|tx| super::transfer_of(tx).unwrap().inputs[0].signature.image).collect();
        assert!(images.iter().all(|image| *image == images[0]));
        block(&mut world, &order.map(|at| txs[at]), &["ok", "money.spent", "money.spent"]);
        assert_eq!(money::escrow(&world.chain.state, &id).is_some(), order[0] == 1);
        // And in the next block all of them are late, but the order that was executed is known as such.
        let late = order.map(|at| world.chain.check(txs[at]));
        assert!(late.iter().all(|code| ["money.spent", "tx.replayed"].contains(&code.as_str())), "{late:?}");
    }
}

#[test]
fn t32_dust_to_a_copied_key_burns_nothing() {
    let (mut world, keys, note) = world(83);
    // Somebody pays the victim, and somebody else makes a note with the same one-time key: the same randomness gives the same.
    let victim = OwnerKeys::from_seed(&[4; 32]);
    let real = transfer(&world.chain, &keys, &[note], (&victim.address(), 500), 9);
    let dusty = bystander();
    let dust = transfer(&world.chain, &dusty, &[largest(&world.bystander)], (&victim.address(), 1), 9);
    let key_of = |transfer: &Transfer| {
        transfer.outputs.iter().map(|note| note.owner).find(|owner| victim.recognise(owner).is_some())
    };
    assert_eq!(key_of(&real).unwrap(), key_of(&dust).unwrap());
    // The dust first, which would have the image of the other.
    for tx in [dust, real] {
        world.chain.accept(&Transaction::Transfer(tx));
    }
    let mut wallet = Wallet::new(victim);
    wallet.scan(&world.chain.state, &no_prices);
    assert_eq!(wallet.balance().get(), 501);
    let to = world.wallet.address();
    for (minor, left) in [(1, 500), (500, 0)] {
        let tx = send(&world.chain, &wallet, &to, minor, minor);
        world.chain.accept(&Transaction::Transfer(tx));
        wallet.scan(&world.chain.state, &no_prices);
        assert_eq!(wallet.balance().get(), left);
    }
}

type Spoil = fn(&mut Vec<u32>);

#[test]
fn t33_rings_are_of_sixteen_different_notes_in_order_that_exist() {
    let (mut world, keys, note) = world(84);
    let to = world.bystander.address();
    let good = transfer(&world.chain, &keys, &[note], (&to, 5), 1);
    let cases: [(&str, Spoil, &str); 10] = [
        ("the first that is not there", |ring| ring[15] = 32, "money.no_note"),
        ("one far away", |ring| ring[15] = u32::MAX, "money.no_note"),
        ("fifteen", |ring| ring.truncate(15), "money.transfer"),
        ("seventeen", |ring| ring.push(30), "money.transfer"),
        ("a thousand", |ring| ring.extend([31; 1000]), "money.transfer"),
        ("none", Vec::clear, "money.transfer"),
        ("another order", |ring| ring.swap(3, 4), "money.transfer"),
        ("one twice", |ring| ring[4] = ring[3], "money.transfer"),
        ("one note sixteen times", |ring| ring.fill(3), "money.transfer"),
        ("another note in it", |ring| ring[15] = 31, "money.transfer"),
    ];
    for (what, spoil, code) in cases {
        let mut bad = good.clone();
        spoil(&mut bad.inputs[0].ring);
        assert_ne!(bad, good, "{what}");
        let message = refuse(&mut world, &Transaction::Transfer(bad), code);
        println!("{what}: {message}");
        if code == "money.transfer" && what != "another note in it" {
            let said = ["a ring has 16 different notes", "a ring of 16 notes"];
            assert!(said.iter().any(|said| message.contains(said)), "{what}: {message}");
        }
    }
    world.chain.accept(&Transaction::Transfer(good));
}

#[test]
fn t33_numbers_of_inputs_and_outputs_and_what_is_not_ones_own() {
    let (mut world, keys, note) = world(85);
    let to = world.bystander.address();
    let good = transfer(&world.chain, &keys, &[note], (&to, 5), 1);
    let spoil: [fn(&mut Transfer); 6] = [
        |transfer| transfer.inputs.clear(),
        |transfer| {
            let input = transfer.inputs[0].clone();
            transfer.inputs.extend(vec![input; 8]);
        },
        |transfer| transfer.outputs.truncate(1),
        |transfer| {
            let output = transfer.outputs[0];
            transfer.outputs.push(output);
        },
        |transfer| transfer.outputs.swap(0, 1),
        |transfer| {
            transfer.outputs[0].owner =
                OwnerKeys::from_seed(&[4; 32]).address().one_time(&mut rng(1)).unwrap().0
        },
    ];
    for (number, spoil) in spoil.into_iter().enumerate() {
        let mut bad = good.clone();
        spoil(&mut bad);
        let message = refuse(&mut world, &Transaction::Transfer(bad), "money.transfer");
        println!("{number}: {message}");
    }
    // A transfer is bound to the chain, and to what it is for.
    let redeem = crate::action::Redeem { amount: 5, transfer: good.clone() };
    let treasury = world.chain.treasury.clone();
    let tx = world.chain.order(Action::Redeem(redeem), &[&treasury]);
    refuse(&mut world, &tx, "money.transfer");
    let elsewhere = {
        let chain = galen_ledger::ChainId::from_bytes([8; 32]);
        let key = world.chain.key();
        let at = crate::wallet::At { state: &world.chain.state, chain: &chain, authority: &key };
        world.wallet.send(at, &to, amount(5), Patience::Now, &mut rng(1)).unwrap()
    };
    refuse(&mut world, &Transaction::Transfer(elsewhere), "money.transfer");
    world.chain.accept(&Transaction::Transfer(good));
}

#[test]
fn t33_nothing_moves_before_there_are_sixteen_notes_of_two_issues() {
    let (world, keys, note) = world(86);
    let to = world.bystander.address();
    let tx = Transaction::Transfer(transfer(&world.chain, &keys, &[note], (&to, 5), 1));
    let mut young = Chain::new(86);
    young.refuse(&tx, "money.young");
    let treasury = young.treasury.clone();
    for issuance in super::super::actors::issues(&young).clone() {
        young.refuse(&tx, "money.young");
        let issue = young.order(Action::Issue(Issue { issuance }), &[&treasury]);
        young.accept(&issue);
    }
    young.accept(&tx);
    assert_eq!(money::notes(&young.state), 34);
}
