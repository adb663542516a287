//! Against an implementation that is not ours: values that solana-zk-sdk 8.1.0 made (its Pedersen commitments and twisted ElGamal
//! over the same group; its key is s⁻¹·H, so that s = 1/k), and that its own `decrypt_u32`, validity proofs and batched range
//! proofs accepted. It is no dependency: it would bring 54 crates for this one test.

use curve25519_dalek::Scalar;

use super::super::handle::{HandleProof, Handled};
use super::super::note::Opening;
use super::super::range::{AMOUNT_BITS, Range, Use};
use super::super::transfer::OUTPUTS;
use super::*;

const G: &str = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";
const H: &str = "8c9240b456a9e6dc65c377a1048d745f94a08cdb7f44cbcd7b46f34048871134";
/// `ElGamalKeypair::new` of 1/k, k of bytes 3.
const KEY: &str = "0c554016222cd2c31fbd449c714408c00f45986b3cccc847fdab0bb120129b4b";
/// `encrypt_with_u64` of an amount, with the opening of bytes 10, 11, 12, 13: commitment and handle.
const ENCRYPTED: [(u64, &str, &str); 4] = [
    (
        0,
        "34d9a6fba827e6bbbd4b4e3331759cac1527aa5145372aad7c3cb514fc55bd18",
        "8871a4969ed5c615b08e9616fa41d31de7deef74f7953331e671b285b7e23329",
    ),
    (
        2200,
        "4084cf2ff92756fc0795e94e34be54fb6fe74ae8fd711e16e1fb7259b3561671",
        "22684be059288eec55a14797d2c819b393252739f7bf0a611da1bdd08945b961",
    ),
    (
        4_294_967_295,
        "9aec9a420aca522a11b6e0292639f32bf8a5dc9400782aecb2a390631404cb21",
        "1013f222638f94877219f0604099233d6f611da686b4822087a34c24aed67373",
    ),
    (
        1_099_511_627_775,
        "dcdac9a5f134839367b439072dab77f74d7a5b0ce3ca597d0d1b1222e3799814",
        "44f78001c8412d079bfa8999b328ee5f295dea124698bff78773debda1d4f46a",
    ),
];
/// 40 times the second commitment and `Pedersen::with` 0 and bytes 99.
const PAYOUT: &str = "b686fad489c6a73fd2a2b141fcdb79c196dcb617e0709047dd8fb406c57b4f52";

fn read(text: &str) -> Point {
    Point::from_canonical(&hex::decode(text).unwrap()).unwrap()
}

fn opening(place: usize) -> Opening {
    let blinding = Scalar::from_bytes_mod_order([10 + place as u8; 32]);
    Opening { amount: ENCRYPTED[place].0, blinding }
}

#[test]
fn bases_commitments_and_handles_are_those_of_solanas() {
    assert_eq!((bases().B, blinding_base()), (*read(G).get(), *read(H).get()));
    let k = Scalar::from_bytes_mod_order([3; 32]);
    assert_eq!(k * blinding_base(), *read(KEY).get());
    for (place, (amount, commitment, handle)) in ENCRYPTED.into_iter().enumerate() {
        let (commitment, handle, opening) = (read(commitment), read(handle), opening(place));
        assert_eq!(opening.commit(), *commitment.get());
        assert_eq!(opening.blinding * read(KEY).get(), *handle.get());
        assert_eq!(commitment.get() - k.invert() * handle.get(), Scalar::from(amount) * bases().B);
    }
    let shift = bases().commit(Scalar::ZERO, Scalar::from_bytes_mod_order([99; 32]));
    assert_eq!(Scalar::from(40u64) * read(ENCRYPTED[1].1).get() + shift, *read(PAYOUT).get());
}

#[test]
fn our_proofs_hold_for_commitments_and_handles_that_solanas_made() {
    let (mut rng, key, context) = (support::rng(110), read(KEY), [1; 32]);
    let handled = ENCRYPTED
        .map(|(_, commitment, handle)| Handled { commitment: read(commitment), handle: read(handle) });
    let openings: Vec<_> = (0..ENCRYPTED.len()).map(opening).collect();
    let pairs: Vec<_> = handled.into_iter().zip(openings.iter().copied()).collect();
    assert!(HandleProof::new(&context, &key, &pairs, &mut rng).holds(&context, &key, &handled));
    let of = Use { label: b"test", context: &context, bits: AMOUNT_BITS };
    let commitments = handled.map(|output| output.commitment.compressed());
    assert!(Range::new(of, &openings, &mut rng).unwrap().holds(of, &commitments));
    assert!(Range::new(of, &openings[..OUTPUTS], &mut rng).unwrap().holds(of, &commitments[..OUTPUTS]));
}

/// Straight from the module's text, with none of its code.
#[test]
fn the_equations_of_a_handle_proof_are_those_that_its_module_states() {
    let (mut rng, key, context) = (support::rng(111), read(KEY), [1; 32]);
    let output = Handled { commitment: read(ENCRYPTED[1].1), handle: read(ENCRYPTED[1].2) };
    let proof = HandleProof::new(&context, &key, &[(output, opening(1))], &mut rng).to_canonical();
    let scalar = |at: usize| Scalar::from_canonical_bytes(proof[at..at + 32].try_into().unwrap()).unwrap();
    // c, the number of responses, z, y.
    let (c, z, y) = (scalar(0), scalar(36), scalar(68));
    let (g, h, big_c, big_a) = (read(G), read(H), read(ENCRYPTED[1].1), read(ENCRYPTED[1].2));
    let commitment = z * g.get() + y * h.get() - c * big_c.get();
    let handle = y * key.get() - c * big_a.get();
    let mut transcript = Transcript::new(b"galen 2026 money handles v1");
    transcript.append_message(b"context", &context);
    transcript.append_message(b"K", key.as_bytes());
    transcript.append_message(b"outputs", &1u64.to_le_bytes());
    transcript.append_message(b"C", big_c.as_bytes());
    transcript.append_message(b"A", big_a.as_bytes());
    transcript.append_message(b"T", commitment.compress().as_bytes());
    transcript.append_message(b"U", handle.compress().as_bytes());
    let mut bytes = [0; 64];
    transcript.challenge_bytes(b"c", &mut bytes);
    assert_eq!(Scalar::from_bytes_mod_order_wide(&bytes), c);
}
