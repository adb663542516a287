//! What is printed of our own runs.

use std::{path::Path, time::Duration};

use galen_ledger::consensus::{VoteRelay, relay::DIRECT_MEMBERS};

use super::{
    flat,
    latency::{Figures, load},
    threads, virtual_time,
};

/// Blocks counted in virtual time.
const BLOCKS: u64 = 20;
/// Before anything is counted.
pub const WARM_UP: Duration = Duration::from_millis(500);
/// Sizes of committees that are timed.
pub const TIMED: [u8; 3] = [4, 10, 31];
/// Where logs are.
pub const LOGS: [(&str, bool); 2] = [("in memory", true), ("fsync", false)];

/// A way to run members for a time, after a warm-up, with their logs in a folder.
pub type Run = fn(u8, &Path, Duration, Duration) -> Figures;

/// Runs one, with logs in memory or on a disk, and removes them.
pub fn timed(run: Run, members: u8, in_memory: bool, measured: Duration) -> Figures {
    let folder = threads::folder(in_memory);
    let figures = run(members, &folder, WARM_UP, measured);
    // What is left behind is in the way of nobody.
    let _ = std::fs::remove_dir_all(&folder);
    figures
}

/// Prints, for some sizes of committees, what a block costs in messages, bytes and hops.
#[allow(clippy::print_stdout)]
pub fn costs() {
    println!(
        "A block of 1 KiB: messages and bytes that a member sends on average, those of the busiest; with links of"
    );
    println!("{} ms in virtual time. Load {:.2}.", virtual_time::LINK.as_millis(), load());
    println!("| n | votes | messages | busiest | KiB | block every | final after |");
    println!("|---|---|---|---|---|---|---|");
    for members in [4, 10, 31, 40, 64, 100] {
        row(members, "direct", VoteRelay::Direct);
        if usize::from(members) > DIRECT_MEMBERS {
            row(members, "through leaders", VoteRelay::Auto);
        }
        let (messages, bytes) = flat::pbft(members);
        println!("| {members} | flat PBFT, counted | {messages:.1} | | {:.1} | | |", bytes / 1024.0);
    }
}

#[allow(clippy::print_stdout)]
fn row(members: u8, name: &str, votes: VoteRelay) {
    let costs = virtual_time::run(members, votes, BLOCKS);
    println!(
        "| {members} | {name} | {:.1} | {:.1} | {:.1} | {:.0} ms | {:.0} ms |",
        costs.messages,
        costs.most_messages,
        costs.bytes / 1024.0,
        costs.interval_ms,
        costs.finality_ms
    );
}
