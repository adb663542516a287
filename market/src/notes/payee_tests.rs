use rand_chacha::ChaCha20Rng;

use super::super::group::bases;
use super::super::group::support::{any_point, authority, every_byte_matters, rng};
use super::*;

struct World {
    rng: ChaCha20Rng,
    k: Scalar,
    authority: Point,
    chain: ChainId,
    seller: OwnerKeys,
}

fn world(seed: u64) -> World {
    let mut rng = rng(seed);
    let (k, authority) = authority(&mut rng);
    let seller = OwnerKeys::generate(&mut rng);
    World { rng, k, authority, chain: ChainId::from_bytes([7; 32]), seller }
}

impl World {
    fn payee(&mut self) -> Payee {
        let address = self.seller.address();
        Payee::new(&self.chain, &self.authority, &address, &mut self.rng).unwrap()
    }

    fn price(&mut self, amount: u64) -> (SealedPrice, Opening) {
        let y = Scalar::random(&mut self.rng);
        SealedPrice::new(&[3; 32], &self.authority, amount, &y, &[], &mut self.rng).unwrap()
    }

    fn holds(&self, payee: &Payee) -> bool {
        payee.holds(&self.chain, &self.authority)
    }

    /// A payee with the best proof that can be made for these, whatever they are.
    fn forge(&mut self, shift: RistrettoPoint, handle: RistrettoPoint, s: &Scalar) -> Payee {
        let [shift, handle] = [shift, handle].map(|point| Point::new(point).unwrap());
        let owner = self.payee().owner;
        let meaning = Meaning { label: SHIFT, context: &context(&self.chain, &owner) };
        let pairs = pairs(&self.authority, &shift, &handle);
        Payee { owner, shift, handle, proof: SameLogarithm::new(meaning, &pairs, s, &mut self.rng) }
    }
}

#[test]
fn a_payee_owns_its_note_and_the_authority_reads_it() {
    let mut world = world(70);
    let (price, opening) = world.price(55);
    let payee = world.payee();
    assert!(world.holds(&payee));
    let note = payee.note(&price, 40).unwrap();
    let secret = payee.secret(&world.seller).unwrap();
    let owned = secret.owned(&opening, 40).unwrap();
    assert_eq!(owned.opening.amount, 55 * 40);
    assert_eq!(owned.opening.commit(), *note.commitment.get());
    assert_eq!(owned.opening.blinding * world.authority.get(), *note.handle.get());
    assert_eq!(owned.secret * blinding_base(), *note.owner.key.get());
    let hidden = note.commitment.get() - world.k.invert() * note.handle.get();
    assert_eq!(hidden, Scalar::from(55u64 * 40) * bases().B);
    assert!(payee.secret(&OwnerKeys::generate(&mut world.rng)).is_none());
    // No records: a note of nothing. More than any note holds: none.
    let nothing = payee.note(&price, 0).unwrap();
    assert_eq!(secret.owned(&opening, 0).unwrap().opening.commit(), *nothing.commitment.get());
    assert!(secret.owned(&Opening { amount: u64::MAX, ..opening }, 2).is_none());
    assert_eq!(format!("{secret:?}"), "PayeeSecret");
}

#[test]
fn every_byte_of_a_payee_matters_and_so_does_every_field() {
    let mut world = world(71);
    let (payee, other) = (world.payee(), world.payee());
    every_byte_matters(&payee.to_canonical(), 1, |bytes| {
        Payee::from_canonical(bytes).is_ok_and(|payee| world.holds(&payee))
    });
    assert!(world.holds(&other));
    for mixed in [
        Payee { owner: other.owner, ..payee },
        Payee { shift: other.shift, ..payee },
        Payee { handle: other.handle, ..payee },
        Payee { proof: other.proof, ..payee },
        Payee { owner: OneTimeKey { key: other.owner.key, ..payee.owner }, ..payee },
        Payee { owner: OneTimeKey { ephemeral: other.owner.ephemeral, ..payee.owner }, ..payee },
        Payee { shift: other.shift, handle: other.handle, ..payee },
    ] {
        assert!(!world.holds(&mixed));
        assert_ne!(mixed.digest(), payee.digest());
    }
    // T36: elsewhere, or for another authority.
    assert!(!payee.holds(&ChainId::from_bytes([8; 32]), &world.authority));
    assert!(!payee.holds(&world.chain, &any_point(&mut world.rng)));
}

#[test]
fn t31_a_shift_that_holds_an_amount_is_refused() {
    let mut world = world(72);
    let s = Scalar::random(&mut world.rng);
    let (shift, handle) = (s * blinding_base(), s * world.authority.get());
    let good = world.forge(shift, handle, &s);
    assert!(world.holds(&good));
    for amount in [Scalar::ONE, -Scalar::ONE, Scalar::from(1u64 << 40)] {
        let paid = world.forge(shift + amount * bases().B, handle, &s);
        assert!(!world.holds(&paid), "money from nothing");
        let only = world.forge(amount * bases().B, handle, &s);
        assert!(!world.holds(&only));
    }
}

#[test]
fn t34_a_handle_with_another_shift_or_key_is_refused() {
    let mut world = world(73);
    let s = Scalar::random(&mut world.rng);
    let (shift, other_key) = (s * blinding_base(), any_point(&mut world.rng));
    let handles = [
        (s + Scalar::ONE) * world.authority.get(),
        s * other_key.get(),
        s * world.authority.get() + bases().B,
        -(s * world.authority.get()),
    ];
    for handle in handles {
        for tried in [s, s + Scalar::ONE, -s] {
            let payee = world.forge(shift, handle, &tried);
            assert!(!world.holds(&payee));
        }
    }
}

/// Each pair by itself must be in the challenge: S or T, chosen after it, would fit.
#[test]
fn t36_neither_shift_nor_handle_can_be_chosen_after_the_challenge() {
    let mut world = world(74);
    let s = Scalar::random(&mut world.rng);
    let good = world.forge(s * blinding_base(), s * world.authority.get(), &s);
    let opened = Payee { shift: Point::new(good.shift.get() + bases().B).unwrap(), ..good };
    assert!(!world.holds(&opened));
    // The proof of the signature's protocol is none of this one, nor the other way.
    let context = context(&world.chain, &good.owner);
    let pairs = pairs(&world.authority, &good.shift, &good.handle);
    let proof = SameLogarithm::new(Meaning { label: SIGNED, context: &context }, &pairs, &s, &mut world.rng);
    assert!(!world.holds(&Payee { proof, ..good }));
}

/// Buyer and accredited sellers know p and r_p, and the number of records is public.
#[test]
fn t28_a_payout_is_not_opened_by_who_knows_the_price() {
    let mut world = world(75);
    let (price, opening) = world.price(55);
    let payee = world.payee();
    let note = payee.note(&price, 40).unwrap();
    let n = Scalar::from(40u64);
    let known = Opening { amount: 55 * 40, blinding: n * opening.blinding };
    assert_ne!(known.commit(), *note.commitment.get());
    assert_ne!(known.blinding * world.authority.get(), *note.handle.get());
    // What is left is S, of which s would have to be known.
    assert_eq!(note.commitment.get() - known.commit(), *payee.shift.get());
    // Two notes for one price and as many records, to one seller, have nothing in common.
    let again = world.payee().note(&price, 40).unwrap();
    assert!(again.commitment != note.commitment && again.handle != note.handle);
    assert!(again.owner.key != note.owner.key && again.owner.ephemeral != note.owner.ephemeral);
    // Nor is the note one that its owner finds by the amount in it: it is no note of a transfer.
    assert!(note.recognise(&world.seller).is_none());
}

/// A seller that knows r_p could choose s = −n·r_p: the handle was the identity, there was no note, and the settlement of
/// everybody's request stopped there.
#[test]
fn a_payee_that_cancels_the_blinding_does_not_stop_a_settlement() {
    let mut world = world(76);
    let (price, opening) = world.price(55);
    let s = -(Scalar::from(40u64) * opening.blinding);
    let payee = world.forge(s * blinding_base(), s * world.authority.get(), &s);
    assert!(world.holds(&payee));
    let note = payee.note(&price, 40).expect("a note");
    assert_eq!(note.commitment.get() - s * blinding_base(), Scalar::from(55u64 * 40) * bases().B);
    let hidden = note.commitment.get() - world.k.invert() * note.handle.get();
    assert_eq!(hidden, Scalar::from(55u64 * 40) * bases().B, "the authority reads it as any other");
    for records in [0, 39, 41, u32::MAX] {
        assert!(payee.note(&price, records).is_some());
    }
}

/// S is public: under one hash with the blinding of an output to the same key, C − S would be the output's amount.
#[test]
fn a_payee_and_an_output_from_one_source_do_not_open_each_other() {
    use rand::SeedableRng;
    let world = world(77);
    let address = world.seller.address();
    let source = || ChaCha20Rng::seed_from_u64(5);
    let payee = Payee::new(&world.chain, &world.authority, &address, &mut source()).unwrap();
    let amount = crate::amount::Amount::new(9).unwrap();
    let (note, _) = Note::pay(&address, amount, &world.authority, &mut source()).unwrap();
    assert_eq!(note.owner, payee.owner);
    assert_ne!(note.commitment.get() - payee.shift.get(), Scalar::from(9u64) * bases().B);
    assert_ne!(note.handle, payee.handle);
}

#[test]
fn a_payees_signature_is_for_one_key_and_one_digest() {
    let mut world = world(78);
    let (payee, other) = (world.payee(), world.payee());
    let secret = payee.secret(&world.seller).unwrap();
    let signature = secret.sign(&[1; 32], &mut world.rng);
    let key = payee.owner.key.as_bytes();
    every_byte_matters(&signature.to_canonical(), 1, |bytes| {
        PayeeSignature::from_canonical(bytes).is_ok_and(|signature| signature.holds(key, &[1; 32]))
    });
    assert!(!signature.holds(key, &[2; 32]));
    assert!(!signature.holds(other.owner.key.as_bytes(), &[1; 32]));
    // T33: keys that are none.
    for key in [[0; 32], [0xff; 32]] {
        assert!(!signature.holds(&key, &[1; 32]));
    }
    // T36: the same proof for another protocol.
    let pair = [(blinding_base(), *payee.owner.key.get())];
    let meaning = Meaning { label: SHIFT, context: &[1; 32] };
    let proof = SameLogarithm::new(meaning, &pair, &secret.key, &mut world.rng);
    assert!(!PayeeSignature(proof).holds(key, &[1; 32]));
}
