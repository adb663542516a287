//! The desk over a consortium that runs. The members' check of proofs is stood in for; the proofs are real.

mod clinic;
mod data;
mod deciding;
mod selling;
mod site;
