use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Plan, listen, share};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// A stream whose events are cut at odd places, as a network may.
async fn streams(chunks: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let body: String =
                    chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).collect();
                let _ = stream.write_all(format!("{HEAD}{body}0\r\n\r\n").as_bytes()).await;
            });
        }
    });
    format!("http://{address}/events")
}

fn plan(url: &str, events: usize) -> Plan {
    Plan { url: url.parse().unwrap(), listeners: 20, events, header: None, patience: Duration::from_secs(20) }
}

#[tokio::test]
async fn all_listeners_hear_the_same_events() {
    let url = streams(&[": hello\n\n", "id: 1\nda", "ta: a\n\nid: 2", "\ndata: b\n\n"]).await;
    let figures = listen(plan(&url, 2)).await.unwrap();
    assert_eq!(figures.shared, 2);
    assert!(figures.first_event_p50_ms <= figures.first_event_p99_ms);
}

#[tokio::test]
async fn a_stream_that_ends_early_is_no_figure() {
    let url = streams(&["id: 1\ndata: a\n\n"]).await;
    let said = listen(plan(&url, 2)).await.unwrap_err().to_string();
    assert!(said.contains("ended after 1"), "{said}");
}

#[test]
fn shares_of_a_hundred() {
    let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
    assert_eq!(share(&times, 50), Some(Duration::from_millis(100)));
    assert_eq!(share(&times, 99), Some(Duration::from_millis(198)));
    assert_eq!(share(&times[..1], 99), Some(Duration::from_millis(1)));
    assert_eq!(share(&[], 99), None);
}
