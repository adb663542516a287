//! The gadgets that the circuits are written in: wires, bits, hashes, paths, points.
//!
//! A thin layer of our own on arkworks' constraint systems. A [`Wire`] is a value and a linear combination; addition and
//! scaling cost nothing, and every method that adds constraints says how many. Two things follow that the proofs of this
//! crate need: the same code builds matrices once and, later, only the assignment (no linear combination is formed then);
//! and every constraint belongs to a named section, which the soundness reports use.
//!
//! Caution: a constraint between constants is a mistake of the programmer, and panics while matrices are built.

mod choice;
mod edwards;
mod forgery;
mod merkle;
mod poseidon;
mod row;
mod wire;

pub use choice::Choice;
pub use edwards::Point;
pub use forgery::Role;
pub use row::RowWires;
pub use wire::{Bit, Builder, Wire};
