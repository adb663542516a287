//! What many runs came to.

use std::{collections::BTreeMap, fmt};

use galen_ledger::consensus::VoteRelay;

use super::{run::Outcome, scenario::Joining};

/// Failures that are printed in full.
const SHOWN: usize = 5;

/// What many runs came to.
#[derive(Debug, Default)]
pub struct Report {
    /// How many.
    pub runs: u64,
    /// What went wrong.
    pub failures: Vec<String>,
    /// In how many runs there was this.
    mix: BTreeMap<String, u64>,
    /// Totals of all runs.
    totals: BTreeMap<&'static str, u64>,
    most_held: (usize, usize),
}

impl Report {
    /// Of one run.
    pub fn of(outcome: &Outcome) -> Self {
        let (scenario, counts) = (&outcome.scenario, outcome.counts);
        let mut mix: BTreeMap<String, u64> = BTreeMap::new();
        let mut there_is = |what: String| *mix.entry(what).or_default() = 1;
        there_is(format!("members: {}", scenario.members));
        there_is(format!("bad together: {:?}", scenario.company));
        if scenario.bad.is_empty() {
            there_is("bad: nobody".into());
        }
        scenario.bad.iter().for_each(|(_, kind)| there_is(format!("bad: {kind:?}")));
        let storm = &scenario.storm;
        let faults = [
            ("loss", storm.links.loss > 0.0),
            ("duplication", storm.links.duplication > 0.0),
            ("delay and reordering beyond Δ", storm.links.delay > 0.0),
            ("disks that fail", storm.disk > 0.0),
            ("partitions", storm.partitions),
            ("crashes", storm.crash > 0.0),
            ("crashes at boundaries", storm.crash_at_boundary > 0.0),
            ("votes through leaders", scenario.votes == VoteRelay::Leaders),
            ("short cycles", scenario.parameters.cycle_blocks < 100),
            ("the beacon", scenario.parameters.beacon_interval < 100),
            ("a member admitted", scenario.joining == Joining::Admitted),
            ("a member re-keyed", scenario.joining == Joining::Rekeyed),
        ];
        faults.iter().filter(|(_, is)| *is).for_each(|(what, _)| there_is(format!("with {what}")));
        let totals = [
            ("blocks final", outcome.height),
            ("crashes", counts.crashes as u64),
            ("disks that failed", counts.disks as u64),
            ("changes of partition", counts.partitions as u64),
            ("proofs against members", counts.evidence as u64),
            ("events", counts.events as u64),
            ("seconds of virtual time", outcome.took / 1000),
        ];
        Self {
            runs: 1,
            failures: outcome.failure().into_iter().collect(),
            mix,
            totals: totals.into(),
            most_held: outcome.most_held,
        }
    }

    /// Both.
    pub fn and(mut self, other: Self) -> Self {
        self.runs += other.runs;
        self.failures.extend(other.failures);
        other.mix.into_iter().for_each(|(what, runs)| *self.mix.entry(what).or_default() += runs);
        other.totals.into_iter().for_each(|(what, total)| *self.totals.entry(what).or_default() += total);
        let (blocks, views) = (self.most_held, other.most_held);
        self.most_held = (blocks.0.max(views.0), blocks.1.max(views.1));
        self
    }

    /// The first failures.
    pub fn worst(&self) -> String {
        self.failures.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n")
    }

    /// The runs were not idle.
    pub fn has_tested_something(&self) {
        for what in ["blocks final", "crashes", "changes of partition", "proofs against members"] {
            assert!(self.totals[what] > self.runs / 10, "{what}: {}", self.totals[what]);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} runs, {} failures", self.runs, self.failures.len())?;
        self.totals.iter().try_for_each(|(what, total)| writeln!(f, "{total:>10} {what}"))?;
        let (blocks, views) = self.most_held;
        writeln!(f, "{blocks:>10} blocks and {views} views held at most by a member")?;
        self.mix.iter().try_for_each(|(what, runs)| writeln!(f, "{runs:>10} runs: {what}"))
    }
}
