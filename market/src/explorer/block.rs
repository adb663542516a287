//! Blocks: a list, the newest first, and one with all that is in it.

use galen_ledger::chain::{Block, Upkeep};
use galen_ledger::{BlobHash, Event, Height, Receipt, TxHash};
use serde::Serialize;
use utoipa::ToSchema;

use super::kind::Kind;
use super::remembered::Remembered;
use crate::chain::{Chain, ChainError, SeenBlock};
use crate::web::Paged;

/// A block in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BlockLine {
    /// Its height.
    pub height: u64,
    /// Its name.
    pub hash: String,
    /// Its proposer's clock, in milliseconds since 1970.
    pub time_ms: u64,
    /// The member that proposed it.
    pub proposer: u16,
    /// Its cycle.
    pub cycle: u64,
    /// Its transactions.
    pub transactions: usize,
    /// Mini-blocks that bring some of them.
    pub mini_blocks: usize,
    /// The ledger's own affairs.
    pub upkeep: usize,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventView {
    /// What, as a dotted name.
    pub kind: String,
    /// The particulars.
    pub attributes: std::collections::BTreeMap<String, String>,
}

/// A transaction in a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TransactionLine {
    /// Its name.
    pub hash: String,
    /// What it is.
    pub kind: Kind,
    /// The same in words.
    pub words: &'static str,
    /// Its size in bytes.
    pub bytes: usize,
    /// Whether it was accepted; none where the receipts are not kept.
    pub accepted: Option<bool>,
    /// The receipt's code.
    pub code: Option<String>,
}

/// A mini-block in a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MiniBlockView {
    /// The member that made it.
    pub author: u16,
    /// The author's group.
    pub group: u16,
    /// Its number among the author's in this cycle.
    pub number: u64,
    /// Its transactions.
    pub transactions: u32,
    /// Those of them that are not in this block.
    pub omitted: usize,
    /// Members that have checked it and signed that.
    pub receipts: Vec<u16>,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BlockView {
    /// What lists say of it.
    #[serde(flatten)]
    pub line: BlockLine,
    /// The block before.
    pub parent: String,
    /// The view that it was proposed in first.
    pub view: u64,
    /// Root of the state after the block before.
    pub parent_app_hash: String,
    /// Members that signed its certificate of finality; none when it is final as the ancestor of one that has a
    /// certificate.
    pub signers: Option<Vec<u16>>,
    /// Its mini-blocks.
    pub lanes: Vec<MiniBlockView>,
    /// The ledger's own affairs, in words.
    pub affairs: Vec<String>,
    /// Its transactions, in the order of their execution.
    pub txs: Vec<TransactionLine>,
    /// What happened before the first transaction.
    pub begin: Vec<EventView>,
    /// What happened after the last.
    pub end: Vec<EventView>,
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        Self { kind: event.kind.clone(), attributes: event.attributes.clone() }
    }
}

impl BlockLine {
    /// A block as lists show it.
    pub fn of(block: &Block) -> Self {
        let header = &block.header;
        Self {
            height: header.height.get(),
            hash: block.hash().to_string(),
            time_ms: header.time_ms,
            proposer: header.proposer.get(),
            cycle: header.cycle.get(),
            transactions: block.txs.len(),
            mini_blocks: block.lanes.len(),
            upkeep: block.upkeep.len(),
        }
    }
}

impl TransactionLine {
    /// A transaction as lists show it.
    pub fn of(bytes: &[u8], receipt: Option<&Receipt>) -> Self {
        let kind = Kind::of(bytes);
        Self {
            hash: TxHash::of(bytes).to_string(),
            kind,
            words: kind.words(),
            bytes: bytes.len(),
            accepted: receipt.map(|receipt| receipt.accepted),
            code: receipt.map(|receipt| receipt.code.clone()),
        }
    }
}

impl BlockView {
    /// A block with what became of it.
    pub fn of(seen: &SeenBlock) -> Self {
        let SeenBlock { block, certificate, result } = seen;
        let receipts = result.as_ref().map(|result| result.receipts.as_slice()).unwrap_or_default();
        let receipts = receipts.iter().map(Some).chain(std::iter::repeat(None));
        let events =
            |events: Option<&Vec<Event>>| events.into_iter().flatten().map(EventView::from).collect();
        let signers = certificate.as_ref();
        Self {
            line: BlockLine::of(block),
            parent: block.header.parent.to_string(),
            view: block.header.view.get(),
            parent_app_hash: block.header.parent_outcome.app_hash.to_string(),
            signers: signers.map(|certificate| certificate.signers().map(|member| member.get()).collect()),
            lanes: block.lanes.iter().map(mini_block).collect(),
            affairs: block.upkeep.iter().map(affair).collect(),
            txs: block
                .txs
                .iter()
                .zip(receipts)
                .map(|(tx, receipt)| TransactionLine::of(tx, receipt))
                .collect(),
            begin: events(result.as_ref().map(|result| &result.begin)),
            end: events(result.as_ref().map(|result| &result.end)),
        }
    }
}

fn mini_block(lane: &galen_ledger::lanes::Lane) -> MiniBlockView {
    MiniBlockView {
        author: lane.header.author.get(),
        group: lane.header.group,
        number: lane.header.number,
        transactions: lane.header.txs,
        omitted: lane.omitted.len(),
        receipts: lane.receipts.iter().map(|(member, _)| member.get()).collect(),
    }
}

fn affair(upkeep: &Upkeep) -> String {
    match upkeep {
        Upkeep::Beacon(_) => "a message for the beacon".to_owned(),
        Upkeep::Evidence(_) => "proof that a member broke a rule".to_owned(),
        Upkeep::Change(change) => {
            format!("a change of the membership, about member {}", change.change.action.member())
        }
    }
}

/// Lines of blocks that were shown before: a list need not read each block whole, with all its transactions.
#[derive(Debug)]
pub struct Lines(Remembered<u64, BlockLine>);

/// Lines that are remembered at most, some 300 bytes each.
const REMEMBERED: usize = 10_000;

impl Default for Lines {
    fn default() -> Self {
        Self(Remembered::up_to(REMEMBERED))
    }
}

impl Lines {
    async fn get(&self, chain: &dyn Chain, height: u64) -> Result<Option<BlockLine>, ChainError> {
        let known = self.0.get(&height);
        if known.is_some() {
            return Ok(known);
        }
        let line = chain.block(Height::new(height)).await?.map(|seen| BlockLine::of(&seen.block));
        if let Some(line) = &line {
            self.0.put(height, line.clone(), 1);
        }
        Ok(line)
    }
}

/// The blocks below a height, the newest first. Blocks from before a snapshot are not here, and end the list.
///
/// # Errors
/// [`ChainError`].
pub async fn blocks(
    chain: &dyn Chain,
    lines: &Lines,
    below: Option<u64>,
    limit: usize,
) -> Result<Paged<BlockLine>, ChainError> {
    let newest = chain.position().height.get();
    let mut height = below.map_or(newest, |below| below.saturating_sub(1).min(newest));
    let mut page = Paged { items: Vec::with_capacity(limit), next: None };
    while height > 0 && page.items.len() < limit {
        let Some(line) = lines.get(chain, height).await? else { return Ok(page) };
        page.items.push(line);
        height -= 1;
    }
    page.next = (height > 0).then(|| cursor(height + 1));
    Ok(page)
}

/// The cursor of a page that begins below a height.
pub fn cursor(height: u64) -> String {
    hex::encode(height.to_be_bytes())
}

/// A block.
///
/// # Errors
/// [`ChainError`].
pub async fn block(chain: &dyn Chain, height: u64) -> Result<Option<BlockView>, ChainError> {
    Ok(chain.block(Height::new(height)).await?.map(|seen| BlockView::of(&seen)))
}

/// The hash of a ciphertext, if that is what a text is.
pub(super) fn hash(text: &str) -> Option<BlobHash> {
    BlobHash::from_hex(text).ok()
}
