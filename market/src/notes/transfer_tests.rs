use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::super::group::bases;
use super::super::group::{Point, blinding_base};
use super::super::keys::OwnerKeys;
use super::super::note::NoteId;
use super::super::ring::RING;
use super::*;

struct World {
    rng: ChaCha20Rng,
    authority: Point,
    chain: ChainId,
    alice: OwnerKeys,
    bob: OwnerKeys,
    notes: Vec<(NoteId, Note)>,
}

impl World {
    /// Thirty-two notes: the even ones Alice's of 1000 + place, the odd ones Bob's.
    fn new(seed: u64) -> Self {
        println!("seed {seed}");
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let authority = Point::new(Scalar::random(&mut rng) * blinding_base()).unwrap();
        let [alice, bob] = [(); 2].map(|()| OwnerKeys::generate(&mut rng));
        let mut world =
            Self { rng, authority, chain: ChainId::from_bytes([7; 32]), alice, bob, notes: Vec::new() };
        for place in 0..32u64 {
            let owner = if place % 2 == 0 { &world.alice } else { &world.bob };
            let address = owner.address();
            let amount = Amount::new(1000 + place).unwrap();
            let (note, _) = Note::pay(&address, amount, &world.authority, &mut world.rng).unwrap();
            world.notes.push((*blake3::hash(&place.to_le_bytes()).as_bytes(), note));
        }
        world
    }

    fn ring(&self, first: usize) -> Vec<Member> {
        let member = |(position, (id, note)): (u32, &(NoteId, Note))| Member {
            position,
            id: *id,
            key: note.owner.key,
            commitment: note.commitment,
        };
        (first as u32..).zip(&self.notes[first..first + RING]).map(member).collect()
    }

    fn spend(&self, first: usize, place: usize) -> Spend {
        let owned = self.notes[first + place].1.recognise(&self.alice).expect("Alice's");
        Spend { ring: self.ring(first), place, owned }
    }

    fn purpose<'a>(&'a self, locked: &'a RistrettoPoint) -> Purpose<'a> {
        Purpose { chain: &self.chain, authority: &self.authority, of: &[3; 32], locked }
    }

    fn transfer(&mut self, spends: &[Spend], amount: u64) -> Result<Transfer, TransferFault> {
        let (to, change) = (self.bob.address(), self.alice.address());
        let (point, locked) = nothing();
        let (chain, authority) = (self.chain, self.authority);
        let purpose = Purpose { chain: &chain, authority: &authority, of: &[3; 32], locked: &point };
        Transfer::new(purpose, spends, (&to, Amount::new(amount).unwrap()), &change, locked, &mut self.rng)
    }

    fn verdict(&self, transfer: &Transfer, rings: &[Vec<Member>]) -> Result<(), TransferFault> {
        transfer.verify(self.purpose(&nothing().0), rings)
    }
}

#[test]
fn what_is_paid_is_found_by_its_owner_and_by_nobody_else() {
    let mut world = World::new(1);
    let (spends, rings) = (vec![world.spend(0, 4), world.spend(16, 2)], vec![world.ring(0), world.ring(16)]);
    let transfer = world.transfer(&spends, 1500).unwrap();
    assert_eq!(world.verdict(&transfer, &rings), Ok(()));
    let found = |keys: &OwnerKeys| -> Vec<u64> {
        let own = transfer.outputs.iter().filter_map(|note| note.recognise(keys));
        own.map(|owned| owned.opening.amount).collect()
    };
    assert_eq!((found(&world.bob), found(&world.alice)), (vec![1500], vec![1004 + 1018 - 1500]));
    assert_eq!(found(&OwnerKeys::generate(&mut world.rng)), Vec::<u64>::new());
    let bytes = transfer.to_canonical();
    println!("{} bytes", bytes.len());
    assert_eq!(Transfer::from_canonical(&bytes).as_ref(), Ok(&transfer));
    let one = world.transfer(&spends[..1], 1).unwrap().to_canonical();
    assert!(one.len() <= 3072, "{} bytes", one.len());
}

#[test]
fn one_note_has_one_image_in_whatever_ring_and_two_notes_with_one_key_have_two() {
    let mut world = World::new(2);
    let image = |transfer: Transfer| transfer.inputs[0].signature.image;
    let spends = [world.spend(0, 4), world.spend(2, 2), world.spend(0, 6)];
    let [first, again, other] = spends.map(|spend| image(world.transfer(&[spend], 5).unwrap()));
    assert_eq!(first, again);
    assert_ne!(first, other);
    let twice = [world.spend(0, 4), world.spend(2, 2)];
    let transfer = world.transfer(&twice, 5).unwrap();
    assert_eq!(world.verdict(&transfer, &[world.ring(0), world.ring(2)]), Err(TransferFault::Twice));
    // A copy of a note's key under another note: spending one does not spend the other.
    let mut copy = world.spend(0, 4);
    copy.ring[4].id = [9; 32];
    assert_ne!(image(world.transfer(&[copy], 5).unwrap()), first);
}

#[test]
fn nobody_spends_what_is_not_his_or_more_than_there_is() {
    let mut world = World::new(3);
    let mut stolen = world.spend(0, 4);
    stolen.place = 5;
    let refused = world.transfer(&[stolen], 5);
    assert_eq!(refused, Err(TransferFault::Ring { input: 0, fault: RingFault::NotOwned }));
    let mut dearer = world.spend(0, 4);
    dearer.owned.opening.amount += 1;
    assert_eq!(
        world.transfer(&[dearer], 5),
        Err(TransferFault::Ring { input: 0, fault: RingFault::NotOwned })
    );
    let spend = world.spend(0, 4);
    assert_eq!(world.transfer(&[spend], 1005), Err(TransferFault::Insufficient));
    let mut short = world.spend(0, 4);
    short.ring[3] = short.ring[2];
    assert_eq!(world.transfer(&[short], 5), Err(TransferFault::Ring { input: 0, fault: RingFault::Size }));
}

#[test]
fn every_byte_of_a_transfer_matters() {
    let mut world = World::new(4);
    let (spend, rings) = (world.spend(0, 4), [world.ring(0)]);
    let transfer = world.transfer(&[spend], 400).unwrap();
    let bytes = transfer.to_canonical();
    let step = if std::env::var_os("GALEN_EVERY_BYTE").is_some() { 1 } else { 7 };
    for at in (0..bytes.len()).step_by(step) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let verdict = Transfer::from_canonical(&changed).map(|transfer| world.verdict(&transfer, &rings));
        assert!(!matches!(verdict, Ok(Ok(()))), "byte {at} of {}", bytes.len());
    }
    // The same under another purpose, chain or authority.
    let elsewhere = ChainId::from_bytes([8; 32]);
    let other = Point::new(Scalar::from(5u64) * blinding_base()).unwrap();
    let (point, _) = nothing();
    let good = world.purpose(&point);
    for purpose in [
        Purpose { chain: &elsewhere, ..good },
        Purpose { authority: &other, ..good },
        Purpose { of: &[4; 32], ..good },
        Purpose { locked: &blinding_base(), ..good },
    ] {
        assert!(transfer.verify(purpose, &rings).is_err(), "{purpose:?}");
    }
    assert_eq!(transfer.verify(good, &rings), Ok(()));
}

#[test]
fn what_is_locked_counts_and_a_wrong_lock_does_not_balance() {
    let mut world = World::new(5);
    let (to, change) = (world.bob.address(), world.alice.address());
    let locked = Opening { amount: 300, blinding: Scalar::random(&mut world.rng) };
    let point = locked.commit();
    let (chain, authority, spend) = (world.chain, world.authority, world.spend(0, 4));
    let purpose = Purpose { chain: &chain, authority: &authority, of: &[3; 32], locked: &point };
    let amount = Amount::new(0).unwrap();
    let transfer = Transfer::new(purpose, &[spend], (&to, amount), &change, locked, &mut world.rng).unwrap();
    assert_eq!(transfer.verify(purpose, &[world.ring(0)]), Ok(()));
    let rest: Vec<_> = transfer.outputs.iter().filter_map(|note| note.recognise(&world.alice)).collect();
    assert_eq!(rest[0].opening.amount, 704);
    let more = Opening { amount: 301, ..locked }.commit();
    let purpose = Purpose { locked: &more, ..purpose };
    assert_eq!(transfer.verify(purpose, &[world.ring(0)]), Err(TransferFault::Balance));
}

/// What a spender that keeps to no rule makes: outputs of these amounts to Bob, a range proof for what is said, handles and
/// signatures as good as they can be. It spends Alice's 1004.
fn forge(
    world: &mut World,
    amounts: [Scalar; OUTPUTS],
    said: [u64; OUTPUTS],
    handle: Option<Point>,
) -> Transfer {
    let spend = world.spend(0, 4);
    let to = world.bob.address();
    let blindings = [(); OUTPUTS].map(|()| Scalar::random(&mut world.rng));
    let mut outputs = Vec::new();
    for (amount, blinding) in amounts.iter().zip(&blindings) {
        let (mut note, _) = Note::pay(&to, Amount::ZERO, &world.authority, &mut world.rng).unwrap();
        note.commitment = Point::new(bases().commit(*amount, *blinding)).unwrap();
        note.handle = Point::new(blinding * world.authority.get()).unwrap();
        outputs.push(note);
    }
    if let Some(handle) = handle {
        outputs[0].handle = handle;
    }
    let context = world.purpose(&nothing().0).context(&outputs);
    let scalars: Vec<_> = outputs.iter().map(Note::handled).zip(amounts.into_iter().zip(blindings)).collect();
    let handles = HandleProof::of_scalars(&context, &world.authority, &scalars, &mut world.rng);
    let opening = |(amount, blinding)| Opening { amount, blinding };
    let openings: Vec<_> = said.into_iter().zip(blindings).map(opening).collect();
    let range = Range::new(range_use(&context), &openings, &mut world.rng).unwrap();
    let pseudo = [blindings.iter().sum()];
    Transfer::sign(&context, &[spend], &pseudo, (outputs, range, handles), &mut world.rng).unwrap()
}

fn range_use(context: &[u8; 32]) -> Use<'_> {
    Use { label: RANGE, context, bits: AMOUNT_BITS }
}

#[test]
fn t31_no_output_is_negative_and_no_sum_wraps() {
    let mut world = World::new(6);
    let rings = [world.ring(0)];
    let number = |amount: u64| Scalar::from(amount);
    let fair = forge(&mut world, [1000, 4].map(number), [1000, 4], None);
    assert_eq!(world.verdict(&fair, &rings), Ok(()), "the forger can be honest");
    // 1004 = 1005 − 1, with whatever proof: of −1 in 64 bits, of 0, of 1.
    for said in [u64::MAX, 0, 1] {
        let forged = forge(&mut world, [number(1005), -Scalar::ONE], [1005, said], None);
        assert_eq!(world.verdict(&forged, &rings), Err(TransferFault::Range));
    }
    // 2^64 more than there is: equal in 64 bits, and each in range.
    let forged = forge(&mut world, [number(u64::MAX), number(1005)], [u64::MAX, 1005], None);
    assert_eq!(world.verdict(&forged, &rings), Err(TransferFault::Balance));
    // Above the range.
    let large = Scalar::from(1u128 << 64);
    let forged = forge(&mut world, [large, number(1004) - large], [0, 1004], None);
    assert_eq!(world.verdict(&forged, &rings), Err(TransferFault::Range));
    let forged = forge(&mut world, [number(1000), number(5)], [1000, 5], None);
    assert_eq!(world.verdict(&forged, &rings), Err(TransferFault::Balance));
}

#[test]
fn t34_an_output_with_a_handle_to_something_else_is_refused() {
    let mut world = World::new(7);
    let rings = [world.ring(0)];
    let amounts = [1000u64, 4].map(Scalar::from);
    let other = Scalar::from(5u64) * blinding_base();
    for handle in [*world.authority.get(), world.authority.get() + bases().B, other] {
        let forged = forge(&mut world, amounts, [1000, 4], Point::new(handle));
        assert_eq!(world.verdict(&forged, &rings), Err(TransferFault::Handle));
    }
}

#[test]
fn t36_every_proof_of_a_transfer_is_bound_to_what_it_is_for() {
    let mut world = World::new(8);
    let (spend, rings) = (world.spend(0, 4), [world.ring(0)]);
    let transfer = world.transfer(&[spend], 400).unwrap();
    let unsigned = Err(TransferFault::Ring { input: 0, fault: RingFault::Signature });
    let (elsewhere, point) = (ChainId::from_bytes([8; 32]), nothing().0);
    let other = Point::new(Scalar::from(5u64) * blinding_base()).unwrap();
    let good = world.purpose(&point);
    assert_eq!(transfer.verify(Purpose { chain: &elsewhere, ..good }, &rings), unsigned);
    assert_eq!(transfer.verify(Purpose { of: &[4; 32], ..good }, &rings), unsigned);
    assert_eq!(transfer.verify(Purpose { authority: &other, ..good }, &rings), unsigned);
    // Range and handles proved again, in the right context and in another, under the signature of the first.
    let opened =
        |note: &Note| note.recognise(&world.alice).or_else(|| note.recognise(&world.bob)).unwrap().opening;
    let openings: Vec<_> = transfer.outputs.iter().map(opened).collect();
    let outputs: Vec<_> = transfer.outputs.iter().map(Note::handled).zip(openings.iter().copied()).collect();
    let context = good.context(&transfer.outputs);
    let range = Range::new(range_use(&context), &openings, &mut world.rng.clone()).unwrap();
    let handles = HandleProof::new(&context, &world.authority, &outputs, &mut world.rng.clone());
    let again = Transfer { range: range.clone(), ..transfer.clone() };
    assert_eq!(world.verdict(&again, &rings), unsigned);
    let again = Transfer { handles: handles.clone(), ..transfer.clone() };
    assert_eq!(world.verdict(&again, &rings), unsigned);
    // Signed by the spender, but with a proof that was made in another context.
    let mut rng = world.rng.clone();
    let late = Range::new(range_use(&[9; 32]), &openings, &mut rng).unwrap();
    let early = HandleProof::new(&[9; 32], &world.authority, &outputs, &mut rng);
    let pseudo = [openings.iter().map(|opening| opening.blinding).sum()];
    let mut sign = |range: Range, handles: HandleProof| {
        let made = (transfer.outputs.clone(), range, handles);
        let signed = Transfer::sign(&context, &[world.spend(0, 4)], &pseudo, made, &mut rng).unwrap();
        world.verdict(&signed, &rings)
    };
    assert_eq!(sign(range.clone(), handles.clone()), Ok(()));
    assert_eq!(sign(late, handles), Err(TransferFault::Range));
    assert_eq!(sign(range, early), Err(TransferFault::Handle));
}

/// The message of all signatures had the rings and pseudo-commitments, but not the images: an input of as much could be put
/// in another's place, and the rest of the transfer still held.
#[test]
fn an_input_cannot_be_exchanged_for_another_of_the_same_amount() {
    let mut world = World::new(9);
    let amount = Amount::new(1004).unwrap();
    let (twin, _) = Note::pay(&world.alice.address(), amount, &world.authority, &mut world.rng).unwrap();
    world.notes[20].1 = twin;
    world.notes[22].1 =
        Note::pay(&world.alice.address(), amount, &world.authority, &mut world.rng).unwrap().0;
    let rings = [world.ring(0), world.ring(16)];
    let make = |world: &mut World, place| {
        let spends = [world.spend(0, 4), world.spend(16, place)];
        let mut rng = ChaCha20Rng::seed_from_u64(77);
        let to = world.bob.address();
        let (notes, openings): (Vec<_>, Vec<_>) = (0..2)
            .map(|_| Note::pay(&to, Amount::new(1004).unwrap(), &world.authority, &mut rng).unwrap())
            .unzip();
        let context = world.purpose(&nothing().0).context(&notes);
        let handles: Vec<_> = notes.iter().map(Note::handled).zip(openings.iter().copied()).collect();
        let handles = HandleProof::new(&context, &world.authority, &handles, &mut rng);
        let range = Range::new(range_use(&context), &openings, &mut rng).unwrap();
        let pseudo = [openings[0].blinding, openings[1].blinding];
        Transfer::sign(&context, &spends, &pseudo, (notes, range, handles), &mut rng).unwrap()
    };
    let (one, next) = (make(&mut world, 4), make(&mut world, 6));
    assert_eq!((world.verdict(&one, &rings), world.verdict(&next, &rings)), (Ok(()), Ok(())));
    assert_eq!((&one.outputs, &one.range, &one.handles), (&next.outputs, &next.range, &next.handles));
    assert_ne!(one.inputs[1].signature.image, next.inputs[1].signature.image);
    let mut mixed = one;
    mixed.inputs[1] = next.inputs[1].clone();
    assert!(matches!(world.verdict(&mixed, &rings), Err(TransferFault::Ring { .. })));
}

#[test]
fn t33_a_transfer_has_its_shape_and_the_rings_that_it_names() {
    let mut world = World::new(10);
    let (spends, rings) = ([world.spend(0, 4), world.spend(16, 2)], [world.ring(0), world.ring(16)]);
    let transfer = world.transfer(&spends, 1500).unwrap();
    let refused = |change: &dyn Fn(&mut Transfer), rings: &[Vec<Member>]| {
        let mut transfer = transfer.clone();
        change(&mut transfer);
        world.verdict(&transfer, rings)
    };
    assert_eq!(refused(&|_| (), &rings), Ok(()));
    assert_eq!(refused(&|_| (), &rings[..1]), Err(TransferFault::Shape));
    assert_eq!(refused(&|transfer| transfer.inputs.clear(), &[]), Err(TransferFault::Shape));
    assert_eq!(refused(&|transfer| transfer.outputs.truncate(1), &rings), Err(TransferFault::Shape));
    assert_eq!(
        refused(&|transfer| transfer.outputs.push(transfer.outputs[0]), &rings),
        Err(TransferFault::Shape)
    );
    let nine = |transfer: &mut Transfer| transfer.inputs = vec![transfer.inputs[0].clone(); MAX_INPUTS + 1];
    assert_eq!(refused(&nine, &vec![rings[0].clone(); 9]), Err(TransferFault::Shape));
    let twice = |transfer: &mut Transfer| transfer.inputs = vec![transfer.inputs[0].clone(); 2];
    assert_eq!(refused(&twice, &[rings[0].clone(), rings[0].clone()]), Err(TransferFault::Twice));
    let size = |input| Err(TransferFault::Ring { input, fault: RingFault::Size });
    assert_eq!(refused(&|transfer| transfer.inputs[0].ring[3] = 99, &rings), size(0));
    assert_eq!(refused(&|transfer| transfer.inputs.swap(0, 1), &rings), size(0));
    let other = [rings[0].clone(), world.ring(15)];
    assert_eq!(refused(&|_| (), &other), size(1));
    let signature = Err(TransferFault::Ring { input: 0, fault: RingFault::Signature });
    assert_eq!(refused(&|transfer| transfer.outputs.swap(0, 1), &rings), signature);
    assert_eq!(refused(&|transfer| transfer.outputs[0].sealed[0] ^= 1, &rings), signature);
    let rerouted = |transfer: &mut Transfer| transfer.outputs[0].owner = transfer.outputs[1].owner;
    assert_eq!(refused(&rerouted, &rings), signature);
    assert_eq!(refused(&|transfer| transfer.outputs.clear(), &rings), Err(TransferFault::Shape));
}
