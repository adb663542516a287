//! The dashboard shows what the node exports: all of it, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use galen_ledger::links::{LinkState, LinkStatus, LinksStatus, PeerId};
use galen_ledger::node::Meter;
use galen_ledger::types::BlockHash;
use galen_ledger::{ChainId, Height, MemberIndex, View};
use serde_json::Value;

use super::super::health::Standing;
use super::*;

const DASHBOARD: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/grafana/galen-node.json"));
/// Figures that no panel needs.
const NOT_SHOWN: &[&str] = &[];

/// A node with one of everything that figures are made of: a family without members is not exported.
fn health() -> Health {
    let peer = LinkStatus {
        address: None,
        state: LinkState::Linked { since_ms: 1, dialed: true },
        links: 2,
        last_error: None,
        errors: BTreeMap::from([("connect", 1)]),
        round_trip_us: Some(900),
        paused_ms: 0,
        sent: Default::default(),
        received: Default::default(),
    };
    let mut links = LinksStatus {
        me: PeerId::new(0),
        peers: BTreeMap::from([(PeerId::new(1), peer)]),
        strangers: Default::default(),
    };
    links.strangers.errors.insert("handshake", 1);
    let member = MemberIndex::new(0);
    Health {
        version: "0",
        chain: ChainId::from_bytes([1; 32]),
        number: 0,
        name: "St. Mary".into(),
        height: Height::new(7),
        block: BlockHash::from_bytes([2; 32]),
        view: View::new(8),
        time_ms: 9,
        members: 4,
        quorum: 3,
        reached: 4,
        next_member: 4,
        standing: vec![Standing {
            member,
            name: "St. Mary".into(),
            seated: true,
            credit: 5,
            barred: false,
            changing: false,
        }],
        beacon: Some((1, 2, 3)),
        free_mib: 100,
        clock_offset_ms: Some(-3),
        not_ready: Vec::new(),
        meter: Meter::default(),
        links,
    }
}

/// The text that Prometheus reads of a node that has done a little of everything.
fn exported() -> String {
    let metrics = Metrics::default();
    metrics.finality.observe(0.3);
    for (family, label) in [
        (&metrics.transactions, ("accepted", "true")),
        (&metrics.refused, ("code", "contribution.unsound")),
        (&metrics.events, ("kind", "request.posted")),
    ] {
        family.get_or_create(&vec![(label.0, label.1.to_owned())]).inc();
    }
    metrics.written(&health(), &[("log", 1), ("state", 2)]).unwrap()
}

/// The families, each with the names of its samples.
fn families(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    let mut family = String::new();
    for line in text.lines() {
        if let Some(described) = line.strip_prefix("# TYPE ") {
            family = described.split(' ').next().unwrap_or_default().to_owned();
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            found.entry(family.clone()).or_default().insert(name.to_owned());
        }
    }
    found
}

fn dashboard() -> Value {
    serde_json::from_str(DASHBOARD).unwrap()
}

/// The panels that show something.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let panels = dashboard["panels"].as_array().unwrap();
    panels.iter().filter(|panel| panel["type"] != "row").collect()
}

fn expressions(panel: &Value) -> Vec<&str> {
    let targets = panel["targets"].as_array().unwrap();
    targets.iter().map(|target| target["expr"].as_str().unwrap()).collect()
}

/// What an expression names of this program's.
fn named(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("galen_"))
}

#[test]
fn the_dashboard_names_what_the_node_exports_and_shows_all_of_it() {
    let (families, dashboard) = (families(&exported()), dashboard());
    assert!(families.len() > 30, "{families:?}");
    let samples: BTreeSet<&str> = families.values().flatten().map(String::as_str).collect();
    let mut shown = BTreeSet::new();
    for panel in panels(&dashboard) {
        for name in expressions(panel).into_iter().flat_map(named) {
            assert!(samples.contains(name), "{}: the node exports no {name}", panel["title"]);
            shown.insert(name);
        }
    }
    for (family, samples) in &families {
        let is_shown = samples.iter().any(|sample| shown.contains(sample.as_str()));
        let is_left_out = NOT_SHOWN.contains(&family.as_str());
        assert!(is_shown != is_left_out, "{family}: shown {is_shown}, left out {is_left_out}");
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let query = variable["definition"].as_str().unwrap();
        assert!(named(query).all(|name| samples.contains(name)), "{query}");
    }
}

#[test]
fn every_panel_says_what_it_shows_and_asks_the_source_that_was_chosen() {
    let dashboard = dashboard();
    assert_eq!(dashboard["schemaVersion"], 39);
    assert_eq!(dashboard["__inputs"][0]["name"], "DS_PROMETHEUS");
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "an id twice: {}", panel["title"]);
        let place = &panel["gridPos"];
        assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{}", panel["title"]);
    }
    for panel in panels(&dashboard) {
        let title = &panel["title"];
        for field in ["title", "description"] {
            assert!(panel[field].as_str().is_some_and(|text| !text.is_empty()), "{title}: {field}");
        }
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}: a unit");
        let targets = panel["targets"].as_array().unwrap();
        assert!(
            targets.iter().all(|target| target["legendFormat"].as_str().is_some_and(|text| !text.is_empty()))
        );
        for source in targets.iter().map(|target| &target["datasource"]).chain([&panel["datasource"]]) {
            assert_eq!(source["uid"], "${DS_PROMETHEUS}", "{title}");
        }
    }
}
