//! The seal circuit.

use ark_ff::{BigInteger, One, PrimeField, Zero};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, SynthesisError};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::{START, SealPrivate, SealPublic, TO_AUDITOR, TO_BUYER};
use crate::dataset::{BODY, RUN};
use crate::field::F;
use crate::gadget::{Bit, Builder, Point, Wire};
use crate::jubjub::{Coordinates, ENCAPSULATION, Ephemeral, Sealed};
use crate::merkle::Path;
use crate::poseidon::Domain;
use crate::registry::{DATASET_LEAF, NULLIFIER, REGISTRY_NODE, SELLER, STANDING_LEAF};
use crate::release::cipher::KEY;
use crate::scan::RunOpening;
use crate::shape::{DATASET_DEPTH, REGISTRY_DEPTH};

/// Bits of the draw that decide the start.
const DRAW_BITS: usize = 64;

/// The statement of one seal, with its witness.
#[derive(Clone, Debug)]
pub struct SealCircuit {
    /// What everybody knows.
    pub public: SealPublic,
    /// What only the seller knows.
    pub private: SealPrivate,
}

struct RunWires {
    root: Wire,
    chunks: Wire,
    start: Wire,
}

impl SealCircuit {
    /// A circuit of the right shape whose witness satisfies nothing: for key generation.
    pub fn blank() -> Self {
        let zero = F::zero();
        let point = Coordinates { x: zero, y: F::one() };
        let public = SealPublic {
            gamma: zero,
            schema: zero,
            min_chunks: 1,
            anchor: zero,
            recent: zero,
            request_id: zero,
            beacon: zero,
            run: zero,
            nullifier: zero,
            key_commitment: zero,
            buyer: point,
            encapsulation: zero,
            auditor: point,
            identity: Sealed { ephemeral: point, masked: zero },
        };
        let path = Path { position: 0, siblings: vec![zero; REGISTRY_DEPTH] };
        let ephemeral = Ephemeral::generate(&mut ChaCha20Rng::seed_from_u64(0));
        let private = SealPrivate {
            seller_secret: zero,
            salt: zero,
            run: RunOpening { root: zero, chunks: 1, start: 0, blind: zero },
            quotient: 0,
            draw: vec![false; F::MODULUS_BIT_SIZE as usize],
            dataset_path: path.clone(),
            standing_path: path,
            key: zero,
            key_blind: zero,
            to_buyer: ephemeral.clone(),
            to_auditor: ephemeral,
        };
        Self { public, private }
    }

    /// Writes the circuit.
    pub fn build(&self, b: &mut Builder) {
        let inputs = self.public.inputs().map(|value| b.input(value));
        let [
            gamma,
            schema,
            min_chunks,
            anchor,
            recent,
            request_id,
            beacon,
            run,
            nullifier,
            key_commitment,
            buyer_x,
            buyer_y,
            encapsulation,
            auditor_x,
            auditor_y,
            identity_x,
            identity_y,
            identity_masked,
        ] = inputs;
        b.section("seal.gamma");
        // γ carries everything that the contribution's header fixes; one use ties this proof to it.
        b.mul(&gamma, &gamma);

        b.section("seal.seller");
        let secret = b.witness(self.private.seller_secret);
        let seller = b.hash(SELLER, std::slice::from_ref(&secret));
        let used = b.hash(NULLIFIER, &[secret, request_id]);
        b.enforce_equal(&used, &nullifier);

        let opened = self.open_run(b, &run, &min_chunks);
        self.enforce_registered(b, &opened, &schema, &seller, &anchor, &recent);
        self.enforce_drawn(b, &opened, &beacon, &nullifier);

        b.section("seal.key");
        let key = b.witness(self.private.key);
        let blind = b.witness(self.private.key_blind);
        let committed = b.hash(KEY, &[key.clone(), blind]);
        b.enforce_equal(&committed, &key_commitment);

        b.section("seal.buyer");
        let buyer = Point { x: buyer_x, y: buyer_y };
        let (point, masked) = seal_to(b, TO_BUYER, &self.private.to_buyer, &buyer, &key);
        let digest = b.hash(ENCAPSULATION, &[point.x, point.y, masked]);
        b.enforce_equal(&digest, &encapsulation);

        b.section("seal.auditor");
        let auditor = Point { x: auditor_x, y: auditor_y };
        let (point, masked) = seal_to(b, TO_AUDITOR, &self.private.to_auditor, &auditor, &seller);
        b.enforce_equal(&point.x, &identity_x);
        b.enforce_equal(&point.y, &identity_y);
        b.enforce_equal(&masked, &identity_masked);
    }

    /// Opens D: min_chunks ≤ chunks ≤ 2^16 and start < chunks.
    fn open_run(&self, b: &mut Builder, commitment: &Wire, min_chunks: &Wire) -> RunWires {
        b.section("seal.run");
        let run = &self.private.run;
        let root = b.witness(run.root);
        // chunks − 1 in 16 bits: from 1 to 2^16 chunks.
        let chunks = Bit::number(&b.low_bits(F::from(run.chunks) - F::one(), DATASET_DEPTH)).plus(F::one());
        let start = Bit::number(&b.low_bits(F::from(run.start), DATASET_DEPTH));
        let blind = b.witness(run.blind);
        let opened = b.hash(RUN, &[root.clone(), chunks.clone(), start.clone(), blind]);
        b.enforce_equal(&opened, commitment);
        b.section("seal.chunks");
        b.bits(&chunks.sub(min_chunks), DATASET_DEPTH);
        b.bits(&chunks.sub(&start).minus(F::one()), DATASET_DEPTH);
        RunWires { root, chunks, start }
    }

    fn enforce_registered(
        &self,
        b: &mut Builder,
        run: &RunWires,
        schema: &Wire,
        seller: &Wire,
        anchor: &Wire,
        recent: &Wire,
    ) {
        b.section("seal.anchor");
        let salt = b.witness(self.private.salt);
        let body = b.hash(BODY, &[run.root.clone(), run.chunks.clone(), salt]);
        let leaf = b.hash(DATASET_LEAF, &[body, schema.clone(), seller.clone()]);
        let root = registry_root(b, &leaf, &self.private.dataset_path);
        b.enforce_equal(&root, anchor);
        b.section("seal.standing");
        let leaf = b.hash(STANDING_LEAF, &[schema.clone(), seller.clone()]);
        let root = registry_root(b, &leaf, &self.private.standing_path);
        b.enforce_equal(&root, recent);
    }

    /// low64(hash(beacon, nullifier)) = quotient · chunks + start, by canonical bits and a quotient of 64 bits.
    fn enforce_drawn(&self, b: &mut Builder, run: &RunWires, beacon: &Wire, nullifier: &Wire) {
        b.section("seal.draw");
        let drawn = b.hash(START, &[beacon.clone(), nullifier.clone()]);
        let bits = canonical_bits(b, &drawn, &self.private.draw);
        let quotient = Bit::number(&b.low_bits(F::from(self.private.quotient), DRAW_BITS));
        let low = Bit::number(&bits[..DRAW_BITS]);
        b.section("seal.draw.division");
        b.enforce(&quotient, &run.chunks, &low.sub(&run.start));
    }
}

fn registry_root(b: &mut Builder, leaf: &Wire, path: &Path) -> Wire {
    let bits: Vec<Bit> = (0..REGISTRY_DEPTH).map(|level| b.bit(path.position >> level & 1 == 1)).collect();
    b.merkle_root(REGISTRY_NODE, leaf, &bits, &path.siblings)
}

/// Hashed ElGamal: (e·G, value + hash(e·key)).
fn seal_to(
    b: &mut Builder,
    domain: Domain,
    ephemeral: &Ephemeral,
    key: &Point,
    value: &Wire,
) -> (Point, Wire) {
    let scalar: Vec<Bit> = ephemeral.bits().into_iter().map(|bit| b.bit(bit)).collect();
    let point = b.generator_times(&scalar);
    let shared = b.point_times(&scalar, key);
    let mask = b.hash(domain, &[shared.x, shared.y]);
    (point, value.add(&mask))
}

/// The 255 bits of a wire, as a number below the field's order: without the second part a tenth of all values have an
/// alias of 255 bits.
fn canonical_bits(b: &mut Builder, wire: &Wire, values: &[bool]) -> Vec<Bit> {
    let bits: Vec<Bit> = values.iter().map(|bit| b.bit(*bit)).collect();
    b.enforce_equal(&Bit::number(&bits), wire);
    b.section("seal.draw.canonical");
    enforce_at_most(b, &bits, &(-F::one()).into_bigint().to_bits_le());
    bits
}

/// Σ 2^i · bitᵢ ≤ Σ 2^i · boundᵢ. `tied` says that all higher bits equal the bound's; where the bound has a 0, a tie
/// forbids a 1.
fn enforce_at_most(b: &mut Builder, bits: &[Bit], bound: &[bool]) {
    let mut tied: Option<Bit> = None;
    for (bit, bound) in bits.iter().zip(bound).rev() {
        match (bound, &tied) {
            (true, None) => tied = Some(bit.clone()),
            (true, Some(before)) => tied = Some(b.and(before, bit)),
            (false, Some(before)) => b.enforce_zero_when(before, bit.wire()),
            (false, None) => b.enforce_equal(bit.wire(), &Wire::zero()),
        }
    }
}

impl ConstraintSynthesizer<F> for SealCircuit {
    fn generate_constraints(self, cs: ConstraintSystemRef<F>) -> Result<(), SynthesisError> {
        let mut builder = Builder::new(cs);
        self.build(&mut builder);
        builder.finish()
    }
}
