use rand_chacha::ChaCha20Rng;

use super::super::group::bases;
use super::super::group::support::{any_point, rng};
use super::super::note::Opening;
use super::*;
use crate::codec::Canonical;

const MESSAGE: [u8; 32] = [1; 32];

/// A ring of notes of 10, with all their secrets.
fn world(seed: u64) -> (ChaCha20Rng, Vec<Member>, Vec<Owned>) {
    let mut rng = rng(seed);
    let (mut ring, mut owners) = (Vec::new(), Vec::new());
    for position in 0..RING as u32 {
        let secret = Scalar::random(&mut rng);
        let opening = Opening { amount: 10, blinding: Scalar::random(&mut rng) };
        let key = Point::new(secret * blinding_base()).unwrap();
        let commitment = Point::new(opening.commit()).unwrap();
        ring.push(Member { position, id: [position as u8; 32], key, commitment });
        owners.push(Owned { secret, opening });
    }
    (rng, ring, owners)
}

fn point(point: RistrettoPoint) -> Point {
    Point::new(point).unwrap()
}

#[test]
fn every_place_of_a_ring_spends_and_every_byte_matters() {
    let (mut rng, ring, owners) = world(100);
    for (place, owned) in owners.iter().enumerate() {
        let signature =
            RingSignature::sign(&MESSAGE, &ring, place, owned, Scalar::from(9u64), &mut rng).unwrap();
        assert_eq!(signature.verify(&MESSAGE, &ring), Ok(()), "{place}");
        assert_eq!(*signature.image.get(), ring[place].image(&owned.secret));
        assert_eq!(signature.verify(&[2; 32], &ring), Err(RingFault::Signature));
    }
    let signature =
        RingSignature::sign(&MESSAGE, &ring, 3, &owners[3], Scalar::from(9u64), &mut rng).unwrap();
    super::super::group::support::every_byte_matters(&signature.to_canonical(), 1, |bytes| {
        RingSignature::from_canonical(bytes).is_ok_and(|signature| signature.verify(&MESSAGE, &ring).is_ok())
    });
    let other = RingSignature::sign(&MESSAGE, &ring, 4, &owners[4], Scalar::from(8u64), &mut rng).unwrap();
    for mixed in [
        RingSignature { image: other.image, ..signature.clone() },
        RingSignature { auxiliary: other.auxiliary, ..signature.clone() },
        RingSignature { pseudo: other.pseudo, ..signature.clone() },
        RingSignature { challenge: other.challenge, ..signature.clone() },
        RingSignature { responses: other.responses.clone(), ..signature.clone() },
    ] {
        assert_eq!(mixed.verify(&MESSAGE, &ring), Err(RingFault::Signature));
    }
    let mut fewer = signature.clone();
    fewer.responses.pop();
    assert_eq!(fewer.verify(&MESSAGE, &ring), Err(RingFault::Size));
}

#[test]
fn t33_a_ring_is_of_sixteen_notes_in_order_and_of_those_that_were_signed() {
    let (mut rng, ring, owners) = world(101);
    let signature =
        RingSignature::sign(&MESSAGE, &ring, 3, &owners[3], Scalar::from(9u64), &mut rng).unwrap();
    let refused = |change: &dyn Fn(&mut Vec<Member>)| {
        let mut ring = ring.clone();
        change(&mut ring);
        signature.verify(&MESSAGE, &ring)
    };
    assert_eq!(refused(&|ring| ring.truncate(15)), Err(RingFault::Size));
    assert_eq!(refused(&|ring| ring.push(Member { position: 16, ..ring[0] })), Err(RingFault::Size));
    assert_eq!(refused(&|ring| ring.clear()), Err(RingFault::Size));
    assert_eq!(refused(&|ring| ring.swap(1, 2)), Err(RingFault::Size));
    assert_eq!(refused(&|ring| ring[2] = ring[1]), Err(RingFault::Size));
    assert_eq!(refused(&|ring| ring.reverse()), Err(RingFault::Size));
    let other = any_point(&mut rng);
    for place in [0, 3, 15] {
        assert_eq!(refused(&|ring| ring[place].id = [99; 32]), Err(RingFault::Signature));
        assert_eq!(refused(&|ring| ring[place].key = other), Err(RingFault::Signature));
        assert_eq!(refused(&|ring| ring[place].commitment = other), Err(RingFault::Signature));
    }
}

/// What a forger does who may choose some public values after the weights are known: it closes the ring with a w of its own,
/// at the place of a note of which it knows what it knows.
struct Forger<'a> {
    ring: &'a [Member],
    place: usize,
    w: Scalar,
}

impl Forger<'_> {
    /// Given all public values, the ring is closed as well as can be.
    fn close(&self, [pseudo, image, auxiliary]: [Point; 3], rng: &mut ChaCha20Rng) -> RingSignature {
        let statement = Statement::new(&MESSAGE, self.ring, &pseudo, &image, &auxiliary);
        let base = self.ring[self.place].image_base();
        let (challenge, responses) = statement.close(self.place, &base, &self.w, rng).unwrap();
        RingSignature { image, auxiliary, pseudo, challenge, responses }
    }

    /// D, for which Ĩ = w·H under given weights.
    fn auxiliary(&self, image: &Point, (mu, nu): (Scalar, Scalar)) -> Point {
        let base = self.ring[self.place].image_base();
        point(nu.invert() * (self.w * base - mu * image.get()))
    }
}

/// With D left out of the weights, the owner of a note would spend it again and again, each time under another image.
#[test]
fn t36_t32_no_second_image_by_a_d_chosen_after_the_weights() {
    let (mut rng, ring, owners) = world(102);
    let place = 5;
    let (x, z) = (owners[place].secret, Scalar::random(&mut rng));
    let pseudo = point(ring[place].commitment.get() - z * blinding_base());
    let [image, early] = [any_point(&mut rng), any_point(&mut rng)];
    let weights = Statement::new(&MESSAGE, &ring, &pseudo, &image, &early).weights;
    let forger = Forger { ring: &ring, place, w: weights.0 * x + weights.1 * z };
    let late = forger.auxiliary(&image, weights);
    let forged = forger.close([pseudo, image, late], &mut rng);
    assert_eq!(forged.verify(&MESSAGE, &ring), Err(RingFault::Signature));
    // The same with the image late and D early.
    let base = ring[place].image_base();
    let image_late = point(weights.0.invert() * (forger.w * base - weights.1 * early.get()));
    let forged = forger.close([pseudo, image_late, early], &mut rng);
    assert_eq!(forged.verify(&MESSAGE, &ring), Err(RingFault::Signature));
}

/// With C′ (or the ring) left out of the weights, whoever likes would spend a note of which it knows no secret, and for any
/// amount.
#[test]
fn t36_t33_nothing_of_anothers_by_a_commitment_or_a_key_chosen_after_the_weights() {
    let (mut rng, ring, _) = world(103);
    let place = 5;
    let forger = Forger { ring: &ring, place, w: Scalar::random(&mut rng) };
    let [image, early, auxiliary] = [(); 3].map(|()| any_point(&mut rng));
    let fitting = |pseudo: &Point, auxiliary: &Point| {
        let weights = Statement::new(&MESSAGE, &ring, pseudo, &image, auxiliary).weights;
        let (mu, nu) = weights;
        let rest = nu.invert() * (forger.w * blinding_base() - mu * ring[place].key.get());
        (point(ring[place].commitment.get() - rest), forger.auxiliary(&image, weights))
    };
    // C′ and D both late; then D with the honest weights, and only C′ late.
    let (pseudo, late) = fitting(&early, &auxiliary);
    let forged = forger.close([pseudo, image, late], &mut rng);
    assert_eq!(forged.verify(&MESSAGE, &ring), Err(RingFault::Signature));
    // The images are honest ones of w-secrets; only C′ is late: I = a·H, D = b·H, so that Ĩ = (μa + νb)·H.
    let (a, b) = (Scalar::random(&mut rng), Scalar::random(&mut rng));
    let base = ring[place].image_base();
    let (image, auxiliary) = (point(a * base), point(b * base));
    let (mu, nu) = Statement::new(&MESSAGE, &ring, &early, &image, &auxiliary).weights;
    let w = mu * a + nu * b;
    let rest = nu.invert() * (w * blinding_base() - mu * ring[place].key.get());
    let pseudo = point(ring[place].commitment.get() - rest);
    let forged = Forger { ring: &ring, place, w }.close([pseudo, image, auxiliary], &mut rng);
    assert_eq!(forged.verify(&MESSAGE, &ring), Err(RingFault::Signature));
    // A key of the ring late: a note that its maker owns without a secret. So too a commitment.
    let weights = |ring: &[Member]| Statement::new(&MESSAGE, ring, &early, &image, &auxiliary).weights;
    let (mu, nu) = weights(&ring);
    let w = mu * a + nu * b;
    let rest = ring[place].commitment.get() - early.get();
    let mut late = ring.clone();
    late[place].key = point(mu.invert() * (w * blinding_base() - nu * rest));
    // Its image base moves with it: the forger would want another base, and has none. With the old one the ring stays open.
    let forged = Forger { ring: &late, place, w }.close([early, image, auxiliary], &mut rng);
    assert_eq!(forged.verify(&MESSAGE, &late), Err(RingFault::Signature));
    let mut late = ring.clone();
    let rest = nu.invert() * (w * blinding_base() - mu * ring[place].key.get());
    late[place].commitment = point(rest + early.get());
    let forged = Forger { ring: &late, place, w }.close([early, image, auxiliary], &mut rng);
    assert_eq!(forged.verify(&MESSAGE, &late), Err(RingFault::Signature));
}

/// The forger closes the ring wherever it can: for more money than there is, or with another's note.
#[test]
fn t31_t33_not_for_another_amount_and_not_without_the_key() {
    let (mut rng, ring, owners) = world(104);
    let place = 2;
    let base = ring[place].image_base();
    let x = owners[place].secret;
    let z = Scalar::random(&mut rng);
    let blinding = owners[place].opening.blinding - z;
    for (amount, known) in
        [(Scalar::from(11u64), x), (-Scalar::from(10u64), x), (Scalar::from(10u64), x + Scalar::ONE)]
    {
        let pseudo = point(bases().commit(amount, blinding));
        let (image, auxiliary) = (point(known * base), point(z * base));
        let (mu, nu) = Statement::new(&MESSAGE, &ring, &pseudo, &image, &auxiliary).weights;
        let w = mu * known + nu * z;
        let forged = Forger { ring: &ring, place, w }.close([pseudo, image, auxiliary], &mut rng);
        let honest = amount == Scalar::from(10u64) && known == x;
        assert_eq!(forged.verify(&MESSAGE, &ring).is_ok(), honest);
    }
    // An image under the base of another note: the second spending of one note. Of the right one, it holds.
    let pseudo = point(bases().commit(Scalar::from(10u64), blinding));
    for other in [3, place] {
        let image_base = ring[other].image_base();
        let (image, auxiliary) = (point(x * image_base), point(z * image_base));
        let statement = Statement::new(&MESSAGE, &ring, &pseudo, &image, &auxiliary);
        let (mu, nu) = statement.weights;
        let (challenge, responses) =
            statement.close(place, &image_base, &(mu * x + nu * z), &mut rng).unwrap();
        let forged = RingSignature { image, auxiliary, pseudo, challenge, responses };
        assert_eq!(forged.verify(&MESSAGE, &ring).is_ok(), other == place);
    }
}

#[test]
fn t33_a_signature_with_the_identity_in_it_is_not_read() {
    let (mut rng, ring, owners) = world(105);
    let signature =
        RingSignature::sign(&MESSAGE, &ring, 3, &owners[3], Scalar::from(9u64), &mut rng).unwrap();
    let bytes = signature.to_canonical();
    for at in [0, 32, 64] {
        for fill in [0, 0xff] {
            let mut changed = bytes.clone();
            changed[at..at + 32].fill(fill);
            assert!(RingSignature::from_canonical(&changed).is_err());
        }
    }
    // D would be the identity.
    let same = RingSignature::sign(&MESSAGE, &ring, 3, &owners[3], owners[3].opening.blinding, &mut rng);
    assert_eq!(same, Err(RingFault::NotOwned));
}
