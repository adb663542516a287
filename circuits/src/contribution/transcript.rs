//! The transcript that γ is drawn from.

use merlin::Transcript;

use super::{Header, Statement};
use crate::field::{F, from_wide, to_bytes};

/// Version of statement, circuits and encodings.
const LABEL: &[u8] = b"galen contribution v1";

/// What the transcript gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// γ.
    pub gamma: F,
    /// The contribution's id.
    pub id: [u8; 32],
    digest: F,
}

impl Challenge {
    /// Draws γ and the id. Every value that the statement fixes and every value of the header enters, under its own label.
    pub fn draw(statement: &Statement, header: &Header) -> Self {
        let digest = statement.terms.digest();
        let mut t = Transcript::new(LABEL);
        t.append_message(b"chain", statement.chain_id.as_bytes());
        for (label, value) in [
            (b"request" as &'static [u8], statement.request_id),
            (b"digest", digest),
            (b"schema", statement.terms.schema),
            (b"anchor", statement.anchor),
            (b"recent", header.recent),
            (b"beacon", statement.beacon),
            (b"buyer.x", statement.buyer.coordinates().x),
            (b"buyer.y", statement.buyer.coordinates().y),
            (b"auditor.x", statement.auditor.coordinates().x),
            (b"auditor.y", statement.auditor.coordinates().y),
            (b"run", header.run),
            (b"nullifier", header.nullifier),
            (b"key", header.key_commitment),
            (b"encapsulation", header.encapsulation),
            (b"identity.x", header.identity.ephemeral.x),
            (b"identity.y", header.identity.ephemeral.y),
            (b"identity.c", header.identity.masked),
        ] {
            t.append_message(label, &to_bytes(&value));
        }
        t.append_u64(b"min chunks", statement.min_chunks);
        t.append_u64(b"sample", u64::from(statement.sample));
        t.append_u64(b"max suppressed", u64::from(statement.limits.max_suppressed_per_mille));
        t.append_u64(b"max loss", statement.limits.max_loss_per_row);
        t.append_u64(b"blocks", header.blocks.len() as u64);
        for block in &header.blocks {
            t.append_message(b"T", &to_bytes(&block.rows));
            t.append_message(b"C", &to_bytes(&block.ciphertext));
        }
        t.append_u64(b"released", u64::from(header.totals.released));
        t.append_u64(b"suppressed", u64::from(header.totals.suppressed));
        t.append_u64(b"loss", header.totals.loss);
        t.append_message(b"payout key", &header.payout.key);
        t.append_message(b"payout memo", &header.payout.memo);
        let mut wide = [0u8; 64];
        t.challenge_bytes(b"gamma", &mut wide);
        let mut id = [0u8; 32];
        t.challenge_bytes(b"id", &mut id);
        Self { gamma: from_wide(&wide), id, digest }
    }

    /// The digest of the statement's terms, worked out once.
    pub(super) fn request_digest(&self, statement: &Statement) -> F {
        debug_assert_eq!(self.digest, statement.terms.digest());
        self.digest
    }
}
