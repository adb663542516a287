//! Progress as server-sent events.
//!
//! An event's id is `<run of the service>-<revision>`, its data the whole picture: who comes back with `Last-Event-ID`
//! gets the newest picture if it has not seen it, and has missed nothing. After the last event of a job the stream ends.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use crate::jobs::Progress;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

struct Feed {
    progress: watch::Receiver<Progress>,
    closing: watch::Receiver<bool>,
    epoch: String,
    seen: Option<u64>,
    over: bool,
}

/// The stream of a job's progress, from where `last_event_id` left it.
pub(super) fn stream(
    progress: watch::Receiver<Progress>,
    closing: watch::Receiver<bool>,
    epoch: String,
    last_event_id: Option<&str>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let seen = last_event_id.and_then(|id| revision(&epoch, id));
    let feed = Feed { progress, closing, epoch, seen, over: false };
    let events = stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok(event), feed))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// The revision in an event id of this run; `None` for another run's, whose revisions mean nothing here.
fn revision(epoch: &str, id: &str) -> Option<u64> {
    id.strip_prefix(epoch)?.strip_prefix('-')?.parse().ok()
}

impl Feed {
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        let seen = self.seen;
        let news = tokio::select! {
            news = self.progress.wait_for(|progress| Some(progress.revision) != seen) => news.ok()?.clone(),
            _ = self.closing.wait_for(|closing| *closing) => return None,
        };
        self.seen = Some(news.revision);
        self.over = news.status.is_over();
        let event = Event::default().event("progress").id(format!("{}-{}", self.epoch, news.revision));
        event.json_data(&news).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_this_run_are_resumed() {
        assert_eq!(revision("ab", "ab-7"), Some(7));
        for other in ["ac-7", "ab-", "ab7", "ab--7", "", "ab-7x"] {
            assert_eq!(revision("ab", other), None, "{other}");
        }
    }
}
