//! The node's figures for Prometheus. Names begin with `galen_`; nothing secret, nothing of a patient.
//!
//! `docs/grafana/galen-node.json` shows all of them, and a test here fails when it does not.

use std::fmt;
use std::path::Path;

use galen_ledger::FinalBlock;
use galen_ledger::links::LinkState;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::health::Health;
use super::run::Running;

type Labels = Vec<(&'static str, String)>;

/// Seconds of the buckets of finality.
const BUCKETS: [f64; 10] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 120.0];

/// What is counted over a run.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// From a block's time to its finality here, in seconds.
    pub finality: Histogram,
    /// Final transactions, by whether they were accepted.
    pub transactions: Family<Labels, Counter>,
    /// Final transactions that were refused, by the code of the reason.
    pub refused: Family<Labels, Counter>,
    /// What happened in final blocks, by kind of event.
    pub events: Family<Labels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            finality: Histogram::new(BUCKETS),
            transactions: Family::default(),
            refused: Family::default(),
            events: Family::default(),
        }
    }
}

impl Metrics {
    /// Counts a final block, so long after its time. Codes and kinds are this program's own words: there are not many.
    pub fn count(&self, block: &FinalBlock, after_seconds: f64) {
        self.finality.observe(after_seconds);
        for (_, receipt) in block.receipts() {
            self.transactions.get_or_create(&vec![("accepted", receipt.accepted.to_string())]).inc();
            if !receipt.accepted {
                self.refused.get_or_create(&vec![("code", receipt.code.clone())]).inc();
            }
        }
        let of_receipts = block.result.receipts.iter().flat_map(|receipt| &receipt.events);
        for event in block.result.begin.iter().chain(of_receipts).chain(&block.result.end) {
            self.events.get_or_create(&vec![("kind", event.kind.clone())]).inc();
        }
    }

    /// The text that Prometheus reads.
    ///
    /// # Errors
    /// Never, as it goes to memory.
    pub fn text(&self, running: &Running, health: &Health) -> Result<String, fmt::Error> {
        let disk = [("log", "data/log"), ("state", "data/state")];
        self.written(health, &disk.map(|(part, folder)| (part, size_of_folder(&running.home.path(folder)))))
    }

    /// The text, with the bytes of parts of the home.
    fn written(&self, health: &Health, disk: &[(&'static str, u64)]) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("galen");
        registry.register(
            "finality_seconds",
            "From a block's time to its finality here",
            self.finality.clone(),
        );
        registry.register("transactions", "Final transactions", self.transactions.clone());
        registry.register("refused", "Final transactions that were refused, by reason", self.refused.clone());
        registry.register("events", "What happened in final blocks", self.events.clone());
        chain(&mut registry, health);
        members(&mut registry, health);
        links(&mut registry, health);
        strangers(&mut registry, health);
        let family = Family::<Labels, Gauge>::default();
        for (part, bytes) in disk {
            let bytes = i64::try_from(*bytes).unwrap_or(i64::MAX);
            family.get_or_create(&vec![("part", (*part).to_owned())]).set(bytes);
        }
        registry.register("disk_bytes", "Bytes of the log (journal) and of the state", family);
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: impl TryInto<i64>) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value.try_into().unwrap_or(i64::MAX));
    registry.register(name, help, gauge);
}

fn counter(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let counter = Counter::<u64>::default();
    counter.inc_by(value);
    registry.register(name, help, counter);
}

fn chain(registry: &mut Registry, health: &Health) {
    let meter = &health.meter;
    gauge(registry, "height", "Newest final block", health.height.get());
    gauge(registry, "view", "Current view", meter.view.get());
    gauge(registry, "cycle", "Current cycle", meter.cycle.get());
    gauge(
        registry,
        "block_time_ms",
        "Time of the newest final block, in milliseconds since 1970",
        health.time_ms,
    );
    gauge(registry, "ready", "Whether the node is ready", i64::from(health.is_ready()));
    gauge(registry, "has_seat", "Whether the node votes in this cycle", i64::from(meter.has_seat));
    gauge(registry, "mempool_transactions", "Transactions that wait", meter.mempool_txs);
    gauge(registry, "mempool_bytes", "Bytes of transactions that wait", meter.mempool_bytes);
    gauge(registry, "held_blocks", "Blocks held that are not final", meter.held_blocks);
    counter(registry, "rejected_proposals", "Proposals found not to be in order", meter.rejected_proposals);
    counter(registry, "nullified_views", "Views left without a block", meter.nullified_views);
    gauge(
        registry,
        "clock_offset_ms",
        "Other members' clocks minus this one's",
        health.clock_offset_ms.unwrap_or(0),
    );
    gauge(registry, "disk_free_mib", "Free space where the home is", health.free_mib);
    let (cycle, round, height) = health.beacon.unwrap_or_default();
    gauge(registry, "beacon_cycle", "Cycle of the newest output of the beacon", cycle);
    gauge(registry, "beacon_round", "Round of the newest output of the beacon", round);
    gauge(registry, "beacon_height", "Height of the newest output of the beacon", height);
}

fn members(registry: &mut Registry, health: &Health) {
    gauge(registry, "members", "Members of the cycle", health.members);
    gauge(registry, "quorum", "Members that make a quorum", health.quorum);
    gauge(registry, "members_reached", "Members linked, with this one", health.reached);
    let (credit, seated) = (Family::<Labels, Gauge>::default(), Family::<Labels, Gauge>::default());
    for standing in &health.standing {
        let labels = vec![("member", standing.member.to_string())];
        credit.get_or_create(&labels).set(i64::from(standing.credit));
        seated.get_or_create(&labels).set(i64::from(standing.seated));
    }
    registry.register("credit", "Credit of each member", credit);
    registry.register("seated", "Whether a member has a seat", seated);
}

fn links(registry: &mut Registry, health: &Health) {
    let linked = Family::<Labels, Gauge>::default();
    let [sent, received, dropped, refused] = [(); 4].map(|()| Family::<Labels, Counter>::default());
    let round_trip = Family::<Labels, Gauge>::default();
    let errors = Family::<Labels, Counter>::default();
    for (id, peer) in &health.links.peers {
        let of = vec![("peer", id.to_string())];
        linked.get_or_create(&of).set(i64::from(matches!(peer.state, LinkState::Linked { .. })));
        if let Some(time) = peer.round_trip_us {
            round_trip.get_or_create(&of).set(i64::try_from(time).unwrap_or(i64::MAX));
        }
        for (kind, times) in &peer.errors {
            errors
                .get_or_create(&vec![("peer", id.to_string()), ("kind", (*kind).to_owned())])
                .inc_by(*times);
        }
        for (channel, counts) in peer.sent.iter() {
            let labels = vec![("peer", id.to_string()), ("channel", channel.to_string())];
            sent.get_or_create(&labels).inc_by(counts.bytes);
            dropped.get_or_create(&labels).inc_by(counts.dropped);
        }
        for (channel, counts) in peer.received.iter() {
            let labels = vec![("peer", id.to_string()), ("channel", channel.to_string())];
            received.get_or_create(&labels).inc_by(counts.bytes);
            refused.get_or_create(&labels).inc_by(counts.dropped);
        }
    }
    registry.register("link_up", "Whether there is a link", linked);
    registry.register("link_round_trip_us", "From a ping to its answer, in microseconds", round_trip);
    registry.register("link_sent_bytes", "Bytes sent", sent);
    registry.register("link_received_bytes", "Bytes received", received);
    registry.register("link_dropped_frames", "Frames for which there was no room", dropped);
    registry.register("link_refused_frames", "Received frames that the node did not take", refused);
    registry.register("link_errors", "How often a link was lost or not made, by kind of reason", errors);
}

fn strangers(registry: &mut Registry, health: &Health) {
    let strangers = &health.links.strangers;
    gauge(registry, "strangers", "Connections that belong to no peer, or do not yet", strangers.now);
    let help = "Connections closed at once, as there were too many";
    counter(registry, "strangers_turned_away", help, strangers.turned_away);
    let errors = Family::<Labels, Counter>::default();
    for (kind, times) in &strangers.errors {
        errors.get_or_create(&vec![("kind", (*kind).to_owned())]).inc_by(*times);
    }
    registry.register(
        "stranger_errors",
        "Connections of no peer that were closed, by kind of reason",
        errors,
    );
}

/// Bytes of the files in a folder; what vanishes meanwhile does not count.
fn size_of_folder(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| {
        let metadata = entry.metadata().ok()?;
        Some(if metadata.is_dir() { size_of_folder(&entry.path()) } else { metadata.len() })
    });
    sizes.sum()
}

#[cfg(test)]
mod tests;
