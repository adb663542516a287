//! Words, quotations and signs of a predicate.

use super::ParseFault;

/// A piece of the text and where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub at: usize,
    pub piece: Piece,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

/// Longer signs before their beginnings.
const SIGNS: [&str; 14] = ["==", "!=", "<=", ">=", "..", "=", "<", ">", "(", ")", "{", "}", ",", "!"];

/// Cuts a text into pieces.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ParseFault> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let (piece, length) = if first == '"' || first == '\'' {
            let body = &rest[1..];
            let end = body.find(first).ok_or(ParseFault::Quote { at })?;
            (Piece::Quoted(body[..end].to_owned()), end + 2)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Piece::Sign(sign), sign.len())
        } else {
            let end = word_end(rest);
            (Piece::Word(rest[..end].to_owned()), end)
        };
        tokens.push(Token { at, piece });
        rest = &rest[length..];
    }
}

fn word_end(rest: &str) -> usize {
    let stops = |(i, c): (usize, char)| {
        c.is_whitespace() || "\"'=<>!(){},".contains(c) || (c == '.' && rest[i..].starts_with(".."))
    };
    rest.char_indices().find(|pair| stops(*pair)).map_or(rest.len(), |(i, _)| i)
}

/// Whether a value must stand in quotes to be read as one word.
pub(in crate::schema) fn needs_quotes(value: &str) -> bool {
    let keyword = ["and", "or", "not", "in", "is"].iter().any(|k| value.eq_ignore_ascii_case(k));
    keyword || value.is_empty() || word_end(value) != value.len()
}
