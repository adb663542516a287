//! The ledger's consensus beside commonware's simplex and malachite's core, one after another in one process: the same
//! members, blocks of 1 KiB, Ed25519 signatures, in memory and with a log that is synchronised to disk.

#![allow(clippy::print_stdout)]

#[path = "../../src/consensus.rs"]
mod consensus;
mod malachite;
mod simplex;

use std::{path::Path, time::Duration};

use consensus::{latency::Figures, threads};

const WARM_UP: Duration = Duration::from_millis(500);

type Contender = (&'static str, fn(u8, &Path, Duration, Duration) -> Figures);

const CONTENDERS: [Contender; 3] =
    [("galen", threads::run), ("commonware simplex", simplex::run), ("malachite core", malachite::run)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let only = arguments.iter().find(|argument| argument.parse::<f64>().is_err()).cloned();
    let seconds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(3.0);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("blocks of 1 KiB, {cores} cores, {seconds} s each; load is that of the last minute");
    println!("| n | log | implementation | blocks/s | p50 ms | p99 ms | load | galen / it |");
    println!("|---|---|---|---|---|---|---|---|");
    for (log, in_memory) in [("in memory", true), ("fsync", false)] {
        for members in [4, 10, 31] {
            let mut ours = None;
            for (name, run) in CONTENDERS {
                if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
                    continue;
                }
                let folder = threads::folder(in_memory);
                let figures = run(members, &folder, WARM_UP, Duration::from_secs_f64(seconds));
                // What is left behind is in the way of nobody.
                let _ = std::fs::remove_dir_all(&folder);
                let rate = figures.blocks_per_second;
                let ratio = *ours.get_or_insert(rate) / rate;
                println!(
                    "| {members} | {log} | {name} | {rate:.0} | {:.2} | {:.2} | {:.2} | {ratio:.2} |",
                    figures.p50_ms, figures.p99_ms, figures.load
                );
            }
        }
    }
}
