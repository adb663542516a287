//! What became of a transaction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_len, put_list};

/// Largest receipt, in bytes of its encoding.
pub const MAX_RECEIPT_BYTES: usize = 64 * 1024;
/// Most events of a receipt, or of the beginning or end of a block.
pub const MAX_EVENTS: usize = 4096;
const MAX_ATTRIBUTES: usize = 256;

/// Receipt codes the ledger itself gives.
pub mod codes {
    /// Accepted and applied.
    pub const OK: &str = "ok";
    /// The receipt, or a key or value that was written, exceeded the ledger's limits; refused for it.
    pub const OVERSIZED: &str = "ledger.oversized";
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

impl Encode for Event {
    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.kind.as_bytes());
        put_len(out, self.attributes.len());
        for (name, value) in &self.attributes {
            put_bytes(out, name.as_bytes());
            put_bytes(out, value.as_bytes());
        }
    }
}

impl Decode for Event {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = reader.text(MAX_RECEIPT_BYTES, "event kind")?;
        let mut attributes = BTreeMap::new();
        for _ in 0..reader.length(MAX_ATTRIBUTES, "event attributes")? {
            let name = reader.text(MAX_RECEIPT_BYTES, "attribute name")?;
            if attributes.last_key_value().is_some_and(|(last, _)| *last >= name) {
                return Err(DecodeError::NotCanonical("order of event attributes"));
            }
            attributes.insert(name, reader.text(MAX_RECEIPT_BYTES, "attribute value")?);
        }
        Ok(Self { kind, attributes })
    }
}

impl Encode for Receipt {
    fn encode(&self, out: &mut Vec<u8>) {
        self.accepted.encode(out);
        put_bytes(out, self.code.as_bytes());
        put_bytes(out, self.message.as_bytes());
        put_list(out, &self.events);
        put_bytes(out, &self.data);
    }
}

impl Decode for Receipt {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            accepted: bool::decode(reader)?,
            code: reader.text(MAX_RECEIPT_BYTES, "receipt code")?,
            message: reader.text(MAX_RECEIPT_BYTES, "receipt message")?,
            events: reader.list(MAX_EVENTS, "receipt events")?,
            data: reader.bytes(MAX_RECEIPT_BYTES, "receipt data")?.to_vec(),
        })
    }
}

impl Event {
    /// Whether it stays within the limits of the encoding.
    pub(crate) fn is_within_limits(&self) -> bool {
        self.attributes.len() <= MAX_ATTRIBUTES && self.to_bytes().len() <= MAX_RECEIPT_BYTES
    }
}

impl Receipt {
    /// Whether it stays within the limits of the encoding.
    pub(crate) fn is_within_limits(&self) -> bool {
        self.events.len() <= MAX_EVENTS
            && self.events.iter().all(Event::is_within_limits)
            && self.to_bytes().len() <= MAX_RECEIPT_BYTES
    }
}
