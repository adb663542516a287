//! What a run gave.

use std::time::Duration;

/// Figures of one run.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Final blocks a second.
    pub blocks_per_second: f64,
    /// From the making of a block to its finality at a member, milliseconds: the median.
    pub p50_ms: f64,
    /// The same: the 99th of 100.
    pub p99_ms: f64,
    /// The machine's load of the last minute when the run ended.
    pub load: f64,
}

impl Figures {
    /// From latencies of all members, and the blocks that became final in a time.
    pub fn of(mut latencies: Vec<Duration>, blocks: u64, time: Duration) -> Self {
        latencies.sort_unstable();
        let at = |part: usize| {
            let place = latencies.len().saturating_sub(1) * part / 100;
            latencies.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
        };
        Self {
            blocks_per_second: blocks as f64 / time.as_secs_f64(),
            p50_ms: at(50),
            p99_ms: at(99),
            load: load(),
        }
    }
}

/// The machine's load of the last minute; 0 where the system does not tell.
pub fn load() -> f64 {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    told.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0)
}
