//! Contributions: those of a request in the order of their acceptance, and one with what is public of it.

use galen_circuits::groth16::PROOF_BYTES;
use galen_circuits::release::cipher::BLOCK_ELEMENTS;
use galen_ledger::StateRead;
use serde::Serialize;
use utoipa::ToSchema;

use crate::codec::Canonical;
use crate::id::{ContributionId, RequestId};
use crate::record::{ContributionGlance, ContributionRecord, RequestRecord, Status};
use crate::state::after;
use crate::state_key;
use crate::web::Paged;

/// Bytes of an element of a ciphertext.
const ELEMENT: usize = 32;

/// A contribution in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContributionLine {
    /// Its id.
    pub id: String,
    /// Its number among the request's, from 0.
    pub number: u32,
    /// The block that accepted it.
    pub height: u64,
    /// Rows released.
    pub released: u32,
    /// Rows suppressed.
    pub suppressed: u32,
    /// Where it stands, as a word.
    pub status: &'static str,
    /// The same in words.
    pub words: String,
}

/// Proofs of one circuit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProofsLine {
    /// The circuit.
    pub circuit: &'static str,
    /// What each of them shows, in words.
    pub shows: &'static str,
    /// How many.
    pub count: usize,
    /// Their bytes together.
    pub bytes: usize,
}

/// A contribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContributionView {
    /// What lists say of it.
    #[serde(flatten)]
    pub line: ContributionLine,
    /// The request.
    pub request: String,
    /// The transaction with its proofs.
    pub tx: String,
    /// Σ weight · width of the boxes.
    pub loss: u64,
    /// The seller's one use of the request. It names nobody.
    pub nullifier: String,
    /// Digest of whom it pays: a one-time key that nobody can tie to another.
    pub payee: String,
    /// Digest of the data key's encapsulation to the buyer.
    pub encapsulation: String,
    /// Name of the ciphertext (BLAKE3).
    pub blob: String,
    /// Bytes of the ciphertext.
    pub blob_bytes: usize,
    /// Its proofs by circuit.
    pub proofs: Vec<ProofsLine>,
    /// The note that pays for it, once it is paid.
    pub note: Option<u32>,
    /// Who acts next, in words.
    pub next: &'static str,
    /// What the proofs are for.
    pub statement: Option<StatementView>,
}

/// What the ledger fixes for every contribution to the request: the public side of what is proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatementView {
    /// The chain.
    pub chain: String,
    /// The schema.
    pub schema: String,
    /// Least chunks of the dataset.
    pub min_chunks: u64,
    /// Root of the registry of datasets when the request was posted.
    pub anchor: String,
    /// The sampling beacon.
    pub beacon: String,
    /// Chunks scanned.
    pub sample: u32,
    /// The buyer's key: its two coordinates.
    pub buyer: [String; 2],
    /// The audit authority's key.
    pub audit_key: [String; 2],
    /// Least patients of a class.
    pub k: u16,
    /// Least distinct sensitive values of a class.
    pub l: u16,
    /// Greatest share of one sensitive value, per mille.
    pub alpha: u16,
    /// Most suppressed rows, per mille.
    pub max_suppressed_per_mille: u16,
    /// Most loss a row.
    pub max_loss_per_row: u64,
}

/// The status as a word, and in words.
fn status(status: &Status) -> (&'static str, String) {
    match status {
        Status::Waiting => ("waiting", "waits for records to become free".to_owned()),
        Status::Reserved { until } => {
            ("reserved", format!("its records are kept for it until block {until}"))
        }
        Status::Lapsed { height } => {
            ("lapsed", format!("was not opened in time, and lapsed in block {height}"))
        }
        Status::Paid { height, note, .. } => {
            ("paid", format!("opened and paid in block {height}, by note {note}"))
        }
        Status::Unserved { height } => {
            ("unserved", format!("not served: its request was settled in block {height}"))
        }
    }
}

const fn next(status: &Status) -> &'static str {
    match status {
        Status::Waiting => "The ledger: it reserves records for it when others lapse.",
        Status::Reserved { .. } => "The hospital, or whoever has the opening: shows it and is paid by that.",
        Status::Paid { .. } => "The researcher: can decrypt. Nothing else will happen.",
        Status::Lapsed { .. } => "The hospital: a late opening is still paid if records are left.",
        Status::Unserved { .. } => "Nobody: nothing else will happen.",
    }
}

fn hex_of(element: &galen_circuits::field::F) -> String {
    hex::encode(galen_circuits::field::to_bytes(element))
}

impl ContributionLine {
    /// A contribution as lists show it.
    pub fn of(id: &ContributionId, glance: &ContributionGlance) -> Self {
        let (word, words) = status(&glance.status);
        Self {
            id: id.to_string(),
            number: glance.number,
            height: glance.height,
            released: glance.totals.released,
            suppressed: glance.totals.suppressed,
            status: word,
            words,
        }
    }
}

/// A page of a request's contributions, in the order of their acceptance.
pub fn contributions(
    state: &(impl StateRead + ?Sized),
    request: &RequestId,
    from: Option<&[u8]>,
    limit: usize,
) -> Paged<ContributionLine> {
    let ids = after::<ContributionId>(state, &state_key::contributions_of(request), from);
    let line = |(key, id)| Some((key, ContributionLine::of(&id, &ContributionGlance::load(state, &id)?)));
    Paged::of(ids.filter_map(line).take(limit + 1), limit)
}

/// A contribution, with the statement that it was proven for.
pub fn contribution(
    state: &(impl StateRead + ?Sized),
    chain: &galen_ledger::ChainId,
    id: &ContributionId,
) -> Option<ContributionView> {
    let record = ContributionRecord::load(state, id)?;
    let request = RequestRecord::load(state, &record.request)?;
    let digest = blake3::derive_key("galen 2026 explorer payee v1", &record.payee.to_canonical());
    Some(ContributionView {
        line: ContributionLine::of(id, &(&record).into()),
        request: record.request.to_string(),
        tx: record.tx.to_string(),
        loss: record.totals.loss,
        nullifier: record.nullifier.to_string(),
        payee: hex::encode(digest),
        encapsulation: hex_of(&record.encapsulation),
        blob: record.blob.to_string(),
        blob_bytes: record.blocks() * BLOCK_ELEMENTS * ELEMENT,
        proofs: proofs(request.request.sample as usize, record.blocks()),
        note: match record.status {
            Status::Paid { note, .. } => Some(note),
            _ => None,
        },
        next: next(&record.status),
        statement: statement(state, chain, &request),
    })
}

fn proofs(scans: usize, releases: usize) -> Vec<ProofsLine> {
    let line = |circuit, shows, count| ProofsLine { circuit, shows, count, bytes: count * PROOF_BYTES };
    vec![
        line("scan", "all matching rows of one chunk of 64 were taken, and no other", scans),
        line("release", "a block of rows was grouped, widened and encrypted as asked", releases),
        line("seal", "an accredited hospital's committed data, the drawn run, once, for this buyer", 1),
    ]
}

fn statement(
    state: &(impl StateRead + ?Sized),
    chain: &galen_ledger::ChainId,
    record: &RequestRecord,
) -> Option<StatementView> {
    let statement = record.statement(chain, &crate::query::config(state)?)?;
    let point = |key: galen_circuits::jubjub::PublicKey| {
        let coordinates = key.coordinates();
        [hex_of(&coordinates.x), hex_of(&coordinates.y)]
    };
    Some(StatementView {
        schema: hex_of(&statement.terms.schema),
        min_chunks: statement.min_chunks,
        anchor: hex_of(&statement.anchor),
        beacon: hex_of(&statement.beacon),
        sample: statement.sample,
        buyer: point(statement.buyer),
        audit_key: point(statement.auditor),
        k: statement.terms.k,
        l: statement.terms.l,
        alpha: statement.terms.alpha,
        max_suppressed_per_mille: statement.limits.max_suppressed_per_mille,
        max_loss_per_row: statement.limits.max_loss_per_row,
        chain: statement.chain_id,
    })
}
