use curve25519_dalek::traits::Identity;

use super::super::group::support::{Stuck, every_byte_matters, rng};
use super::super::group::{Point, blinding_base};
use super::*;
use crate::codec::Canonical;

const MEANING: Meaning<'_> = Meaning { label: b"test", context: b"context" };

fn two(x: &Scalar, rng: &mut rand_chacha::ChaCha20Rng) -> [Pair; 2] {
    [(); 2].map(|()| RistrettoPoint::random(rng)).map(|base| (base, x * base))
}

#[test]
fn a_proof_holds_for_its_pairs_and_every_byte_of_it_matters() {
    let mut rng = rng(20);
    let x = Scalar::random(&mut rng);
    let pairs = two(&x, &mut rng);
    let proof = SameLogarithm::new(MEANING, &pairs, &x, &mut rng);
    every_byte_matters(&proof.to_canonical(), 1, |bytes| {
        SameLogarithm::from_canonical(bytes).is_ok_and(|proof| proof.holds(MEANING, &pairs))
    });
    // Of two proofs for the same, neither's half fits the other's.
    let other = SameLogarithm::new(MEANING, &pairs, &x, &mut rng);
    assert!(other.holds(MEANING, &pairs));
    assert!(!SameLogarithm { response: other.response, ..proof }.holds(MEANING, &pairs));
    assert!(!SameLogarithm { challenge: other.challenge, ..proof }.holds(MEANING, &pairs));
}

#[test]
fn t36_a_proof_holds_under_its_label_and_context_and_for_its_pairs_alone() {
    let mut rng = rng(21);
    let x = Scalar::random(&mut rng);
    let [one, next] = two(&x, &mut rng);
    let proof = SameLogarithm::new(MEANING, &[one, next], &x, &mut rng);
    assert!(proof.holds(MEANING, &[one, next]));
    assert!(!proof.holds(Meaning { label: b"text", ..MEANING }, &[one, next]));
    for context in [b"".as_slice(), b"contexu", b"context\0"] {
        assert!(!proof.holds(Meaning { context, ..MEANING }, &[one, next]));
    }
    for pairs in [&[next, one][..], &[one], &[one, next, next], &[]] {
        assert!(!proof.holds(MEANING, pairs));
    }
}

#[test]
fn unequal_logarithms_are_refused() {
    let mut rng = rng(22);
    let [x, other] = [(); 2].map(|()| Scalar::random(&mut rng));
    let [one, (base, _)] = two(&x, &mut rng);
    for image in [other * base, RistrettoPoint::identity(), -(x * base)] {
        let proof = SameLogarithm::new(MEANING, &[one, (base, image)], &x, &mut rng);
        assert!(!proof.holds(MEANING, &[one, (base, image)]));
    }
}

/// Weak Fiat–Shamir: what the challenge does not depend on can be chosen to fit it.
#[test]
fn t36_no_element_can_be_chosen_after_the_challenge() {
    let mut rng = rng(23);
    let [a, z, x] = [(); 3].map(|()| Scalar::random(&mut rng));
    let (base, image) = (blinding_base(), x * blinding_base());
    // The image.
    let c = answer(MEANING.begin(&[(base, image)]), [a * base].into_iter());
    let fitting = c.invert() * (z * base - a * base);
    let proof = SameLogarithm { challenge: Exponent(c), response: Exponent(z) };
    assert!(!proof.holds(MEANING, &[(base, fitting)]));
    // The base.
    let fitting = z.invert() * (a * base + c * image);
    assert!(!proof.holds(MEANING, &[(fitting, image)]));
    // The announcement: any response would do.
    assert!(!proof.holds(MEANING, &[(base, image)]));
}

#[test]
fn a_source_that_repeats_itself_gives_other_nonces_for_another_statement() {
    let x = Scalar::from(5u64);
    let pair = (blinding_base(), x * blinding_base());
    let [one, next] = [b"one".as_slice(), b"two"]
        .map(|context| SameLogarithm::new(Meaning { context, ..MEANING }, &[pair], &x, &mut Stuck));
    let nonce = |proof: &SameLogarithm| proof.response.0 - proof.challenge.0 * x;
    assert_ne!(nonce(&one), nonce(&next));
    assert!(Point::new(nonce(&one) * blinding_base()).is_some());
}
