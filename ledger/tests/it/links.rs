//! Links: who gets one, what travels on it, and what becomes of it when the network or a peer misbehaves.

mod flow;
mod kit;
mod lifecycle;
mod members;
mod net;
mod strangers;

pub use kit::LONG;
