//! The end of the story.

use std::path::Path;
use std::time::Duration;

use galen_market::Amount;
use galen_market::agent::researcher::Delivery;
use serde_json::json;

use super::audience::Opened;
use super::forgery::Forgery;
use super::sell::Sold;
use crate::cli::auditor::Audit;
use crate::cli::console::{Console, duration};

/// Where the time went.
pub struct Seconds {
    /// Keys loaded or made.
    pub keys: f64,
    /// From the first look at a run to the last opening.
    pub prove: f64,
    /// All of it.
    pub total: f64,
}

/// What happened.
pub struct Summary {
    released: usize,
    suppressed: usize,
    contributions: usize,
    proofs: usize,
    smallest_class: usize,
    paid: Amount,
    opened: Opened,
    audit: Audit,
    forgery: Forgery,
    /// Where the time went.
    pub seconds: Seconds,
}

impl Summary {
    /// Adds everything up.
    pub fn of(
        sales: &[Sold],
        collected: &[Delivery],
        (paid, opened): (Amount, Opened),
        audit: Audit,
        forgery: Forgery,
        prove: f64,
    ) -> Self {
        Self {
            released: collected.iter().map(|delivery| delivery.rows.len()).sum(),
            suppressed: collected.iter().map(|delivery| delivery.record.totals.suppressed as usize).sum(),
            contributions: collected.len(),
            proofs: sales.iter().map(|sold| sold.proofs).sum(),
            smallest_class: sales.iter().map(|sold| sold.quality.smallest_class).min().unwrap_or(0),
            paid,
            opened,
            audit,
            forgery,
            seconds: Seconds { keys: 0.0, prove, total: 0.0 },
        }
    }

    /// Prints the end, and the object of `--json`.
    pub fn print(&self, console: &Console, out: &Path) {
        console.chapter("Done", "the main job, end to end");
        console.fact("records delivered", self.released);
        console.fact("contributions, proofs", format!("{}, {}", self.contributions, self.proofs));
        console.fact("smallest class", self.smallest_class);
        console.fact("time", duration(Duration::from_secs_f64(self.seconds.total)));
        console.fact("everything is in", out.display());
        console.say(format!("check it yourself: galen auditor verify {}", out.join("chain.galen").display()));
        let round = |seconds: f64| (seconds * 100.0).round() / 100.0;
        console.object(&json!({
            "released": self.released,
            "suppressed": self.suppressed,
            "contributions": self.contributions,
            "proofs": self.proofs,
            "smallest_class": self.smallest_class,
            "paid": self.paid.get(),
            "opened": { "amount": self.opened.amount, "seller": self.opened.seller },
            "seconds": {
                "keys": round(self.seconds.keys),
                "prove": round(self.seconds.prove),
                "total": round(self.seconds.total),
            },
            "auditor": {
                "verified": true,
                "contributions": self.audit.market.contributions,
                "proofs": self.audit.proofs(),
            },
            "forgery": { "rejected": true, "reason": self.forgery.reason },
            "out": out.display().to_string(),
        }));
    }
}
