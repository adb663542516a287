//! Where rows come from, and who may sell: what a seller proves is held against what the ledger has.

use galen_circuits::field::F;
use galen_circuits::registry::{dataset_leaf, empty_tree, standing_leaf};
use galen_market::action::Suspend;
use galen_market::query::{CannotSell, Offer};
use galen_market::{Action, SchemaId, Transaction};
use galen_prover::plan::Standing;
use galen_tests::marketplace::{Hospital, Marketplace, schema};

use super::fair;

/// An offer out of trees that a forger made up, in which the hospital stands as it likes.
fn made_up(hospital: &Hospital, real: &Offer) -> Offer {
    let mut offer = real.clone();
    let (name, digest) = (hospital.keys.seller_name().field(), offer.statement.terms.schema);
    let (mut datasets, mut standing) = (empty_tree(), empty_tree());
    datasets.set(0, dataset_leaf(hospital.dataset.body(hospital.salt), digest, name)).unwrap();
    standing.set(0, standing_leaf(digest, name)).unwrap();
    offer.statement.anchor = datasets.root();
    offer.standing = Standing {
        dataset_path: datasets.path(0).unwrap(),
        recent: standing.root(),
        standing_path: standing.path(0).unwrap(),
    };
    offer
}

#[test]
fn t01_rows_of_a_dataset_that_nobody_committed_to() {
    let mut fair = fair();
    let (request, mut liar) = (fair.request, fair.market.hospitals[1].clone());
    liar.dataset = Hospital::new(&mut fair.market.rng.clone(), 999).dataset;
    let real = fair.market.offer(&liar, &request).unwrap();
    // Proven against a tree that holds it, under the true root of standing.
    let forged = Offer { standing: Standing { ..real.standing.clone() }, ..made_up(&liar, &real) };
    let forged = Offer {
        standing: Standing { dataset_path: made_up(&liar, &real).standing.dataset_path, ..forged.standing },
        ..forged
    };
    let offered = fair.market.prove(&liar, &request, &forged);
    let message = fair.market.refuse(&offered.sale.transaction, "contribution.unsound");
    assert!(message.contains("the seal does not hold"), "{message}");
}

#[test]
fn t02_a_dataset_committed_after_the_request_or_in_its_block() {
    let mut market = Marketplace::new(52, 1);
    let request = market.request(market.wish(200));
    let id = request.id(&market.ledger.chain_id());
    let posting = market.posting(request);
    // Posted and, in the same block, a new dataset committed by a hospital that saw the request on its way.
    let late = market.hospitals[0].clone();
    let fresh = Hospital { salt: F::from(77u64), ..late.clone() };
    let body = fresh.dataset.body(fresh.salt);
    let commitment = late.keys.commitment(SchemaId::of(&schema("cohort")), body);
    let commit = market.order(commitment, &[&late.keys.account()]);
    let receipts = market.ledger.block(&[&commit.to_bytes(), &posting.to_bytes()]);
    assert!(receipts.iter().all(|receipt| receipt.accepted));
    market.ledger.pass(1);
    let offer = market.offer(&fresh, &id).unwrap();
    assert_ne!(
        offer.dataset_leaf,
        dataset_leaf(body, SchemaId::of(&schema("cohort")).field(), late.keys.seller_name().field())
    );
    let mut forged = made_up(&fresh, &offer);
    forged.standing.recent = offer.standing.recent;
    forged.standing.standing_path = offer.standing.standing_path.clone();
    let offered = market.prove(&fresh, &id, &forged);
    let message = market.refuse(&offered.sale.transaction, "contribution.unsound");
    assert!(message.contains("the seal does not hold"), "{message}");
    // What it had committed to before sells.
    let honest = market.prove(&late, &id, &offer);
    market.accept(&honest.sale.transaction);
}

#[test]
fn t05_another_run_than_the_beacon_drew() {
    let mut fair = fair();
    let (request, hospital) = (fair.request, fair.market.hospitals[1].clone());
    let mut offer = fair.market.offer(&hospital, &request).unwrap();
    offer.statement.beacon += F::from(1u64);
    let offered = fair.market.prove(&hospital, &request, &offer);
    let message = fair.market.refuse(&offered.sale.transaction, "contribution.unsound");
    assert!(message.contains("the seal does not hold"), "{message}");
}

#[test]
fn t17_a_seller_never_accredited_and_one_suspended_since() {
    let mut market = Marketplace::new(53, 2);
    let request = market.post(market.wish(200));
    let stranger = Hospital::new(&mut market.rng.clone(), 500);
    assert_eq!(market.offer(&stranger, &request).err(), Some(CannotSell::NotInAnchor));
    let real = market.offer(&market.hospitals[0].clone(), &request).unwrap();
    let offered = market.prove(&stranger, &request, &made_up(&stranger, &real));
    market.refuse(&offered.sale.transaction, "contribution.not_recent");

    let proven = market.contribute(1, &request);
    assert_eq!(market.verdict(&proven.sale.transaction).0, "ok");
    let account = market.hospitals[1].keys.account().key();
    let suspend = market.governed(Action::Suspend(Suspend { account, reason: "audit".into() }), &[]);
    market.accept(&suspend);
    market.refuse(&proven.sale.transaction, "contribution.not_recent");
    let hospital = market.hospitals[1].clone();
    assert_eq!(market.offer(&hospital, &request).err(), Some(CannotSell::NotInStanding));
    let honest = market.contribute(0, &request);
    market.accept(&honest.sale.transaction);
}

#[test]
fn t17_a_name_is_given_to_nobody_who_does_not_know_its_secret() {
    let fair = fair();
    let mut market = Marketplace::new(54, 0);
    let hospital = Hospital::new(&mut market.rng.clone(), 1);
    let account = hospital.keys.account();
    let schemas = vec![SchemaId::of(&schema("cohort"))];
    let governed = |market: &Marketplace, knowledge| {
        let action = hospital.keys.accreditation(&market.ledger.chain_id(), "H", schemas.clone(), knowledge);
        market.governed(action, &[&account])
    };
    // Another hospital's proof; a proof for another account; an altered nullifier.
    let of_another = market.knowledge(&fair.market.hospitals[0].keys);
    market.refuse(&governed(&market, of_another), "role.knowledge");
    let good = market.knowledge(&hospital.keys);
    let mut altered = good.clone();
    altered.nullifier += F::from(1u64);
    market.refuse(&governed(&market, altered), "role.knowledge");
    let Action::AccreditHospital(mut copied) =
        hospital.keys.accreditation(&market.ledger.chain_id(), "H", schemas.clone(), good.clone())
    else {
        unreachable!()
    };
    let thief = galen_market::Signer::from_seed([9; 32]);
    copied.account = thief.key();
    let copied = market.governed(Action::AccreditHospital(copied), &[&thief]);
    market.refuse(&copied, "role.knowledge");
    let honest = governed(&market, good);
    market.accept(&honest);
}

#[test]
fn t20_a_dataset_of_another_schema_sold_to_the_request() {
    let mut market = Marketplace::new(55, 1);
    let other = SchemaId::of(&schema("another"));
    let hospital = market.hospitals[0].clone();
    let account = hospital.keys.account();
    let knowledge = market.knowledge(&hospital.keys);
    let more = hospital.keys.accreditation(&market.ledger.chain_id(), "H0", vec![other], knowledge);
    market.accept(&market.governed(more, &[&account]));
    let body = Hospital { salt: F::from(5u64), ..hospital.clone() }.dataset.body(F::from(5u64));
    market.accept(&market.order(hospital.keys.commitment(other, body), &[&account]));
    market.boundary();
    let request = market.post(market.wish(200));
    // Its leaf of the other schema stands in the anchor, and its name for that schema in the root of standing.
    let other_dataset = Hospital { salt: F::from(5u64), ..hospital.clone() };
    let of_other = {
        let mut wish = market.wish(200);
        wish.terms.schema = other.field();
        let id = market.post(wish);
        market.offer(&other_dataset, &id).unwrap()
    };
    let mut forged = market.offer(&hospital, &request).unwrap();
    forged.statement.terms.schema = other.field();
    forged.statement.anchor = of_other.statement.anchor;
    forged.standing = of_other.standing;
    let offered = market.prove(&other_dataset, &request, &forged);
    let message = market.refuse(&offered.sale.transaction, "contribution.unsound");
    assert!(message.contains("the seal does not hold"), "{message}");
    assert!(matches!(offered.sale.transaction, Transaction::Contribute(_)));
}
