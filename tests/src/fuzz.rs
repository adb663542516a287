//! Fuzz targets: every decoder of what comes from outside, and the core fed with sequences of inputs.
//!
//! A target takes bytes, and must come back: no panic, no more memory than the length of the bytes allows. What decodes
//! must encode to the same bytes again. Its answer says which way the bytes went, so that whoever drives it can tell new
//! ways from old. Targets are plain functions: `tests/fuzz` replays and mutates a small corpus on any toolchain, and a
//! coverage-guided engine can call the same functions (CONTRIBUTING.md).

pub mod circuits;
pub mod files;
pub mod lanes;
pub mod ledger;
pub mod market;
pub mod mutate;
pub mod step;
pub mod world;

use galen_ledger::codec::{Decode, Encode};

/// Something to be fuzzed.
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Takes any bytes, and says which way they went.
    pub run: fn(&[u8]) -> String,
    /// Real inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Bytes of memory that a byte of input may take.
    pub memory: usize,
    /// Changed inputs that every run tries: as many as take about a second.
    pub mutations: usize,
}

impl Target {
    const fn new(name: &'static str, run: fn(&[u8]) -> String, seeds: fn() -> Vec<Vec<u8>>) -> Self {
        Self { name, run, seeds, memory: 512, mutations: 10_000 }
    }
}

/// All targets.
pub fn targets() -> Vec<Target> {
    let market = market::targets().into_iter().chain(circuits::targets());
    let ledger = ledger::targets().into_iter().chain(lanes::targets()).chain(files::targets());
    ledger.chain(market).chain(step::targets()).collect()
}

/// Decodes with the ledger's codec; what decodes must encode to the same bytes.
fn decoded<T: Decode + Encode>(bytes: &[u8], verify: impl FnOnce(T) -> String) -> String {
    match T::from_bytes(bytes) {
        Ok(value) => {
            assert!(value.to_bytes() == bytes, "decodes, but encodes to other bytes");
            format!("decodes, {}", verify(value))
        }
        Err(error) => way(&error),
    }
}

/// An error, without the numbers and names in it.
fn way(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let named = |word: &&str| word.len() < 24 && !word.contains(|char: char| char.is_ascii_digit());
    text.split_whitespace().filter(named).collect::<Vec<_>>().join(" ")
}

/// The result of a check that may fail.
fn checked<E: std::fmt::Display>(result: Result<(), E>) -> String {
    result.map_or_else(|error| way(&error), |()| "holds".into())
}
