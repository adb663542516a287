//! Configurations that no chain can run on.

use ark_bls12_381::{Bls12_381, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use galen_circuits::groth16::{CircuitDigest, Fingerprint, Origin};
use galen_circuits::jubjub::SecretKey;
use galen_circuits::keys::digest;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::notes::authority::AmountSecret;
use crate::sign::Signer;

/// A well-formed verifying key of nothing.
fn key<const N: usize>(seed: u64, circuit: CircuitDigest) -> VerifyingKey<N> {
    let g1 = |n: u64| (G1Affine::generator() * ark_bls12_381::Fr::from(n)).into_affine();
    let g2 = |n: u64| (G2Affine::generator() * ark_bls12_381::Fr::from(n)).into_affine();
    let key = ark_groth16::VerifyingKey::<Bls12_381> {
        alpha_g1: g1(seed + 2),
        beta_g2: g2(seed + 3),
        gamma_g2: g2(seed + 4),
        delta_g2: g2(seed + 5),
        gamma_abc_g1: (0..=N as u64).map(|i| g1(seed + 6 + i)).collect(),
    };
    VerifyingKey::new(key, circuit, Origin::InsecureSingleParty).unwrap()
}

fn config() -> MarketConfig {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let keys = VerifyingKeys {
        scan: key(1, digest::SCAN),
        release: key(2, digest::RELEASE),
        seal: key(3, digest::SEAL),
    };
    MarketConfig {
        name: "test".into(),
        members: 4,
        governance: Governance {
            keys: (0..3).map(|_| Signer::generate(&mut rng).key()).collect(),
            threshold: 2,
        },
        treasury: Signer::generate(&mut rng).key(),
        auditor: AuditAuthority::of(&SecretKey::generate(&mut rng), &AmountSecret::from_seed(&[5; 32])),
        keys: PinnedKeys::of(&keys),
        windows: Windows::short(4),
        development: true,
    }
}

fn fault(change: impl FnOnce(&mut MarketConfig)) -> String {
    let mut config = config();
    change(&mut config);
    MarketConfig::from_json(&config.to_json()).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_configuration_reads_back_and_is_accepted() {
    let config = config();
    let (read, keys) = MarketConfig::from_json(&config.to_json()).unwrap();
    assert_eq!(read, config);
    assert_eq!(keys.fingerprints(), config.keys.fingerprints);
}

#[test]
fn t19_keys_of_circuits_that_this_program_does_not_have_are_refused_with_what_to_do() {
    let refused = fault(|config| {
        let other = key::<6>(1, CircuitDigest([1; 32]));
        config.keys.scan = hex::encode(other.to_bytes());
        config.keys.fingerprints.scan = other.fingerprint();
    });
    assert!(refused.contains("founded with another version of the circuits"), "{refused}");
}

#[test]
fn t19_keys_are_the_pinned_ones_and_of_one_party_in_development_only() {
    let other = key::<{ galen_circuits::scan::PUBLIC_INPUTS }>(9, digest::SCAN);
    assert!(fault(|c| c.keys.scan = hex::encode(other.to_bytes())).contains("fingerprint"));
    assert!(fault(|c| c.keys.fingerprints.seal = Fingerprint([0; 32])).contains("of the seal"));
    assert!(fault(|c| c.development = false).contains("single party"));
    assert!(fault(|c| c.keys.release.push('0')).contains("hex"));
    let degenerate = |c: &mut MarketConfig| {
        // No such key can be made: its bytes are put together by hand.
        let good = key::<{ galen_circuits::scan::PUBLIC_INPUTS }>(9, digest::SCAN).to_bytes();
        let (g1, g2) = (48, 96);
        let gamma = 34 + g1 + g2;
        let mut bytes = good;
        bytes.copy_within(gamma..gamma + g2, gamma + g2);
        c.keys.scan = hex::encode(&bytes);
        c.keys.fingerprints.scan = Fingerprint(blake3::derive_key("galen groth16 verifying key v1", &bytes));
    };
    assert!(fault(degenerate).contains("gamma equals delta"));
}

#[test]
fn windows_thresholds_and_keys_must_make_sense() {
    assert!(fault(|c| c.windows.open_window = 15).contains("open_window"));
    assert!(fault(|c| c.windows.recent_interval = 0).contains("recent_interval"));
    assert!(fault(|c| c.windows.max_request_life = c.windows.recommit_time + 1).contains("outlive"));
    assert!(fault(|c| c.windows.order_life = 1 << 41).contains("2^40"));
    assert!(fault(|c| c.governance.threshold = 4).contains("threshold"));
    assert!(fault(|c| c.governance.threshold = 0).contains("threshold"));
    assert!(fault(|c| c.governance.keys.push(c.governance.keys[0])).contains("twice"));
    assert!(fault(|c| c.treasury = AccountKey::from_bytes([0xff; 32])).contains("not an ed25519 key"));
    let other = SecretKey::generate(&mut ChaCha20Rng::seed_from_u64(2));
    assert!(fault(|c| c.auditor.key = other.public()).contains("possession"));
    assert!(MarketConfig::from_json(b"{}").is_err());
}
