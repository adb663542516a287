//! The grammar: from pieces to an expression over ranges of codes.

use super::ParseFault;
use super::ranges::{self, Sense};
use super::token::{Piece, Token};
use crate::schema::{Class, Column, Schema};

/// Deepest nesting.
const MAX_NESTING: usize = 24;

/// A predicate as it was written, values already turned into codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Not(Box<Expression>),
    Everyone,
    /// The column's code lies in one of the ranges; `presence` marks `is missing` and `is known`.
    Ranges {
        column: u8,
        ranges: Vec<(u16, u16)>,
        presence: bool,
    },
}

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    end: usize,
    depth: usize,
    schema: &'a Schema,
}

/// Reads a whole text; `end` is its length, where a missing piece is reported.
pub(super) fn parse(tokens: Vec<Token>, end: usize, schema: &Schema) -> Result<Expression, ParseFault> {
    let mut parser = Parser { tokens, next: 0, end, depth: 0, schema };
    let expression = parser.any()?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.expected("'and', 'or' or the end")),
    }
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Expression, ParseFault> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(Expression::Any(parts))
    }

    fn all(&mut self) -> Result<Expression, ParseFault> {
        let mut parts = vec![self.one()?];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Ok(Expression::All(parts))
    }

    fn one(&mut self) -> Result<Expression, ParseFault> {
        if self.depth == MAX_NESTING {
            return Err(ParseFault::TooLong);
        }
        self.depth += 1;
        let expression = if self.word("not") {
            Expression::Not(Box::new(self.one()?))
        } else if self.sign("(") {
            let inner = self.any()?;
            self.require(")", "')'")?;
            inner
        } else if self.word("everyone") {
            Expression::Everyone
        } else {
            self.condition()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn condition(&mut self) -> Result<Expression, ParseFault> {
        let schema = self.schema;
        let at = self.at();
        let name = self.value("a column's name")?;
        let (index, column) = schema.find(&name).ok_or(ParseFault::Column { at, name })?;
        if column.class == Class::NeverReleased {
            return Err(ParseFault::NeverReleased(column.name.clone()));
        }
        if self.word("is") {
            return self.presence(index, column);
        }
        if self.word("not") {
            if !self.word("in") {
                return Err(self.expected("'in'"));
            }
            return Ok(Expression::Not(Box::new(self.membership(index, column)?)));
        }
        if self.word("in") { self.membership(index, column) } else { self.comparison(index, column) }
    }

    fn presence(&mut self, index: u8, column: &Column) -> Result<Expression, ParseFault> {
        let range = if self.word("missing") {
            (0, 0)
        } else if self.word("known") {
            (1, column.kind.size())
        } else {
            return Err(self.expected("'missing' or 'known'"));
        };
        Ok(Expression::Ranges { column: index, ranges: vec![range], presence: true })
    }

    fn membership(&mut self, index: u8, column: &Column) -> Result<Expression, ParseFault> {
        let mut ranges = Vec::new();
        if self.sign("{") {
            ranges.extend(self.part(column)?);
            while self.sign(",") {
                ranges.extend(self.part(column)?);
            }
            self.require("}", "',' or '}'")?;
        } else {
            ranges.extend(self.part(column)?);
        }
        Ok(Expression::Ranges { column: index, ranges: ranges::joined(ranges), presence: false })
    }

    fn part(&mut self, column: &Column) -> Result<Option<(u16, u16)>, ParseFault> {
        let at = self.at();
        let first = self.value("a value")?;
        if !self.sign("..") {
            return ranges::named(column, &first, at);
        }
        let last_at = self.at();
        let last = self.value("the end of the range")?;
        let from = ranges::compared(column, Sense::AtLeast, &first, at)?;
        let to = ranges::compared(column, Sense::AtMost, &last, last_at)?;
        Ok(from.zip(to).map(|((lo, _), (_, hi))| (lo, hi)).filter(|(lo, hi)| lo <= hi))
    }

    fn comparison(&mut self, index: u8, column: &Column) -> Result<Expression, ParseFault> {
        let sign = self.comparison_sign()?;
        let at = self.at();
        let value = self.value("a value")?;
        let range = match sign {
            "=" | "==" | "!=" => ranges::named(column, &value, at)?,
            "<" => ranges::compared(column, Sense::Below, &value, at)?,
            "<=" => ranges::compared(column, Sense::AtMost, &value, at)?,
            ">" => ranges::compared(column, Sense::Above, &value, at)?,
            _ => ranges::compared(column, Sense::AtLeast, &value, at)?,
        };
        let met = Expression::Ranges { column: index, ranges: range.into_iter().collect(), presence: false };
        Ok(if sign == "!=" { Expression::Not(Box::new(met)) } else { met })
    }

    fn comparison_sign(&mut self) -> Result<&'static str, ParseFault> {
        match self.peek() {
            Some(Piece::Sign(sign @ ("=" | "==" | "!=" | "<" | "<=" | ">" | ">="))) => {
                let sign = *sign;
                self.next += 1;
                Ok(sign)
            }
            _ => Err(self.expected("a comparison, 'in' or 'is'")),
        }
    }

    fn peek(&self) -> Option<&Piece> {
        self.tokens.get(self.next).map(|token| &token.piece)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |token| token.at)
    }

    fn expected(&self, expected: &'static str) -> ParseFault {
        ParseFault::Expected { at: self.at(), expected }
    }

    fn word(&mut self, word: &str) -> bool {
        let met = matches!(self.peek(), Some(Piece::Word(found)) if found.eq_ignore_ascii_case(word));
        self.next += usize::from(met);
        met
    }

    fn sign(&mut self, sign: &str) -> bool {
        let met = matches!(self.peek(), Some(Piece::Sign(found)) if *found == sign);
        self.next += usize::from(met);
        met
    }

    fn require(&mut self, sign: &str, expected: &'static str) -> Result<(), ParseFault> {
        if self.sign(sign) { Ok(()) } else { Err(self.expected(expected)) }
    }

    fn value(&mut self, expected: &'static str) -> Result<String, ParseFault> {
        match self.peek() {
            Some(Piece::Word(text) | Piece::Quoted(text)) => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.expected(expected)),
        }
    }
}
