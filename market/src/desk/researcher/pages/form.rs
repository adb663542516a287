//! What a form sent, and how amounts are written in one.

use crate::web::extract::Form;

/// The fields of a form, repeated ones too.
pub type Sent = Form<Vec<(String, String)>>;

/// Reads fields by name.
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The value of a field; empty if it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// All values of a field.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// A number, if one was sent.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name).replace([' ', ',', '\u{202f}'], "").parse().ok()
    }

    /// An amount, in minor units.
    pub fn money(&self, name: &str) -> Option<u64> {
        minor(self.get(name))
    }
}

/// Reads `12.5` as 1250 minor units. More than two decimals are refused, not rounded.
pub fn minor(text: &str) -> Option<u64> {
    let (whole, rest) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(rest) || rest.len() > 2 {
        return None;
    }
    let cents: u64 = format!("{rest:0<2}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(cents)
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
        for (text, amount) in [("12.5", 1250), ("12.05", 1205), ("0.01", 1), ("7", 700), ("7.", 700)] {
            assert_eq!(minor(text), Some(amount), "{text}");
            assert_eq!(minor(&written(amount)), Some(amount));
        }
        for wrong in ["", ".5", "1.005", "-1", "1e3", "1,5", "99999999999999999999"] {
            assert_eq!(minor(wrong), None, "{wrong}");
        }
    }
}
