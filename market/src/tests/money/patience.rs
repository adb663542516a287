//! A wallet that waits: what it refuses, what it says, and what it takes when that came true.

use super::super::actors::{World, amount};
use super::super::chain::Chain;
use super::{at, rng};
use crate::action::{Action, Issue};
use crate::money;
use crate::notes::issue::{Book, Issuance, split};
use crate::notes::keys::{Address, OwnerKeys};
use crate::notes::ring::RING;
use crate::notes::transfer::Transfer;
use crate::transaction::Transaction;
use crate::wallet::decoys::{WINDOW, until_dealt};
use crate::wallet::{Patience, Wallet, WalletFault, no_prices};

const ISSUED: u64 = 1_000;

/// The treasury, with its book.
struct Treasury(Chain, Book);

impl Treasury {
    fn issue(&mut self, to: &Address) {
        let Self(chain, book) = self;
        let mut rng = rng(u64::from(money::notes(&chain.state)));
        let parts = split(amount(ISSUED), &mut rng);
        let (issuance, after) = Issuance::new(&chain.id(), &chain.key(), book, to, &parts, &mut rng).unwrap();
        let treasury = chain.treasury.clone();
        let issue = chain.order(Action::Issue(Issue { issuance }), &[&treasury]);
        chain.accept(&issue);
        *book = after;
    }
}

fn wallet(chain: &Chain, seed: u8) -> Wallet {
    let mut wallet = Wallet::new(OwnerKeys::from_seed(&[seed; 32]));
    wallet.scan(&chain.state, &no_prices);
    wallet
}

fn to_itself(
    chain: &Chain,
    wallet: &Wallet,
    minor: u64,
    patience: Patience,
) -> Result<Transfer, WalletFault> {
    at(chain, |at| wallet.send(at, &wallet.address(), amount(minor), patience, &mut rng(minor)))
}

fn redeem(chain: &Chain, wallet: &Wallet, minor: u64, patience: Patience) -> Result<Transfer, WalletFault> {
    let redeem = at(chain, |at| wallet.redeem(at, amount(minor), patience, &mut rng(minor)));
    redeem.map(|redeem| redeem.transfer)
}

#[test]
fn t28_who_waits_spends_no_note_of_the_newest_window_and_is_told_how_long_that_is() {
    let mut treasury = Treasury(Chain::new(101), Book::default());
    let (own, others) =
        (OwnerKeys::from_seed(&[40; 32]).address(), OwnerKeys::from_seed(&[41; 32]).address());
    treasury.issue(&own);
    for issues in 2..=2 * WINDOW / RING as u32 {
        let chain = &treasury.0;
        let mine = wallet(chain, 40);
        let more = 2 * WINDOW - 16 * (issues - 1);
        assert!(mine.notes().all(|held| until_dealt(&chain.state, &held.record) == more));
        let early = to_itself(chain, &mine, 300, Patience::Wait);
        assert_eq!(early.err(), Some(WalletFault::Early { more }));
        // What is not there is not waited for.
        let missing = WalletFault::Insufficient { held: amount(ISSUED), needed: ISSUED + 1 };
        for patience in [Patience::Wait, Patience::Now] {
            assert_eq!(to_itself(chain, &mine, ISSUED + 1, patience).err(), Some(missing.clone()));
        }
        treasury.issue(&others);
    }
    let mut chain = treasury.0;
    let mine = wallet(&chain, 40);
    let sent = to_itself(&chain, &mine, 300, Patience::Wait).unwrap();
    assert_eq!((mine.until_dealt(&chain.state, &sent), mine.hides_among(&chain.state, &sent)), (0, RING));
    assert!(sent.inputs.iter().flat_map(|input| &input.ring).all(|at| *at < WINDOW), "of the dealt window");
    // Those whose notes are in the window after it still wait; and may spend at once.
    let theirs = wallet(&chain, 41);
    let in_first: u64 =
        theirs.notes().filter(|held| held.record.number < WINDOW).map(|held| held.amount()).sum();
    let early = to_itself(&chain, &theirs, in_first + 1, Patience::Wait).err();
    assert!(matches!(early, Some(WalletFault::Early { more: WINDOW } | WalletFault::Scattered)), "{early:?}");
    chain.accept(&Transaction::Transfer(sent));
}

#[test]
fn t28_who_waits_redeems_only_what_came_by_a_transfer_that_is_dealt() {
    let mut world = World::new(102, 1);
    world.scan();
    let known = redeem(&world.chain, &world.wallet, 50, Patience::Wait);
    assert_eq!(known.err(), Some(WalletFault::Known), "the treasury knows what it issued");
    let much = redeem(&world.chain, &world.wallet, 2_000_000, Patience::Wait);
    assert!(matches!(much.err(), Some(WalletFault::Insufficient { .. })));
    let first = to_itself(&world.chain, &world.wallet, 70, Patience::Now).unwrap();
    world.chain.accept(&Transaction::Transfer(first));
    world.scan();
    while money::notes_of_kind(&world.chain.state, 1) < 2 * WINDOW {
        let more = 2 * WINDOW - money::notes_of_kind(&world.chain.state, 1);
        let early = redeem(&world.chain, &world.wallet, 50, Patience::Wait);
        assert_eq!(early.err(), Some(WalletFault::Early { more }));
        let other = wallet(&world.chain, 8);
        let tx = to_itself(&world.chain, &other, u64::from(more), Patience::Now).unwrap();
        world.chain.accept(&Transaction::Transfer(tx));
    }
    let hidden = redeem(&world.chain, &world.wallet, 50, Patience::Wait).unwrap();
    assert_eq!(world.wallet.until_dealt(&world.chain.state, &hidden), 0);
    assert!(!world.wallet.is_known_to_others(&world.chain.state, &hidden));
    assert_eq!(world.wallet.hides_among(&world.chain.state, &hidden), RING);
    // Who does not wait takes the same, as it hides best; and funds with what is there.
    let now = redeem(&world.chain, &world.wallet, 50, Patience::Now).unwrap();
    assert_eq!(now.inputs[0].ring, hidden.inputs[0].ring);
    let posting = {
        let until = world.chain.height + 30;
        let request = world.request(super::super::actors::wish(100, until));
        world.post_tx(request)
    };
    world.chain.accept(&posting);
}
