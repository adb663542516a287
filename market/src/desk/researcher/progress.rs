//! How a request goes on, as it goes on: one follower a request, however many look at it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::ResearcherDesk;
use super::board::Stage;
use super::fault::DeskFault;
use super::view::{Next, RequestDetail};
use crate::id::RequestId;
use crate::web::events::Shot;

/// Those who are being followed.
#[derive(Debug, Default)]
pub struct Followed(Mutex<BTreeMap<RequestId, watch::Sender<Shot>>>);

/// How a request stands. The first fields are what a progress box shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Picture {
    /// Who acts next, and what is there so far.
    pub stage: String,
    /// `running`, or `done` when the request is settled.
    pub run: &'static str,
    /// How far it is, in words.
    pub words: String,
    /// Records paid.
    pub done: u32,
    /// Most records that are paid for.
    pub total: u32,
    /// Where it stands.
    pub state: Stage,
    /// Records reserved.
    pub reserved: u32,
    /// Contributions accepted so far.
    pub contributions: usize,
    /// Who acts next, and until when.
    pub next: Next,
    /// As of which block.
    pub height: u64,
}

impl Picture {
    /// How a request stands.
    pub fn of(detail: &RequestDetail) -> Self {
        let count = detail.contributions.len();
        let made = format!("{count} contribution{}", if count == 1 { "" } else { "s" });
        let over = detail.stage == Stage::Settled;
        Self {
            stage: format!(
                "{}: {} {}. {made} so far.",
                detail.stage.word(),
                detail.next.who,
                detail.next.what
            ),
            run: if over { "done" } else { "running" },
            words: format!("{} of {} records", detail.paid, detail.max_records),
            done: detail.paid,
            total: detail.max_records,
            state: detail.stage,
            reserved: detail.reserved,
            contributions: count,
            next: detail.next.clone(),
            height: detail.pace.height,
        }
    }

    /// Whether nothing more happens.
    pub fn over(&self) -> bool {
        self.state == Stage::Settled
    }

    fn shot(&self) -> Shot {
        let data = serde_json::to_value(self).unwrap_or_default();
        Shot { revision: self.height, over: self.over(), data }
    }

    /// Whether people see a difference.
    fn differs(&self, other: &Self) -> bool {
        (&self.stage, self.done, self.reserved) != (&other.stage, other.done, other.reserved)
    }
}

impl ResearcherDesk {
    /// How a request stands.
    ///
    /// # Errors
    /// When there is none, or the state cannot be read.
    pub async fn picture(&self, id: &RequestId) -> Result<Picture, DeskFault> {
        Ok(Picture::of(&self.request(id).await?))
    }

    /// Follows a request until it is settled or nobody looks any more.
    ///
    /// # Errors
    /// When there is none, or the state cannot be read.
    pub async fn follow(self: &Arc<Self>, id: &RequestId) -> Result<watch::Receiver<Shot>, DeskFault> {
        let first = self.picture(id).await?;
        let mut followed = self.followed.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = followed.get(id) {
            return Ok(sender.subscribe());
        }
        let (sender, receiver) = watch::channel(first.shot());
        if !first.over() {
            followed.insert(*id, sender.clone());
            tokio::spawn(Arc::clone(self).keep_showing(*id, first, sender));
        }
        Ok(receiver)
    }

    async fn keep_showing(self: Arc<Self>, id: RequestId, mut last: Picture, sender: watch::Sender<Shot>) {
        let mut height = last.height;
        loop {
            tokio::select! {
                reached = self.chain.beyond(galen_ledger::Height::new(height)) => match reached {
                    Ok(reached) => height = reached.get(),
                    Err(_) => break,
                },
                () = sender.closed() => {
                    let mut followed = self.followed.0.lock().unwrap_or_else(PoisonError::into_inner);
                    if sender.receiver_count() == 0 {
                        followed.remove(&id);
                        return;
                    }
                    continue;
                }
            }
            let Ok(now) = self.picture(&id).await else { break };
            if now.differs(&last) {
                sender.send_replace(now.shot());
                last = now;
            }
            if last.over() {
                break;
            }
        }
        self.followed.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}
