//! Attacks on a contribution, one test a row of the table of threats, each refused for the reason stated.
//!
//! Most run at the level of constraints: the forger sets any witness and whatever he publishes himself, and the test
//! names the sections that still object. Those about proofs as things (mixed, swapped, altered) use real ones.

mod classes;
mod delivery;
mod multiset;
mod origin;
mod proofs;
mod rows;
mod scanning;
mod snarkjs;
