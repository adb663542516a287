//! Desks: what the people of one role work at, beside their keys and their data.
//!
//! | question | module |
//! |---|---|
//! | where are its configuration, keys and people? | [`home`] |

pub mod home;
