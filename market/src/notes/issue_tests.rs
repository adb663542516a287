use rand_chacha::ChaCha20Rng;

use super::super::group::support::{any_point, authority, every_byte_matters, rng};
use super::super::keys::OwnerKeys;
use super::*;

struct World {
    rng: ChaCha20Rng,
    k: Scalar,
    authority: Point,
    chain: ChainId,
    owner: OwnerKeys,
}

fn world(seed: u64) -> World {
    let mut rng = rng(seed);
    let (k, authority) = authority(&mut rng);
    let owner = OwnerKeys::generate(&mut rng);
    World { rng, k, authority, chain: ChainId::from_bytes([7; 32]), owner }
}

const ONE_EACH: [u64; ISSUED] = [1; ISSUED];

impl World {
    fn issue(&mut self, book: &Book, amounts: &[u64; ISSUED]) -> Result<(Issuance, Book), IssueFault> {
        let address = self.owner.address();
        Issuance::new(&self.chain, &self.authority, book, &address, amounts, &mut self.rng)
    }

    fn check(&self, issuance: &Issuance, before: &Book) -> Result<RistrettoPoint, IssueFault> {
        issuance.check(&self.chain, &self.authority, &before.commitment())
    }

    /// What a treasury that keeps to no rule makes: notes of these amounts, all proofs as good as they can be, the ranges for
    /// what is said, and the cap for what is said to be left.
    fn forge(
        &mut self,
        before: &Book,
        amounts: &[Scalar; ISSUED],
        said: &[u64; ISSUED],
        left: u64,
    ) -> Issuance {
        let (good, _) = self.issue(&Book::default(), &ONE_EACH).unwrap();
        let blindings: Vec<Scalar> = amounts.iter().map(|_| Scalar::random(&mut self.rng)).collect();
        let mut notes = good.notes;
        for ((note, amount), blinding) in notes.iter_mut().zip(amounts).zip(&blindings) {
            note.commitment = Point::new(bases().commit(*amount, *blinding)).unwrap();
            note.handle = Point::new(blinding * self.authority.get()).unwrap();
        }
        let context = context(&self.chain, &self.authority, &before.commitment(), &notes);
        let scalars: Vec<_> = notes
            .iter()
            .map(Note::handled)
            .zip(amounts.iter().copied().zip(blindings.iter().copied()))
            .collect();
        let handles = HandleProof::of_scalars(&context, &self.authority, &scalars, &mut self.rng);
        let opening = |(amount, blinding): (&u64, &Scalar)| Opening { amount: *amount, blinding: *blinding };
        let openings: Vec<Opening> = said.iter().zip(&blindings).map(opening).collect();
        let of = |label| Use { label, context: &context, bits: AMOUNT_BITS };
        let range = Range::new(of(RANGE), &openings, &mut self.rng).unwrap();
        let blinding = -(before.0.blinding + blindings.iter().sum::<Scalar>());
        let cap = Range::new(of(CAP), &[Opening { amount: left, blinding }], &mut self.rng).unwrap();
        Issuance { notes, range, handles, cap }
    }
}

#[test]
fn issues_follow_each_other_and_their_owner_finds_the_notes() {
    let mut world = world(90);
    let mut book = Book::default();
    for total in [0, 1000, 5] {
        let amounts = split(Amount::new(total).unwrap(), &mut world.rng);
        assert_eq!(amounts.iter().sum::<u64>(), total);
        let (issuance, after) = world.issue(&book, &amounts).unwrap();
        assert_eq!(world.check(&issuance, &book), Ok(after.commitment()));
        assert_eq!(after.issued(), book.issued() + total);
        let found = issuance.notes.iter().map(|note| note.recognise(&world.owner).unwrap().opening.amount);
        assert_eq!(found.collect::<Vec<_>>(), amounts);
        for (note, amount) in issuance.notes.iter().zip(amounts) {
            let hidden = note.commitment.get() - world.k.invert() * note.handle.get();
            assert_eq!(hidden, Scalar::from(amount) * bases().B);
        }
        book = after;
    }
    assert_eq!(format!("{book:?}"), "Book");
}

#[test]
fn every_byte_of_an_issue_matters_and_so_does_every_field() {
    let mut world = world(91);
    let book = Book::default();
    let (issuance, after) = world.issue(&book, &ONE_EACH).unwrap();
    every_byte_matters(&issuance.to_canonical(), 41, |bytes| {
        Issuance::from_canonical(bytes).is_ok_and(|issuance| world.check(&issuance, &book).is_ok())
    });
    let (other, _) = world.issue(&book, &ONE_EACH).unwrap();
    let swapped = |swap: &dyn Fn(&mut Issuance)| {
        let mut mixed = issuance.clone();
        swap(&mut mixed);
        world.check(&mixed, &book).map(|_| ())
    };
    assert_eq!(swapped(&|mixed| mixed.notes = other.notes.clone()), Err(IssueFault::Cap));
    assert_eq!(swapped(&|mixed| mixed.cap = other.cap.clone()), Err(IssueFault::Cap));
    assert_eq!(swapped(&|mixed| mixed.range = other.range.clone()), Err(IssueFault::Range));
    assert_eq!(swapped(&|mixed| mixed.handles = other.handles.clone()), Err(IssueFault::Handle));
    assert_eq!(swapped(&|mixed| mixed.notes.swap(2, 3)), Err(IssueFault::Cap));
    assert_eq!(swapped(&|mixed| mixed.notes[5].owner = other.notes[5].owner), Err(IssueFault::Cap));
    assert_eq!(swapped(&|mixed| mixed.notes[5].sealed = other.notes[5].sealed), Err(IssueFault::Cap));
    assert_eq!(swapped(&|mixed| mixed.notes.truncate(15)), Err(IssueFault::Shape));
    assert_eq!(swapped(&|mixed| mixed.notes.push(other.notes[0])), Err(IssueFault::Shape));
    // T36: elsewhere, for another authority, after other issues, and a second time.
    let before = book.commitment();
    let elsewhere = ChainId::from_bytes([8; 32]);
    assert_eq!(issuance.check(&elsewhere, &world.authority, &before), Err(IssueFault::Cap));
    let key = any_point(&mut world.rng);
    assert_eq!(issuance.check(&world.chain, &key, &before), Err(IssueFault::Cap));
    assert_eq!(issuance.check(&world.chain, &world.authority, key.get()), Err(IssueFault::Cap));
    assert_eq!(world.check(&issuance, &after), Err(IssueFault::Cap));
}

#[test]
fn t31_the_cap_is_reached_and_not_passed() {
    let mut world = world(92);
    let most = ISSUE_CAP - 1;
    let mut amounts = [0; ISSUED];
    amounts[3] = most - 10;
    amounts[4] = 9;
    let (_, nearly) = world.issue(&Book::default(), &amounts).unwrap();
    let unit = |count: u64| {
        let mut amounts = [0; ISSUED];
        amounts[0] = count;
        amounts
    };
    assert_eq!(world.issue(&nearly, &unit(2)).map(|_| ()), Err(IssueFault::Cap));
    let (last, full) = world.issue(&nearly, &unit(1)).unwrap();
    assert!(world.check(&last, &nearly).is_ok());
    assert_eq!(full.issued(), most);
    assert_eq!(world.issue(&full, &unit(1)).map(|_| ()), Err(IssueFault::Cap));
    let (nothing, _) = world.issue(&full, &unit(0)).unwrap();
    assert!(world.check(&nothing, &full).is_ok());
    assert_eq!(world.issue(&Book::default(), &unit(ISSUE_CAP)).map(|_| ()), Err(IssueFault::Cap));
    assert_eq!(world.issue(&full, &unit(u64::MAX)).map(|_| ()), Err(IssueFault::Cap));
    // By a treasury that keeps to no rule: one unit above, said to leave nothing, or all of 64 bits.
    let above = unit(1).map(Scalar::from);
    for left in [0, 1, u64::MAX] {
        let forged = world.forge(&full, &above, &unit(1), left);
        assert_eq!(world.check(&forged, &full), Err(IssueFault::Cap));
    }
    // After what it wishes had been issued before.
    let forged = world.forge(&nearly, &above, &unit(1), 0);
    assert!(world.check(&forged, &nearly).is_ok());
    assert_eq!(world.check(&forged, &full), Err(IssueFault::Cap));
}

#[test]
fn t31_a_negative_note_makes_no_room_below_the_cap() {
    let mut world = world(93);
    let (mut amounts, mut said) = ([Scalar::ZERO; ISSUED], [0; ISSUED]);
    (amounts[0], said[0]) = (Scalar::from(2 * ISSUE_CAP), 2 * ISSUE_CAP);
    amounts[1] = -Scalar::from(2 * ISSUE_CAP);
    for tried in [0, 2 * ISSUE_CAP, (2 * ISSUE_CAP).wrapping_neg()] {
        said[1] = tried;
        let forged = world.forge(&Book::default(), &amounts, &said, ISSUE_CAP - 1);
        assert_eq!(
            world.check(&forged, &Book::default()),
            Err(IssueFault::Range),
            "the cap alone would be kept"
        );
    }
}

#[test]
fn t34_an_issue_with_a_handle_to_something_else_is_refused() {
    let mut world = world(94);
    let (good, _) = world.issue(&Book::default(), &ONE_EACH).unwrap();
    let openings: Vec<Opening> =
        good.notes.iter().map(|note| note.recognise(&world.owner).unwrap().opening).collect();
    let wrong = [
        good.notes[1].handle,
        Point::new(good.notes[0].handle.get() + bases().B).unwrap(),
        any_point(&mut world.rng),
    ];
    for handle in wrong {
        let mut forged = good.clone();
        forged.notes[0].handle = handle;
        let before = Book::default();
        let context = context(&world.chain, &world.authority, &before.commitment(), &forged.notes);
        let pairs: Vec<_> = forged.notes.iter().map(Note::handled).zip(openings.iter().copied()).collect();
        forged.handles = HandleProof::new(&context, &world.authority, &pairs, &mut world.rng);
        let of = |label| Use { label, context: &context, bits: AMOUNT_BITS };
        forged.range = Range::new(of(RANGE), &openings, &mut world.rng).unwrap();
        let blinding = -openings.iter().map(|opening| opening.blinding).sum::<Scalar>();
        let left = Opening { amount: ISSUE_CAP - 17, blinding };
        forged.cap = Range::new(of(CAP), &[left], &mut world.rng).unwrap();
        assert_eq!(world.check(&forged, &before), Err(IssueFault::Handle));
        // T36: the proof of the cap is none of a range.
        forged.range = Range::new(of(CAP), &openings, &mut world.rng).unwrap();
        assert_ne!(world.check(&forged, &before).map(|_| ()), Ok(()));
    }
}
