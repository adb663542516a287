//! The ledger's consensus beside commonware's simplex and malachite's core, one after another in one process: the same
//! members, blocks of 1 KiB, Ed25519 signatures, in memory and with a log that is synchronised to disk.
//!
//! Arguments: seconds of each run; `fsync` or `memory`; the name of one contender; `costs` for messages and hops alone.

#![allow(clippy::print_stdout)]

#[path = "../../src/consensus.rs"]
mod consensus;
mod malachite;
mod simplex;

use std::time::Duration;

use consensus::{
    report::{LOGS, Run, TIMED, costs, timed},
    threads,
};

const CONTENDERS: [(&str, Run); 3] =
    [("galen", threads::run), ("commonware-simplex", simplex::run), ("malachite-core", malachite::run)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = |name: &str| arguments.iter().any(|argument| argument == name);
    let seconds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(3.0);
    let one = CONTENDERS.iter().find(|(name, _)| asked(name)).map(|(name, _)| *name);
    if !asked("costs") {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        println!("Blocks of 1 KiB, {cores} cores, {seconds} s each; load is that of the last minute.");
        println!("| n | log | implementation | blocks/s | p50 ms | p99 ms | load | galen / it |");
        println!("|---|---|---|---|---|---|---|---|");
        for (log, in_memory) in LOGS {
            let skipped = asked(if in_memory { "fsync" } else { "memory" });
            for members in TIMED.into_iter().filter(|_| !skipped) {
                compare(members, log, in_memory, Duration::from_secs_f64(seconds), one);
            }
        }
    }
    if one.is_none() {
        costs();
    }
}

fn compare(members: u8, log: &str, in_memory: bool, measured: Duration, one: Option<&str>) {
    let mut ours = None;
    for (name, run) in CONTENDERS.into_iter().filter(|(name, _)| one.is_none_or(|one| one == *name)) {
        let figures = timed(run, members, in_memory, measured);
        let rate = figures.blocks_per_second;
        let ratio = *ours.get_or_insert(rate) / rate;
        println!(
            "| {members} | {log} | {name} | {rate:.0} | {:.2} | {:.2} | {:.2} | {ratio:.2} |",
            figures.p50_ms, figures.p99_ms, figures.load
        );
    }
}
