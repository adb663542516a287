//! What the buyer may ask, and when the buyer can read.

use galen_circuits::contribution::blob_elements;
use galen_circuits::field::F;
use galen_circuits::release::cipher::decrypt;
use galen_circuits::seal::TO_BUYER;
use galen_circuits::shape::CONSENT_CELL;
use galen_market::action::Disclose;
use galen_market::action::disclose::Subject;
use galen_market::agent::authority::AuthorityKeys;
use galen_market::agent::hospital::Advice;
use galen_market::agent::researcher::{CollectFault, Wish, collect};
use galen_market::transaction::Opening;
use galen_market::{Action, Transaction, query};
use galen_tests::marketplace::{Marketplace, PRICE, amounts};

use super::fair;

#[test]
fn t25_nothing_of_a_contribution_can_be_read_before_it_is_opened_and_then_everything() {
    let mut market = Marketplace::new(71, 1);
    let request = market.post(market.wish(500));
    let offered = market.contribute(0, &request);
    let rows = offered.contribution.header.totals.released;
    // What lies on the ledger and with the members, in the hands of the buyer: header, proofs, ciphertext.
    let bytes = offered.sale.transaction.to_bytes();
    let shown = |element: F| {
        let element = galen_circuits::field::to_bytes(&element);
        bytes.windows(32).any(|window| window == element)
    };
    let sealed = offered.sale.encapsulation;
    assert!(!shown(sealed.masked) && !shown(sealed.ephemeral.x) && !shown(sealed.ephemeral.y));
    market.accept(&offered.sale.transaction);
    let buyer = &market.researcher.buyer;
    assert!(collect(&market.ledger.state, market.blobs.as_ref(), buyer, &request).unwrap().is_empty());
    // A relay that was shown the opening and holds it back: it comes late, from anybody, and is paid all the same.
    let window = market.ledger.app.config().windows.open_window;
    market.ledger.pass(window / 2 + 1);
    let height = market.ledger.height;
    assert_eq!(offered.sale.advice(&market.ledger.state, height, window), Advice::TooLate);
    market.ledger.pass(window);
    assert_eq!(market.paid(0, &request), 0);
    let opening = Opening { contribution: offered.sale.id, encapsulation: sealed };
    let mut forged = opening.clone();
    forged.encapsulation.masked += F::from(1u64);
    market.refuse(&Transaction::Open(forged), "open.encapsulation");
    market.accept(&Transaction::Open(opening.clone()));
    assert_eq!(market.paid(0, &request), u64::from(rows) * PRICE);
    market.refuse(&Transaction::Open(opening), "open.opened");
    // Now the buyer reads exactly the rows that were proven, and nobody else does.
    let deliveries =
        collect(&market.ledger.state, market.blobs.as_ref(), &market.researcher.buyer, &request).unwrap();
    assert_eq!((deliveries.len(), deliveries[0].rows.len()), (1, rows as usize));
    let key = market.researcher.buyer.open(TO_BUYER, &sealed).unwrap();
    let blocks = blob_elements(&offered.plan.blob, offered.contribution.header.blocks.len()).unwrap();
    let terms = &offered.statement.terms;
    let read: Vec<_> =
        (0..).zip(&blocks).flat_map(|(j, block)| decrypt(terms, key, j, block).unwrap()).collect();
    assert_eq!(read, deliveries[0].rows);
    let other = galen_circuits::jubjub::SecretKey::generate(&mut market.rng);
    let blind = collect(&market.ledger.state, market.blobs.as_ref(), &other, &request);
    assert!(matches!(blind, Err(CollectFault::NotARow(..) | CollectFault::Count { .. })), "{blind:?}");
    // The authority finds the seller, whoever posted the opening.
    let subject = Subject::Identity(offered.sale.id);
    let order = Disclose { subject, reason: "a test".into() };
    market.accept(&market.governed(Action::Disclose(order), &[]));
    let authority = AuthorityKeys { identities: market.authority.clone(), amounts: amounts() };
    let opened = authority.identity(&market.ledger.state, &offered.sale.id).unwrap();
    assert_eq!(opened.account, market.hospitals[0].keys.account().key());
}

#[test]
fn t25_what_is_refused_was_never_readable() {
    let fair = fair();
    // Refused for room, time or another's nullifier: the opening of something the ledger does not have is refused, too.
    let opening =
        Opening { contribution: fair.offered.sale.id, encapsulation: fair.offered.sale.encapsulation };
    fair.market.refuse(&Transaction::Open(opening), "open.unknown");
    assert!(query::contributions_of(&fair.market.ledger.state, &fair.request).is_empty());
}

type Ask = fn(&mut Wish);

#[test]
fn t26_a_request_that_asks_for_what_the_schema_forbids() {
    let mut market = Marketplace::new(72, 1);
    let asks: Vec<(&str, Ask, &str)> = vec![
        ("k = 1", |wish| wish.terms.k = 1, "k = 1 is below the schema's floor of 3"),
        ("l = 1", |wish| wish.terms.l = 1, "l = 1 is below the schema's floor of 2"),
        ("α = 1000", |wish| wish.terms.alpha = 1000, "above the schema's ceiling of 800"),
        ("a quasi-identifier raw", |wish| wish.terms.released.push(0), "column 0 is named twice"),
        (
            "a quasi-identifier raw instead of a range",
            |wish| {
                wish.terms.quasi_identifiers.remove(0);
                wish.terms.released.push(0);
            },
            "column 0 is a quasi-identifier of the schema",
        ),
        (
            "a quasi-identifier left out",
            |wish| wish.terms.quasi_identifiers.truncate(1),
            "column 1 is a quasi-identifier of the schema",
        ),
        (
            "a quasi-identifier that costs nothing",
            |wish| wish.terms.quasi_identifiers[0].weight = 1,
            "weighs less in the loss",
        ),
        ("what is never released", |wish| wish.terms.released.push(2), "may never be released"),
        (
            "the consent mask",
            |wish| wish.terms.released.push(CONSENT_CELL as u8),
            "not a cell that a request may name",
        ),
        ("more than a quarter of a dataset", |wish| wish.sample = 2, "sample"),
        ("a sensitive column that is none", |wish| wish.terms.sensitive = 3, "not a sensitive column"),
    ];
    for (what, ask, reason) in asks {
        let mut wish = market.wish(100);
        ask(&mut wish);
        let request = market.request(wish);
        let posting = market.posting(request);
        let (code, message) = market.verdict(&posting);
        println!("{what}: {code}: {message}");
        assert_ne!(code, "ok", "{what} was accepted");
        assert!(message.to_lowercase().contains(reason), "{what}: {message}");
    }
    let request = market.request(market.wish(100));
    let posting = market.posting(request);
    market.accept(&posting);
}
