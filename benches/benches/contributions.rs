//! Contributions with real proofs: what checking them costs a member, by cores and by how many come at once; and how many a
//! consortium takes, by members, when all check everything and when they believe what f + 1 others have checked.
//!
//! All members share this machine's cores. On machines of their own each has the processor time that is printed for it.

#![allow(clippy::print_stdout)]

use galen_benches::{consensus::latency::load, contributions::Prepared};
use galen_ledger::node::Verify;

const HOSPITALS: usize = 6;
const REQUESTS: usize = 4;
/// Runs of each, of which the middle one counts.
const RUNS: usize = 3;

#[tokio::main]
async fn main() {
    let prepared = Prepared::new(HOSPITALS, REQUESTS);
    let count = prepared.txs.len();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{count} contributions, {} proofs; {cores} cores, load {:.2}", prepared.proofs, load());
    println!("| threads | at once | a contribution, ms | contributions/s |");
    println!("|---|---|---|---|");
    for threads in 1..=cores {
        for batch in [1, 4, count] {
            let mut times: Vec<_> = (0..RUNS).map(|_| prepared.check(threads, batch).as_secs_f64()).collect();
            times.sort_by(f64::total_cmp);
            let each = times[RUNS / 2] / count as f64;
            println!("| {threads} | {batch} | {:.1} | {:.0} |", each * 1e3, 1.0 / each);
        }
    }
    println!(
        "| members | groups | verify | contributions/s, all on this machine | processor ms a contribution and member |"
    );
    println!("|---|---|---|---|---|");
    for (members, groups) in [(4, 1), (8, 2), (16, 2)] {
        for (name, verify) in [("every", Verify::Every), ("receipts", Verify::Receipts { least: None })] {
            let mut runs = Vec::new();
            for _ in 0..RUNS {
                runs.push(prepared.run((members, groups), verify).await);
            }
            runs.sort_by_key(|took| took.time);
            let took = runs[RUNS / 2];
            let rate = count as f64 / took.time.as_secs_f64();
            let cpu = took.cpu.as_secs_f64() * 1e3 / (count * members) as f64;
            println!("| {members} | {groups} | {name} | {rate:.1} | {cpu:.1} |");
        }
    }
}
