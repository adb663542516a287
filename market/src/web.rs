//! What all sites share that Galen serves: a node's public one, and the desks of researchers, hospitals and auditors.
//!
//! | question | module |
//! |---|---|
//! | how is a site put on a port? | [`site`] |
//! | what does it say when it refuses? | [`problem`], [`extract`] |
//! | who may call it, how often, from where? | [`session`], [`guard`], [`limit`] |
//! | what do its pages look like? | [`page`], [`parts`], [`chart`], [`assets`] |
//! | how is its API described? | [`document`] |
//! | how are long lists, repeated calls and progress handled? | [`cursor`], [`idempotency`], [`events`] |

pub mod assets;
pub mod chart;
pub mod cursor;
pub mod document;
pub mod events;
pub mod extract;
pub mod guard;
pub mod idempotency;
pub mod limit;
pub mod page;
pub mod parts;
pub mod problem;
pub mod session;
mod sign_in;
pub mod site;
#[cfg(test)]
mod tests;

pub use cursor::{Paged, Paging};
pub use problem::{Answered, Problem};
pub use session::Person;
