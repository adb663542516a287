//! Confidential money: notes whose amounts and owners are hidden, transfers that prove themselves, and what the audit
//! authority can open.
//!
//! | question | module |
//! |---|---|
//! | in which group, over which bases, how written and said to transcripts? | [`group`] |
//! | who owns, and how is an owner paid without being named? | [`keys`] |
//! | what is a note? | [`note`] |
//! | why does the audit authority read the true amount? | [`handle`] |
//! | why is the spent note one of the ring, unspent, and of that amount? | [`ring`] |
//! | why does a transfer make no money? | [`transfer`] |

pub mod group;
pub mod handle;
pub mod keys;
pub mod note;
pub mod ring;
pub mod transfer;
