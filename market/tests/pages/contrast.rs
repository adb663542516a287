//! Every pair of text and ground that the style uses can be read, in both schemes.

use std::collections::BTreeMap;

use galen_market::web::assets::GALEN_CSS;

/// Text that stands on a ground, and the contrast that it needs (WCAG 2.2: 4.5 for text, 3 for edges and marks).
const PAIRS: &[(&str, &str, f64)] = &[
    ("ink", "paper", 4.5),
    ("ink", "card", 4.5),
    ("ink", "sunk", 4.5),
    ("ink", "good-ground", 4.5),
    ("ink", "warning-ground", 4.5),
    ("ink", "bad-ground", 4.5),
    ("ink", "info-ground", 4.5),
    ("muted", "paper", 4.5),
    ("muted", "card", 4.5),
    ("muted", "sunk", 4.5),
    ("accent", "paper", 4.5),
    ("accent", "card", 4.5),
    ("accent", "sunk", 4.5),
    ("accent", "accent-ground", 4.5),
    ("accent-strong", "paper", 4.5),
    ("accent-strong", "card", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-accent", "accent-strong", 4.5),
    ("on-bad", "bad", 4.5),
    ("good", "good-ground", 4.5),
    ("warning", "warning-ground", 4.5),
    ("bad", "bad-ground", 4.5),
    ("info", "info-ground", 4.5),
    ("bad", "paper", 4.5),
    ("bad", "card", 4.5),
    ("edge", "paper", 3.0),
    ("edge", "card", 3.0),
    ("accent", "sunk", 3.0),
    ("good", "sunk", 3.0),
    ("warning", "sunk", 3.0),
    ("bad", "sunk", 3.0),
    ("info", "sunk", 3.0),
];

fn css() -> &'static str {
    std::str::from_utf8(GALEN_CSS.bytes()).expect("the style is text")
}

/// The colours of the first `:root` block of `text`.
fn colours(text: &str) -> BTreeMap<&str, &str> {
    let block =
        text.split_once(":root {").and_then(|(_, rest)| rest.split_once('}')).expect("a :root block").0;
    let declared = block.split(';').filter_map(|one| one.trim().strip_prefix("--")?.split_once(": "));
    declared.filter(|(_, value)| value.starts_with('#')).collect()
}

fn schemes() -> [BTreeMap<&'static str, &'static str>; 2] {
    let (light, dark) = css().split_once("prefers-color-scheme: dark").expect("a dark scheme");
    let light = colours(light);
    let mut both = light.clone();
    both.extend(colours(dark));
    [light, both]
}

fn luminance(hex: &str) -> f64 {
    assert_eq!(hex.len(), 7, "colours of the schemes have six digits: {hex}");
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("a colour")) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn the_measure_of_contrast_is_the_known_one() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    assert!((contrast("#777777", "#ffffff") - 4.478).abs() < 1e-3);
}

#[test]
fn every_text_can_be_read_on_its_ground_in_both_schemes() {
    let mut low = Vec::new();
    for (scheme, colours) in ["light", "dark"].iter().zip(schemes()) {
        for (text, ground, needed) in PAIRS {
            let found = contrast(colours[text], colours[ground]);
            if found < *needed {
                low.push(format!("{scheme}: {text} on {ground}: {found:.2}, needs {needed}"));
            }
        }
    }
    assert!(low.is_empty(), "{low:#?}");
}

/// A rule that sets both a text colour and a ground is one of the pairs.
#[test]
fn no_rule_uses_a_pair_that_is_not_checked() {
    let rules = css().split('}').filter_map(|rule| Some(rule.rsplit_once('{')?.1));
    let mut found = 0;
    for rule in rules {
        let set = |property: &str| {
            rule.split(';')
                .filter_map(|one| one.trim().strip_prefix(property)?.trim().strip_prefix("var(--"))
                .filter_map(|rest| Some(rest.split_once(')')?.0))
                .next_back()
        };
        if let (Some(text), Some(ground)) = (set("color:"), set("background:")) {
            found += 1;
            let listed =
                PAIRS.iter().any(|(one, other, needed)| (*one, *other, *needed) == (text, ground, 4.5));
            assert!(listed, "{text} on {ground} is not checked");
        }
    }
    assert!(found > 10, "the rules were not read: {found}");
}

#[test]
fn every_colour_is_used_and_every_used_one_is_declared() {
    let [light, dark] = schemes();
    assert_eq!(
        light.keys().collect::<Vec<_>>(),
        dark.keys().collect::<Vec<_>>(),
        "a colour of one scheme only"
    );
    for name in light.keys() {
        assert!(css().contains(&format!("var(--{name})")), "--{name} is used nowhere");
    }
    for used in css().split("var(--").skip(1) {
        let name = used.split_once(')').expect("closed").0;
        assert!(css().contains(&format!("--{name}:")), "--{name} is not declared");
    }
}
