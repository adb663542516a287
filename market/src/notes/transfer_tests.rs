use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

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
