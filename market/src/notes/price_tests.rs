use rand_chacha::ChaCha20Rng;

use super::super::group::support::{any_point, authority, every_byte_matters, rng};
use super::super::range::AMOUNT_BITS;
use super::*;

const CONTEXT: [u8; 32] = [11; 32];

struct World {
    rng: ChaCha20Rng,
    k: Scalar,
    authority: Point,
    buyer: Scalar,
    secrets: Vec<SealingSecret>,
    sellers: Vec<Point>,
}

/// Three sellers, and a buyer that has full control of its part.
fn world(seed: u64) -> World {
    let mut rng = rng(seed);
    let (k, authority) = authority(&mut rng);
    let secrets: Vec<_> = (0..3).map(|seller| SealingSecret::from_seed(&[seller; 32])).collect();
    let sellers = secrets.iter().map(|secret| secret.key(b"").key).collect();
    let buyer = Scalar::random(&mut rng);
    World { rng, k, authority, buyer, secrets, sellers }
}

impl World {
    fn seal(&mut self, price: u64) -> Result<(SealedPrice, Opening), PriceFault> {
        SealedPrice::new(&CONTEXT, &self.authority, price, &self.buyer, &self.sellers, &mut self.rng)
    }

    fn check(&self, price: &SealedPrice) -> Result<(), PriceFault> {
        price.check(&CONTEXT, &self.authority, &self.sellers)
    }

    /// Proves the shares of a price again, whatever it is now.
    fn prove_shares(&mut self, mut price: SealedPrice) -> SealedPrice {
        let SealedPrice { commitment, handle, sealed, range, handles, start, shares, .. } = &price;
        let (context, authority) = (&CONTEXT, &self.authority);
        let body = Body { context, authority, commitment, handle, sealed, range, handles };
        let (pairs, digest) = body.batch(&self.sellers, start, shares);
        let meaning = Meaning { label: SAME, context: &digest };
        let y = exponent(&CONTEXT, &self.buyer);
        price.same = SameLogarithm::new(meaning, &pairs, &y, &mut self.rng);
        price
    }

    /// Whether it is refused with its shares proved again.
    fn proved(&mut self, price: SealedPrice) -> Result<(), PriceFault> {
        let price = self.prove_shares(price);
        self.check(&price)
    }

    /// A price with this opening, handle proof and shares all right, and the range proof of whatever is given.
    fn with_range(&mut self, opening: Opening, range: Range) -> SealedPrice {
        let (mut price, _) = self.seal(5).unwrap();
        price.commitment = Point::new(opening.commit()).unwrap();
        price.handle = Point::new(opening.blinding * self.authority.get()).unwrap();
        let handled = Handled { commitment: price.commitment, handle: price.handle };
        price.handles = HandleProof::new(&CONTEXT, &self.authority, &[(handled, opening)], &mut self.rng);
        price.range = range;
        self.prove_shares(price)
    }

    fn opened(&self, price: &SealedPrice) -> Vec<Option<(u64, Scalar)>> {
        let pair = |opening: Opening| (opening.amount, opening.blinding);
        let by = |(place, secret)| price.open(&CONTEXT, secret, place).map(pair);
        let mut all: Vec<_> = self.secrets.iter().enumerate().map(by).collect();
        all.push(price.reopen(&CONTEXT, &self.buyer).map(pair));
        all
    }
}

#[test]
fn every_seller_and_the_authority_and_nobody_else_reads_a_price() {
    let mut world = world(50);
    for amount in [1, 77, 1 << 32] {
        let (price, opening) = world.seal(amount).unwrap();
        assert_eq!(world.check(&price), Ok(()));
        assert_eq!(world.opened(&price), vec![Some((amount, opening.blinding)); 4]);
        let again = price.reopen(&CONTEXT, &world.buyer).unwrap();
        assert_eq!((again.amount, again.commit()), (amount, *price.commitment.get()));
        let hidden = price.commitment.get() - world.k.invert() * price.handle.get();
        assert_eq!(hidden, Scalar::from(amount) * bases().B);
        assert_eq!(price.times(9), Scalar::from(9u64) * price.commitment.get());
        // Not with another secret, another's share, in another context, or where there is no share.
        let stranger = SealingSecret::from_seed(&[99; 32]);
        assert!(price.open(&CONTEXT, &stranger, 0).is_none());
        assert!(price.open(&CONTEXT, &world.secrets[0], 1).is_none());
        assert!(price.open(&[12; 32], &world.secrets[0], 0).is_none());
        assert!(price.open(&CONTEXT, &world.secrets[0], 3).is_none());
    }
}

#[test]
fn every_byte_of_a_price_matters_and_so_does_every_field() {
    let mut world = world(51);
    let (price, _) = world.seal(77).unwrap();
    every_byte_matters(&price.to_canonical(), 3, |bytes| {
        SealedPrice::from_canonical(bytes).is_ok_and(|price| world.check(&price).is_ok())
    });
    let same_again = world.seal(77).unwrap().0;
    let dearer = world.seal(78).unwrap().0;
    world.buyer += Scalar::ONE;
    let others = world.seal(77).unwrap().0;
    for (name, other) in [("same", same_again), ("dearer", dearer), ("another buyer's", others)] {
        assert_eq!(world.check(&other), Ok(()));
        let swaps: [fn(&mut SealedPrice, &SealedPrice); 8] = [
            |price, other| price.commitment = other.commitment,
            |price, other| price.handle = other.handle,
            |price, other| price.sealed = other.sealed,
            |price, other| price.range = other.range.clone(),
            |price, other| price.handles = other.handles.clone(),
            |price, other| price.start = other.start,
            |price, other| price.shares = other.shares.clone(),
            |price, other| price.same = other.same,
        ];
        for (field, swap) in swaps.iter().enumerate() {
            let mut mixed = price.clone();
            swap(&mut mixed, &other);
            assert!(mixed == price || world.check(&mixed).is_err(), "field {field} of {name}");
        }
    }
}

/// Every accredited seller knows the opening, and could prove range and handle anew: the price would have other bytes, and the
/// buyer's request another digest.
#[test]
fn a_seller_cannot_make_another_price_of_a_buyers() {
    let mut world = world(52);
    let (price, opening) = world.seal(77).unwrap();
    let less = Opening { amount: 76, ..opening };
    let of = Use { label: RANGE, context: &CONTEXT, bits: PRICE_BITS };
    let range = Range::new(of, &[less], &mut world.rng).unwrap();
    let handled = Handled { commitment: price.commitment, handle: price.handle };
    let handles = HandleProof::new(&CONTEXT, &world.authority, &[(handled, opening)], &mut world.rng);
    assert!(range.holds(of, &[less_one(&price.commitment)]));
    assert!(handles.holds(&CONTEXT, &world.authority, &[handled]));
    assert_eq!(world.check(&SealedPrice { range, ..price.clone() }), Err(PriceFault::Shares));
    assert_eq!(world.check(&SealedPrice { handles, ..price }), Err(PriceFault::Shares));
}

#[test]
fn t27_a_share_that_differs_for_one_seller_is_refused() {
    let mut world = world(53);
    let (price, _) = world.seal(77).unwrap();
    for place in 0..3 {
        let mut wrong = price.clone();
        wrong.shares[place] = any_point(&mut world.rng);
        assert_eq!(world.proved(wrong), Err(PriceFault::Shares), "one wrong");
        let mut alone = price.clone();
        for other in (0..3).filter(|other| *other != place) {
            alone.shares[other] = any_point(&mut world.rng);
        }
        assert_eq!(world.proved(alone), Err(PriceFault::Shares), "one right");
    }
    let mut exchanged = price.clone();
    exchanged.shares.swap(0, 1);
    assert_eq!(world.proved(exchanged), Err(PriceFault::Shares));
    let start = any_point(&mut world.rng);
    let late = world.prove_shares(SealedPrice { start, ..price.clone() });
    assert_eq!(world.check(&late), Err(PriceFault::Shares));
    // Of other sellers: one fewer, one more, in another order.
    let (sellers, mut reversed) = (world.sellers.clone(), world.sellers.clone());
    reversed.reverse();
    let refused = |sellers: &[Point]| price.check(&CONTEXT, &world.authority, sellers);
    assert_eq!(refused(&sellers[..2]), Err(PriceFault::Sellers { shares: 3, sellers: 2 }));
    assert_eq!(refused(&[]), Err(PriceFault::Sellers { shares: 3, sellers: 0 }));
    assert_eq!(refused(&reversed), Err(PriceFault::Shares));
    let mut fewer = price.clone();
    fewer.shares.pop();
    assert_eq!(world.check(&fewer), Err(PriceFault::Sellers { shares: 2, sellers: 3 }));
}

/// The best forgery: errors that cancel in the weighted sum. It works as soon as the weights are known before the shares.
#[test]
fn t27_errors_in_two_shares_do_not_cancel() {
    let mut world = world(54);
    let (mut price, _) = world.seal(77).unwrap();
    let SealedPrice { commitment, handle, sealed, range, handles, start, shares, .. } = &price;
    let (context, authority) = (&CONTEXT, &world.authority);
    let body = Body { context, authority, commitment, handle, sealed, range, handles };
    let (weights, _) = body.weights(&world.sellers, start, shares);
    assert!(weights[0] != weights[1] && weights[1] != weights[2]);
    let error = any_point(&mut world.rng);
    let first = shares[0].get() + weights[1] * error.get();
    let next = shares[1].get() - weights[0] * error.get();
    price.shares[0] = Point::new(first).unwrap();
    price.shares[1] = Point::new(next).unwrap();
    let forged = world.prove_shares(price.clone());
    assert_eq!(world.check(&forged), Err(PriceFault::Shares));
    assert!(
        world.opened(&forged)[0].is_none() && world.opened(&forged)[2].is_some(),
        "it would single one out"
    );
    // Nor as they would for equal weights.
    let (first, next) = (first + error.get(), next - error.get());
    price.shares[0] = Point::new(first).unwrap();
    price.shares[1] = Point::new(next).unwrap();
    assert_eq!(world.proved(price), Err(PriceFault::Shares));
}

#[test]
fn t27_what_is_nonsense_is_nonsense_to_all() {
    let mut world = world(55);
    let (price, opening) = world.seal(77).unwrap();
    let sealed = [7; 8];
    let garbage = world.prove_shares(SealedPrice { sealed, ..price });
    assert_eq!(world.check(&garbage), Ok(()), "nobody can tell from outside");
    assert_eq!(world.opened(&garbage), vec![None; 4]);
    // A commitment with another blinding than the sealed one.
    let other = Opening { blinding: opening.blinding + Scalar::ONE, ..opening };
    let less = Opening { amount: 76, ..other };
    let of = Use { label: RANGE, context: &CONTEXT, bits: PRICE_BITS };
    let range = Range::new(of, &[less], &mut world.rng).unwrap();
    let garbage = world.with_range(other, range);
    assert_eq!(world.check(&garbage), Ok(()));
    assert_eq!(world.opened(&garbage), vec![None; 4]);
}

#[test]
fn t31_a_price_is_from_1_to_2_to_the_32() {
    let mut world = world(56);
    for price in [0, (1 << 32) + 1, u64::MAX] {
        assert_eq!(world.seal(price).map(|_| ()), Err(PriceFault::Range), "{price}");
    }
    let blinding = Scalar::random(&mut world.rng);
    let opening = |amount| Opening { amount, blinding };
    let prove = |amount, bits, world: &mut World| {
        let of = Use { label: RANGE, context: &CONTEXT, bits };
        Range::new(of, &[opening(amount)], &mut world.rng).unwrap()
    };
    // Nothing, with a proof for C_p instead of C_p − B; one too much, with a proof of more bits, and of C_p − 2·B.
    for (amount, proved, bits) in
        [(0, 0, PRICE_BITS), (0, u64::MAX, AMOUNT_BITS), ((1 << 32) + 1, 1 << 32, AMOUNT_BITS)]
    {
        let range = prove(proved, bits, &mut world);
        let forged = world.with_range(opening(amount), range);
        assert_eq!(world.check(&forged), Err(PriceFault::Range), "{amount} by {proved}");
    }
    let range = prove((1 << 32) - 1, PRICE_BITS, &mut world);
    let forged = world.with_range(opening((1 << 32) + 1), range);
    assert_eq!(world.check(&forged), Err(PriceFault::Range));
}

#[test]
fn t34_a_price_with_a_handle_to_something_else_is_refused() {
    let mut world = world(57);
    let (price, opening) = world.seal(77).unwrap();
    let other_key = any_point(&mut world.rng);
    let wrong = [
        price.handle.get() + bases().B,
        opening.blinding * other_key.get(),
        (opening.blinding + Scalar::ONE) * world.authority.get(),
    ];
    for handle in wrong.map(|handle| Point::new(handle).unwrap()) {
        let handled = Handled { commitment: price.commitment, handle };
        let mut forged = SealedPrice { handle, ..price.clone() };
        forged.handles = HandleProof::new(&CONTEXT, &world.authority, &[(handled, opening)], &mut world.rng);
        let forged = world.prove_shares(forged);
        assert_eq!(world.check(&forged), Err(PriceFault::Handle));
    }
    // All of it for another authority.
    let (made_for_other, _) =
        SealedPrice::new(&CONTEXT, &other_key, 77, &world.buyer, &world.sellers, &mut world.rng).unwrap();
    assert_eq!(world.check(&made_for_other), Err(PriceFault::Shares));
    assert_eq!(world.proved(made_for_other), Err(PriceFault::Handle));
}

#[test]
fn t36_each_proof_of_a_price_is_bound_to_its_context() {
    let mut world = world(58);
    let (price, opening) = world.seal(77).unwrap();
    let elsewhere = [12; 32];
    assert_eq!(price.check(&elsewhere, &world.authority, &world.sellers), Err(PriceFault::Shares));
    // One by one: range and handle of another context, under shares that are right.
    let of = Use { label: RANGE, context: &elsewhere, bits: PRICE_BITS };
    let less = Opening { amount: 76, ..opening };
    let range = Range::new(of, &[less], &mut world.rng).unwrap();
    let forged = world.prove_shares(SealedPrice { range, ..price.clone() });
    assert_eq!(world.check(&forged), Err(PriceFault::Range));
    let handled = Handled { commitment: price.commitment, handle: price.handle };
    let handles = HandleProof::new(&elsewhere, &world.authority, &[(handled, opening)], &mut world.rng);
    let forged = world.prove_shares(SealedPrice { handles, ..price });
    assert_eq!(world.check(&forged), Err(PriceFault::Handle));
}

/// With y itself in Y_0, two requests under one secret had one Y_0, and every share was the same.
#[test]
fn two_prices_under_one_secret_share_nothing() {
    let mut world = world(59);
    let (one, _) = world.seal(77).unwrap();
    let (next, _) =
        SealedPrice::new(&[12; 32], &world.authority, 77, &world.buyer, &world.sellers, &mut world.rng)
            .unwrap();
    assert_ne!(one.start, next.start);
    assert!(one.shares.iter().zip(&next.shares).all(|(one, next)| one != next));
    assert!(one.commitment != next.commitment && one.handle != next.handle && one.sealed != next.sealed);
}

#[test]
fn t37_a_sealing_key_is_known_to_its_owner_where_it_says() {
    let mut rng = rng(60);
    let secret = SealingSecret::from_seed(&[1; 32]);
    let key = secret.key(b"here");
    every_byte_matters(&key.to_canonical(), 1, |bytes| {
        SealingKey::from_canonical(bytes).is_ok_and(|key| key.holds(b"here"))
    });
    assert!(!key.holds(b"there") && !key.holds(b""));
    let other = SealingSecret::from_seed(&[2; 32]).key(b"here");
    assert!(!SealingKey { key: other.key, ..key }.holds(b"here"));
    // Made of another's, with no secret known: the sum and the multiple.
    let x = Scalar::random(&mut rng);
    for point in [key.key.get() + other.key.get(), x * key.key.get(), key.key.get() + x * share_base()] {
        let pairs = [(share_base(), point)];
        let meaning = Meaning { label: POSSESSION, context: b"here" };
        let possession = SameLogarithm::new(meaning, &pairs, &x, &mut rng);
        assert!(!SealingKey { key: Point::new(point).unwrap(), possession }.holds(b"here"));
    }
    // Over another base, or for another purpose.
    let base = super::super::group::blinding_base();
    let possession = SameLogarithm::new(
        Meaning { label: POSSESSION, context: b"here" },
        &[(base, x * base)],
        &x,
        &mut rng,
    );
    assert!(!SealingKey { key: Point::new(x * base).unwrap(), possession }.holds(b"here"));
    let pairs = [(share_base(), *key.key.get())];
    let possession =
        SameLogarithm::new(Meaning { label: SAME, context: b"here" }, &pairs, &secret.0, &mut rng);
    assert!(!SealingKey { possession, ..key }.holds(b"here"));
    assert_eq!(format!("{secret:?}"), "SealingSecret");
    assert_ne!(start_base(), share_base());
}
