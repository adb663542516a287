//! `listeners URL [LISTENERS] [EVENTS] ['Name: value']`: opens so many streams of events at once (200), waits until each
//! has heard so many events (1), and says how long it took.

#![allow(clippy::print_stdout)]

use std::time::Duration;

use galen_benches::listeners::{Failure, Plan, listen};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let url = words.next().ok_or("say which address is to be listened to")?.parse()?;
    let listeners = words.next().map_or(Ok(200), |word| word.parse())?;
    let events = words.next().map_or(Ok(1), |word| word.parse())?;
    let header = words.next().map(|word| {
        let (name, value) = word.split_once(':').ok_or("a header is 'Name: value'")?;
        Ok::<_, Failure>((name.trim().to_owned(), value.trim().to_owned()))
    });
    let plan =
        Plan { url, listeners, events, header: header.transpose()?, patience: Duration::from_secs(120) };
    let figures = listen(plan).await?;
    println!("{listeners} listeners, {events} events each");
    println!("all streams open      {:>9.1} ms", figures.all_open_ms);
    println!("first event, p50      {:>9.1} ms", figures.first_event_p50_ms);
    println!("first event, p99      {:>9.1} ms", figures.first_event_p99_ms);
    println!("first to last to hear {:>9.1} ms ({} events that all heard)", figures.apart_ms, figures.shared);
    Ok(())
}
