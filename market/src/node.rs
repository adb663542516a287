//! `galen node`: one node of a consortium, as a process of its own.
//!
//! | question | module |
//! |---|---|
//! | what can be set? | [`config`] |
//! | what lies in its home? | [`home`], [`init`] |
//! | what runs? | [`run`], [`serve`] |
//! | what do operators see? | [`admin`], [`port`], [`guard`], [`health`], [`metrics`], [`call`] |
//! | what does everybody see? | [`explorer`] |
//! | how do members come and go? | [`change`] |

pub mod admin;
pub mod call;
pub mod change;
pub mod config;
pub mod explorer;
pub mod guard;
pub mod health;
pub mod home;
pub mod init;
pub mod metrics;
pub mod port;
pub mod run;
pub mod serve;
