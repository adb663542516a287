//! Confidential money: a ring of notes, transfers of them, sealed prices and issues, made and checked.

use curve25519_dalek::Scalar;
use galen_ledger::ChainId;
use galen_market::amount::Amount;
use galen_market::codec::Canonical;
use galen_market::notes::group::{Point, blinding_base};
use galen_market::notes::issue::{Book, ISSUED, Issuance};
use galen_market::notes::keys::OwnerKeys;
use galen_market::notes::price::{SealedPrice, SealingSecret};
use galen_market::notes::ring::Member;
use galen_market::notes::transfer::{Purpose, Spend, Transfer, nothing};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;

/// Sellers that a price is sealed to.
pub const SELLERS: u8 = 16;

const CONTEXT: [u8; 32] = [3; 32];

/// What is measured: one issue is one ring.
pub struct World {
    chain: ChainId,
    authority: Point,
    owner: OwnerKeys,
    issue: Issuance,
    ring: Vec<Member>,
    sellers: Vec<Point>,
    rng: ChaCha20Rng,
}

impl World {
    /// Sixteen notes, and the keys of everybody.
    pub fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let authority = Point::new(Scalar::random(&mut rng) * blinding_base()).expect("a key");
        let (chain, owner) = (ChainId::from_bytes([7; 32]), OwnerKeys::generate(&mut rng));
        let to = owner.address();
        let amounts = [1_000_000; ISSUED];
        let (issue, _) =
            Issuance::new(&chain, &authority, &Book::default(), &to, &amounts, &mut rng).expect("an issue");
        let member = |(position, note): (u32, &galen_market::notes::note::Note)| Member {
            position,
            id: [position as u8; 32],
            key: note.owner.key,
            commitment: note.commitment,
        };
        let ring = (0..).zip(&issue.notes).map(member).collect();
        let secrets = (0..SELLERS).map(|seller| SealingSecret::from_seed(&[seller; 32]));
        let sellers = secrets.map(|secret| secret.key(b"").key).collect();
        Self { chain, authority, owner, issue, ring, sellers, rng }
    }

    /// A transfer of one note into two.
    pub fn transfer(&mut self) -> Transfer {
        let (locked, opening) = nothing();
        let purpose =
            Purpose { chain: &self.chain, authority: &self.authority, of: &CONTEXT, locked: &locked };
        let owned = self.issue.notes[5].recognise(&self.owner).expect("its own");
        let spend = Spend { ring: self.ring.clone(), place: 5, owned };
        let to = self.owner.address();
        let amount = Amount::new(400_000).expect("an amount");
        Transfer::new(purpose, &[spend], (&to, amount), &to, opening, &mut self.rng).expect("a transfer")
    }

    /// Whether it holds.
    pub fn verify(&self, transfer: &Transfer) -> bool {
        let (locked, _) = nothing();
        let purpose =
            Purpose { chain: &self.chain, authority: &self.authority, of: &CONTEXT, locked: &locked };
        transfer.verify(purpose, std::slice::from_ref(&self.ring)).is_ok()
    }

    /// Whether all hold, on as many threads as there are in this pool.
    pub fn verify_all(&self, transfers: &[Transfer]) -> bool {
        transfers.par_iter().all(|transfer| self.verify(transfer))
    }

    /// A price sealed to all sellers.
    pub fn seal(&mut self) -> SealedPrice {
        let secret = Scalar::random(&mut self.rng);
        let sealed = SealedPrice::new(&CONTEXT, &self.authority, 77, &secret, &self.sellers, &mut self.rng);
        sealed.expect("a price").0
    }

    /// Whether a price holds.
    pub fn check_price(&self, price: &SealedPrice) -> bool {
        price.check(&CONTEXT, &self.authority, &self.sellers).is_ok()
    }

    /// An issue of sixteen notes.
    pub fn issue(&mut self) -> Issuance {
        let to = self.owner.address();
        let amounts = [1_000_000; ISSUED];
        let book = Book::default();
        Issuance::new(&self.chain, &self.authority, &book, &to, &amounts, &mut self.rng).expect("an issue").0
    }

    /// Whether the issue that the ring came from holds.
    pub fn check_issue(&self) -> bool {
        let before = Book::default().commitment();
        self.issue.check(&self.chain, &self.authority, &before).is_ok()
    }

    /// Bytes of the issue.
    pub fn issue_bytes(&self) -> usize {
        self.issue.to_canonical().len()
    }
}
