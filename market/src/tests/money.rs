//! Attacks on the ledger's money: who tries what, and with which code it is refused. What single proofs refuse is tested in
//! [`crate::notes`]; here whole transactions meet the ledger's rules.

mod escrow;
mod linkability;
mod orders;
mod patience;
mod price;
mod spending;
mod supply;

use galen_ledger::StateRead;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::actors::{World, amount};
use super::chain::Chain;
use crate::money;
use crate::notes::keys::{Address, OwnerKeys};
use crate::notes::ring::RING;
use crate::notes::transfer::{Purpose, Spend, Transfer, nothing};
use crate::transaction::Transaction;
use crate::wallet::{At, Patience, Wallet};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Runs something with what a wallet needs to spend.
fn at<T>(chain: &Chain, spend: impl FnOnce(At<'_>) -> T) -> T {
    let (id, key) = (chain.id(), chain.key());
    spend(At { state: &chain.state, chain: &id, authority: &key })
}

fn send(chain: &Chain, from: &Wallet, to: &Address, minor: u64, seed: u64) -> Transfer {
    at(chain, |at| from.send(at, to, amount(minor), Patience::Now, &mut rng(seed)).unwrap())
}

/// A note spent by hand, in the ring of its neighbours.
fn spend(chain: &Chain, keys: &OwnerKeys, position: u32) -> Spend {
    let note = money::note(&chain.state, position).unwrap().note;
    let first = position.min(money::notes(&chain.state) - RING as u32);
    let ring = (first..).take(RING).map(|at| money::member(&chain.state, at).unwrap()).collect();
    Spend { ring, place: (position - first) as usize, owned: note.recognise(keys).unwrap() }
}

/// Spends these notes by hand, to pay somebody.
fn transfer(
    chain: &Chain,
    keys: &OwnerKeys,
    positions: &[u32],
    (to, minor): (&Address, u64),
    seed: u64,
) -> Transfer {
    let spends: Vec<Spend> = positions.iter().map(|at| spend(chain, keys, *at)).collect();
    let ((point, locked), id, key) = (nothing(), chain.id(), chain.key());
    let purpose = Purpose { chain: &id, authority: &key, of: &money::PLAIN, locked: &point };
    let paid = (to, amount(minor));
    Transfer::new(purpose, &spends, paid, &keys.address(), locked, &mut rng(seed)).unwrap()
}

/// The place of the largest of an owner's notes.
fn largest(wallet: &Wallet) -> u32 {
    let unspent = wallet.notes().filter(|held| held.spent.is_none());
    unspent.max_by_key(|held| held.amount()).unwrap().position
}

/// Everything that the ledger has of money.
fn all_money(chain: &Chain) -> Vec<(Vec<u8>, Vec<u8>)> {
    chain.state.prefix(b"money/").collect()
}

/// A block of these: their codes, and that what is refused left no trace.
fn block(world: &mut World, txs: &[&Transaction], codes: &[&str]) {
    let before = (money::notes(&world.chain.state), all_images(world));
    let found: Vec<String> = world.chain.block(txs).into_iter().map(|receipt| receipt.code).collect();
    assert_eq!(found, codes);
    let inputs = |tx: &&Transaction| transfer_of(tx).map_or(0, |transfer| transfer.inputs.len());
    let done = || txs.iter().zip(codes).filter(|(_, code)| **code == "ok").map(|(tx, _)| tx);
    let made = 2 * done().filter(|tx| transfer_of(tx).is_some()).count() as u32;
    let spent: usize = done().map(inputs).sum();
    assert_eq!((money::notes(&world.chain.state), all_images(world)), (before.0 + made, before.1 + spent));
}

fn all_images(world: &World) -> usize {
    world.chain.state.prefix(&crate::state_key::images()).count()
}

/// The transfer in a transaction.
fn transfer_of(tx: &Transaction) -> Option<&Transfer> {
    use crate::action::Action;
    match tx {
        Transaction::Transfer(transfer) => Some(transfer),
        Transaction::Order(signed) => match &signed.order.action {
            Action::PostRequest(post) => Some(&post.funding),
            Action::Redeem(redeem) => Some(&redeem.transfer),
            _ => None,
        },
        _ => None,
    }
}

/// A transaction that is refused, and changes no money.
fn refuse(world: &mut World, tx: &Transaction, code: &str) -> String {
    world.chain.refuse(tx, code);
    let before = all_money(&world.chain);
    let receipt = world.chain.block(&[tx]).remove(0);
    assert_eq!(receipt.code, code);
    assert!(all_money(&world.chain) == before, "{code}, and money moved");
    receipt.message
}
