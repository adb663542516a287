use super::super::group::support::{Stuck, every_byte_matters, rng};
use super::*;
use crate::codec::Canonical;

const OF: Use<'_> = Use { label: b"test", context: &[3; 32], bits: PRICE_BITS };

fn opening(amount: u64, rng: &mut rand_chacha::ChaCha20Rng) -> Opening {
    Opening { amount, blinding: Scalar::random(rng) }
}

fn commitments(openings: &[Opening]) -> Vec<CompressedRistretto> {
    openings.iter().map(|opening| opening.commit().compress()).collect()
}

#[test]
fn amounts_up_to_the_last_in_range_are_proved_and_every_byte_matters() {
    let mut rng = rng(40);
    for (bits, most) in [(PRICE_BITS, u64::from(u32::MAX)), (AMOUNT_BITS, u64::MAX)] {
        let of = Use { bits, ..OF };
        let openings = [0, most].map(|amount| opening(amount, &mut rng));
        let proof = Range::new(of, &openings, &mut rng).unwrap();
        assert!(proof.holds(of, &commitments(&openings)));
    }
    let one = [opening(9, &mut rng)];
    let proof = Range::new(OF, &one, &mut rng).unwrap();
    every_byte_matters(&proof.to_canonical(), 1, |bytes| {
        Range::from_canonical(bytes).is_ok_and(|proof| proof.holds(OF, &commitments(&one)))
    });
    // Elements of another proof for the same.
    let other = Range::new(OF, &one, &mut rng).unwrap();
    for at in (0..proof.0.len()).step_by(32) {
        let mut mixed = proof.clone();
        mixed.0[at..at + 32].copy_from_slice(&other.0[at..at + 32]);
        assert!(!mixed.holds(OF, &commitments(&one)), "element {}", at / 32);
    }
}

#[test]
fn t31_amounts_that_are_negative_or_above_the_range_are_refused() {
    let mut rng = rng(41);
    let above = opening(1 << 32, &mut rng);
    assert!(Range::new(OF, &[above], &mut rng).is_none());
    // A proof of more bits is none of fewer, nor the other way.
    let wide = Use { bits: AMOUNT_BITS, ..OF };
    assert!(!Range::new(wide, &[above], &mut rng).unwrap().holds(OF, &commitments(&[above])));
    let small = opening(5, &mut rng);
    assert!(!Range::new(OF, &[small], &mut rng).unwrap().holds(wide, &commitments(&[small])));
    // What the library makes of it, and −1 as a commitment, for 2^64 − 1 and for 0.
    let forged = |of: Use<'_>, amount: u64, blinding: Scalar, rng: &mut rand_chacha::ChaCha20Rng| {
        let (gens, transcript) = (generators(), &mut of.begin());
        let (proof, _) = RangeProof::prove_multiple_with_rng(
            gens,
            bases(),
            transcript,
            &[amount],
            &[blinding],
            of.bits,
            rng,
        )
        .unwrap();
        Range(proof.to_bytes())
    };
    assert!(!forged(OF, 1 << 32, above.blinding, &mut rng).holds(OF, &commitments(&[above])));
    let negative = bases().commit(-Scalar::ONE, above.blinding).compress();
    for amount in [u64::MAX, 0, 1] {
        assert!(!forged(wide, amount, above.blinding, &mut rng).holds(wide, &[negative]));
    }
}

#[test]
fn t36_a_proof_holds_for_its_use_and_commitments_alone() {
    let mut rng = rng(42);
    let openings = [3, 4].map(|amount| opening(amount, &mut rng));
    let proof = Range::new(OF, &openings, &mut rng).unwrap();
    let right = commitments(&openings);
    assert!(proof.holds(OF, &right));
    assert!(!proof.holds(Use { label: b"text", ..OF }, &right));
    assert!(!proof.holds(Use { context: &[4; 32], ..OF }, &right));
    let reversed: Vec<_> = right.iter().rev().copied().collect();
    let more = commitments(&[openings[0], openings[1], openings[0], openings[1]]);
    for wrong in [&reversed[..], &right[..1], &more, &more[..3], &[]] {
        assert!(!proof.holds(OF, wrong));
    }
    // No numbers of amounts but powers of two up to sixteen, and no other bits, and no panic.
    for count in [0, 3, 5, 17, 32] {
        let openings = vec![openings[0]; count];
        assert!(Range::new(OF, &openings, &mut rng).is_none(), "{count}");
        assert!(!proof.holds(OF, &commitments(&openings)), "{count}");
    }
    for length in [0, 1, 31, 32, 224, 256, 288, 32 * 100] {
        assert!(!Range(vec![0; length]).holds(OF, &right), "{length}");
    }
}

/// The library takes nonces from its source alone. With a source that repeats itself, `A` and `S` of two proofs under two
/// challenges were the same, and their difference gave blinding and amount away.
#[test]
fn a_source_that_repeats_itself_gives_other_nonces_for_another_context() {
    let opening = Opening { amount: 9, blinding: Scalar::from(77u64) };
    let [one, next] = [[1; 32], [2; 32]].map(|context| {
        let of = Use { context: &context, ..OF };
        let proof = Range::new(of, &[opening], &mut Stuck).unwrap();
        assert!(proof.holds(of, &commitments(&[opening])));
        proof
    });
    assert_ne!(one.0[..32], next.0[..32], "A");
    assert_ne!(one.0[32..64], next.0[32..64], "S");
    // Nor for the same commitment in company.
    let of = Use { context: &[1; 32], ..OF };
    let company = Range::new(of, &[opening, opening], &mut Stuck).unwrap();
    assert_ne!(one.0[..64], company.0[..64]);
}
