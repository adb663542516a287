use rand_chacha::ChaCha20Rng;

use super::super::group::support::{any_point, authority, every_byte_matters, rng};
use super::*;
use crate::codec::Canonical;

const CONTEXT: [u8; 32] = [5; 32];

fn output(amount: u64, authority: &Point, rng: &mut ChaCha20Rng) -> (Handled, Opening) {
    let opening = Opening { amount, blinding: Scalar::random(rng) };
    let commitment = Point::new(opening.commit()).unwrap();
    (Handled { commitment, handle: Point::new(opening.blinding * authority.get()).unwrap() }, opening)
}

fn public(outputs: &[(Handled, Opening)]) -> Vec<Handled> {
    outputs.iter().map(|(output, _)| *output).collect()
}

#[test]
fn the_authority_reads_what_was_committed_to_and_every_byte_matters() {
    let mut rng = rng(30);
    let (k, authority) = authority(&mut rng);
    let outputs = [7, 0, u64::MAX].map(|amount| output(amount, &authority, &mut rng));
    let proof = HandleProof::new(&CONTEXT, &authority, &outputs, &mut rng);
    every_byte_matters(&proof.to_canonical(), 1, |bytes| {
        let proof = HandleProof::from_canonical(bytes);
        proof.is_ok_and(|proof| proof.holds(&CONTEXT, &authority, &public(&outputs)))
    });
    for (handled, opening) in outputs {
        let hidden = handled.commitment.get() - k.invert() * handled.handle.get();
        assert_eq!(hidden, Scalar::from(opening.amount) * bases().B);
    }
}

/// The prover has full control, and tries every opening that it knows.
#[test]
fn t34_a_handle_to_another_amount_blinding_or_key_is_refused() {
    let mut rng = rng(31);
    let (_, key) = authority(&mut rng);
    let (_, other_key) = authority(&mut rng);
    let (good, opening) = output(7, &key, &mut rng);
    let (other, other_opening) = output(8, &key, &mut rng);
    let blinding = Scalar::random(&mut rng);
    let point = |point| Point::new(point).unwrap();
    let wrong = [
        other.handle,
        point(blinding * key.get()),
        point(opening.blinding * other_key.get()),
        // To the authority, this would be one unit less.
        point(good.handle.get() + bases().B),
        any_point(&mut rng),
    ];
    let tries = [opening, other_opening, Opening { amount: 7, blinding }, Opening { amount: 6, ..opening }];
    for handle in wrong {
        for opening in tries {
            let handled = Handled { handle, ..good };
            let proof = HandleProof::new(&CONTEXT, &key, &[(handled, opening)], &mut rng);
            assert!(!proof.holds(&CONTEXT, &key, &[handled]));
        }
    }
    // Right each, but exchanged.
    let exchanged = [Handled { handle: other.handle, ..good }, Handled { handle: good.handle, ..other }];
    let pairs = [(exchanged[0], opening), (exchanged[1], other_opening)];
    assert!(!HandleProof::new(&CONTEXT, &key, &pairs, &mut rng).holds(&CONTEXT, &key, &exchanged));
}

#[test]
fn t36_a_proof_holds_in_its_context_and_for_its_outputs_alone() {
    let mut rng = rng(32);
    let (_, key) = authority(&mut rng);
    let outputs = [7, 8].map(|amount| output(amount, &key, &mut rng));
    let proof = HandleProof::new(&CONTEXT, &key, &outputs, &mut rng);
    let [one, next] = [outputs[0].0, outputs[1].0];
    assert!(proof.holds(&CONTEXT, &key, &[one, next]));
    assert!(!proof.holds(&[6; 32], &key, &[one, next]));
    assert!(!proof.holds(&CONTEXT, &any_point(&mut rng), &[one, next]));
    for outputs in [&[next, one][..], &[one], &[one, next, next], &[]] {
        assert!(!proof.holds(&CONTEXT, &key, outputs));
    }
    // A field of another proof that is as good.
    let other = HandleProof::new(&CONTEXT, &key, &outputs, &mut rng);
    let (mut amount, mut blinding) = (proof.clone(), proof.clone());
    amount.responses[0].amount = other.responses[0].amount;
    blinding.responses[1].blinding = other.responses[1].blinding;
    let challenge = HandleProof { challenge: other.challenge, ..proof.clone() };
    let responses = HandleProof { responses: other.responses, ..proof };
    for mixed in [amount, blinding, challenge, responses] {
        assert!(!mixed.holds(&CONTEXT, &key, &[one, next]));
    }
}

/// Weak Fiat–Shamir: what the challenge does not depend on can be chosen to fit it.
#[test]
fn t36_neither_commitment_nor_handle_nor_key_can_be_chosen_after_the_challenge() {
    let mut rng = rng(33);
    let (_, key) = authority(&mut rng);
    let (good, opening) = output(7, &key, &mut rng);
    let [a, b, z, y] = [(); 4].map(|()| Scalar::random(&mut rng));
    let announced = (bases().commit(a, b), b * key.get());
    let c = answer(begin(&CONTEXT, &key, &[good]), &[announced]);
    let point = |point| Point::new(point).unwrap();
    let commitment = point(c.invert() * (bases().commit(z, y) - announced.0));
    let handle = point(c.invert() * (y * key.get() - announced.1));
    let response = |amount, blinding| Response { amount: Exponent(amount), blinding: Exponent(blinding) };
    let proof = |amount, blinding| HandleProof {
        challenge: Exponent(c),
        responses: vec![response(amount, blinding)],
    };
    // Both late; the handle alone late, with the other equation honest; the announcements late; the key late.
    assert!(!proof(z, y).holds(&CONTEXT, &key, &[Handled { commitment, handle }]));
    // The commitment alone late, to the handle of an honest one: the authority would read another amount.
    let y = b + c * opening.blinding;
    let commitment = point(c.invert() * (bases().commit(z, y) - announced.0));
    assert!(!proof(z, y).holds(&CONTEXT, &key, &[Handled { commitment, ..good }]));
    let (v, r) = (Scalar::from(7u64), Scalar::random(&mut rng));
    let honest = Handled { commitment: point(bases().commit(v, r)), ..good };
    let c = answer(begin(&CONTEXT, &key, &[honest]), &[announced]);
    let (z, y) = (a + c * v, b + c * r);
    let proof = HandleProof { challenge: Exponent(c), responses: vec![response(z, y)] };
    let late = point(c.invert() * (y * key.get() - announced.1) + bases().B);
    assert!(!proof.holds(&CONTEXT, &key, &[Handled { handle: late, ..honest }]));
    let unrelated = a * bases().B;
    let c = answer(begin(&CONTEXT, &key, &[honest]), &[(announced.0, unrelated)]);
    let (z, y) = (a + c * v, b + c * r);
    let handle = point(c.invert() * (y * key.get() - unrelated));
    let proof = HandleProof { challenge: Exponent(c), responses: vec![response(z, y)] };
    assert!(!proof.holds(&CONTEXT, &key, &[Handled { handle, ..honest }]));
    let late_key = point(y.invert() * (unrelated + c * good.handle.get()));
    assert!(!proof.holds(&CONTEXT, &late_key, &[honest]));
}
