//! Confidential money: notes whose amounts and owners are hidden, transfers that prove themselves, and what the audit
//! authority can open.
//!
//! | question | module |
//! |---|---|
//! | in which group, over which bases, how written and said to transcripts? | [`group`] |
//! | who owns, and how is an owner paid without being named? | [`keys`] |
//! | what is a note? | [`note`] |
//! | which is known, and equal, of several logarithms? | [`sigma`] |
//! | why is no amount negative? | [`range`] |
//! | why does the audit authority read the true amount? | [`handle`] |
//! | why is the spent note one of the ring, unspent, and of that amount? | [`ring`] |
//! | why does a transfer make no money? | [`transfer`] |
//! | where does money come from? | [`issue`] |
//! | who can read a price? | [`price`] |
//! | whom does the ledger itself pay, and what? | [`payee`] |
//! | how does the authority open an amount? | [`authority`], [`logarithm`] |

pub mod authority;
pub mod group;
pub mod handle;
pub mod issue;
pub mod keys;
pub mod logarithm;
pub mod note;
pub mod payee;
pub mod price;
pub mod range;
pub mod ring;
pub mod sigma;
pub mod transfer;
