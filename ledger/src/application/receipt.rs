//! What became of a transaction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Receipt codes the ledger itself gives.
pub mod codes {
    /// Accepted and applied.
    pub const OK: &str = "ok";
    /// The same transaction bytes are in the chain already.
    pub const DUPLICATE: &str = "ledger.duplicate";
    /// The receipt exceeded the ledger's size limits, and the transaction was refused for it.
    pub const OVERSIZED_RECEIPT: &str = "ledger.oversized_receipt";
}

/// Something that happened, for whoever follows the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened, as a dotted name.
    pub kind: String,
    /// The particulars.
    pub attributes: BTreeMap<String, String>,
}

impl Event {
    /// An event without particulars.
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), attributes: BTreeMap::new() }
    }

    /// Adds one particular.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.attributes.insert(name.into(), value.to_string());
        self
    }
}

/// The outcome of a transaction in a block; its hash is in the next header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Whether the transaction was applied. If not, it changed nothing.
    pub accepted: bool,
    /// [`codes::OK`], or the reason as a dotted name for programs.
    pub code: String,
    /// The reason for people.
    pub message: String,
    /// What happened.
    pub events: Vec<Event>,
    /// An answer of the application's own making.
    pub data: Vec<u8>,
}

impl Receipt {
    /// Applied.
    pub fn accepted(events: Vec<Event>) -> Self {
        Self { accepted: true, code: codes::OK.into(), message: String::new(), events, data: Vec::new() }
    }

    /// Applied, with an answer.
    pub fn accepted_with(events: Vec<Event>, data: Vec<u8>) -> Self {
        Self { data, ..Self::accepted(events) }
    }

    /// Not applied.
    pub fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            accepted: false,
            code: code.into(),
            message: message.into(),
            events: Vec::new(),
            data: Vec::new(),
        }
    }
}

impl From<Refusal> for Receipt {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.code, refusal.message)
    }
}

/// Why a transaction was not admitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The reason as a dotted name for programs.
    pub code: &'static str,
    /// The reason for people.
    pub message: String,
}

impl Refusal {
    /// A refusal for a reason.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
