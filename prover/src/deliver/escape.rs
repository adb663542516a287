//! Spreadsheets run cells that start like a formula.

/// The text, with an apostrophe before it if a spreadsheet would take it for a formula. Plain numbers stay numbers.
pub fn harmless(text: String) -> String {
    let risky = text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']);
    let number = text.parse::<f64>().is_ok_and(f64::is_finite) && !text.contains(char::is_alphabetic);
    if risky && !number { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    /// T77: a spreadsheet opens a delivered file with `=cmd()` cells.
    #[test]
    fn formulas_become_text_and_numbers_stay() {
        for formula in ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "  =1", "-inf", "\r=1"] {
            assert!(harmless(formula.into()).starts_with('\''), "{formula:?}");
        }
        for plain in ["-5", "-5.25", "40-59", "E11", "", ">8", "<30"] {
            assert_eq!(harmless(plain.into()), plain);
        }
    }
}
