//! What a person does works on a page without faults.

use std::fs;

use crate::browser::Browser;
use crate::page::Window;
use crate::selftest::site;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_uses_a_page_at_both_widths() {
    let Some(browser) = Browser::start() else { return };
    let site = site::serve().await;
    for window in [Window::WIDE, Window::NARROW] {
        let page = browser.page(window).await;
        page.goto(&site).await;
        page.look("selftest").await;
        page.click("Ask the ledger").await;
        page.see("Height 7").await;
        page.fill("Your name", "Ada = Lovelace").await;
        page.fill("Purpose", "Research").await;
        page.fill("Until", "2031-02-03").await;
        page.tick("I agree").await;
        assert_eq!(page.value("Your name").await, "Ada = Lovelace");
        page.click_near("Second", "Send").await;
        page.see("name=Ada+%3D+Lovelace purpose=b until=2031-02-03 agreed=on").await;
        page.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_gives_a_file_and_says_what_it_loaded() {
    let Some(browser) = Browser::start() else { return };
    let site = site::serve().await;
    let page = browser.page(Window::WIDE).await;
    page.goto(&site).await;
    let loaded = page.loaded().await;
    assert!(loaded.iter().any(|(name, bytes)| name.ends_with("/script.js") && *bytes > 0), "{loaded:?}");
    let file = page.download("Download the cohort").await;
    assert_eq!(file.file_name().unwrap(), "cohort.csv");
    assert_eq!(fs::read_to_string(file).unwrap(), "age,sex\n40-49,f\n");
    page.click_near("Other request", "Open").await;
    page.arrive("?which=other").await;
    page.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_scripts_runs_none_and_is_driven_all_the_same() {
    let Some(browser) = Browser::start() else { return };
    let site = site::serve().await;
    let page = browser.page(Window::WIDE.without_scripts()).await;
    page.goto(&site).await;
    page.look("selftest-without-scripts").await;
    page.click("Ask the ledger").await;
    page.fill("Your name", "Grace").await;
    page.click("Send").await;
    page.see("name=Grace").await;
    let loaded = page.loaded().await;
    assert!(!loaded.iter().any(|(name, _)| name.ends_with("/late")), "a script ran: {loaded:?}");
    page.finish().await;
}
