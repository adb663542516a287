//! What every page must be, whatever its texts say: T74, the content security policy, and the basics of accessibility.

use std::collections::{BTreeMap, BTreeSet};

use crate::gallery;

const HOSTILE: &str = r#"<script>alert(1)</script>"onmouseover="alert(2)" '><img src=x onerror=alert(3)>"#;

/// A start tag: its name and attributes.
type Tag = (String, BTreeMap<String, String>);

/// Reads HTML as strictly as it is written here: names, and attributes in double quotes or bare. What does not fit panics.
fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('>'), "a bare > in text: {text}");
        if let Some(closing) = after.strip_prefix('/') {
            rest = closing.split_once('>').expect("a closing tag ends").1;
            continue;
        }
        let end = after.find([' ', '>']).expect("a tag ends");
        let (name, mut inside) = after.split_at(end);
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "no tag: <{name}");
        let mut attributes = BTreeMap::new();
        while let Some(more) = inside.strip_prefix(' ') {
            let end = more.find(['=', ' ', '>']).expect("an attribute ends");
            let (key, value) = more.split_at(end);
            let (value, left) = match value.strip_prefix("=\"") {
                Some(quoted) => quoted.split_once('"').expect("quotes close"),
                None => ("", value),
            };
            assert!(!value.contains('<'), "a bare < in {key}");
            assert!(attributes.insert(key.to_owned(), value.to_owned()).is_none(), "{key} twice in <{name}>");
            inside = left;
        }
        rest = inside.strip_prefix('>').unwrap_or_else(|| panic!("<{name} does not end: {inside:.80}"));
        found.push((name.to_owned(), attributes));
    }
    found
}

/// T74: a text is a text in every part that takes one, and no text brings a tag or an attribute.
#[test]
fn t74_a_text_is_shown_as_text_in_every_part() {
    let plain: Vec<_> = gallery::pages(&|text| text.to_owned());
    let hostile: Vec<_> = gallery::pages(&|text| format!("{text}{HOSTILE}"));
    for ((name, plain), (_, hostile)) in plain.iter().zip(&hostile) {
        assert!(!hostile.contains("<script>") && !hostile.contains("<img"), "{name}");
        let shape = |html: &str| -> Vec<(String, Vec<String>)> {
            tags(html).into_iter().map(|(name, has)| (name, has.into_keys().collect())).collect()
        };
        assert_eq!(shape(plain), shape(hostile), "{name}: a text changed the markup");
    }
}

/// Each text given to a part is on its page.
#[test]
fn t74_no_text_is_lost() {
    let given = std::cell::Cell::new(0);
    let pages = gallery::pages(&|text| {
        given.set(given.get() + 1);
        format!("{text}\u{1}{}\u{2}", given.get())
    });
    let all: String = pages.into_iter().map(|(_, html)| html).collect();
    for text in 1..=given.get() {
        assert!(all.contains(&format!("\u{1}{text}\u{2}")), "text {text} is on no page");
    }
    assert!(given.get() > 100, "the gallery gives few texts: {}", given.get());
}

#[test]
fn no_page_breaks_the_content_security_policy() {
    for (name, html) in gallery::pages(&|text| text.to_owned()) {
        for (tag, has) in tags(&html) {
            assert!(tag != "style", "{name}: an inline style sheet");
            assert!(tag != "script" || has.contains_key("src"), "{name}: an inline script");
            for (key, value) in &has {
                assert!(key != "style" && !key.starts_with("on"), "{name}: <{tag} {key}>");
                if matches!(key.as_str(), "src" | "href" | "action" | "data-events" | "data-poll") {
                    assert!(
                        value.starts_with(['/', '#']) && !value.starts_with("//"),
                        "{name}: {key}={value}"
                    );
                }
            }
        }
        assert!(!html.contains("<script>") && !html.contains("javascript:"), "{name}");
    }
}

#[test]
fn ids_are_unique_and_what_is_referred_to_exists() {
    for (name, html) in gallery::pages(&|text| text.to_owned()) {
        let tags = tags(&html);
        let ids: Vec<&String> = tags.iter().filter_map(|(_, has)| has.get("id")).collect();
        let unique: BTreeSet<&String> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: an id twice");
        for (tag, has) in &tags {
            let described = has.get("aria-describedby").into_iter().flat_map(|ids| ids.split(' '));
            let labelled = has.get("for").map(String::as_str);
            let jump = has.get("href").and_then(|href| href.strip_prefix('#'));
            for id in described.chain(labelled).chain(jump) {
                assert!(unique.iter().any(|known| *known == id), "{name}: <{tag}> refers to {id}");
            }
        }
    }
}

#[test]
fn pages_have_landmarks_one_heading_and_labelled_controls() {
    for (name, html) in gallery::pages(&|text| text.to_owned()) {
        let tags = tags(&html);
        for once in ["h1", "main", "header", "footer", "title"] {
            let count = tags.iter().filter(|(tag, has)| tag == once && !(once == "title" && has.len() > 1));
            let count = if once == "title" { count.take(1).count() } else { count.count() };
            assert_eq!(count, 1, "{name}: <{once}>");
        }
        let labels: BTreeSet<&str> =
            tags.iter().filter_map(|(_, has)| Some(has.get("for")?.as_str())).collect();
        for (tag, has) in &tags {
            let control = matches!(tag.as_str(), "input" | "select" | "textarea");
            if control && has.get("type").map(String::as_str) != Some("hidden") {
                let id = has.get("id").map_or("", String::as_str);
                assert!(labels.contains(id), "{name}: <{tag} id={id}> has no label");
            }
            if tag == "progress" {
                assert!(has.contains_key("aria-label"), "{name}: a progress without a name");
            }
            if has.get("aria-invalid").is_some() {
                assert!(has.contains_key("aria-describedby"), "{name}: an error that is not told");
            }
        }
    }
}

/// First pages are to be at most 150 KB with all that they load.
#[test]
fn pages_are_small() {
    for (name, html) in gallery::pages(&|text| text.to_owned()) {
        assert!(html.len() < 60_000, "{name}: {}", html.len());
    }
}
