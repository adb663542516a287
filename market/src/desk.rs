//! Desks: what the people of a role work at, beside their keys and data. Each follows the chain and signs by itself.
//!
//! | question | module |
//! |---|---|
//! | where are its configuration, keys and people? | [`home`] |
//! | what does each role do? | [`hospital`], [`researcher`] |

pub mod home;
pub mod hospital;
pub mod researcher;
