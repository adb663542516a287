//! T13, T14, T18, T19: proofs and keys as things: mixed, swapped, reused, altered, badly encoded. With real proofs.

use ark_bls12_381::{Bls12_381, Fq, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, PrimeField};
use ark_groth16::Groth16;
use galen_circuits::contribution::{
    Challenge, Contribution, ContributionFault, DecodeError, Payout, Statement, Verifier, Which,
};
use galen_circuits::field::F;
use galen_circuits::groth16::{KeyError, Origin, Prepared, Proof, VerifyingKey};
use galen_circuits::jubjub::SecretKey;
use galen_circuits::state::{OpenClass, State, Totals};
use galen_prover::engine::{Assignment, EngineError};
use galen_tests::forge::stopped_by;
use galen_tests::keys::{Proving, proven};
use galen_tests::system::System;
use galen_tests::world::{gamma, honest};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::scanning::scan;

fn verdict(contribution: &Contribution) -> Result<Challenge, ContributionFault> {
    verdict_under(&honest().0.statement, contribution)
}

fn verdict_under(statement: &Statement, contribution: &Contribution) -> Result<Challenge, ContributionFault> {
    Proving::load().verifier.verify(statement, contribution)
}

fn fails(which: &[Which]) -> Result<Challenge, ContributionFault> {
    Err(ContributionFault::Proofs(which.to_vec()))
}

fn all_but_the_seal(contribution: &Contribution) -> Vec<Which> {
    let scans = (0..contribution.scans.len()).map(Which::Scan);
    scans.chain((0..contribution.releases.len()).map(Which::Release)).collect()
}

#[test]
fn an_honest_contribution_is_accepted_and_survives_its_encoding() {
    let contribution = proven();
    assert_eq!(verdict(contribution), Ok(honest().1.challenge));
    assert_eq!(Contribution::from_bytes(&contribution.to_bytes()).as_ref(), Ok(contribution));
}

#[test]
fn t13_proofs_swapped_reused_or_left_out() {
    let honest = proven();
    let mut swapped = honest.clone();
    swapped.scans.swap(0, 1);
    assert_eq!(verdict(&swapped), fails(&[Which::Scan(0), Which::Scan(1)]));
    let mut swapped = honest.clone();
    swapped.releases.swap(0, 1);
    assert_eq!(verdict(&swapped), fails(&[Which::Release(0), Which::Release(1)]));
    let mut twice = honest.clone();
    twice.scans[2] = twice.scans[1].clone();
    assert_eq!(verdict(&twice), fails(&[Which::Scan(2)]));
    let mut elsewhere = honest.clone();
    elsewhere.seal = elsewhere.scans[0].clone();
    assert_eq!(verdict(&elsewhere), fails(&[Which::Seal]));
    let mut left_out = honest.clone();
    left_out.scans.pop();
    assert_eq!(verdict(&left_out), Err(ContributionFault::Scans { expected: 3, found: 2 }));
    let mut left_out = honest.clone();
    let (rows, expected) = (rows_of(honest), honest.releases.len());
    left_out.releases.pop();
    assert_eq!(verdict(&left_out), Err(ContributionFault::Blocks { rows, expected, found: expected - 1 }));
    let mut block = honest.clone();
    block.header.blocks.pop();
    assert_eq!(verdict(&block), Err(ContributionFault::Blocks { rows, expected, found: expected - 1 }));
}

fn rows_of(contribution: &Contribution) -> u64 {
    u64::from(contribution.header.totals.released) + u64::from(contribution.header.totals.suppressed)
}

#[test]
fn t13_the_chain_of_states_broken_or_started_elsewhere() {
    let honest = proven();
    for link in 0..honest.states.len() {
        let mut broken = honest.clone();
        broken.states[link] += F::from(1u64);
        let all = all_but_the_seal(honest);
        assert_eq!(verdict(&broken), fails(&all[link..link + 2]), "the two proofs that the link joins");
    }
    let mut short = honest.clone();
    short.states.pop();
    let expected = honest.states.len();
    assert_eq!(verdict(&short), Err(ContributionFault::States { expected, found: expected - 1 }));
    // The chain moved by one: a state that came first comes second.
    let mut moved = honest.clone();
    moved.states.rotate_left(1);
    assert!(
        matches!(verdict(&moved), Err(ContributionFault::Proofs(list)) if list.len() == all_but_the_seal(honest).len())
    );
}

#[test]
fn t13_another_contributions_proofs() {
    let (world, _) = honest();
    let ours = proven();
    let other = world.plan_paid_to(Payout { key: [3; 32], memo: [2; 32] });
    // The other's header and seal around our scans and releases.
    let proving = Proving::load();
    let mut mixed = ours.clone();
    mixed.header = other.header.clone();
    mixed.states = other.states.clone();
    assert_eq!(verdict(&mixed), fails(&[Which::Seal]), "a seal reused");
    mixed.seal = proving.prove_seal(&other);
    assert_eq!(verdict(&mixed), fails(&all_but_the_seal(ours)));
}

/// A scan cannot set what belongs to releases, nor start from anything but the constant.
#[test]
fn t13_counters_set_by_a_scan() {
    let (world, _) = honest();
    let system = System::scan();
    let class = OpenClass { open: true, sensitive: 1, rows: 100, distinct: 9, run: 1, longest: 1 };
    let totals = Totals { released: 9, suppressed: 0, loss: 0 };
    let honest_scan = scan(world, 0, State::first());
    let run = world.run();
    let rows = run.chunk(&world.dataset, 0).rows();
    let position = run.opening.position(0).0;
    let next =
        galen_circuits::scan::step(&world.statement.terms, gamma(), &State::first(), position, rows).unwrap();
    for forged in [State { class, ..next }, State { totals, ..next }, State { bounds: F::from(9u64), ..next }]
    {
        let mut circuit = honest_scan.clone();
        circuit.public.state_out = forged.commit(circuit.private.blind_out);
        assert_eq!(stopped_by(system, circuit, &[]), ["scan.state.out"]);
    }
    // From a state with counters, where the chain says the constant.
    let mut circuit = scan(world, 0, State { class, ..State::first() });
    circuit.public.state_in = State::first().commit_in_the_clear();
    assert_eq!(stopped_by(system, circuit, &[6]), ["scan.state.in"]);
    let mut circuit = scan(world, 0, State { acc: F::from(9u64), ..State::first() });
    circuit.private.blind_in = F::from(0u64);
    circuit.public.state_in = State::first().commit_in_the_clear();
    assert_eq!(stopped_by(system, circuit, &[6]), ["scan.state.in"]);
}

type Change = (&'static str, fn(&mut Contribution));

/// Every field of the header but those that the counts hold.
const HEADER_CHANGES: [Change; 17] = [
    ("recent", |c| c.header.recent += one()),
    ("run", |c| c.header.run += one()),
    ("nullifier", |c| c.header.nullifier += one()),
    ("rows", |c| c.header.blocks[0].rows += one()),
    ("ciphertext", |c| c.header.blocks[1].ciphertext += one()),
    ("order of blocks", |c| c.header.blocks.swap(0, 1)),
    ("released", |c| c.header.totals.released -= 1),
    ("suppressed", |c| c.header.totals.suppressed -= 1),
    ("released for suppressed", |c| {
        c.header.totals.released += 1;
        c.header.totals.suppressed -= 1;
    }),
    ("loss", |c| c.header.totals.loss -= 1),
    ("key commitment", |c| c.header.key_commitment += one()),
    ("encapsulation", |c| c.header.encapsulation += one()),
    ("identity x", |c| c.header.identity.ephemeral.x += one()),
    ("identity y", |c| c.header.identity.ephemeral.y += one()),
    ("identity", |c| c.header.identity.masked += one()),
    ("payout key", |c| c.header.payout.key[31] ^= 1),
    ("payout memo", |c| c.header.payout.memo[0] ^= 1),
];

fn one() -> F {
    F::from(1u64)
}

#[test]
fn t14_any_field_of_the_header_altered() {
    let honest = proven();
    let challenge = verdict(honest).unwrap();
    for (field, change) in HEADER_CHANGES {
        let mut altered = honest.clone();
        change(&mut altered);
        assert_eq!(verdict(&altered), fails(&[Which::Seal]), "{field}");
        let drawn = Challenge::draw(&galen_tests::world::honest().0.statement, &altered.header);
        assert!(drawn.gamma != challenge.gamma && drawn.id != challenge.id, "{field}");
    }
}

#[test]
fn t14_a_proof_rerandomized_to_look_new() {
    let honest = proven();
    let proving = Proving::load();
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let again: ark_groth16::Proof<Bls12_381> = Groth16::<Bls12_381>::rerandomize_proof(
        proving.verifying.seal.as_ark(),
        &(&honest.seal).into(),
        &mut rng,
    );
    let mut new = honest.clone();
    new.seal = Proof::try_from(again).unwrap();
    assert_ne!(new.to_bytes(), honest.to_bytes());
    // It holds, and is the same contribution: id and nullifier are what the ledger looks at, never a proof's bytes.
    let challenge = verdict(&new).unwrap();
    assert_eq!(challenge, verdict(honest).unwrap());
    assert_eq!(new.header.nullifier, honest.header.nullifier);
}

#[test]
fn t15_a_contribution_to_a_request_of_other_terms() {
    let honest = proven();
    let statement = &galen_tests::world::honest().0.statement;
    let challenge = verdict(honest).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(10);
    let other_key = SecretKey::generate(&mut rng).public();
    let changes: Vec<(&str, Box<dyn Fn(&mut Statement)>)> = vec![
        ("chain", Box::new(|s| s.chain_id.push('x'))),
        ("request", Box::new(|s| s.request_id += one())),
        ("schema", Box::new(|s| s.terms.schema += one())),
        ("k", Box::new(|s| s.terms.k -= 1)),
        ("alpha", Box::new(|s| s.terms.alpha += 1)),
        ("predicate", Box::new(|s| s.terms.predicate.conditions[0].hi += 1)),
        ("clauses", Box::new(|s| s.terms.predicate.clauses.swap(0, 1))),
        ("purpose", Box::new(|s| s.terms.purpose += 1)),
        ("released", Box::new(|s| s.terms.released = vec![3])),
        ("weight", Box::new(|s| s.terms.quasi_identifiers[0].weight += 1)),
        ("min chunks", Box::new(|s| s.min_chunks -= 1)),
        ("anchor", Box::new(|s| s.anchor += one())),
        ("beacon", Box::new(|s| s.beacon += one())),
        ("buyer", Box::new(move |s| s.buyer = other_key)),
        ("auditor", Box::new(move |s| s.auditor = other_key)),
        ("suppression", Box::new(|s| s.limits.max_suppressed_per_mille += 1)),
        ("loss", Box::new(|s| s.limits.max_loss_per_row += 1)),
    ];
    for (field, change) in changes {
        let mut other = statement.clone();
        change(&mut other);
        assert_eq!(verdict_under(&other, honest), fails(&[Which::Seal]), "{field}");
        assert_ne!(Challenge::draw(&other, &honest.header).id, challenge.id, "{field}");
    }
    let mut other = statement.clone();
    other.sample = 4;
    assert_eq!(verdict_under(&other, honest), Err(ContributionFault::Scans { expected: 4, found: 3 }));
    assert_ne!(Challenge::draw(&other, &honest.header).id, challenge.id);
}

/// Offsets in the bytes: eight field elements, then payout key and memo, totals, counts, blocks, states, proofs.
#[test]
fn t18_encodings_that_are_not_canonical() {
    let contribution = proven();
    let bytes = contribution.to_bytes();
    let proofs = contribution.scans.len() + contribution.releases.len() + 1;
    let first_proof = bytes.len() - proofs * 192;
    let blocks = 8 * 32 + 64 + 16 + 8;
    let elements = (0..8).map(|i| 32 * i).chain((blocks..first_proof).step_by(32));
    for at in elements {
        let mut element = [0u8; 32];
        element.copy_from_slice(&bytes[at..at + 32]);
        let value = galen_circuits::field::from_bytes(&element).unwrap();
        let mut alias = value.into_bigint();
        assert!(!alias.add_with_carry(&F::MODULUS));
        let mut forged = bytes.clone();
        for (place, limb) in forged[at..at + 32].chunks_exact_mut(8).zip(alias.0) {
            place.copy_from_slice(&limb.to_le_bytes());
        }
        assert!(matches!(Contribution::from_bytes(&forged), Err(DecodeError::Element(_))), "at {at}");
    }
    for proof in 0..proofs {
        let at = first_proof + 192 * proof;
        for (what, offset, replacement) in wrong_points() {
            let mut forged = bytes.clone();
            forged[at + offset..at + offset + replacement.len()].copy_from_slice(&replacement);
            let refused = Contribution::from_bytes(&forged);
            assert!(matches!(refused, Err(DecodeError::Proof(_))), "{what} in proof {proof}: {refused:?}");
        }
    }
    let mut trailing = bytes.clone();
    trailing.push(0);
    assert_eq!(Contribution::from_bytes(&trailing), Err(DecodeError::Trailing(1)));
    for length in [0, 1, 31, blocks, first_proof, bytes.len() - 1] {
        assert!(matches!(Contribution::from_bytes(&bytes[..length]), Err(DecodeError::Short(_))));
    }
    for (at, what) in [(8 * 32 + 64 + 16, "scans"), (8 * 32 + 64 + 20, "blocks")] {
        for count in [0u32, (1 << 14) + 1, u32::MAX] {
            let mut forged = bytes.clone();
            forged[at..at + 4].copy_from_slice(&count.to_le_bytes());
            assert_eq!(Contribution::from_bytes(&forged), Err(DecodeError::Count(what)));
        }
    }
}

/// Points that are none, by offset in a proof: off the curve, outside the subgroup, infinity, infinity with more.
fn wrong_points() -> Vec<(&'static str, usize, Vec<u8>)> {
    let small = (0u64..)
        .find_map(|x| {
            let point = G1Affine::get_point_from_x_unchecked(Fq::from(x), false)?;
            (!point.is_in_correct_subgroup_assuming_on_curve()).then_some(point)
        })
        .unwrap();
    let mut mixed = Vec::new();
    ark_ff::biginteger::BigInteger::to_bytes_be(&small.x.into_bigint()).iter().for_each(|b| mixed.push(*b));
    mixed[0] |= 0x80;
    if small.y.into_bigint() > (-small.y).into_bigint() {
        mixed[0] |= 0x20;
    }
    let off_curve =
        (0u64..).find(|x| G1Affine::get_point_from_x_unchecked(Fq::from(*x), false).is_none()).unwrap();
    let mut off = vec![0u8; 48];
    off[0] = 0x80;
    off[40..].copy_from_slice(&off_curve.to_be_bytes());
    let mut infinity = vec![0u8; 48];
    infinity[0] = 0xc0;
    let mut junk = infinity.clone();
    junk[47] = 1;
    let mut infinity_g2 = vec![0u8; 96];
    infinity_g2[0] = 0xc0;
    vec![
        ("a point outside the subgroup", 0, mixed),
        ("a point off the curve", 144, off),
        ("infinity as A", 0, infinity.clone()),
        ("infinity as C", 144, infinity),
        ("infinity with junk", 0, junk),
        ("infinity as B", 48, infinity_g2),
    ]
}

#[test]
fn t19_keys_of_another_setup_or_degenerate() {
    let (world, _) = honest();
    let proving = Proving::load();
    let key = &proving.verifying.seal;
    let with = |change: fn(&mut ark_groth16::VerifyingKey<Bls12_381>)| {
        let mut ark = key.as_ark().clone();
        change(&mut ark);
        VerifyingKey::<18>::new(ark, key.circuit(), Origin::InsecureSingleParty)
    };
    let degenerate = with(|ark| ark.gamma_g2 = ark.delta_g2);
    assert!(matches!(degenerate, Err(KeyError::GammaIsDelta)));
    let degenerate = with(|ark| ark.delta_g2 = G2Affine::generator());
    assert!(matches!(degenerate, Err(KeyError::DeltaIsGenerator)));
    assert!(with(|ark| ark.gamma_g2 = G2Affine::zero()).is_err());
    assert!(with(|ark| ark.gamma_abc_g1.truncate(18)).is_err());
    // Another δ: as good a key as ours by its form, and its name and verdict are others.
    let other = with(|ark| ark.delta_g2 = (ark.delta_g2 + ark.delta_g2).into_affine()).unwrap();
    assert_ne!(other.fingerprint(), key.fingerprint());
    let mut keys = proving.verifying.clone();
    keys.seal = other;
    let verifier = Verifier::new(&keys);
    assert_eq!(verifier.verify(&world.statement, proven()), fails(&[Which::Seal]));
}

/// (e) Every public input changed makes verification fail: none is without effect.
#[test]
fn every_public_input_is_bound() {
    let (_, plan) = honest();
    let (proving, proven) = (Proving::load(), proven());
    bound("scan", &proving.verifying.scan, plan.scans[1].public.inputs(), &proven.scans[1]);
    bound("release", &proving.verifying.release, plan.releases[1].public.inputs(), &proven.releases[1]);
    bound("seal", &proving.verifying.seal, plan.seal.public.inputs(), &proven.seal);
}

fn bound<const N: usize>(name: &str, key: &VerifyingKey<N>, inputs: [F; N], proof: &Proof) {
    let prepared = Prepared::new(key);
    prepared.verify(&inputs, proof).unwrap();
    for input in 0..N {
        for value in [inputs[input] + one(), -inputs[input] - one()] {
            let mut altered = inputs;
            altered[input] = value;
            assert!(prepared.verify(&altered, proof).is_err(), "{name}: input {input} is free");
        }
    }
    println!("{name}: {N} public inputs, each bound");
}

/// The prover's own engine refuses to prove a lie: a false proof does not leave by mistake.
#[test]
fn the_engine_refuses_an_assignment_that_lies() {
    let (_, plan) = honest();
    let mut seal = plan.seal.clone();
    seal.private.run.start = (seal.private.run.start + 1) % seal.private.run.chunks;
    seal.public.run = seal.private.run.commitment();
    let refused = Proving::load().try_seal(Assignment::of(seal).unwrap());
    assert!(matches!(refused, Err(EngineError::Unsatisfied { .. })), "{refused:?}");
}
