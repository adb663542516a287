//! Many listeners to one stream of events, as many open pages are: how long each waits, and how far apart the first and
//! the last of them hear of the same thing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why there are no figures.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is listened to.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The address of the stream, over plain HTTP.
    pub url: Uri,
    /// How many listen at once.
    pub listeners: usize,
    /// How many events each waits for.
    pub events: usize,
    /// A header that lets them in: its name and its value.
    pub header: Option<(String, String)>,
    /// The longest time for all of it.
    pub patience: Duration,
}

/// What one listener saw.
#[derive(Debug)]
struct Heard {
    /// From the beginning to the answer's head.
    opened: Duration,
    /// When each event was there, by its name.
    events: Vec<(String, Instant)>,
}

/// What all listeners saw, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Until the last stream was open.
    pub all_open_ms: f64,
    /// From the opening of a stream to its first event, for the half of listeners that waited shortest.
    pub first_event_p50_ms: f64,
    /// The same for 99 of 100.
    pub first_event_p99_ms: f64,
    /// Between the first and the last listener who heard the same event, at worst; of events that all heard.
    pub apart_ms: f64,
    /// Events that all of them heard.
    pub shared: usize,
}

/// Opens all streams at once and waits until each listener has its events.
///
/// # Errors
///
/// When a stream cannot be opened, is refused, ends early, or time runs out.
pub async fn listen(plan: Plan) -> Result<Figures, Failure> {
    let begun = Instant::now();
    let patience = plan.patience;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..plan.listeners {
        let plan = plan.clone();
        tasks.spawn(async move { one(&plan, begun).await });
    }
    let all = async {
        let mut heard = Vec::new();
        while let Some(task) = tasks.join_next().await {
            heard.push(task??);
        }
        Ok::<_, Failure>(heard)
    };
    let heard =
        tokio::time::timeout(patience, all).await.map_err(|_| format!("not done in {patience:?}"))??;
    Ok(figures(begun, &heard))
}

async fn one(plan: &Plan, begun: Instant) -> Result<Heard, Failure> {
    let mut body = open(plan).await?;
    let mut heard = Heard { opened: begun.elapsed(), events: Vec::new() };
    let (mut text, mut id) = (Vec::new(), None);
    while heard.events.len() < plan.events {
        let Some(frame) = body.frame().await else {
            return Err(format!("the stream ended after {} events", heard.events.len()).into());
        };
        text.extend_from_slice(&frame?.into_data().unwrap_or_default());
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            if let Some(value) = line.strip_prefix("id:") {
                id = Some(value.trim().to_owned());
            } else if let Some(value) = line.strip_prefix("data:") {
                let name = id.take().unwrap_or_else(|| value.trim().to_owned());
                heard.events.push((name, Instant::now()));
            }
        }
    }
    Ok(heard)
}

async fn open(plan: &Plan) -> Result<Incoming, Failure> {
    let authority = plan.url.authority().ok_or("the address names no host")?.as_str();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(authority).await?)).await?;
    tokio::spawn(connection);
    let path = plan.url.path_and_query().map_or("/", |path| path.as_str());
    let mut request =
        Request::get(path).header(header::HOST, authority).header(header::ACCEPT, "text/event-stream");
    if let Some((name, value)) = &plan.header {
        request = request.header(name, value);
    }
    let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    if !response.status().is_success() {
        return Err(format!("the stream is refused: {}", response.status()).into());
    }
    Ok(response.into_body())
}

fn figures(begun: Instant, heard: &[Heard]) -> Figures {
    let mut first: Vec<Duration> = heard
        .iter()
        .filter_map(|heard| Some(heard.events.first()?.1.duration_since(begun).saturating_sub(heard.opened)))
        .collect();
    first.sort();
    let mut named: BTreeMap<&str, Vec<Instant>> = BTreeMap::new();
    heard
        .iter()
        .flat_map(|heard| &heard.events)
        .for_each(|(name, at)| named.entry(name).or_default().push(*at));
    let spans: Vec<Duration> = named
        .values()
        .filter(|at| at.len() == heard.len())
        .filter_map(|at| Some(at.iter().max()?.duration_since(*at.iter().min()?)))
        .collect();
    let ms = |time: Option<Duration>| time.unwrap_or_default().as_secs_f64() * 1e3;
    Figures {
        all_open_ms: ms(heard.iter().map(|heard| heard.opened).max()),
        first_event_p50_ms: ms(share(&first, 50)),
        first_event_p99_ms: ms(share(&first, 99)),
        apart_ms: ms(spans.iter().max().copied()),
        shared: spans.len(),
    }
}

/// The smallest time that so many of a hundred do not exceed; times are in order.
fn share(times: &[Duration], of_hundred: usize) -> Option<Duration> {
    times.get((times.len() * of_hundred).div_ceil(100).saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests;
