//! T31 on the ledger: where money comes from and where it goes, and who decides that.

use super::super::actors::{FUNDS, World, amount};
use super::super::chain::Chain;
use super::{at, refuse, rng};
use crate::action::{Action, Issue, Redeem};
use crate::amount::ISSUE_CAP;
use crate::fault::MoneyFault;
use crate::money;
use crate::notes::issue::{Book, Issuance, IssueFault, split};
use crate::notes::keys::OwnerKeys;
use crate::notes::logarithm::LogTable;
use crate::wallet::{Patience, Wallet, WalletFault, no_prices};

fn issuance(chain: &Chain, book: &Book, total: u64) -> Result<(Issuance, Book), IssueFault> {
    let (to, mut rng) = (OwnerKeys::from_seed(&[4; 32]).address(), rng(2));
    Issuance::new(&chain.id(), &chain.key(), book, &to, &split(amount(total), &mut rng), &mut rng)
}

fn issue(chain: &mut Chain, issuance: &Issuance) -> crate::Transaction {
    let treasury = chain.treasury.clone();
    chain.order(Action::Issue(Issue { issuance: issuance.clone() }), &[&treasury])
}

#[test]
fn t31_no_more_than_the_cap_is_ever_issued() {
    let mut chain = Chain::new(91);
    let (first, book) = issuance(&chain, &Book::default(), ISSUE_CAP - 10).unwrap();
    let tx = issue(&mut chain, &first);
    chain.accept(&tx);
    assert_eq!(issuance(&chain, &book, 10).err(), Some(IssueFault::Cap), "an honest treasury notices");
    // One that says nothing was issued before; one that issues the same again; one whose notes were changed since.
    let (lie, _) = issuance(&chain, &Book::default(), 10).unwrap();
    let (mut altered, last) = issuance(&chain, &book, 9).unwrap();
    let good = altered.clone();
    altered.notes[0].sealed[0] ^= 1;
    for false_one in [&lie, &first, &altered] {
        let tx = issue(&mut chain, false_one);
        chain.refuse(&tx, "money.issue");
        assert_eq!(chain.run(&tx), "money.issue");
        assert_eq!((money::issues(&chain.state), money::notes(&chain.state)), (1, 16));
    }
    let tx = issue(&mut chain, &good);
    chain.accept(&tx);
    assert_eq!(money::issued(&chain.state), last.commitment());
    assert_eq!(last.issued(), ISSUE_CAP - 1);
    let mut wallet = Wallet::new(OwnerKeys::from_seed(&[4; 32]));
    wallet.scan(&chain.state, &no_prices);
    assert_eq!(wallet.balance().get(), ISSUE_CAP - 1);
}

#[test]
fn t31_an_issue_makes_sixteen_notes_and_is_for_one_chain() {
    let mut chain = Chain::new(92);
    let (good, _) = issuance(&chain, &Book::default(), 1000).unwrap();
    let (mut short, mut long) = (good.clone(), good.clone());
    short.notes.pop();
    long.notes.push(long.notes[0]);
    let (to, mut rng) = (OwnerKeys::from_seed(&[4; 32]).address(), rng(2));
    let other = galen_ledger::ChainId::from_bytes([8; 32]);
    let parts = split(amount(1000), &mut rng);
    let (elsewhere, _) =
        Issuance::new(&other, &chain.key(), &Book::default(), &to, &parts, &mut rng).unwrap();
    for false_one in [short, long, elsewhere] {
        let tx = issue(&mut chain, &false_one);
        chain.refuse(&tx, "money.issue");
    }
    let tx = issue(&mut chain, &good);
    chain.accept(&tx);
}

#[test]
fn t31_only_the_treasury_issues_and_redeems() {
    let mut world = World::new(93, 1);
    world.scan();
    let redeem =
        at(&world.chain, |at| world.wallet.redeem(at, amount(50), Patience::Now, &mut rng(3)).unwrap());
    let (issuance, _) = issuance(&world.chain, &Book::default(), 10).unwrap();
    let treasury = world.chain.treasury.clone();
    for action in [Action::Redeem(redeem.clone()), Action::Issue(Issue { issuance })] {
        let governed = world.chain.governed(action.clone(), &[]);
        refuse(&mut world, &governed, "tx.unsigned");
        let owner = world.researcher.account.clone();
        let own = world.chain.order(action.clone(), &[&owner]);
        refuse(&mut world, &own, "tx.unsigned");
        let joined = world.chain.order(action, &[&treasury, &owner]);
        refuse(&mut world, &joined, "tx.stranger");
    }
    let good = world.chain.order(Action::Redeem(redeem), &[&treasury]);
    world.chain.accept(&good);
    assert_eq!(world.balance(), FUNDS[0] - 50);
}

#[test]
fn t31_what_is_redeemed_is_a_denomination_and_what_was_spent_for_it() {
    let mut world = World::new(94, 1);
    world.scan();
    let fault =
        at(&world.chain, |at| world.wallet.redeem(at, amount(30), Patience::Now, &mut rng(3)).unwrap_err());
    assert_eq!(fault, WalletFault::Money(MoneyFault::Denomination(30)));
    let redeem =
        at(&world.chain, |at| world.wallet.redeem(at, amount(50), Patience::Now, &mut rng(3)).unwrap());
    let treasury = world.chain.treasury.clone();
    let amounts = [
        (0, "money.denomination"),
        (30, "money.denomination"),
        (51, "money.denomination"),
        (150, "money.denomination"),
        (5_000_000_000_000, "money.denomination"),
        (u64::MAX, "money.denomination"),
        (20, "money.transfer"),
        (100, "money.transfer"),
        (500, "money.transfer"),
        (500_000_000_000, "money.transfer"),
    ];
    for (amount, code) in amounts {
        let redeem = Redeem { amount, transfer: redeem.transfer.clone() };
        let tx = world.chain.order(Action::Redeem(redeem), &[&treasury]);
        refuse(&mut world, &tx, code);
    }
    let again = Redeem { amount: 50, transfer: redeem.transfer.clone() };
    for (redeem, code) in [(redeem, "ok"), (again, "money.spent")] {
        let tx = world.chain.order(Action::Redeem(redeem), &[&treasury]);
        assert_eq!(world.chain.run(&tx), code);
    }
    assert_eq!(world.balance(), FUNDS[0] - 50);
}

/// The authority reads the true amount of every note there is: issued, transferred, paid, refunded.
#[test]
fn t34_the_authority_opens_every_note_to_what_its_owner_knows() {
    let mut world = World::new(95, 1);
    let request = world.post(10, 5);
    let tx = world.contribute(0, &request, 6);
    world.chain.accept(&tx);
    let opening = world.open(&world.id_of(&request, 0));
    world.chain.accept(&opening);
    world.chain.pass(10);
    world.scan();
    let earnings = world.earnings(0);
    let wallets = [&world.wallet, &world.bystander, &earnings];
    let (table, mut rng) = (LogTable::new(), rng(4));
    let mut opened = 0;
    for held in wallets.into_iter().flat_map(Wallet::notes) {
        let note = held.record.note;
        let amount = world.chain.amounts.open(&table, &note.commitment, &note.handle, &mut rng).unwrap();
        assert_eq!(amount.amount, held.amount());
        assert!(amount.holds(&world.chain.key(), &note.commitment, &note.handle));
        opened += 1;
    }
    assert_eq!(opened, money::notes(&world.chain.state));
    assert!((0..4).all(|kind| money::notes_of_kind(&world.chain.state, kind) > 0));
}
