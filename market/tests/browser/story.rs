//! The whole story through the pages of `galen demo --serve`, once at a desk's width and once at a telephone's: a steward
//! imports, a researcher posts, the steward approves, proofs run, the researcher reads the table, an auditor verifies in the
//! browser, and a tampered proof turns red. On the way every page is looked at; at the end each API is fuzzed.

mod auditor;
mod cast;
mod interfaces;
mod researcher;
mod steward;
mod tour;

use crate::browser::Browser;
use crate::page::Window;
use cast::{Act, Cast};

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_story_at_both_widths() {
    let Some(browser) = Browser::start() else { return };
    let cast = Cast::assemble();
    for (number, window) in [(1, Window::WIDE), (2, Window::NARROW)] {
        let act = Act { browser: &browser, cast: &cast, window, number };
        println!("at {} px: pages of a node", window.width);
        tour::explorer(&act).await;
        println!("at {} px: the steward imports", window.width);
        steward::imports(&act).await;
        println!("at {} px: the researcher posts", window.width);
        let request = researcher::posts(&act).await;
        println!("at {} px: the steward approves {request}", window.width);
        let contribution = steward::sells(&act, &request).await;
        println!("at {} px: the researcher collects", window.width);
        researcher::collects(&act, &request).await;
        println!("at {} px: the auditor verifies {contribution}", window.width);
        auditor::verifies(&act, &contribution).await;
        println!("at {} px: what the node shows of it", window.width);
        tour::traces(&act, &request, &contribution).await;
        println!("at {} px: money", window.width);
        tour::wallets(&act).await;
    }
    println!("APIs");
    interfaces::hold(&cast);
}
