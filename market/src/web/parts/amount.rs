//! Amounts of money, as people write and read them. A minor unit is a hundredth.

use super::facts::grouped;

/// An amount for people: `1,234.50`.
pub fn money(minor: u64) -> String {
    format!("{}.{:02}", grouped(minor / 100), minor % 100)
}

/// Reads `12.5` as 1250 minor units. More than two decimals are refused, not rounded.
pub fn minor(text: &str) -> Option<u64> {
    let (whole, rest) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if rest.len() > 2 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let cents: u64 = format!("{rest:0<2}").parse().ok()?;
    ungrouped(whole)?.parse::<u64>().ok()?.checked_mul(100)?.checked_add(cents)
}

/// The digits of a whole number whose thousands may be set apart. A comma that may stand for a decimal point is refused.
pub fn ungrouped(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.trim().split([',', ' ', '\u{202f}']).collect();
    let digits = |group: &&str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let (first, thousands) = groups.split_first()?;
    let apart = thousands.is_empty() || first.len() <= 3 && thousands.iter().all(|group| group.len() == 3);
    (apart && groups.iter().all(digits)).then(|| groups.concat())
}

/// Writes minor units as [`minor`] reads them.
pub fn written(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_they_are_written_and_never_rounded() {
        for (text, amount) in [("12.5", 1250), (" 12.05 ", 1205), ("0.01", 1), ("7", 700), ("7.", 700)] {
            assert_eq!(minor(text), Some(amount), "{text}");
            assert_eq!(minor(&written(amount)), Some(amount));
        }
        for wrong in ["", ".", ".5", "x", "1.005", "1.2.3", "-1", "1e3", "1,5", "99999999999999999999"] {
            assert_eq!(minor(wrong), None, "{wrong}");
        }
        for wrong in
            [",", "1,", ",100", "1,00", "1,0000", "1234,567", "1,234,56", "1.2,3", "1,+23", "1, 234", "+1"]
        {
            assert_eq!(minor(wrong), None, "{wrong}");
        }
        for amount in [0, 99, 100, 123_456, 100_000_000, 123_456_789_012] {
            assert_eq!(minor(&money(amount)), Some(amount), "{}", money(amount));
        }
        assert_eq!([money(5), money(123_456), money(123_456_789)], ["0.05", "1,234.56", "1,234,567.89"]);
    }
}
