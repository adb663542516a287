//! The service and its client, over real sockets.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "jobs/fixture.rs"]
mod fixture;

use std::net::SocketAddr;
use std::time::Duration;

use galen_prover::jobs::{
    FailureCode, JobId, JobSpec, ProofQueue, Proving, ProvingError, Settings, Status, finished,
};
use galen_prover::service::{Reach, RemoteProver, ServeError, ServiceSettings, Token, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

struct Service {
    address: SocketAddr,
    queue: ProofQueue,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), ServeError>>,
    _directory: tempfile::TempDir,
}

async fn start(capacity: usize, settings: ServiceSettings) -> Service {
    let directory = tempfile::tempdir().unwrap();
    let queue_settings = Settings { capacity, ..Settings::default() };
    let queue = ProofQueue::open(directory.path(), fixture::keys(), queue_settings).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let token = Token::new(TOKEN).unwrap();
    let shutdown = async { drop(stopped.await) };
    let running = tokio::spawn(serve(listener, queue.clone(), token, settings, shutdown));
    Service { address, queue, stop: Some(stop), running, _directory: directory }
}

impl Service {
    fn client(&self, token: &str) -> RemoteProver {
        let url = format!("http://{}", self.address);
        RemoteProver::new(&url, Token::new(token).unwrap(), Reach::Loopback).unwrap()
    }

    /// One plain request; the whole answer as text.
    async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(120), stream.read_to_end(&mut answer));
        read.await.expect("the service answers and closes").unwrap();
        String::from_utf8(answer).unwrap()
    }

    async fn get(&self, path: &str, more: &str) -> String {
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        self.raw(&format!("{head}Authorization: Bearer {TOKEN}\r\n{more}\r\n")).await
    }

    async fn shut(mut self) {
        drop(self.stop.take());
        let stopped = tokio::time::timeout(Duration::from_secs(60), &mut self.running).await;
        stopped.expect("shutdown is bounded").unwrap().unwrap();
        tokio::task::spawn_blocking(move || self.queue.close()).await.unwrap();
    }
}

fn unknown() -> JobId {
    "ab".repeat(32).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_prover_is_as_good_as_a_queue_in_the_process() {
    let service = start(8, ServiceSettings::default()).await;
    let client = service.client(TOKEN);
    let prover: &dyn Proving = &client;
    let (statement, plan) = fixture::contribution(1, 21);
    let spec = JobSpec::new(&statement, &plan);
    let id = prover.submit(&spec).await.unwrap();
    assert_eq!(prover.submit(&spec).await.unwrap(), id);
    let outcome = finished(prover, id).await.unwrap();
    fixture::check(&statement, &outcome);
    assert_eq!(outcome, service.queue.result(id).unwrap());
    let progress = prover.status(id).await.unwrap();
    assert_eq!((progress.status, progress.done, progress.total), (Status::Done, 3, 3));
    let over = prover.cancel(id).await;
    assert!(matches!(over, Err(ProvingError::Over { status: Status::Done, .. })), "{over:?}");
    prover.forget(id).await.unwrap();
    assert!(matches!(prover.result(id).await, Err(ProvingError::Unknown(found)) if found == id));
    for shown in [format!("{client:?}"), format!("{outcome:?}"), format!("{:?}", service.queue)] {
        assert!(!shown.contains(TOKEN) && shown.len() < 200, "{shown}");
    }
    service.shut().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_come_back_as_what_they_were() {
    let service = start(1, ServiceSettings::default()).await;
    let client = service.client(TOKEN);
    let id = client.submit(&fixture::spec(3, 22)).await.unwrap();
    let full = client.submit(&fixture::spec(1, 23)).await;
    assert!(matches!(full, Err(ProvingError::Full { capacity: 1 })), "{full:?}");
    assert!(matches!(client.result(id).await, Err(ProvingError::NotReady(_))));
    assert!(matches!(client.forget(id).await, Err(ProvingError::Live(_))));
    client.cancel(id).await.unwrap();
    assert!(matches!(finished(&client, id).await, Err(ProvingError::Cancelled(_))));
    let broken = client.submit(&fixture::broken(1, 24)).await.unwrap();
    let failed = finished(&client, broken).await;
    assert!(
        matches!(&failed, Err(ProvingError::Failed(f)) if f.code == FailureCode::Unsatisfied),
        "{failed:?}"
    );
    assert!(matches!(client.status(unknown()).await, Err(ProvingError::Unknown(_))));
    let stranger = service.client(&"x".repeat(40)).status(id).await;
    assert!(
        matches!(&stranger, Err(ProvingError::Refused(refusal)) if refusal.status == 401),
        "{stranger:?}"
    );
    let address = service.address;
    service.shut().await;
    let url = format!("http://{address}");
    let gone = RemoteProver::new(&url, Token::new(TOKEN).unwrap(), Reach::Loopback).unwrap();
    assert!(matches!(gone.status(id).await, Err(ProvingError::Unreachable { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_but_health_needs_the_token() {
    let service = start(1, ServiceSettings::default()).await;
    let ask = |head: &str, token: &str| {
        let request =
            format!("{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{token}Content-Length: 0\r\n\r\n");
        let service = &service;
        async move { service.raw(&request).await }
    };
    let job = format!("/v1/jobs/{}", unknown());
    let calls = [
        "POST /v1/jobs".to_owned(),
        format!("GET {job}"),
        format!("DELETE {job}"),
        format!("GET {job}/events"),
        format!("GET {job}/result"),
        format!("DELETE {job}/result"),
        "GET /nothing".to_owned(),
    ];
    let wrong =
        [String::new(), "Authorization: Bearer\r\n".into(), format!("Authorization: Basic {TOKEN}\r\n")];
    let near = format!("Authorization: Bearer {TOKEN}0\r\n");
    for call in &calls {
        for token in wrong.iter().chain([&near]) {
            let answer = ask(call, token).await;
            assert!(
                answer.starts_with("HTTP/1.1 401") && answer.contains("\"code\":\"unauthorized\""),
                "{answer}"
            );
            assert!(answer.contains("www-authenticate: Bearer"), "{answer}");
        }
        let answer = ask(call, &format!("Authorization: bearer {TOKEN}\r\n")).await;
        assert!(!answer.starts_with("HTTP/1.1 401"), "{call}: {answer}");
        assert!(
            answer.contains("application/problem+json") && answer.contains("\"remedy\""),
            "{call}: {answer}"
        );
    }
    assert!(ask("GET /healthz", "").await.starts_with("HTTP/1.1 200"));
    service.shut().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_malformed_and_misaddressed_calls_are_refused_in_words() {
    let settings = ServiceSettings { max_job_bytes: 1000, ..ServiceSettings::default() };
    let service = start(1, settings).await;
    let head = format!(
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n"
    );
    let announced = service.raw(&format!("{head}Content-Length: 1001\r\n\r\n")).await;
    assert!(announced.starts_with("HTTP/1.1 413") && announced.contains("\"too-large\""), "{announced}");
    let chunk = format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001));
    let unannounced = service.raw(&format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}")).await;
    assert!(unannounced.starts_with("HTTP/1.1 413"), "{unannounced}");
    let body = "{\"version\":987654321}";
    let malformed = service.raw(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).await;
    assert!(malformed.starts_with("HTTP/1.1 422") && malformed.contains("\"spec-refused\""), "{malformed}");
    assert!(!malformed.contains("987654321"), "{malformed}");
    let bad_id = service.get("/v1/jobs/..%2f..%2fetc", "").await;
    assert!(bad_id.starts_with("HTTP/1.1 404") && bad_id.contains("unknown-job"), "{bad_id}");
    assert!(service.get("/v1/jobs", "").await.starts_with("HTTP/1.1 405"));
    let own = service.get("/v1/nothing", "x-request-id: my-id-7\r\n").await;
    assert!(own.starts_with("HTTP/1.1 404") && own.contains("x-request-id: my-id-7"), "{own}");
    let spoiled = service.get("/v1/nothing", "x-request-id: a b\r\n").await;
    assert!(spoiled.contains("x-request-id: ") && !spoiled.contains("a b"), "{spoiled}");
    service.shut().await;
}

/// The ids of the events in an answer.
fn ids(answer: &str) -> Vec<&str> {
    answer.lines().filter_map(|line| line.strip_prefix("id: ")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_end_with_the_job_and_resume_where_they_were_left() {
    let service = start(1, ServiceSettings::default()).await;
    let id = service.client(TOKEN).submit(&fixture::spec(1, 25)).await.unwrap();
    let path = format!("/v1/jobs/{id}/events");
    let all = service.get(&path, "").await;
    assert!(all.contains("content-type: text/event-stream"), "{all}");
    let seen = ids(&all);
    assert!(seen.len() >= 2 && seen.windows(2).all(|pair| pair[0] != pair[1]), "{all}");
    assert!(all.contains("\"status\":\"done\"") && !all.contains("\"status\":\"failed\""), "{all}");
    let again = service.get(&path, "last-event-id: another-run-3\r\n").await;
    assert_eq!(ids(&again).len(), 1, "the last picture: {again}");
    let own = ids(&again)[0];
    let nothing_new = service.get(&path, &format!("last-event-id: {own}\r\n")).await;
    assert_eq!(ids(&nothing_new).len(), 0, "it was seen: {nothing_new}");
    service.shut().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_ends_open_streams_and_keeps_the_job() {
    let service = start(1, ServiceSettings::default()).await;
    let client = service.client(TOKEN);
    let id = client.submit(&fixture::spec(3, 26)).await.unwrap();
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let request =
        format!("GET /v1/jobs/{id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let queue = service.queue.clone();
    service.shut().await;
    drop(client);
    assert!(matches!(queue.result(id), Err(ProvingError::NotReady(_))), "the job waits for the next start");
}

#[tokio::test]
async fn an_address_that_is_not_loopback_is_refused() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let queue = fixture::open(directory.path());
    let served = serve(listener, queue, Token::generate(), ServiceSettings::default(), async {}).await;
    assert!(matches!(served, Err(ServeError::NotLoopback(_))));
}
