//! The auditor: reads what is proved, has the browser verify it, sees a tampered proof fail, and signs a report.

use super::cast::Act;

/// From the auditor's own desk, which followed the chain itself.
pub async fn verifies(act: &Act<'_>, contribution: &str) {
    let page = act.person(&act.cast.auditor).await;
    page.look("auditor-chain").await;
    page.fill("Search", contribution).await;
    page.click("Search").await;
    page.see("contribution").await;
    page.look("auditor-search").await;
    page.follow(&format!("/contributions/{contribution}")).await;
    page.see("What is proved").await;
    page.see("What is not proved").await;
    page.look("auditor-contribution").await;
    let report = page.download("Signed report (HTML)").await;
    let report = std::fs::read_to_string(report).expect("a report");
    assert!(report.contains("No rule of the market is broken") && report.contains(contribution), "{report}");
    page.section("Reports").await;
    page.shows("Reports").await;
    page.look("auditor-reports").await;
    page.goto(&format!("{}/contributions/{contribution}", act.cast.auditor.url)).await;
    page.click("Verify it in this browser").await;
    page.see("are verified by snarkjs").await;
    page.look("auditor-verified").await;
    page.click("Try a tampered proof").await;
    page.see("FAILED, as it must").await;
    let red = "const verdict = [...document.querySelectorAll('[data-verdict=failed] .verdict')].pop();
        const seen = getComputedStyle(verdict).color.match(/\\d+/g).map(Number);
        return seen[0] > 1.5 * Math.max(seen[1], seen[2]);";
    assert_eq!(page.script(red, vec![]).await, true, "it does not turn red");
    page.look("auditor-tampered").await;
    page.goto(&format!("{}/api", act.cast.auditor.url)).await;
    page.shows("/v1/reports/{about}").await;
    page.look("auditor-api").await;
    page.finish().await;
}
