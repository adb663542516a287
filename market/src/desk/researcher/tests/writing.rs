//! Drafts: what is wrong is said by the field that has it.

use super::town::{draft, schema};
use crate::config::Windows;
use crate::desk::researcher::check::check;
use crate::desk::researcher::cohort;
use crate::desk::researcher::draft::{Choice, Draft, Weight};

type Case = (&'static str, &'static str, fn(&mut Draft));

#[test]
fn every_wrong_field_is_named_and_nothing_else() {
    let cases: &[Case] = &[
        ("title", "missing", |d| d.title = "  ".into()),
        ("title", "long", |d| d.title = "x".repeat(201)),
        ("title", "characters", |d| d.title = "a\nb".into()),
        ("purpose", "missing", |d| d.purpose.clear()),
        ("purpose", "unknown", |d| d.purpose = "PROFIT".into()),
        ("choices.age", "value", |d| d.choices[0].from = "old".into()),
        ("choices.age", "value", |d| d.choices[0].from = "40\" or everyone or age = \"1".into()),
        ("choices.age", "range", |d| d.choices[0].codes = vec!["E10".into()]),
        ("choices.height", "column", |d| d.choices[0].column = "height".into()),
        ("choices.ward", "column", |d| d.choices[0].column = "ward".into()),
        ("choices.diagnosis", "value", |d| {
            d.choices =
                vec![Choice { column: "diagnosis".into(), codes: vec!["Z99".into()], ..Choice::default() }];
        }),
        ("cohort", "words", |d| d.cohort = "weight > 3".into()),
        ("cohort", "missing", |d| {
            d.cohort.clear();
            d.choices.clear();
        }),
        ("released", "column", |d| d.released.push("height".into())),
        ("released", "raw", |d| d.released.push("age".into())),
        ("released", "class", |d| d.released.push("ward".into())),
        ("released", "repeated", |d| d.released.push("DAYS".into())),
        ("quasi_identifiers", "left_out", |d| d.quasi_identifiers.clear()),
        ("quasi_identifiers", "weight", |d| d.quasi_identifiers[0].weight = 1),
        ("quasi_identifiers", "repeated", |d| {
            d.quasi_identifiers.push(Weight { column: "age".into(), weight: 2 })
        }),
        ("sensitive", "class", |d| {
            d.sensitive = "days".into();
            d.released = vec!["days".into()];
        }),
        ("k", "floor", |d| d.k = Some(2)),
        ("k", "missing", |d| d.k = None),
        ("l", "floor", |d| d.l = Some(1)),
        ("l", "unattainable", |d| d.l = Some(4)),
        ("alpha", "range", |d| d.alpha = Some(900)),
        ("alpha", "unattainable", |d| d.alpha = Some(100)),
        ("sample", "range", |d| d.sample = Some(5)),
        ("max_suppressed", "range", |d| d.max_suppressed = Some(1001)),
        ("max_loss", "range", |d| d.max_loss = Some(0)),
        ("price", "missing", |d| d.price = None),
        ("price", "range", |d| d.price = Some(0)),
        ("max_records", "range", |d| d.max_records = Some(2)),
        ("max_records", "money", |d| {
            d.max_records = Some(1_000_000);
            d.price = Some(1 << 32);
        }),
        ("life", "range", |d| d.life = Some(3)),
    ];
    let windows = Windows::short(4);
    check(&draft(), Some(&schema()), &windows).unwrap();
    for (field, code, change) in cases {
        let mut changed = draft();
        change(&mut changed);
        let faults = check(&changed, Some(&schema()), &windows).unwrap_err();
        let named: Vec<(&str, &str)> =
            faults.iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
        assert_eq!(named, [(*field, *code)], "{faults:?}");
        assert!(faults[0].message.len() > 10, "{faults:?}");
    }
    let faults = check(&Draft::default(), None, &windows).unwrap_err();
    assert!(faults.iter().any(|fault| fault.field == "schema" && fault.code == "missing"));
}

#[test]
fn choices_and_words_are_one_predicate_that_says_what_was_chosen() {
    let schema = schema();
    let said = |draft: &Draft| cohort::predicate(draft, &schema).unwrap().describe(&schema);
    assert_eq!(said(&draft()), "age in 40-79 and diagnosis in {E08-E13}");
    let mut changed = draft();
    changed.choices[0].to.clear();
    changed.cohort = "diagnosis = E10 or days > 30".into();
    let words = said(&changed);
    assert!(words.contains(" or ") && words.matches("age in").count() == 2, "{words}");
    changed.choices.clear();
    changed.cohort = "Everyone".into();
    assert_eq!(said(&changed), "everyone");
}

#[test]
fn codes_are_found_by_the_beginning_of_their_names_by_title_and_level_by_level() {
    let schema = schema();
    let found = |text: &str, under: Option<&str>| -> Vec<String> {
        cohort::codes(&schema, "diagnosis", text, under).into_iter().map(|code| code.name).collect()
    };
    assert_eq!(found("", None), ["E08-E13", "I10-I15"]);
    assert_eq!(found("", Some("E08-E13")), ["E10", "E11"]);
    assert_eq!(found("", Some("E11")), ["E11.2", "E11.9"]);
    assert_eq!(found("e11", None), ["E11", "E11.2", "E11.9"]);
    assert_eq!(found("E11.*", None), ["E11", "E11.2", "E11.9"]);
    assert_eq!(found("KIDNEYS", None), ["E11.2"]);
    assert!(found("Z", None).is_empty() && found("", Some("nothing")).is_empty());
    assert!(cohort::codes(&schema, "age", "", None).is_empty());
    for code in found("", None) {
        let draft = Draft {
            choices: vec![Choice { column: "diagnosis".into(), codes: vec![code], ..Choice::default() }],
            ..Draft::default()
        };
        cohort::predicate(&draft, &schema).unwrap();
    }
}
