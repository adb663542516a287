//! What has an id, whatever kind of id it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use galen_ledger::chain::Block;
use galen_ledger::types::BlockHash;
use galen_ledger::{BlobHash, Height, StateRead, TxHash};
use serde::Serialize;
use utoipa::ToSchema;

use super::block::hash as blob_hash;
use crate::chain::{Chain, ChainError};
use crate::fact::Subject;
use crate::id::{AccountKey, ContributionId, RequestId, SchemaId};
use crate::money;
use crate::query;
use crate::record::{ContributionGlance, RequestRecord};
use crate::role::participant;

/// Blocks, back from the newest one, among which a block's hash or a ciphertext's name is looked for: neither is an index
/// of the state.
const LOOKED_BACK: u64 = 200;
/// The longest text that is looked at.
const LONGEST: usize = 128;
/// Digits of the greatest height.
const LONGEST_NUMBER: usize = 20;

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Match {
    /// What kind of thing it is, in a word.
    pub kind: &'static str,
    /// What it is, in words.
    pub words: String,
    /// The page that shows it.
    pub link: String,
}

/// Names in the newest blocks. A block is final, and read once: whoever looks for what is nowhere does not have the node read
/// two hundred blocks each time.
#[derive(Debug, Default)]
pub struct Newest(Mutex<BTreeMap<u64, Arc<Names>>>);

/// What a block is called, and the ciphertexts that its transactions name.
#[derive(Debug)]
struct Names {
    block: BlockHash,
    blobs: Vec<(BlobHash, TxHash)>,
}

impl Names {
    fn of(block: &Block) -> Self {
        let named = |tx: &Vec<u8>| Some((blob(tx)?, TxHash::of(tx)));
        Self { block: block.hash(), blobs: block.txs.iter().filter_map(named).collect() }
    }
}

impl Newest {
    /// The names in a block; none if it is not here. Those below the oldest that is looked at are forgotten.
    async fn names(
        &self,
        chain: &dyn Chain,
        height: u64,
        oldest: u64,
    ) -> Result<Option<Arc<Names>>, ChainError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&height).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(seen) = chain.block(Height::new(height)).await? else { return Ok(None) };
        let names = Arc::new(Names::of(&seen.block));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|height, _| *height >= oldest);
        kept.insert(height, Arc::clone(&names));
        Ok(Some(names))
    }
}

/// All that a text is the id of: a height, a note's place, or 64 hexadecimal digits.
///
/// # Errors
/// [`ChainError`].
pub async fn search(chain: &dyn Chain, newest: &Newest, text: &str) -> Result<Vec<Match>, ChainError> {
    let text = text.trim();
    if text.len() > LONGEST {
        return Ok(Vec::new());
    }
    // An id may be nothing but digits, too.
    if let Some(number) = text.parse::<u64>().ok().filter(|_| text.len() <= LONGEST_NUMBER) {
        return by_number(chain, number).await;
    }
    let text = text.to_ascii_lowercase();
    let mut found = chain.read(|state, _| in_state(state, &text))?;
    if let Some(tx) = TxHash::from_hex(&text).ok().map(|hash| chain.receipt(&hash)).transpose()?.flatten() {
        let words = format!("in block {}, {}", tx.height, tx.receipt.code);
        found.push(Match { kind: "transaction", words, link: format!("/transactions/{text}") });
    }
    if found.is_empty() && text.len() == 64 {
        found.extend(in_blocks(chain, newest, &text).await?);
    }
    Ok(found)
}

async fn by_number(chain: &dyn Chain, number: u64) -> Result<Vec<Match>, ChainError> {
    let mut found = Vec::new();
    if number > 0 && chain.block(Height::new(number)).await?.is_some() {
        let words = format!("block {number}");
        found.push(Match { kind: "block", words, link: format!("/blocks/{number}") });
    }
    let notes = chain.read(|state, _| money::notes(state))?;
    if let Some(position) = u32::try_from(number).ok().filter(|position| *position < notes) {
        let words = format!("note {position}, whose amount and owner are sealed");
        found.push(Match { kind: "note", words, link: format!("/notes/{position}") });
    }
    Ok(found)
}

fn in_state(state: &dyn StateRead, text: &str) -> Vec<Match> {
    let mut found = Vec::new();
    if let Some(record) = text.parse::<RequestId>().ok().and_then(|id| RequestRecord::load(state, &id)) {
        let words = format!("the request “{}”, posted in block {}", record.request.title, record.posted);
        found.push(Match { kind: "request", words, link: format!("/requests/{text}") });
    }
    if let Some(seen) =
        text.parse::<ContributionId>().ok().and_then(|id| ContributionGlance::load(state, &id))
    {
        let words =
            format!("a contribution of {} rows, accepted in block {}", seen.totals.released, seen.height);
        found.push(Match { kind: "contribution", words, link: format!("/contributions/{text}") });
    }
    if let Some(found_participant) = text.parse::<AccountKey>().ok().and_then(|key| participant(state, &key))
    {
        let words = format!("the account of {}", found_participant.name);
        found.push(Match { kind: "participant", words, link: format!("/participants/{text}") });
    }
    if let Some(schema) = text.parse::<SchemaId>().ok().and_then(|id| query::schema(state, &id)) {
        let words = format!("the schema {}, version {}", schema.name(), schema.version());
        found.push(Match { kind: "schema", words, link: format!("/schemas/{text}") });
    }
    found
}

/// Looks for a block's hash and a ciphertext's name in the newest blocks.
async fn in_blocks(chain: &dyn Chain, newest: &Newest, text: &str) -> Result<Option<Match>, ChainError> {
    let (block, ciphertext) = (BlockHash::from_hex(text).ok(), blob_hash(text));
    let last = chain.position().height.get();
    let oldest = last.saturating_sub(LOOKED_BACK).max(1);
    for height in (oldest..=last).rev() {
        let Some(names) = newest.names(chain, height, oldest).await? else { return Ok(None) };
        if Some(names.block) == block {
            let words = format!("block {height}");
            return Ok(Some(Match { kind: "block", words, link: format!("/blocks/{height}") }));
        }
        if let Some((_, tx)) = names.blobs.iter().find(|(blob, _)| Some(*blob) == ciphertext) {
            let words = format!("the ciphertext of a contribution in block {height}");
            return Ok(Some(Match { kind: "ciphertext", words, link: format!("/transactions/{tx}") }));
        }
    }
    Ok(None)
}

/// The ciphertext that a contribution's bytes name. Its proofs are not read.
fn blob(tx: &[u8]) -> Option<BlobHash> {
    if !matches!(tx, [_, 1 | 3, ..]) {
        return None;
    }
    // Version, variant, request, length, contribution; then the ciphertext's name.
    let (length, rest) = tx.get(34..)?.split_first_chunk::<4>()?;
    let name = rest.get(u32::from_le_bytes(*length) as usize..)?.first_chunk::<32>()?;
    Some(BlobHash::from_bytes(*name))
}

/// What an inclusion proof is asked for by name: `request`, `contribution`, `account` or `note`, and the id.
pub fn subject(kind: &str, id: &str) -> Option<Subject> {
    match kind {
        "request" => id.parse().ok().map(Subject::Request),
        "contribution" => id.parse().ok().map(Subject::Contribution),
        "account" => id.parse().ok().map(Subject::Account),
        "note" => id.parse().ok().map(Subject::Note),
        _ => None,
    }
}
