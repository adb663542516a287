//! The researcher: a request step by step, its signature, and the table that comes back.

use std::fs;

use super::cast::Act;
use crate::page::Page;

/// Writes a request in the wizard, with a mistake on the way, and signs it. Gives its name.
pub async fn posts(act: &Act<'_>) -> String {
    let page = act.person(&act.cast.researcher).await;
    page.see("Your requests").await;
    page.look("researcher-requests").await;
    page.section("New request").await;
    page.see("Which data?").await;
    page.look("researcher-new").await;
    page.click("Begin").await;

    page.see("What the data will be used for").await;
    page.look("researcher-purpose").await;
    page.fill("Title", &act.title()).await;
    page.fill("What the data will be used for", "HMB: health, medical or biomedical research").await;
    go_on(&page).await;

    page.see("age: from").await;
    deletes_and_brings_back(&page, &act.title()).await;
    page.see("age: from").await;
    page.fill("age: from", "forty").await;
    go_on(&page).await;
    page.element("[aria-invalid=true]").await;
    page.forgive("422").await;
    page.look("researcher-patients-wrong").await;
    page.fill("age: from", "40").await;
    page.click("Search the codes of diag_1").await;
    page.see("Codes of diag_1").await;
    page.look("researcher-codes").await;
    page.click("Done").await;
    page.see("age: from").await;
    assert_eq!(page.value("age: from").await, "40", "what was given is kept");
    page.look("researcher-patients").await;
    go_on(&page).await;

    page.see("Sensitive column").await;
    page.look("researcher-fields").await;
    go_on(&page).await;
    page.see("What k does").await;
    page.click("What k does").await;
    page.look("researcher-protection").await;
    go_on(&page).await;
    page.see("Price of one record").await;
    page.fill("Price of one record", "12.50").await;
    page.fill("Most records to pay for", "256").await;
    page.look("researcher-price").await;
    go_on(&page).await;

    page.see("Sign and post this request").await;
    page.see("3,200.00").await;
    page.look("researcher-review").await;
    page.tick("I want to lock").await;
    page.click("Lock").await;
    page.see("Contributions").await;
    let url = page.url().await;
    let request = url.rsplit('/').next().unwrap_or_default().to_owned();
    assert_eq!(request.len(), 64, "{url}");
    page.see("What happened").await;
    page.look("researcher-request-open").await;
    page.finish().await;
    request
}

/// A draft is deleted in the middle of it and comes back as it was; its review says what it lacks. Ends where it began.
async fn deletes_and_brings_back(page: &Page, title: &str) {
    let here = page.url().await;
    page.section("Requests").await;
    page.click_near(title, "Delete").await;
    page.see("The draft was deleted.").await;
    page.gone(title).await;
    page.look("researcher-draft-deleted").await;
    page.click("Bring it back").await;
    page.see("The draft is back.").await;
    page.look("researcher-drafts").await;
    page.click(title).await;
    page.see("Before you can sign:").await;
    page.look("researcher-review-unready").await;
    page.goto(&here).await;
}

async fn go_on(page: &Page) {
    page.click("Save and go on").await;
}

/// Collects what was paid, downloads the table and reads it.
pub async fn collects(act: &Act<'_>, request: &str) {
    let page = act.person(&act.cast.researcher).await;
    page.follow(&format!("/requests/{request}")).await;
    page.see("are paid and can be read by you alone").await;
    page.look("researcher-request-paid").await;
    page.click("Collect the data").await;
    page.see("What was bought").await;
    page.see("Utility and anonymity").await;
    page.look("researcher-data").await;
    let table = page.download("data.csv").await;
    let rows = read_table(&fs::read(&table).expect("a table"));
    assert!(
        page.text().await.contains(&format!("{rows} records")),
        "{rows} rows, and the page says otherwise"
    );
    for (name, part) in [("citation.txt", request), ("report.json", "\"k\"")] {
        let text = fs::read_to_string(page.download(name).await).expect("text");
        assert!(text.contains(part), "{name}: {text}");
    }
    page.section("Requests").await;
    page.click("All requests on the ledger").await;
    page.see("Posted by anybody").await;
    page.look("researcher-all-requests").await;
    page.finish().await;
}

/// Rows of a table as any program of tables reads it: one header, each row as long as it.
fn read_table(bytes: &[u8]) -> usize {
    let mut table = csv::Reader::from_reader(bytes);
    let header = table.headers().expect("a header").clone();
    assert!(header.iter().any(|name| name.starts_with("age")), "{header:?}");
    let rows: Vec<csv::StringRecord> =
        table.records().collect::<Result<_, _>>().expect("rows of equal length");
    assert!(rows.len() >= 5, "a class has five at least");
    rows.len()
}
