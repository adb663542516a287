//! Desks: what the people of a role work at, beside their keys and data. Each follows the chain and signs by itself.

pub mod hospital;
pub mod researcher;
