//! A node's public site: what anybody may see of a chain, as JSON under `/v1` and as pages.

pub mod verify;
