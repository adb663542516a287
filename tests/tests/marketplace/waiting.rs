//! T29: a place taken and never used, and sellers forced to show themselves.

use galen_circuits::field::F;
use galen_market::query;
use galen_market::record::Status;
use galen_market::transaction::Opening;
use galen_market::{ContributionId, RequestId, SchemaId, Transaction};
use galen_tests::marketplace::{Hospital, Marketplace, PRICE, schema};

fn status(market: &Marketplace, id: &ContributionId) -> Status {
    query::contribution(&market.ledger.state, id).unwrap().record.status
}

fn rows(market: &mut Marketplace, request: &RequestId, hospital: usize) -> u32 {
    let terms = galen_tests::marketplace::terms(&schema("cohort"));
    let offer = market.offer(&market.hospitals[hospital].clone(), request).unwrap();
    let hospital = &market.hospitals[hospital];
    let secret = hospital.keys.seller_secret();
    let run = galen_prover::plan::Run::draw(&offer.statement, &hospital.dataset, secret, F::from(3u64));
    run.selected(&hospital.dataset, &terms).len() as u32
}

#[test]
fn t29_who_reserves_and_never_opens_gives_way_to_the_next() {
    let mut market = Marketplace::new(81, 2);
    let probe = market.post(market.wish(500));
    let most = rows(&mut market, &probe, 0).max(rows(&mut market, &probe, 1)) + 20;
    let request = market.post(market.wish(most));
    let (first, second) = (market.contribute(0, &request), market.contribute(1, &request));
    market.accept(&first.sale.transaction);
    market.accept(&second.sale.transaction);
    let Status::Reserved { until } = status(&market, &first.sale.id) else { panic!("not reserved") };
    assert_eq!(status(&market, &second.sale.id), Status::Waiting);
    let early = Opening { contribution: second.sale.id, encapsulation: second.sale.encapsulation };
    market.refuse(&Transaction::Open(early.clone()), "open.waiting");
    market.ledger.pass_to(until);
    assert_eq!(status(&market, &first.sale.id), Status::Lapsed { height: until });
    assert!(matches!(status(&market, &second.sale.id), Status::Reserved { .. }));
    // The lapse stays on record with the name that the authority can open.
    let lapses = query::lapses(&market.ledger.state);
    assert_eq!(lapses.len(), 1);
    assert_eq!(lapses[0].1.identity, first.contribution.header.identity);
    market.accept(&Transaction::Open(early));
    let released = second.contribution.header.totals.released;
    assert_eq!(market.paid(1, &request), u64::from(released) * PRICE);
    // Its place is gone, and it cannot come again.
    let late = Opening { contribution: first.sale.id, encapsulation: first.sale.encapsulation };
    market.refuse(&Transaction::Open(late), "open.lapsed");
    market.refuse(&first.sale.transaction, "contribution.used");
}

#[test]
fn t29_a_new_commitment_changes_neither_standing_nor_who_may_answer() {
    let mut market = Marketplace::new(82, 2);
    let request = market.post(market.wish(500));
    let before = query::recent_roots(&market.ledger.state);
    // Forced to commit anew while the request is open: the root of standing, which all hide in, stays as it is.
    let hospital = market.hospitals[0].clone();
    market.commit(&Hospital { salt: F::from(4321u64), ..hospital });
    market.boundary();
    let after = query::recent_roots(&market.ledger.state);
    assert_eq!(before[0].root, after[0].root);
    // Both still sell what they had committed to before the request, under the same root.
    for index in 0..2 {
        let offered = market.contribute(index, &request);
        assert_eq!(offered.contribution.header.recent, before[0].root);
        market.accept(&offered.sale.transaction);
    }
    assert!(query::schema(&market.ledger.state, &SchemaId::of(&schema("cohort"))).is_some());
}
