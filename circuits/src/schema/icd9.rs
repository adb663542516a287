//! ICD-9-CM as a hierarchy: chapter ⊃ block ⊃ three-digit code, with the fourth and fifth digits of diabetes (250).
//!
//! The list is complete and the same for every hospital, whatever its data holds: 000–999, V01–V91, E000–E999,
//! whether assigned or not. Other decimals count as their three-digit code (`365.44` as `365`). `250` without
//! decimals is a value of its own, *250 and nothing finer*; `250.*` is all of diabetes. Files that kept codes as
//! numbers lost zeros on both sides: `8` reads as `008`, `250.1` as `250.10`.

use super::outline::{Node, OutlineFault, number};

mod table;

use table::{CHAPTERS, Chapter};

/// Diabetes mellitus, the code whose decimals are told apart.
const DIABETES: u16 = 250;

/// The hierarchy.
///
/// # Errors
/// None in practice: the table is fixed.
pub fn nodes() -> Result<Vec<Node>, OutlineFault> {
    let mut lines = Vec::new();
    for Chapter(family, first, last, title, blocks) in CHAPTERS {
        lines.push((0, span(family, *first, *last), Some((*title).to_owned())));
        if blocks.is_empty() {
            (*first..=*last).for_each(|code| lines.push((1, name(family, code), None)));
        }
        for (i, (start, title)) in blocks.iter().enumerate() {
            let end = blocks.get(i + 1).map_or(*last, |(next, _)| next - 1);
            lines.push((1, span(family, *start, end), Some((*title).to_owned())));
            for code in *start..=end {
                lines.push((2, name(family, code), None));
                if family.is_empty() && code == DIABETES {
                    lines.extend(diabetes());
                }
            }
        }
    }
    number(lines)
}

/// The decimals of diabetes: 250 itself, then ten kinds of complication, each with four types.
fn diabetes() -> impl Iterator<Item = (usize, String, Option<String>)> {
    let kinds = (0..10).flat_map(|kind| {
        let types = (0..4).map(move |form| (4, format!("{DIABETES}.{kind}{form}"), None));
        std::iter::once((3, format!("{DIABETES}.{kind}"), None)).chain(types)
    });
    std::iter::once((3, DIABETES.to_string(), None)).chain(kinds)
}

fn name(family: &str, code: u16) -> String {
    if family.eq_ignore_ascii_case("V") { format!("V{code:02}") } else { format!("{family}{code:03}") }
}

/// A group of one code is called like it, and shown with a star.
fn span(family: &str, first: u16, last: u16) -> String {
    if first == last {
        name(family, first)
    } else {
        format!("{}-{}", name(family, first), name(family, last))
    }
}

/// The listed code that a written one counts as, in lower case; none when it is not written as an ICD-9 code.
pub fn normalise(key: &str) -> Option<String> {
    let (whole, fraction) = key.split_once('.').unwrap_or((key, ""));
    let (family, digits) = match whole.as_bytes().first()? {
        b'v' => ("v", &whole[1..]),
        b'e' => ("e", &whole[1..]),
        _ => ("", whole),
    };
    let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let longest = if family == "v" { 2 } else { 3 };
    if digits.is_empty()
        || digits.len() > longest
        || fraction.len() > 2
        || !numeric(digits)
        || !numeric(fraction)
    {
        return None;
    }
    let code: u16 = digits.parse().ok()?;
    let listed = match fraction.as_bytes() {
        [kind] if family.is_empty() && code == DIABETES => format!("{code}.{}0", char::from(*kind)),
        [_, form] if family.is_empty() && code == DIABETES && *form <= b'3' => format!("{code}.{fraction}"),
        _ => name(family, code).to_lowercase(),
    };
    Some(listed)
}

#[cfg(test)]
mod tests {
    use crate::schema::{Category, Codes, category::CategoryParts};

    fn category() -> Category {
        Category::try_from(CategoryParts { codes: Codes::Icd9Cm, ordered: true, truncate: false }).unwrap()
    }

    #[test]
    fn every_code_has_its_own_number_and_subtrees_are_ranges() {
        let icd = category();
        assert_eq!(icd.size(), 1000 + 40 + 91 + 1000);
        let (lo, hi) = icd.subtree("250.*").unwrap();
        assert_eq!(hi - lo, 40);
        assert_eq!(icd.label(lo, hi), "250.*");
        assert_eq!(icd.encode("250").unwrap(), lo);
        assert_eq!(icd.encode("250.93").unwrap(), hi);
        let block = icd.subtree("249-259").unwrap();
        assert!(block.0 < lo && hi < block.1);
        assert_eq!(icd.subtree("diseases of other endocrine glands"), Some(block));
        assert_eq!(icd.label(icd.encode("401").unwrap(), icd.encode("429").unwrap()), "401-429");
    }

    #[test]
    fn codes_that_lost_zeros_or_are_finer_than_the_list_read_as_their_parent() {
        let icd = category();
        let same = |a: &str, b: &str| assert_eq!(icd.encode(a).unwrap(), icd.encode(b).unwrap(), "{a} {b}");
        same("8", "008");
        same("38.9", "038");
        same("365.44", "365");
        same("v45.81", "V45");
        same("E812.0", "E812");
        same("250.1", "250.10");
        same("250.07", "250");
        for wrong in ["", "?", "1000", "V92", "V", "E", "25a", "250.1x", "250.123", "E1000", "-5", "é"] {
            assert!(icd.encode(wrong).is_err(), "{wrong}");
        }
        assert_ne!(icd.encode("250"), icd.encode("250.00"));
    }
}
