//! T11, T16, T24, T72: what is delivered, to whom, whose name the authority opens, and that nobody can guess it.

use galen_circuits::contribution::ContributionFault;
use galen_circuits::field::F;
use galen_circuits::jubjub::{Coordinates, Ephemeral, Sealed, SecretKey};
use galen_circuits::poseidon::hash;
use galen_circuits::registry;
use galen_circuits::release::cipher::{
    CIPHERTEXT, ciphertext_hash, decrypt, encrypt, key_commitment, plaintext,
};
use galen_circuits::seal::{TO_AUDITOR, TO_BUYER};
use galen_circuits::state::State;
use galen_prover::plan::{Plan, Run, Seller};
use galen_tests::forge::{RELEASE_OUTPUTS, SEAL_OUTPUTS, stopped_by, violations_with};
use galen_tests::system::System;
use galen_tests::world::{World, class, honest, padded, release, terms};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// T_j and the state after: C_j and the key commitment are under test.
const BUT_CIPHERTEXT: [usize; 2] = [6, 9];

#[test]
fn t11_ciphertext_of_other_rows_or_under_another_key_or_number() {
    let terms = terms();
    let rows = padded(class(&terms, 100, &[1, 1, 2, 2, 3]));
    let base = release(&terms, State::first(), rows.clone(), 3, true);
    let key = base.private.key;
    let plain = plaintext(&terms, &rows);
    let others = plaintext(&terms, &padded(class(&terms, 100, &[1, 1, 2, 2, 4])));
    let garbage: Vec<F> = (0..plain.len() as u64).map(F::from).collect();
    let with = |ciphertext: Vec<F>| {
        let mut circuit = base.clone();
        circuit.public.ciphertext = ciphertext_hash(&ciphertext);
        stopped_by(System::release(), circuit, &BUT_CIPHERTEXT)
    };
    assert!(with(encrypt(key, 3, &plain)).is_empty());
    for (what, ciphertext) in [
        ("other rows", encrypt(key, 3, &others)),
        ("garbage", garbage),
        ("another key", encrypt(key + F::from(1u64), 3, &plain)),
        ("another block's number", encrypt(key, 2, &plain)),
        ("no encryption", plain.clone()),
    ] {
        assert_eq!(with(ciphertext), ["release.ciphertext"], "{what}");
    }
    // Another key inside the proof than the committed one.
    let mut circuit = base.clone();
    circuit.private.key = key + F::from(1u64);
    circuit.public.ciphertext = ciphertext_hash(&encrypt(circuit.private.key, 3, &plain));
    assert_eq!(stopped_by(System::release(), circuit, &BUT_CIPHERTEXT), ["release.key"]);
    // The keystream itself: any element of it changed is one violated constraint of its permutation.
    let system = System::release();
    let rows = system.rows_in("release.keystream");
    for row in [rows[0], rows[rows.len() / 2], rows[rows.len() - 1]] {
        let changes = [(system.defined_by(row), F::from(1u64))].into();
        assert_eq!(violations_with(system, base.clone(), &RELEASE_OUTPUTS, &changes), [row]);
    }
    assert_eq!(hash(CIPHERTEXT, &plain), ciphertext_hash(&plain));
}

#[test]
fn t11_the_key_sealed_to_another_buyer_or_another_key_sealed() {
    let (world, plan) = honest();
    let other = SecretKey::generate(&mut ChaCha20Rng::seed_from_u64(50));
    let mut seal = plan.seal.clone();
    // The digest of an encapsulation to somebody else.
    seal.public.encapsulation =
        seal.private.to_buyer.seal(TO_BUYER, &other.public(), seal.private.key).digest();
    assert_eq!(stopped_by(System::seal(), seal, &[]), ["seal.buyer"]);
    // Of another key to the right buyer.
    let mut seal = plan.seal.clone();
    let wrong = seal.private.key + F::from(1u64);
    seal.public.encapsulation = seal.private.to_buyer.seal(TO_BUYER, &world.statement.buyer, wrong).digest();
    assert_eq!(stopped_by(System::seal(), seal.clone(), &[]), ["seal.buyer"]);
    seal.private.key = wrong;
    assert_eq!(stopped_by(System::seal(), seal.clone(), &[]), ["seal.key"]);
    // And committed to as well: then it is not the key of the releases, whose commitment is the header's one field.
    seal.public.key_commitment = key_commitment(wrong, seal.private.key_blind);
    assert!(stopped_by(System::seal(), seal.clone(), &[]).is_empty());
    let mut release = plan.releases[0].clone();
    release.public.key_commitment = seal.public.key_commitment;
    assert_eq!(stopped_by(System::release(), release, &[]), ["release.key"]);
}

#[test]
fn t11_what_is_proven_is_what_the_buyer_reads() {
    let (world, plan) = honest();
    let key = world.buyer.open(TO_BUYER, &plan.encapsulation).unwrap();
    assert_eq!(plan.encapsulation.digest(), plan.header.encapsulation);
    let blocks = plan.header.check_blob(&plan.blob).unwrap();
    let terms = &world.statement.terms;
    let rows: usize =
        blocks.iter().enumerate().map(|(j, block)| decrypt(terms, key, j, block).unwrap().len()).sum();
    assert_eq!(rows, plan.header.totals.released as usize);
    let wrong = world.auditor.open(TO_BUYER, &plan.encapsulation).unwrap();
    assert!(decrypt(terms, wrong, 0, &blocks[0]).is_err());
    let mut altered = plan.blob.clone();
    altered[0] ^= 1;
    assert_eq!(plan.header.check_blob(&altered), Err(ContributionFault::Ciphertext));
    assert_eq!(plan.header.check_blob(&plan.blob[32..]), Err(ContributionFault::Ciphertext));
}

#[test]
fn t16_identity_of_somebody_else_or_to_somebody_else() {
    let (world, plan) = honest();
    let named = |seal: &Sealed| world.auditor.open(TO_AUDITOR, seal).unwrap();
    assert_eq!(named(&plan.header.identity), registry::seller(world.seller.secret));
    let other = SecretKey::generate(&mut ChaCha20Rng::seed_from_u64(51));
    let victim = registry::seller(F::from(77u64));
    let to_auditor = &plan.seal.private.to_auditor;
    for identity in [
        to_auditor.seal(TO_AUDITOR, &world.statement.auditor, victim),
        to_auditor.seal(TO_AUDITOR, &other.public(), registry::seller(world.seller.secret)),
        to_auditor.seal(TO_BUYER, &world.statement.auditor, registry::seller(world.seller.secret)),
        Sealed { masked: F::from(3u64), ..plan.header.identity },
    ] {
        let mut seal = plan.seal.clone();
        seal.public.identity = identity;
        assert_eq!(stopped_by(System::seal(), seal, &[]), ["seal.auditor"]);
    }
    // Fresh randomness shown, the old one used.
    let fresh = Ephemeral::generate(&mut ChaCha20Rng::seed_from_u64(52));
    let mut seal = plan.seal.clone();
    seal.public.identity.ephemeral = fresh.seal(TO_AUDITOR, &world.statement.auditor, victim).ephemeral;
    assert_eq!(stopped_by(System::seal(), seal, &[]), ["seal.auditor"]);
}

/// Story: the circuit shows E = e·G for some e, and e = 0 is one; the authority's program refused the identity as E, so
/// that a seller could make its own name unopenable, and its buyer's key.
#[test]
fn t16_a_name_sealed_with_no_randomness_still_opens() {
    let (world, plan) = honest();
    let system = System::seal();
    // The scalar's bits are the first 252 constraints of the section.
    let rows = system.rows_in("seal.auditor");
    let changes = rows[..252].iter().map(|row| (system.defined_by(*row), F::from(0u64))).collect();
    assert!(violations_with(system, plan.seal.clone(), &SEAL_OUTPUTS, &changes).is_empty());
    let (zero, one) = (F::from(0u64), F::from(1u64));
    let name = registry::seller(world.seller.secret);
    let identity =
        Sealed { ephemeral: Coordinates { x: zero, y: one }, masked: name + hash(TO_AUDITOR, &[zero, one]) };
    assert_eq!(world.auditor.open(TO_AUDITOR, &identity), Ok(name));
}

#[test]
fn t24_two_contents_under_one_keystream_after_a_retry() {
    let (world, plan) = honest();
    let mut again = World::small();
    // The same request and entropy, one row suppressed instead of released.
    let mut grouping = again.grouping();
    let moved = grouping.classes[0].rows.pop().unwrap();
    grouping.suppressed.push(moved);
    again.statement.limits.max_suppressed_per_mille = 1000;
    let retry = galen_prover::plan::plan(
        &world.statement,
        &again.dataset,
        &again.seller,
        &again.place(),
        &again.run(),
        &grouping,
        plan.header.payout,
        &[9; 32],
    )
    .unwrap();
    let (first, second) = (&plan.seal.private, &retry.seal.private);
    assert_ne!(first.key, second.key);
    assert_ne!(plan.header.key_commitment, retry.header.key_commitment);
    assert_ne!(plan.header.encapsulation, retry.header.encapsulation);
    // Blinding is not shared either: equal secrets under different contents would tie the two together.
    assert_ne!(first.key_blind, second.key_blind);
    assert_ne!(plan.releases[0].private.rows_blind, retry.releases[0].private.rows_blind);
    // And the same content gives the same plan, so that a job that was killed goes on with the proofs that it has.
    assert_eq!(World::small().plan().header, plan.header);
}

/// Story: an observer who knows or guesses every row makes the commitments again and compares. It finds none of them, as each
/// hides behind randomness of the hospital's own.
#[test]
fn t72_the_same_rows_committed_to_again_share_no_value() {
    let (world, plan) = honest();
    let seller =
        Seller { secret: world.seller.secret, salt: world.seller.salt + F::from(1u64), key_seed: [8; 32] };
    let run = Run::draw(&world.statement, &world.dataset, seller.secret, F::from(4u64));
    let again = galen_prover::plan::plan(
        &world.statement,
        &world.dataset,
        &seller,
        &world.place(),
        &run,
        &world.grouping(),
        plan.header.payout,
        &[10; 32],
    )
    .unwrap();
    // The same rows were taken and released, so that nothing but randomness tells the two apart.
    assert_eq!(plan.header.nullifier, again.header.nullifier);
    assert_eq!(plan.header.totals, again.header.totals);
    assert_ne!(world.dataset.body(world.seller.salt), world.dataset.body(seller.salt));
    let hidden = |plan: &Plan| {
        let header = &plan.header;
        let mut values = vec![
            header.run,
            header.key_commitment,
            header.encapsulation,
            header.identity.masked,
            header.identity.ephemeral.x,
        ];
        values.extend(header.blocks.iter().flat_map(|block| [block.rows, block.ciphertext]));
        values.extend(&plan.states);
        values
    };
    let (one, other) = (hidden(plan), hidden(&again));
    assert_eq!(one.len(), other.len());
    assert!(one.iter().all(|value| !other.contains(value)));
    assert!(plan.blob.chunks(32).zip(again.blob.chunks(32)).all(|(one, other)| one != other));
}
