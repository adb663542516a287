//! Proofs mixed, repeated, re-randomised, under other keys and to other requests.

use ark_bls12_381::Bls12_381;
use ark_ec::{AffineRepr, CurveGroup};
use ark_groth16::Groth16;
use galen_circuits::field::F;
use galen_circuits::groth16::{Fingerprint, KeyError, Origin, Proof, VerifyingKey};
use galen_market::agent::hospital::Payout;
use galen_market::config::{ConfigFault, PinnedKeys};
use galen_market::notes::keys::OwnerKeys;
use galen_market::query;
use galen_market::record::Use;
use galen_market::{Market, Transaction};
use galen_tests::keys::Proving;
use galen_tests::marketplace::Marketplace;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::fair;

/// The same contribution, held against its seller.
fn muting(tx: &Transaction) -> Transaction {
    let Transaction::Contribute(signed) = tx else { unreachable!("a contribution") };
    Transaction::Mute(signed.clone())
}

#[test]
fn t13_a_proof_of_another_contribution_mixed_in() {
    let mut fair = fair();
    let request = fair.request;
    let other = fair.market.contribute(1, &request);
    let payee = fair.market.payout(&fair.market.hospitals[0], &request);
    let (own, blob) = (fair.offered.contribution.clone(), fair.offered.blob);
    // Another's seal: the nullifier, D and γ in it are not these.
    let mut mixed = own.clone();
    mixed.seal = other.contribution.seal.clone();
    let tx = fair.market.sign(&request, mixed, blob, &payee);
    let message = fair.market.refuse(&tx, "contribution.unsound");
    assert!(message.contains("the seal does not hold"), "{message}");
    // Another's scan, under an own seal: refused, and as the seller signed it, evidence against the seller and nobody else.
    let mut mixed = own.clone();
    mixed.scans = other.contribution.scans.clone();
    let tx = fair.market.sign(&request, mixed, blob, &payee);
    fair.market.refuse(&tx, "contribution.unsound");
    let receipt = fair.market.ledger.execute(&muting(&tx).to_bytes());
    assert!(receipt.accepted && receipt.events[0].kind == "contribution.muted", "{receipt:?}");
    // A proof left out, and one too many.
    let mut short = own.clone();
    short.scans.clear();
    let tx = fair.market.sign(&request, short, blob, &payee);
    fair.market.refuse(&tx, "tx.encoding");
    let mut long = own;
    long.releases.push(long.releases[0].clone());
    let tx = fair.market.sign(&request, long, blob, &payee);
    fair.market.refuse(&tx, "tx.encoding");
}

#[test]
fn t14_once_and_for_one_payee_however_it_is_dressed() {
    let mut market = Marketplace::new(61, 1);
    let request = market.post(market.wish(500));
    let offered = market.contribute(0, &request);
    let payee = market.payout(&market.hospitals[0], &request);
    let (chain, keys) = (market.ledger.chain_id(), OwnerKeys::from_seed(&[8; 32]));
    let thief = Payout::new(&chain, &market.key(), &keys, &mut market.rng);
    // Signed by another key than the header names; another key in the header; another ciphertext.
    let stolen = market.sign(&request, offered.contribution.clone(), offered.blob, &thief);
    market.refuse(&stolen, "tx.signature");
    let mut renamed = offered.contribution.clone();
    renamed.header.payout = thief.header();
    let message =
        market.refuse(&market.sign(&request, renamed, offered.blob, &thief), "contribution.unsound");
    assert!(message.contains("the seal does not hold"), "{message}");
    market.accept(&offered.sale.transaction);
    // Again; and re-randomised, which anybody can do to a proof.
    market.refuse(&offered.sale.transaction, "contribution.used");
    let again: ark_groth16::Proof<Bls12_381> = Groth16::<Bls12_381>::rerandomize_proof(
        Proving::load().verifying.seal.as_ark(),
        &(&offered.contribution.seal).into(),
        &mut ChaCha20Rng::seed_from_u64(3),
    );
    let mut dressed = offered.contribution.clone();
    dressed.seal = Proof::try_from(again).unwrap();
    assert_ne!(dressed, offered.contribution);
    market.refuse(&market.sign(&request, dressed, offered.blob, &payee), "contribution.used");
    // A second answer of the same hospital, proven anew for another key.
    let offer = market.offer(&market.hospitals[0].clone(), &request).unwrap();
    let mut second = market.hospitals[0].clone();
    second.salt += F::from(0u64);
    let second = market.prove(&second, &request, &offer);
    market.refuse(&second.sale.transaction, "contribution.used");
    let first = query::contributions_of(&market.ledger.state, &request);
    assert_eq!(first.len(), 1);
}

#[test]
fn t15_to_a_request_that_is_another_closed_or_full() {
    let mut market = Marketplace::new(62, 2);
    let request = market.post(market.wish(500));
    let twin = market.post(market.wish(500));
    let offered = market.contribute(0, &request);
    let payee = market.payout(&market.hospitals[0], &request);
    // The same terms, another request.
    let moved = market.sign(&twin, offered.contribution.clone(), offered.blob, &payee);
    let message = market.refuse(&moved, "contribution.unsound");
    assert!(message.contains("the seal does not hold"), "{message}");
    let small = market.post(market.wish(1));
    let too_many = market.contribute(0, &small);
    market.refuse(&too_many.sale.transaction, "contribution.too_many");
    let deadline = query::request(&market.ledger.state, &request).unwrap().record.request.deadline.get();
    market.ledger.pass_to(deadline);
    market.refuse(&offered.sale.transaction, "contribution.closed");
}

#[test]
fn t19_a_chain_takes_no_key_but_the_pinned_ones() {
    let fair = fair();
    let config = fair.market.ledger.app.config().clone();
    let proving = &Proving::load().verifying;
    let load = |keys: PinnedKeys| {
        let mut config = config.clone();
        config.keys = keys;
        let blobs = fair.market.blobs.clone();
        Market::new(&config.to_json(), blobs).map(|_| ()).unwrap_err()
    };
    let doubled = |circuit| {
        let mut ark = proving.seal.as_ark().clone();
        ark.delta_g2 = (ark.delta_g2 + ark.delta_g2).into_affine();
        VerifyingKey::<18>::new(ark, circuit, Origin::InsecureSingleParty).unwrap()
    };
    // Another set-up's key under the pinned name.
    let other = doubled(proving.seal.circuit());
    let mut keys = PinnedKeys::of(proving);
    keys.seal = hex::encode(other.to_bytes());
    assert!(matches!(load(keys), ConfigFault::Key { circuit: "seal", fault: KeyError::NotPinned { .. } }));
    // A degenerate one, with its own name pinned: δ = generator, which anybody can forge under.
    let mut bytes = proving.seal.to_bytes();
    let at = 34 + 48 + 96 + 96;
    let generator = {
        let mut ark = proving.seal.as_ark().clone();
        ark.beta_g2 = ark_bls12_381::G2Affine::generator();
        VerifyingKey::<18>::new(ark, proving.seal.circuit(), Origin::InsecureSingleParty).unwrap().to_bytes()
    };
    bytes.splice(at..at + 96, generator[34 + 48..34 + 48 + 96].iter().copied());
    let mut keys = PinnedKeys::of(proving);
    keys.fingerprints.seal = Fingerprint(blake3::derive_key("galen groth16 verifying key v1", &bytes));
    keys.seal = hex::encode(&bytes);
    let fault = load(keys);
    assert!(matches!(fault, ConfigFault::Key { fault: KeyError::DeltaIsGenerator, .. }), "{fault}");
    // A key of another circuit with the same number of inputs.
    let mut verifying = proving.clone();
    verifying.seal = doubled(proving.scan.circuit());
    assert!(matches!(load(PinnedKeys::of(&verifying)), ConfigFault::Circuits(KeyError::Circuit { .. })));
    // A good key of another set-up, well pinned: another chain, on which nothing that is proven here holds.
    let mut verifying = proving.clone();
    verifying.seal = other;
    let mut config = config.clone();
    config.keys = PinnedKeys::of(&verifying);
    let market = Market::new(&config.to_json(), fair.market.blobs.clone()).unwrap();
    let refusal = galen_ledger::Application::check(
        &market,
        &fair.market.ledger.state,
        &fair.market.ledger.context(fair.market.ledger.height + 1),
        &fair.offered.sale.transaction.to_bytes(),
    );
    let refusal = refusal.unwrap_err();
    assert!(refusal.message.contains("the seal does not hold"), "{}", refusal.message);
}

#[test]
fn t29_what_a_corrupted_relay_changes_mutes_nobody_and_what_the_seller_signs_mutes_the_seller() {
    let mut market = Marketplace::new(63, 2);
    let request = market.post(market.wish(500));
    let offered = market.contribute(0, &request);
    // The relay swaps a proof, or the ciphertext's name, or drops the ciphertext.
    let Transaction::Contribute(mut relayed) = offered.sale.transaction.clone() else { unreachable!() };
    relayed.contribution.scans[0] = relayed.contribution.releases[0].clone();
    market.refuse(&Transaction::Contribute(relayed), "tx.signature");
    let Transaction::Contribute(mut relayed) = offered.sale.transaction.clone() else { unreachable!() };
    relayed.blob = galen_ledger::BlobHash::of(b"rubbish");
    market.refuse(&Transaction::Contribute(relayed), "tx.signature");
    let nullifier = market.hospitals[0].keys.nullifier(&request);
    assert!(query::nullifier(&market.ledger.state, &request, &nullifier).is_none());
    market.accept(&offered.sale.transaction);
    // The other hospital signs a false proof under a true seal itself.
    let false_one = market.contribute(1, &request);
    let mut contribution = false_one.contribution.clone();
    contribution.scans[0] = contribution.releases[0].clone();
    let payee = market.payout(&market.hospitals[1], &request);
    let tx = market.sign(&request, contribution, false_one.blob, &payee);
    market.refuse(&tx, "contribution.unsound");
    market.refuse(&muting(&false_one.sale.transaction), "contribution.no_evidence");
    market.accept(&muting(&tx));
    let nullifier = market.hospitals[1].keys.nullifier(&request);
    assert!(matches!(query::nullifier(&market.ledger.state, &request, &nullifier), Some(Use::Muted(_))));
    market.refuse(&false_one.sale.transaction, "contribution.muted");
}
