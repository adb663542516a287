//! What each role does, as functions over a state that was read and the secrets that it holds: no network, no clock.

pub mod authority;
pub mod hospital;
pub mod researcher;
pub mod treasury;
