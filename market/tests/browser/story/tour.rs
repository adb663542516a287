//! Every page that nobody passes on the way, with what it must show.

use super::cast::Act;
use crate::page::Page;

/// The public pages, for a stranger.
pub async fn explorer(act: &Act<'_>) {
    let page = act.stranger().await;
    let node = &act.cast.node;
    page.goto(node).await;
    act.is_light(&page).await;
    page.look("node-chain").await;
    for (path, words, name) in [
        ("/blocks", "Blocks", "node-blocks"),
        ("/blocks/1", "Block 1", "node-block"),
        ("/members", "Members", "node-members"),
        ("/participants", "Hospital 1", "node-participants"),
        ("/schemas", "diabetes-synthetic", "node-schemas"),
        ("/requests", "diabetes-synthetic", "node-requests"),
        ("/openings", "Openings", "node-openings"),
        ("/search?q=nothing-of-this-name", "Nothing has this id", "node-search-nothing"),
        ("/api", "/v1/chain", "node-api"),
    ] {
        visit(&page, &format!("{node}{path}"), words, name).await;
    }
    for (list, below, words, name) in [
        ("/schemas", "/schemas/", "age", "node-schema"),
        ("/participants", "/participants/", "Account", "node-participant"),
        ("/blocks/1", "/transactions/", "Transaction", "node-transaction"),
    ] {
        page.goto(&format!("{node}{list}")).await;
        let link = page.link_to(below).await;
        visit(&page, &link, words, name).await;
    }
    page.goto(&format!("{node}/blocks/999999999")).await;
    page.see("Not found").await;
    page.forgive("404").await;
    page.look("node-not-found").await;
    page.finish().await;
}

/// What the public pages show of the act's request and contribution.
pub async fn traces(act: &Act<'_>, request: &str, contribution: &str) {
    let page = act.stranger().await;
    let node = &act.cast.node;
    visit(&page, &format!("{node}/requests/{request}"), &act.title(), "node-request").await;
    let text = page.text().await;
    assert!(!text.contains("12.50") && !text.contains("3,200"), "a price is public");
    visit(&page, &format!("{node}/contributions/{contribution}"), "What is not proved", "node-contribution")
        .await;
    assert!(!page.text().await.contains("Hospital 1"), "a seller is public");
    let note = page.link_to("/notes/").await;
    visit(&page, &note, "Note", "node-note").await;
    page.finish().await;
}

/// Wallets, and the sentence before money moves.
pub async fn wallets(act: &Act<'_>) {
    let page = act.person(&act.cast.hospital).await;
    visit(&page, &format!("{}/wallet", act.cast.hospital.url), "Balance", "hospital-wallet").await;
    let address = page.script("return [...document.querySelectorAll('code, pre')].map(e => e.textContent.trim()).find(text => /^[0-9a-f]{128}$/.test(text))", vec![]).await;
    let address = address.as_str().expect("the page shows an address").to_owned();
    visit(&page, &format!("{}/api", act.cast.hospital.url), "/v1/inbox", "hospital-api").await;
    page.finish().await;

    let page = act.person(&act.cast.researcher).await;
    visit(&page, &format!("{}/wallet", act.cast.researcher.url), "Balance", "researcher-wallet").await;
    page.fill("Pay to", "nobody").await;
    page.fill("Amount", "1.00").await;
    page.click("Go on").await;
    page.element("[aria-invalid=true]").await;
    page.forgive("422").await;
    page.look("researcher-wallet-wrong").await;
    page.fill("Pay to", &address).await;
    page.click("Go on").await;
    page.see("Nobody can bring them back.").await;
    page.look("researcher-pay").await;
    page.tick("Pay now, even if waiting would hide it better").await;
    page.tick("I want to pay").await;
    page.click("Pay 1.00").await;
    page.see("were paid; the payment is final").await;
    visit(&page, &format!("{}/api", act.cast.researcher.url), "/v1/drafts", "researcher-api").await;
    page.click("Sign out").await;
    page.see("Your token").await;
    page.look("sign-in").await;
    page.fill("Your token", "0".repeat(64).as_str()).await;
    page.click("Sign in").await;
    page.see("That token is not known here.").await;
    page.look("sign-in-wrong").await;
    page.finish().await;
}

async fn visit(page: &Page, url: &str, words: &str, name: &str) {
    page.goto(url).await;
    page.shows(words).await;
    page.look(name).await;
}
