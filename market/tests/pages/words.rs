//! Numbers, moments, hashes and progress in words.

use std::time::Duration;

use galen_market::web::page::{Page, Place, SiteName};
use galen_market::web::parts::{Progress, Run, hash, instant, moment, number, percent};
use maud::html;

#[test]
fn numbers_have_their_thousands_apart() {
    for (value, words) in
        [(0u64, "0"), (999, "999"), (1_000, "1,000"), (51_148, "51,148"), (1_234_567, "1,234,567")]
    {
        assert!(number(value).0.contains(&format!(">{words}<")), "{value}");
    }
    assert!(number(u64::MAX).0.contains("18,446,744,073,709,551,615"));
    assert!(percent(0.125).0.contains("12.5\u{a0}%"));
    for nothing in [f64::NAN, f64::INFINITY] {
        assert!(percent(nothing).0.contains('–'));
    }
}

#[test]
fn moments_are_utc_and_what_is_none_is_a_dash() {
    assert!(moment(1_794_000_000_000).0.contains(">6 Nov 2026, 21:20 UTC<"));
    assert!(instant(1_794_000_001_500).0.contains(">6 Nov 2026, 21:20:01 UTC<"));
    assert!(instant(1_794_000_001_500).0.contains("2026-11-06T21:20:01.5Z"));
    assert_eq!(moment(u64::MAX).0, "–");
}

#[test]
fn a_long_hash_is_shortened_but_whole_for_who_copies_it() {
    let full = "0123456789abcdef0123456789abcdef";
    let html = hash(full).0;
    assert!(html.contains(">01234567…abcdef<") && html.contains(&format!(">{full}<")));
    assert!(html.contains(&format!("data-copy=\"{full}\"")));
    assert!(!hash("0123456789abcdef01").0.contains('…'), "nothing is won");
    for odd in ["", "é", "日本語日本語日本語日本語日本語日本語日本語"] {
        assert!(hash(odd).0.contains(odd));
    }
}

#[test]
fn progress_says_how_much_how_fast_and_how_long() {
    let words = |progress: Progress| serde_json::to_value(progress).expect("JSON")["words"].clone();
    let progress = |run, done, total| Progress::new(run, "Proving", done, total, "chunks");
    assert_eq!(words(progress(Run::Running, 412, 1_024)), "412 of 1,024 chunks");
    let fast = progress(Run::Running, 1, 2).rate(3.12).left(Duration::from_secs(195));
    assert_eq!(words(fast), "1 of 2 chunks · 3.1 chunks/s · about 3 min left");
    let slow = progress(Run::Running, 1, 2).rate(0.5).left(Duration::from_secs(9_000));
    assert_eq!(words(slow), "1 of 2 chunks · 30.0 chunks/min · about 3 h left");
    assert_eq!(words(progress(Run::Done, 2, 2).rate(3.0).left(Duration::ZERO)), "2 of 2 chunks");
    assert_eq!(words(progress(Run::Waiting, 0, 0)), "");
    for no_rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(words(progress(Run::Running, 7, 0).rate(no_rate)), "7 chunks");
    }
}

#[test]
fn work_that_is_over_is_not_followed() {
    for (run, live) in [(Run::Waiting, true), (Run::Running, true), (Run::Done, false), (Run::Failed, false)]
    {
        let html = Progress::new(run, "Proving", 5, 9, "chunks").follow(Some("/events"), Some("/poll")).0;
        assert_eq!(html.contains("data-events") && html.contains("data-poll"), live, "{run:?}");
        assert_eq!(html.contains("data-reload") && html.contains("Reload the page"), live, "{run:?}");
    }
    let done = Progress::new(Run::Done, "Proven", 0, 0, "chunks").follow(None, None).0;
    assert!(done.contains("value=\"1\"") && done.contains("max=\"1\""), "{done}");
}

/// One place is the current one: the one that holds the path.
#[test]
fn navigation_knows_where_the_reader_is() {
    let nav = [("Start", "/"), ("Requests", "/requests"), ("Wallet", "/wallet")];
    let nav = nav.map(|(label, href)| Place::new(label, href));
    for (here, current) in [
        ("/", Some("Start")),
        ("/requests", Some("Requests")),
        ("/requests/9f/edit", Some("Requests")),
        ("/requestsx", None),
    ] {
        let html = Page::new("T", SiteName::Auditor).nav(&nav, here).render(html! { h1 { "T" } }).0;
        let found =
            html.split_once("aria-current=\"page\">").map(|(_, rest)| rest.split_once('<').expect("ends").0);
        assert_eq!(found, current, "{here}");
    }
}
