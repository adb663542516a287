//! What all served sites share.

pub mod assets;
pub mod chart;
pub mod page;
pub mod parts;
