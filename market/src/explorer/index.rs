//! Requests by the time of their posting, as lists show them, and how many there are of everything: kept in memory beside the
//! state, which has requests in the order of their names only. Some 400 bytes a request.
//!
//! It is brought up to date when somebody asks: whatever changes a request tells so in an event of its block, and those that
//! were named in new blocks are read again. A record has keys and points, whose checks make reading it slow: no list reads
//! one. The first time, and when blocks are not here, all requests are read, a part at a time, so that nobody waits for the
//! state meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use galen_ledger::Height;
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::chain::{Chain, ChainError};
use crate::id::RequestId;
use crate::record::RequestRecord;
use crate::state::after;
use crate::state_key;

use super::request::{OPEN, RequestLine, SETTLED};

/// Requests that are read from the state at a time.
const PART: usize = 128;
/// After so many new blocks reading all requests again is less work than going through the blocks.
const MOST_BLOCKS: u64 = 500;
/// The event of a block that had too many of them.
const EVENTS_LEFT_OUT: &str = "events.left_out";

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

#[derive(Debug, Default)]
struct Inner {
    height: u64,
    requests: BTreeMap<RequestId, RequestLine>,
    by_time: BTreeSet<(u64, RequestId)>,
    unsettled: BTreeSet<RequestId>,
    counts: Counts,
}

/// Requests that new blocks changed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changed {
    named: BTreeSet<RequestId>,
    /// Some block had more events than it could tell.
    more: bool,
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

    /// Requests posted before a place in the list, the newest first.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn newest(
        &self,
        chain: &dyn Chain,
        before: Option<(u64, RequestId)>,
        limit: usize,
    ) -> Result<Vec<(RequestId, RequestLine)>, ChainError> {
        let mut inner = self.0.lock().await;
        inner.refresh(chain).await?;
        let line = |(_, id): &(u64, RequestId)| Some((*id, inner.requests.get(id)?.clone()));
        Ok(match before {
            Some(before) => inner.by_time.range(..before).rev().take(limit).filter_map(line).collect(),
            None => inner.by_time.iter().rev().take(limit).filter_map(line).collect(),
        })
    }
}

impl Inner {
    async fn refresh(&mut self, chain: &dyn Chain) -> Result<(), ChainError> {
        let height = chain.position().height.get();
        if height <= self.height && self.height > 0 {
            return Ok(());
        }
        let changed = match self.height {
            0 => None,
            since if height - since > MOST_BLOCKS => None,
            since => changed(chain, since, height).await?,
        };
        match changed {
            Some(Changed { mut named, more }) => {
                if more {
                    // Postings are told in any case, and what is settled stays as it is.
                    named.extend(&self.unsettled);
                }
                self.read(chain, named).await?;
            }
            None => self.read_all(chain).await?,
        }
        self.height = height;
        Ok(())
    }

    async fn read(&mut self, chain: &dyn Chain, ids: BTreeSet<RequestId>) -> Result<(), ChainError> {
        let ids: Vec<RequestId> = ids.into_iter().collect();
        for part in ids.chunks(PART) {
            let records = chain.read(|state, _| {
                let load =
                    |id: &RequestId| Some((*id, RequestLine::of(id, &RequestRecord::load(state, id)?)));
                part.iter().filter_map(load).collect::<Vec<_>>()
            })?;
            records.into_iter().for_each(|(id, line)| self.put(id, line));
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
                    let line = RequestLine::of(&id, &record);
                    Some((key, id, line))
                };
                records.take(PART).filter_map(named).collect::<Vec<_>>()
            })?;
            let Some((key, _, _)) = part.last() else { return Ok(()) };
            last = Some(key.clone());
            part.into_iter().for_each(|(_, id, line)| self.put(id, line));
            tokio::task::yield_now().await;
        }
    }

    fn put(&mut self, id: RequestId, line: RequestLine) {
        self.count(&line, u64::wrapping_add);
        self.by_time.insert((line.posted, id));
        if line.phase == SETTLED {
            self.unsettled.remove(&id);
        } else {
            self.unsettled.insert(id);
        }
        if let Some(before) = self.requests.insert(id, line) {
            self.count(&before, u64::wrapping_sub);
        }
    }

    fn count(&mut self, line: &RequestLine, with: fn(u64, u64) -> u64) {
        let counts = &mut self.counts;
        counts.requests = with(counts.requests, 1);
        counts.open = with(counts.open, (line.phase == OPEN).into());
        counts.settled = with(counts.settled, (line.phase == SETTLED).into());
        counts.contributions = with(counts.contributions, line.contributions.into());
        counts.records_paid = with(counts.records_paid, line.paid.into());
    }
}

/// The requests that the blocks after one up to another name in their events; none when one of them is not here.
async fn changed(chain: &dyn Chain, since: u64, height: u64) -> Result<Option<Changed>, ChainError> {
    let mut changed = Changed::default();
    for height in since + 1..=height {
        let seen = chain.block(Height::new(height)).await?;
        let Some(result) = seen.and_then(|seen| seen.result) else { return Ok(None) };
        let events = result.receipts.iter().flat_map(|receipt| &receipt.events);
        for event in events.chain(&result.begin).chain(&result.end) {
            changed.more |= event.kind == EVENTS_LEFT_OUT;
            let named = event.attributes.get("request").and_then(|id| id.parse::<RequestId>().ok());
            changed.named.extend(named);
        }
    }
    Ok(Some(changed))
}
