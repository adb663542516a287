//! Requests that are refused.

use galen_circuits::jubjub::SecretKey;
use galen_circuits::request::QuasiIdentifier;

use super::actors::{World, records, wish};
use crate::action::{Action, Suspend};
use crate::id::AccountKey;
use crate::request::Request;
use crate::sign::Signer;

/// Each change to a good request, and the code that it is refused with.
type Case = (&'static str, fn(&mut Request));

#[test]
fn t26_every_rule_of_requests_refuses_with_its_code() {
    let cases: &[Case] = &[
        ("request.title", |r| r.title = " ".into()),
        ("request.title", |r| r.title = "a\nb".into()),
        ("request.terms", |r| r.terms.released = vec![11]),
        ("request.terms", |r| r.terms.purpose = 16),
        ("request.terms", |r| r.terms.predicate.conditions[0].hi = 0),
        ("request.policy", |r| r.terms.k = 1),
        ("request.policy", |r| r.terms.l = 1),
        ("request.policy", |r| r.terms.alpha = 900),
        ("request.policy", |r| r.terms.quasi_identifiers.clear()),
        ("request.policy", |r| {
            r.terms.quasi_identifiers.clear();
            r.terms.released.push(0);
        }),
        ("request.policy", |r| r.terms.released = vec![3]),
        ("request.predicate", |r| r.terms.predicate.conditions[0].column = 3),
        ("request.predicate", |r| r.terms.predicate.conditions[0].column = 9),
        ("request.weight", |r| r.terms.quasi_identifiers[0].weight = 1),
        ("request.weight", |r| r.terms.quasi_identifiers.push(QuasiIdentifier { column: 2, weight: 0 })),
        ("request.sample", |r| r.sample = 0),
        ("request.sample", |r| r.sample = 5),
        ("request.sample", |r| r.sample = 100_000),
        ("request.suppression", |r| r.limits.max_suppressed_per_mille = 1001),
        ("request.records", |r| r.max_records = records(0)),
        ("request.price", |r| r.nonce[0] ^= 1),
        ("request.refund", |r| r.refund.owner.ephemeral = r.refund.owner.key),
        ("request.deadline", |r| r.deadline = galen_ledger::Height::new(1)),
        ("request.deadline", |r| r.deadline = galen_ledger::Height::new(100_000)),
        ("schema.unknown", |r| r.terms.schema = galen_circuits::field::F::from(1u64)),
    ];
    for (code, change) in cases {
        let mut world = World::new(41, 1);
        let wish = wish(20, world.chain.height + 10);
        let mut request = world.request(wish);
        // What moves between columns must leave the rest as the case wants it.
        if *code == "request.weight" && request.terms.released.contains(&2) {
            request.terms.released.retain(|column| *column != 2);
        }
        change(&mut request);
        let tx = world.post_tx(request);
        world.chain.refuse(&tx, code);
    }
}

#[test]
fn t37_the_buyers_key_comes_with_a_proof_for_this_chain_and_account() {
    let mut world = World::new(42, 1);
    let wish = wish(20, world.chain.height + 10);
    let mut request = world.request(wish);
    let other = SecretKey::generate(&mut world.chain.rng);
    request.possession = other.prove_possession(b"galen");
    let tx = world.post_tx(request.clone());
    world.chain.refuse(&tx, "request.buyer");
    request.buyer = other.public();
    let tx = world.post_tx(request);
    world.chain.refuse(&tx, "request.buyer");
}

#[test]
fn a_request_is_posted_once_by_an_active_researcher_who_signs() {
    let mut world = World::new(43, 1);
    let wish = wish(20, world.chain.height + 40);
    let request = world.request(wish);
    let thief = Signer::generate(&mut world.chain.rng);
    let post = world.posting(request.clone());
    let stolen = world.chain.order(post.clone(), &[&thief]);
    world.chain.refuse(&stolen, "tx.unsigned");
    let signer = world.researcher.account.clone();
    let both = world.chain.order(post.clone(), &[&signer, &thief]);
    world.chain.refuse(&both, "tx.stranger");
    let tx = world.post_tx(request.clone());
    world.chain.accept(&tx);
    world.chain.refuse(&tx, "tx.replayed");
    let again = world.post_tx(request);
    world.chain.refuse(&again, "request.posted");
    let account = signer.key();
    let suspend = world.chain.governed(Action::Suspend(Suspend { account, reason: String::new() }), &[]);
    world.chain.accept(&suspend);
    let wish = super::actors::wish(20, world.chain.height + 40);
    let next = world.request(wish);
    let tx = world.post_tx(next);
    world.chain.refuse(&tx, "role.not_a");
}

#[test]
fn a_requests_id_covers_every_field_and_the_chain() {
    let mut world = World::new(44, 1);
    let request = world.request(wish(20, 100));
    let id = request.id(&world.chain.id());
    assert_ne!(request.id(&galen_ledger::ChainId::from_bytes([8; 32])), id);
    let changes: &[fn(&mut Request)] = &[
        |r| r.title.push('x'),
        |r| r.terms.k += 1,
        |r| r.sample += 1,
        |r| r.limits.max_loss_per_row += 1,
        |r| r.limits.max_suppressed_per_mille += 1,
        |r| r.price.commitment = r.price.handle,
        |r| r.max_records = records(21),
        |r| r.deadline = r.deadline.next(),
        |r| r.refund.owner.key = r.refund.owner.ephemeral,
        |r| r.account = AccountKey::from_bytes([1; 32]),
        |r| r.nonce[0] ^= 1,
    ];
    for change in changes {
        let mut other = request.clone();
        change(&mut other);
        assert_ne!(other.id(&world.chain.id()), id);
    }
}

#[test]
fn requests_read_the_same_from_json() {
    let mut world = World::new(45, 1);
    let request = world.request(wish(20, 100));
    let text = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request);
    let tx = world.post_tx(request);
    let text = serde_json::to_string(&tx).unwrap();
    assert_eq!(serde_json::from_str::<crate::Transaction>(&text).unwrap(), tx);
    assert_eq!(crate::Transaction::from_bytes(&tx.to_bytes()).unwrap(), tx);
}
