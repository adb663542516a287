//! The ledger's consensus: blocks a second and latency, in memory and with a disk; messages, bytes and hops in virtual
//! time, against flat PBFT. Against other implementations: `benches/peers`.

#![allow(clippy::print_stdout)]

use std::time::Duration;

use galen_benches::consensus::{flat, latency::load, threads, virtual_time};
use galen_ledger::consensus::VoteRelay;

fn main() {
    println!("blocks of 1 KiB, {} cores", std::thread::available_parallelism().map_or(0, usize::from));
    for (name, in_memory) in [("in memory", true), ("synchronised to disk", false)] {
        for members in [4, 10, 31] {
            let folder = threads::folder(in_memory);
            let figures =
                threads::run(members, &folder, Duration::from_millis(500), Duration::from_secs(3));
            // What is left behind is in the way of nobody.
            let _ = std::fs::remove_dir_all(&folder);
            println!(
                "n = {members:2}, {name}: {:.0} blocks/s, latency p50 {:.2} ms, p99 {:.2} ms; load {:.2}",
                figures.blocks_per_second, figures.p50_ms, figures.p99_ms, figures.load
            );
        }
    }
    println!("links of 50 ms in virtual time; messages and bytes that a member sends a block; load {:.2}", load());
    for members in [4, 10, 31, 64, 100] {
        costs(members, "direct", VoteRelay::Direct);
        if members > 31 {
            costs(members, "relayed", VoteRelay::Auto);
        }
        let (messages, bytes) = flat::pbft(members);
        println!("n = {members:3}, flat PBFT: {messages:.1} messages, {bytes:.0} bytes");
    }
}

fn costs(members: u8, name: &str, votes: VoteRelay) {
    let costs = virtual_time::run(members, votes, 20);
    println!(
        "n = {members:3}, {name}: {:.1} messages (most {:.1}), {:.0} bytes; a block every {:.0} ms, final after {:.0} ms",
        costs.messages, costs.most_messages, costs.bytes, costs.interval_ms, costs.finality_ms
    );
}
