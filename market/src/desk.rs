//! Desks: what the people of one role work at, beside their keys and their data.

pub mod hospital;
