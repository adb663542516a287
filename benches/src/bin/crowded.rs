//! `crowded FOLDER [LISTEN] [CONTRIBUTIONS] [REQUESTS]`: a node with so many contributions (100,000) to so many requests
//! (500), and its public site on this address (a free port of 127.0.0.1). The folder's market is made if there is none, which
//! takes minutes, and found again the next time. Says where the site is, then `page` and `query` with paths that are there;
//! ends with a signal. `benches/crowded.sh` loads it.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::PathBuf;
use std::sync::Arc;

use galen_benches::crowded::sights::Sights;
use galen_benches::crowded::{Crowd, Size, pulse};
use galen_benches::listeners::Failure;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let folder = PathBuf::from(words.next().ok_or("say which folder the market lies in")?);
    let listen = words.next().unwrap_or_else(|| "127.0.0.1:0".into()).parse()?;
    let contributions = words.next().map_or(Ok(100_000), |word| word.parse())?;
    let requests = words.next().map_or(Ok(500), |word| word.parse())?;
    let size = Size { requests, contributions };
    let (mut end, mut broken_off) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let crowd = Arc::new(Crowd::open(&folder, size, |words| eprintln!("{words}")).await?);
    let (stop, stopped) = watch::channel(false);
    let address = crowd.serve(listen, stopped).await?;
    println!("http://{address}");
    let sights = Sights::of(&crowd)?;
    sights.pages.iter().for_each(|path| println!("page {path}"));
    sights.queries.iter().for_each(|path| println!("query {path}"));
    let ended = tokio::select! {
        ended = pulse::go_on(Arc::clone(&crowd)) => ended,
        _ = end.recv() => Ok(()),
        _ = broken_off.recv() => Ok(()),
    };
    stop.send_replace(true);
    crowd.chain.stop().await;
    ended
}
