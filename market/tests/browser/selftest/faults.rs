//! Each fault of a page is found.

use crate::browser::Browser;
use crate::page::{Page, Window};
use crate::selftest::site;

async fn at(window: Window, path: &str) -> Option<Page> {
    let browser = Browser::start()?;
    let page = browser.page(window).await;
    page.goto(&(site::serve().await + path)).await;
    Some(page)
}

/// What a check that must fail fails with.
async fn failure(check: impl Future<Output = ()> + Send + 'static) -> String {
    let ended = tokio::spawn(check).await.expect_err("a fault was not found").into_panic();
    *ended.downcast::<String>().expect("words")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_without_a_label_is_found() {
    let Some(page) = at(Window::WIDE, "/unlabelled").await else { return };
    let violations = page.axe(false).await;
    assert!(violations.iter().any(|violation| violation.id == "label"), "{violations:?}");
    let said = failure(async move { page.look("selftest-unlabelled").await }).await;
    assert!(said.contains("label:") && said.contains("input"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_faint_in_dark_only_is_found() {
    let Some(page) = at(Window::WIDE, "/faint").await else { return };
    page.accessible(false).await;
    let said = failure(async move { page.look("selftest-faint").await }).await;
    assert!(said.contains("color-contrast"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wider_than_a_telephone_is_found() {
    let Some(page) = at(Window::NARROW, "/wide").await else { return };
    let said = failure(async move { page.fits().await }).await;
    assert!(said.contains("div.wide"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_console_fail_the_end_of_a_page() {
    let cases = [
        ("/throws", "TypeError"),
        ("/inline", "Content Security Policy"),
        ("/outside", "example.invalid"),
        ("/absent", "404"),
    ];
    for (path, expected) in cases {
        let Some(page) = at(Window::WIDE, path).await else { return };
        let said = failure(async move { page.finish().await }).await;
        assert!(said.contains(expected), "{path}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expected_error_is_forgiven_and_must_be_there() {
    let Some(page) = at(Window::WIDE, "/absent").await else { return };
    page.forgive("404").await;
    page.quiet().await;
    let said = failure(async move { page.forgive("404").await }).await;
    assert!(said.contains("was to have an error"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_there_twice_is_named() {
    let Some(mut page) = at(Window::WIDE, "/").await else { return };
    page.patient(std::time::Duration::from_millis(200));
    let said = failure(async move { page.click("Open").await }).await;
    assert!(said.contains("no single Clickable") && said.contains(r#"["Open", "Open"]"#), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_finished_fails() {
    let Some(page) = at(Window::WIDE, "/").await else { return };
    let said = tokio::spawn(async move { drop(page) }).await.expect_err("not finished").into_panic();
    assert!(said.downcast::<&str>().expect("words").contains("was not finished"));
}
