//! Following a job's events, across broken connections.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::Method;
use hyper::body::{Bytes, Incoming};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::exchange::Peer;
use crate::jobs::{JobId, Progress};

/// Longer than the service's keep-alive by far.
const SILENCE: Duration = Duration::from_secs(60);
/// Attempts without news before the service counts as lost.
const ATTEMPTS: u32 = 8;
/// No event is longer: a picture of progress has a few hundred bytes.
const LONGEST_LINE: usize = 16 << 10;

/// Sends a job's progress to `sender` until it is over, nobody listens, or the service is lost.
pub(super) async fn follow(peer: Arc<Peer>, id: JobId, sender: watch::Sender<Progress>) {
    let mut lines = Lines::default();
    let mut failures = 0;
    while failures < ATTEMPTS && !sender.borrow().status.is_over() {
        let news = tokio::select! {
            news = listen(&peer, id, &mut lines, &sender) => news,
            () = sender.closed() => return,
        };
        if news {
            failures = 0;
        } else {
            failures += 1;
            sleep(Duration::from_millis(100) * 2u32.pow(failures)).await;
        }
    }
}

/// One connection. Gives whether it brought news.
async fn listen(peer: &Peer, id: JobId, lines: &mut Lines, sender: &watch::Sender<Progress>) -> bool {
    let path = format!("/v1/jobs/{id}/events");
    let Ok(response) = peer.send(Method::GET, &path, lines.last_id.as_deref(), Full::default()).await else {
        return false;
    };
    if !response.status().is_success() {
        return false;
    }
    lines.rest.clear();
    let mut news = false;
    let mut body = response.into_body();
    while let Some(data) = chunk(&mut body).await {
        for progress in lines.take(&data) {
            news = true;
            sender.send_replace(progress);
        }
    }
    news
}

async fn chunk(body: &mut Incoming) -> Option<Bytes> {
    loop {
        let frame = timeout(SILENCE, body.frame()).await.ok()??.ok()?;
        if let Ok(data) = frame.into_data() {
            return Some(data);
        }
    }
}

/// The lines of an event stream, as far as this service writes them: one line of data an event.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
    last_id: Option<String>,
    data: Option<Progress>,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) -> Vec<Progress> {
        self.rest.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            events.extend(self.line(line.trim_ascii_end()));
        }
        if self.rest.len() > LONGEST_LINE {
            self.rest.clear();
        }
        events
    }

    fn line(&mut self, line: &[u8]) -> Option<Progress> {
        if line.is_empty() {
            return self.data.take();
        }
        let value = |name: &[u8]| line.strip_prefix(name).map(<[u8]>::trim_ascii_start);
        if let Some(data) = value(b"data:") {
            self.data = serde_json::from_slice(data).ok();
        } else if let Some(id) = value(b"id:") {
            self.last_id = std::str::from_utf8(id).ok().map(str::to_owned);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Status;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let progress = Progress::over(Status::Done, 3, None);
        let json = serde_json::to_string(&progress).unwrap();
        let text =
            format!(": hello\n\nevent: progress\nid: ab-1\ndata: {json}\n\nid: ab-2\r\ndata: {json}\r\n\r\n");
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let read: Vec<_> = text.as_bytes().chunks(size).flat_map(|chunk| lines.take(chunk)).collect();
            assert_eq!(read, [progress.clone(), progress.clone()], "pieces of {size}");
            assert_eq!(lines.last_id.as_deref(), Some("ab-2"));
        }
    }
}
