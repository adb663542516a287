//! The ledger's consensus: blocks a second and latency, in memory and with a disk; messages, bytes and hops in virtual
//! time, against flat PBFT. Against other implementations: `benches/peers`.

#![allow(clippy::print_stdout)]

use std::time::Duration;

use galen_benches::consensus::{
    report::{LOGS, TIMED, costs, timed},
    threads,
};

fn main() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("Blocks of 1 KiB, {cores} cores; load is that of the last minute.");
    println!("| n | log | blocks/s | p50 ms | p99 ms | load |");
    println!("|---|---|---|---|---|---|");
    for (name, in_memory) in LOGS {
        for members in TIMED {
            let figures = timed(threads::run, members, in_memory, Duration::from_secs(3));
            println!(
                "| {members} | {name} | {:.0} | {:.2} | {:.2} | {:.2} |",
                figures.blocks_per_second, figures.p50_ms, figures.p99_ms, figures.load
            );
        }
    }
    costs();
}
