//! Blocks as they are served.

use axum::http::StatusCode;
use galen_ledger::Height;
use galen_ledger::follow::SegmentDraft;

use crate::chain::Chain;
use crate::web::{Answered, Problem};

/// As many final blocks from a height on as belong into one answer; none if there are none yet.
pub(super) async fn from(chain: &dyn Chain, from: Height) -> Answered<Option<Vec<u8>>> {
    let newest = chain.position().height;
    let mut draft = SegmentDraft::new();
    let mut height = from;
    while height <= newest && !draft.is_full() {
        match chain.block(height).await? {
            Some(seen) => draft.push(&seen.block, seen.certificate.as_ref()),
            None if height == from => return Err(Box::new(not_kept(from))),
            None => break,
        }
        height = height.next();
    }
    let full = draft.is_full();
    match draft.finish() {
        None if full => Err(Box::new(uncertified(from))),
        segment => Ok(segment),
    }
}

fn not_kept(height: Height) -> Problem {
    let detail = format!("block {height} is not kept here: this node began with a later snapshot");
    let remedy = "ask a node that has the whole chain";
    Problem::new(StatusCode::GONE, "not-kept", detail, remedy)
}

fn uncertified(from: Height) -> Problem {
    let detail = format!("too many blocks from {from} on have no certificate of their own here");
    let remedy = "ask another node, which may have kept more certificates";
    Problem::new(StatusCode::GONE, "uncertified", detail, remedy)
}
