//! The data steward: patients come in, one release is looked at and approved, proofs are made, money comes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use galen_prover::cohort::write_csv;

use super::cast::Act;

/// Patients of a file: the schema asks for sixteen chunks of 64.
const PATIENTS: u32 = 1_200;
/// Until a contribution is proven, sent and paid, on a slow machine.
const PROVING: Duration = Duration::from_secs(400);
/// What whoever approves says.
const AGREED: &str = "I have looked at risk and overlap, and agree for this hospital";

/// A file with a wrong value is refused and says where; the right one becomes a dataset, which is committed to.
pub async fn imports(act: &Act<'_>) {
    let page = act.person(&act.cast.hospital).await;
    page.see("Requests that can be answered").await;
    page.look("hospital-inbox").await;
    page.section("Data").await;
    page.see("Datasets").await;
    page.look("hospital-data").await;

    let (good, broken) = files(act);
    page.attach("File", &broken).await;
    page.click("Import the file").await;
    page.see("Nothing was imported.").await;
    page.see("line 4").await;
    assert!(!page.text().await.contains("elderly"), "a value is shown");
    page.look("hospital-import-refused").await;

    page.section("Data").await;
    page.attach("File", &good).await;
    page.click("Import the file").await;
    page.see("The rows are kept, sealed, at this desk.").await;
    page.see("What was found").await;
    page.look("hospital-import-done").await;
    page.click("Look at the dataset and commit to it").await;
    page.see("Commit to this dataset").await;
    page.look("hospital-dataset").await;
    page.tick_near("Commit to this dataset", "I have read this and want to go on").await;
    page.click("Commit").await;
    page.see("until block").await;
    page.look("hospital-dataset-committed").await;
    page.finish().await;
}

fn files(act: &Act<'_>) -> (PathBuf, PathBuf) {
    let path = |name: &str| act.cast.folder.path().join(format!("{name}-{}.csv", act.number));
    let mut text = Vec::new();
    write_csv(7_000 + u64::from(act.number), PATIENTS, &mut text).expect("patients");
    let (good, broken) = (path("patients"), path("broken"));
    fs::write(&good, &text).expect("written");
    let text = String::from_utf8(text).expect("text");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut fields: Vec<&str> = lines[3].split(',').collect();
    fields[2] = "elderly";
    lines[3] = fields.join(",");
    fs::write(&broken, lines.join("\n")).expect("written");
    (good, broken)
}

/// The second person sees who has approved; with this one's approval the proofs begin.
async fn colleague_approves(act: &Act<'_>, request: &str) {
    let page = act.person(&act.cast.colleague).await;
    page.see("1 of 2").await;
    page.look("hospital-inbox-approved-once").await;
    page.follow(&format!("/requests/{request}")).await;
    page.see("owner approved").await;
    page.tick(AGREED).await;
    page.look("hospital-request-second-approval").await;
    page.click("Approve and begin").await;
    page.arrive(&format!("/jobs/{request}")).await;
    page.finish().await;
}

/// Looks at what would be released, approves it with a colleague, watches the proofs, is paid. Gives the contribution.
pub async fn sells(act: &Act<'_>, request: &str) -> String {
    let mut page = act.person(&act.cast.hospital).await;
    page.follow(&format!("/requests/{request}")).await;
    page.see("Risk of re-identification").await;
    page.see("Overlap with earlier releases").await;
    page.look("hospital-request").await;
    page.tick(AGREED).await;
    page.click("Approve").await;
    page.see("Another person must approve it as well.").await;
    page.look("hospital-request-approved-once").await;
    colleague_approves(act, request).await;
    page.goto(&format!("{}/jobs/{request}", act.cast.hospital.url)).await;
    page.see("Approved by").await;
    page.look("hospital-job-running").await;
    page.patient(PROVING);
    let text = page.until(async || Some(page.text().await).filter(|text| text.contains("paid"))).await;
    assert!(text.is_some(), "it is not paid:\n{}", page.text().await);
    page.look("hospital-job-paid").await;
    page.section("Jobs").await;
    page.see("Begun").await;
    page.look("hospital-jobs").await;
    page.section("Sold").await;
    page.see("Released before").await;
    page.look("hospital-sold").await;
    page.goto(&format!("{}/jobs/{request}", act.cast.hospital.url)).await;
    let contribution = page.fact("Contribution").await;
    page.finish().await;
    contribution
}
