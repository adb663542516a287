//! Changes of inputs, drawn from a seed: what bit flips, lost or doubled pieces and hostile lengths look like.

use rand::{Rng, seq::SliceRandom};
use rand_chacha::ChaCha20Rng;

/// Numbers at which things go wrong.
const HOSTILE: [u64; 12] =
    [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, u64::MAX >> 1, 1 << 63, u64::MAX];

/// Longest input.
const LONGEST: usize = 64 * 1024;

/// An input like `input`, with some changes; `other` may give pieces.
pub fn mutate(rng: &mut ChaCha20Rng, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..rng.gen_range(1..=4) {
        change(rng, &mut bytes, other);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(rng: &mut ChaCha20Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = rng.gen_range(0..=bytes.len());
    let end = (at + rng.gen_range(0..=64)).min(bytes.len());
    match rng.gen_range(0..9) {
        0 if at < bytes.len() => bytes[at] ^= 1 << rng.gen_range(0..8),
        1 if at < bytes.len() => bytes[at] = rng.r#gen(),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..end)),
        4 => {
            let doubled = bytes[at..end].to_vec();
            bytes.splice(at..at, doubled);
        }
        5 => {
            let random: Vec<u8> = (0..rng.gen_range(1..=16)).map(|_| rng.r#gen()).collect();
            bytes.splice(at..at, random);
        }
        6 => hostile::<4>(rng, bytes, at),
        7 => hostile::<8>(rng, bytes, at),
        _ if !other.is_empty() => {
            let from = rng.gen_range(0..other.len());
            let to = (from + rng.gen_range(1..=128)).min(other.len());
            bytes.splice(at..end, other[from..to].iter().copied());
        }
        _ => {}
    }
}

fn hostile<const N: usize>(rng: &mut ChaCha20Rng, bytes: &mut [u8], at: usize) {
    let number = HOSTILE.choose(rng).copied().unwrap_or_default().to_le_bytes();
    if let Some(place) = bytes.get_mut(at..at + N) {
        place.copy_from_slice(&number[..N]);
    }
}
