//! Contributions that are refused, and those that are held against their sender.

use galen_circuits::field::F;
use galen_ledger::{Application, BlobHash, Blobs};

use super::actors::World;
use super::chain::{BAD_SCAN, BAD_SEAL};
use crate::action::{Action, Suspend};
use crate::agent::hospital::Payout;
use crate::id::RequestId;
use crate::notes::keys::OwnerKeys;
use crate::query;
use crate::record::{ContributionGlance, ContributionRecord, Status, Use};
use crate::state::store;
use crate::state_key;
use crate::transaction::{SignedContribution, Transaction};

fn world() -> (World, RequestId) {
    let mut world = World::new(21, 3);
    let request = world.post(20, 40);
    (world, request)
}

#[test]
fn a_glance_says_what_the_record_says() {
    let (mut world, request) = world();
    let contribute = world.contribute(0, &request, 5);
    world.chain.accept(&contribute);
    let id = world.id_of(&request, 0);
    let mut record = ContributionRecord::load(&world.chain.state, &id).unwrap();
    let encapsulation = record.identity;
    for status in [
        record.status,
        Status::Waiting,
        Status::Reserved { until: 7 },
        Status::Lapsed { height: 8 },
        Status::Paid { height: 9, note: 10, encapsulation },
        Status::Unserved { height: 11 },
    ] {
        record.status = status;
        store(&mut world.chain.state, &state_key::contribution(&id), &record);
        let seen = ContributionGlance::load(&world.chain.state, &id).unwrap();
        assert_eq!(seen, ContributionGlance::from(&record));
        assert_eq!((seen.status, seen.totals), (status, record.totals));
    }
}

#[test]
fn t14_a_contribution_counts_once_and_belongs_to_its_payout_key() {
    let (mut world, request) = world();
    let signed = world.contribution(0, &request, 5);
    let (id, key) = (world.chain.id(), world.chain.key());
    let thief = Payout::new(&id, &key, &OwnerKeys::generate(&mut world.chain.rng), &mut world.chain.rng);
    let by = (&thief.payee, &thief.secret);
    let stolen = SignedContribution::new(&id, request, signed.contribution.clone(), signed.blob, by);
    let code = world.chain.check(&Transaction::Contribute(stolen));
    assert_eq!(code, "tx.signature");
    let mut altered = signed.clone();
    altered.blob = BlobHash::of(b"another");
    world.chain.refuse(&Transaction::Contribute(altered), "tx.signature");
    world.chain.accept(&Transaction::Contribute(signed.clone()));
    world.chain.refuse(&Transaction::Contribute(signed), "contribution.used");
    let again = world.contribute(0, &request, 6);
    world.chain.refuse(&again, "contribution.used");
}

#[test]
fn t14_two_contributions_of_one_seller_in_one_block_count_once() {
    let (mut world, request) = world();
    let (first, second) = (world.contribute(0, &request, 5), world.contribute(0, &request, 6));
    let codes: Vec<String> = world.chain.block(&[&first, &second]).into_iter().map(|r| r.code).collect();
    assert_eq!(codes, ["ok", "contribution.used"]);
}

#[test]
fn t15_closed_undrawn_and_unknown_requests_take_nothing() {
    let (mut world, request) = world();
    let tx = world.contribution(0, &request, 5);
    let other = RequestId::new(F::from(5u64));
    let id = world.chain.id();
    let payout = world.hospitals[0].payout(&id, &world.chain.key(), &request, 0);
    let by = (&payout.payee, &payout.secret);
    let elsewhere = SignedContribution::new(&id, other, tx.contribution.clone(), tx.blob, by);
    world.chain.refuse(&Transaction::Contribute(elsewhere), "contribution.no_request");
    let deadline = world.record(&request).request.deadline.get();
    world.chain.pass_to(deadline);
    let late = world.contribute(0, &request, 5);
    world.chain.refuse(&late, "contribution.closed");
}

#[test]
fn nothing_is_accepted_before_the_sample_is_drawn() {
    let mut world = World::new(22, 1);
    let wish = super::actors::wish(20, world.chain.height + 10);
    let request = world.request(wish);
    let id = request.id(&world.chain.id());
    let post = world.post_tx(request);
    world.chain.accept(&post);
    let early = world.contribute(0, &id, 5);
    // In the block that draws the sample, the state before the block does not have it yet.
    assert_eq!(world.chain.check(&early), "contribution.no_beacon");
    world.chain.pass(1);
    let tx = world.contribute(0, &id, 5);
    world.chain.accept(&tx);
}

#[test]
fn t15_full_requests_queue_up_to_twice_their_size_and_no_further() {
    let mut world = World::new(23, 5);
    let request = world.post(20, 40);
    let too_many = world.contribute(4, &request, 21);
    world.chain.refuse(&too_many, "contribution.too_many");
    for (hospital, rows) in [(0, 20), (1, 20), (2, 15)] {
        let tx = world.contribute(hospital, &request, rows);
        world.chain.accept(&tx);
    }
    let over = world.contribute(3, &request, 6);
    world.chain.refuse(&over, "contribution.full");
    let fits = world.contribute(3, &request, 5);
    world.chain.accept(&fits);
    assert_eq!(world.record(&request).waiting, 40);
}

#[test]
fn t21_counts_and_limits_are_checked_before_any_proof() {
    let (mut world, request) = world();
    type Change = fn(&mut galen_circuits::contribution::Header);
    let changes: [Change; 4] = [
        |header| header.totals.released = 0,
        |header| header.totals.suppressed = 6,
        |header| header.totals.loss = 501,
        |header| header.blocks.truncate(0),
    ];
    for change in changes {
        let tx = world.contribution_with(0, &request, 5, |header| {
            change(header);
            if header.blocks.is_empty() {
                header.blocks.push(galen_circuits::contribution::BlockHeader {
                    rows: F::from(0u64),
                    ciphertext: F::from(0u64),
                });
                header.totals.released = 57;
            }
        });
        let code = world.chain.check(&Transaction::Contribute(tx));
        assert_eq!(code, "contribution.unsound");
    }
}

#[test]
fn the_memo_is_the_payees_digest() {
    let (mut world, request) = world();
    let tx = world.contribution_with(0, &request, 5, |header| header.payout.memo[3] = 1);
    world.chain.refuse(&Transaction::Contribute(tx), "contribution.memo");
}

#[test]
fn a_missing_or_different_ciphertext_is_held_against_nobody() {
    let (mut world, request) = world();
    let signed = world.contribution(0, &request, 5);
    let id = world.chain.id();
    let payout = world.hospitals[0].payout(&id, &world.chain.key(), &request, 0);
    let by = (&payout.payee, &payout.secret);
    let with = |blob| SignedContribution::new(&id, request, signed.contribution.clone(), blob, by);
    let missing = Transaction::Contribute(with(BlobHash::of(b"never sent")));
    assert_eq!(world.chain.check(&missing), "contribution.blob_missing");
    let other = world.chain.blobs.store(b"something else").unwrap();
    assert_eq!(world.chain.check(&Transaction::Contribute(with(other))), "contribution.unsound");
    world.chain.accept(&Transaction::Contribute(signed));
}

#[test]
fn a_false_seal_is_refused_and_mutes_nobody() {
    let (mut world, request) = world();
    let junk = world.contribution_with(0, &request, 5, |header| header.run = F::from(BAD_SEAL));
    world.chain.refuse(&Transaction::Contribute(junk), "contribution.unsound");
    let good = world.contribute(0, &request, 5);
    world.chain.accept(&good);
}

#[test]
fn t29_a_false_proof_under_a_true_seal_mutes_its_nullifier_on_the_ledger() {
    let (mut world, request) = world();
    let junk = world.contribution_with(0, &request, 5, |header| header.run = F::from(BAD_SCAN));
    let refused = Transaction::Contribute(junk.clone());
    world.chain.refuse(&refused, "contribution.unsound");
    let evidence = |world: &World, tx: &Transaction| {
        let chain = &world.chain;
        chain.app.evidence(&chain.state, &chain.context(chain.height + 1), &tx.to_bytes())
    };
    let muting = Transaction::Mute(junk);
    assert_eq!(evidence(&world, &refused), Some(muting.to_bytes()));
    let false_seal = world.contribution_with(1, &request, 5, |header| header.run = F::from(BAD_SEAL));
    assert_eq!(evidence(&world, &Transaction::Contribute(false_seal)), None, "anybody can make that");
    let honest = world.contribute(1, &request, 5);
    assert_eq!(evidence(&world, &honest), None);
    let unseen = world.contribution_with(2, &request, 5, |header| header.run = F::from(BAD_SCAN));
    assert_eq!(evidence(&world, &Transaction::Contribute(unseen)), None, "no proof is checked for it");
    world.chain.accept(&muting);
    assert_eq!(evidence(&world, &refused), None, "once is enough");
    let nullifier = world.hospitals[0].nullifier(&request);
    assert!(matches!(query::nullifier(&world.chain.state, &request, &nullifier), Some(Use::Muted(_))));
    let good = world.contribute(0, &request, 5);
    world.chain.refuse(&good, "contribution.muted");
    let other = world.contribute(1, &request, 5);
    let Transaction::Contribute(honest) = other.clone() else { unreachable!() };
    world.chain.refuse(&Transaction::Mute(honest), "contribution.no_evidence");
    world.chain.accept(&other);
    assert_eq!(world.record(&request).contributions, 1);
}

#[test]
fn t17_after_a_suspension_no_root_with_the_suspended_is_good() {
    let (mut world, request) = world();
    let stale = world.contribute(0, &request, 5);
    assert_eq!(world.chain.check(&stale), "ok");
    let account = world.hospitals[0].account().key();
    let suspend = world.chain.governed(Action::Suspend(Suspend { account, reason: "audit".into() }), &[]);
    world.chain.accept(&suspend);
    world.chain.refuse(&stale, "contribution.not_recent");
    let honest = world.contribute(1, &request, 5);
    world.chain.accept(&honest);
    let offer =
        query::offer(&world.chain.state, &world.chain.id(), world.chain.app.config(), &account, &request);
    assert_eq!(offer.err(), Some(query::CannotSell::NotInStanding));
}

#[test]
fn what_others_vouch_for_is_believed_of_proofs_and_of_nothing_else() {
    let (mut world, request) = world();
    let vouched = |world: &World, tx: &Transaction| {
        let (chain, bytes) = (&world.chain, tx.to_bytes());
        let answer = chain.app.check_vouched(&chain.state, &chain.context(chain.height + 1), &bytes);
        answer.map_or_else(|refusal| refusal.code.to_owned(), |()| "ok".to_owned())
    };
    let [unproven, other] = [0, 1].map(|hospital| {
        world.contribution_with(hospital, &request, 5, |header| header.run = F::from(BAD_SCAN))
    });
    let mut altered = unproven.clone();
    altered.blob = BlobHash::of(b"another");
    assert_eq!(vouched(&world, &Transaction::Contribute(altered)), "tx.signature");
    // Evidence is what a member that believed it could not tell from a contribution.
    assert_eq!(vouched(&world, &Transaction::Mute(other.clone())), "ok");
    let honest = world.contribution(2, &request, 5);
    assert_eq!(vouched(&world, &Transaction::Mute(honest)), "contribution.no_evidence");
    let other = Transaction::Contribute(other);
    world.chain.refuse(&other, "contribution.unsound");
    assert_eq!(vouched(&world, &other), "contribution.unsound", "who has looked itself knows better");
    let unproven = Transaction::Contribute(unproven);
    assert_eq!(vouched(&world, &unproven), "ok", "on the word of others");
    assert_eq!(world.chain.run(&unproven), "ok", "and not looked at again when it is executed");
    assert_eq!(vouched(&world, &unproven), "contribution.used");
}
