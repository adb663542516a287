//! Views, pages and API over a rehearsed chain: real rules and real records, without consensus and without proofs.

mod lists;
pub(crate) mod rehearsed;
mod site;
