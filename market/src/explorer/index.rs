//! Requests by the time of their posting, and how many there are of everything: kept in memory beside the state, which has
//! requests in the order of their names only.
//!
//! It is brought up to date when somebody asks: new requests come from the events of new blocks, and requests that are not
//! settled yet are read again. A settled one never changes. The first time, and when blocks are not here, all requests are
//! read, a part at a time, so that nobody waits for the state meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use galen_ledger::Height;
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::chain::{Chain, ChainError};
use crate::id::RequestId;
use crate::record::{Phase, RequestRecord};
use crate::state::after;
use crate::state_key;

/// Requests that are read from the state at a time.
const PART: usize = 128;
/// After so many new blocks reading all requests again is less work than going through the blocks.
const MOST_BLOCKS: u64 = 500;

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Requests posted.
    pub requests: u64,
    /// Of these, open.
    pub open: u64,
    /// Of these, settled.
    pub settled: u64,
    /// Contributions accepted.
    pub contributions: u64,
    /// Records paid.
    pub records_paid: u64,
}

/// What is remembered of a request.
#[derive(Clone, Copy, Debug)]
struct Summary {
    posted: u64,
    phase: Phase,
    contributions: u64,
    paid: u64,
}

#[derive(Debug, Default)]
struct Inner {
    height: u64,
    requests: BTreeMap<RequestId, Summary>,
    by_time: BTreeSet<(u64, RequestId)>,
    unsettled: BTreeSet<RequestId>,
    counts: Counts,
}

/// Requests by time, and counts.
#[derive(Debug, Default)]
pub struct Index(Mutex<Inner>);

impl Index {
    /// Counts as of now.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn counts(&self, chain: &dyn Chain) -> Result<Counts, ChainError> {
        let mut inner = self.0.lock().await;
        inner.refresh(chain).await?;
        Ok(inner.counts)
    }

    /// Requests posted before a place in the list, the newest first: with their places.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn newest(
        &self,
        chain: &dyn Chain,
        before: Option<(u64, RequestId)>,
        limit: usize,
    ) -> Result<Vec<(u64, RequestId)>, ChainError> {
        let mut inner = self.0.lock().await;
        inner.refresh(chain).await?;
        Ok(match before {
            Some(before) => inner.by_time.range(..before).rev().take(limit).copied().collect(),
            None => inner.by_time.iter().rev().take(limit).copied().collect(),
        })
    }
}

impl Summary {
    fn of(record: &RequestRecord) -> Self {
        Self {
            posted: record.posted,
            phase: record.phase,
            contributions: record.contributions.into(),
            paid: record.paid.get().into(),
        }
    }
}

impl Inner {
    async fn refresh(&mut self, chain: &dyn Chain) -> Result<(), ChainError> {
        let height = chain.position().height.get();
        if height <= self.height && self.height > 0 {
            return Ok(());
        }
        let new = match self.height {
            0 => None,
            since if height - since > MOST_BLOCKS => None,
            since => posted(chain, since, height).await?,
        };
        match new {
            Some(new) => {
                self.unsettled.extend(new);
                self.read_unsettled(chain).await?;
            }
            None => self.read_all(chain).await?,
        }
        self.height = height;
        Ok(())
    }

    async fn read_unsettled(&mut self, chain: &dyn Chain) -> Result<(), ChainError> {
        let ids: Vec<RequestId> = self.unsettled.iter().copied().collect();
        for part in ids.chunks(PART) {
            let records = chain.read(|state, _| {
                let load = |id: &RequestId| Some((*id, Summary::of(&RequestRecord::load(state, id)?)));
                part.iter().filter_map(load).collect::<Vec<_>>()
            })?;
            records.into_iter().for_each(|(id, summary)| self.put(id, summary));
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn read_all(&mut self, chain: &dyn Chain) -> Result<(), ChainError> {
        let mut last: Option<Vec<u8>> = None;
        loop {
            let part = chain.read(|state, _| {
                let records = after::<RequestRecord>(state, &state_key::requests(), last.as_deref());
                let named = |(key, record): (Vec<u8>, RequestRecord)| {
                    let id = RequestId::new(state_key::last_element(&key)?);
                    Some((key, id, Summary::of(&record)))
                };
                records.take(PART).filter_map(named).collect::<Vec<_>>()
            })?;
            let Some((key, _, _)) = part.last() else { return Ok(()) };
            last = Some(key.clone());
            part.into_iter().for_each(|(_, id, summary)| self.put(id, summary));
            tokio::task::yield_now().await;
        }
    }

    fn put(&mut self, id: RequestId, summary: Summary) {
        if let Some(before) = self.requests.insert(id, summary) {
            self.count(&before, u64::wrapping_sub);
        }
        self.count(&summary, u64::wrapping_add);
        self.by_time.insert((summary.posted, id));
        if matches!(summary.phase, Phase::Settled { .. }) {
            self.unsettled.remove(&id);
        } else {
            self.unsettled.insert(id);
        }
    }

    fn count(&mut self, summary: &Summary, with: fn(u64, u64) -> u64) {
        let counts = &mut self.counts;
        counts.requests = with(counts.requests, 1);
        counts.open = with(counts.open, matches!(summary.phase, Phase::Open).into());
        counts.settled = with(counts.settled, matches!(summary.phase, Phase::Settled { .. }).into());
        counts.contributions = with(counts.contributions, summary.contributions);
        counts.records_paid = with(counts.records_paid, summary.paid);
    }
}

/// The requests that were posted in the blocks after one up to another; none when one of them is not here.
async fn posted(chain: &dyn Chain, since: u64, height: u64) -> Result<Option<Vec<RequestId>>, ChainError> {
    let mut posted = Vec::new();
    for height in since + 1..=height {
        let seen = chain.block(Height::new(height)).await?;
        let Some(result) = seen.and_then(|seen| seen.result) else { return Ok(None) };
        let events = result.receipts.iter().flat_map(|receipt| &receipt.events);
        let ids = events.filter(|event| event.kind == "request.posted");
        posted.extend(ids.filter_map(|event| event.attributes.get("request")?.parse::<RequestId>().ok()));
    }
    Ok(Some(posted))
}
