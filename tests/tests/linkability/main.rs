//! Linkability: an observer who sees the whole ledger guesses which note was spent, and with it which contribution of a
//! hospital's is cashed in. A ring has sixteen members: nobody should guess better than one in sixteen.
//!
//! Rings are those that wallets draw (`wallet::decoys`); notes are made without proofs, on which the choice does not depend.
//! (The same game with real transactions is among the market's own tests.) Every run prints its seed and the rate of each
//! strategy.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic is a failed test, and output is the report"
)]

mod distribution;
mod history;
mod observer;
mod statistics;

use std::sync::OnceLock;

use history::{History, Manner};
use observer::{Observer, strategies};
use statistics::{at_most, within};

const SEED: u64 = 20_260_719;

/// Plays all strategies; the rate of each.
fn play(history: &History, seed: u64) -> Vec<(&'static str, f64)> {
    let observer = Observer::of(history, seed);
    let rate = |guess: fn(&Observer, usize) -> usize| {
        let right = |at: &usize| guess(&observer, *at) == history.spends[*at].real;
        (0..history.spends.len()).filter(right).count()
    };
    let trials = history.spends.len();
    let rates = strategies().map(|(name, guess)| (name, rate(guess), trials));
    let print = |(name, hits, trials): (&'static str, usize, usize)| {
        let rate = hits as f64 / trials as f64;
        println!("{name:24} {hits:5} of {trials}: {rate:.4} = {:.2}/16", rate * 16.0);
        (name, rate)
    };
    rates.into_iter().map(print).collect()
}

/// Hospitals that cash in when they like, once a window is dealt.
fn patient() -> &'static History {
    static HISTORY: OnceLock<History> = OnceLock::new();
    HISTORY.get_or_init(|| {
        println!("seed {SEED}");
        History::new(SEED, 2500, Manner::Patient)
    })
}

/// The claim: hospitals that cash in when they like, once a window is dealt, are found no better than by lot.
#[test]
fn t28_no_observer_finds_the_note_behind_a_ring_of_a_dealt_window() {
    let history = patient();
    let trials = history.spends.len();
    assert!(trials > 2000, "{trials}");
    for (name, rate) in play(history, SEED) {
        assert!(rate <= at_most(1.0 / 16.0, trials), "{name}: {rate}");
    }
}

/// The same when amounts are known: an accredited hospital knows what each payout is worth. It learns nothing as long as the
/// payout goes to its owner first, since such a transfer shows no amount. Redeemed at once it does: see below.
#[test]
fn t28_what_a_payout_is_worth_shows_when_it_is_redeemed_at_once() {
    let history = patient();
    let observer = Observer::of(history, SEED);
    let (mut hits, mut trials) = (0, 0);
    for at in 0..history.spends.len() {
        if let Some(amount) = history.redeemed(at) {
            trials += 1;
            hits += usize::from(observer.by_amount(at, amount) == history.spends[at].real);
        }
    }
    let rate = hits as f64 / trials as f64;
    println!(
        "who knows prices, of payouts redeemed at once: {hits} of {trials}: {rate:.4} = {:.2}/16",
        rate * 16.0
    );
    // Not a claim but the reason for one: whoever redeems sends the money to itself first.
    assert!(rate > at_most(1.0 / 16.0, trials), "then redemptions may as well be made of payouts");
}

/// Who does not wait is in the last window, whose rings overlap: that a note is spent once says something of others' rings.
#[test]
fn t28_rings_of_the_last_window_hide_a_little_less() {
    println!("seed {SEED}");
    let history = History::new(SEED, 2500, Manner::Hasty);
    let trials = history.spends.len();
    for (name, rate) in play(&history, SEED) {
        assert!(rate <= at_most(2.0 / 16.0, trials), "{name}: {rate}");
    }
}

/// Who spends soon after being paid is likelier the newest of a ring. That is the observer's prior: the ring itself must not
/// add to it. For each ring the best guess is right with a probability that follows from the prior alone.
#[test]
fn t28_a_ring_adds_nothing_to_what_an_observer_knows_of_habits() {
    println!("seed {SEED}");
    for (habit, mean) in [("within days", 12.0), ("within a month", 60.0), ("within half a year", 400.0)] {
        for dealt in [false, true] {
            let (hits, expected, trials) = history::habits(SEED, mean, dealt);
            let rate = hits as f64 / trials as f64;
            let window = if dealt { "a dealt window" } else { "the last window" };
            println!(
                "{habit} (about {mean} payouts later), out of {window}: {rate:.4} = {:.2}/16, by the prior {expected:.4}",
                rate * 16.0
            );
            assert!(within(rate, expected, trials), "{habit}, {window}: {rate} is not {expected}");
        }
    }
}
