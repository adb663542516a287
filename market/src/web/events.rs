//! Progress as server-sent events.
//!
//! Each event is the whole picture, and its id says which run of the program and which picture: who comes back with
//! `Last-Event-ID` gets the newest one if it has not seen it, and has missed nothing. After the last picture the stream ends.
//! Who cannot read streams asks for the picture again and again.

use std::convert::Infallible;
use std::sync::OnceLock;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use rand::RngCore;
use rand::rngs::OsRng;
use tokio::sync::watch;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A picture of something that goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shot {
    /// Grows with every picture.
    pub revision: u64,
    /// Whether it is the last one.
    pub over: bool,
    /// The picture.
    pub data: serde_json::Value,
}

struct Feed {
    shots: watch::Receiver<Shot>,
    seen: Option<u64>,
    over: bool,
}

/// The pictures, from where the caller's `Last-Event-ID` left them.
pub fn stream(
    shots: watch::Receiver<Shot>,
    headers: &HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let feed = Feed { shots, seen: last.and_then(revision), over: false };
    let events = stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok(event), feed))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// Names this run of the program: revisions begin anew with each.
fn run() -> &'static str {
    static RUN: OnceLock<String> = OnceLock::new();
    RUN.get_or_init(|| format!("{:016x}", OsRng.next_u64()))
}

/// The revision in an event's id of this run; none for another run's, whose revisions mean nothing here.
fn revision(id: &str) -> Option<u64> {
    let (of, revision) = id.split_once('-')?;
    if of == run() { revision.parse().ok() } else { None }
}

impl Feed {
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        loop {
            let shot = self.shots.borrow_and_update().clone();
            if self.seen.is_none_or(|seen| seen < shot.revision) {
                self.seen = Some(shot.revision);
                self.over = shot.over;
                let id = format!("{}-{}", run(), shot.revision);
                return Some(Event::default().id(id).data(shot.data.to_string()));
            }
            if shot.over {
                return None;
            }
            self.shots.changed().await.ok()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn next(feed: &mut Feed) -> Option<u64> {
        let _event = feed.next().await?;
        feed.seen
    }

    #[tokio::test]
    async fn who_comes_back_misses_nothing_and_sees_nothing_twice() {
        let shot = |revision, over| Shot { revision, over, data: serde_json::json!({ "n": revision }) };
        let (sender, shots) = watch::channel(shot(1, false));
        let mut feed = Feed { shots: shots.clone(), seen: None, over: false };
        assert_eq!(next(&mut feed).await, Some(1));
        sender.send_replace(shot(2, false));
        sender.send_replace(shot(3, false));
        assert_eq!(next(&mut feed).await, Some(3), "the newest picture is the whole picture");

        let mut back = Feed { shots: shots.clone(), seen: revision(&format!("{}-3", run())), over: false };
        sender.send_replace(shot(4, true));
        assert_eq!(next(&mut back).await, Some(4));
        assert_eq!(next(&mut back).await, None);
        assert_eq!(revision("0000000000000000-3"), None, "of another run");
        let mut after = Feed { shots, seen: Some(4), over: false };
        assert_eq!(next(&mut after).await, None);
    }
}
