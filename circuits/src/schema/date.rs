//! Days of the (proleptic Gregorian) calendar.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::EncodeError;

/// A day, counted from 1970-01-01; written `YYYY-MM-DD`, years 1600 to 2599.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(i32);

/// A text that is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a day is written YYYY-MM-DD, with a year from 1600 to 2599")]
pub struct NotADay;

impl Day {
    /// Days since 1970-01-01.
    pub fn number(self) -> i32 {
        self.0
    }

    #[cfg(test)]
    pub(super) fn from_number(number: i32) -> Self {
        Self(number)
    }

    fn from_civil(year: i32, month: i32, day: i32) -> Option<Self> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 => 28 + i32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => return None,
        };
        if !(1600..2600).contains(&year) || !(1..=length).contains(&day) {
            return None;
        }
        // Years that start in March put the leap day last, so that the days before a month follow one formula.
        let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        Some(Self(y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468))
    }

    fn civil(self) -> (i32, i32, i32) {
        let z = self.0 + 719_468;
        let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let m = (5 * of_year + 2) / 153;
        let day = of_year - (153 * m + 2) / 5 + 1;
        let month = if m < 10 { m + 3 } else { m - 9 };
        (era * 400 + year_of_era + i32::from(month <= 2), month, day)
    }
}

impl FromStr for Day {
    type Err = NotADay;
    fn from_str(text: &str) -> Result<Self, NotADay> {
        let mut parts = text.trim().split('-').map(|part| {
            let digits = !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
            if digits { part.parse::<i32>().ok() } else { None }
        });
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(y)), Some(Some(m)), Some(Some(d)), None) => Self::from_civil(y, m, d).ok_or(NotADay),
            _ => Err(NotADay),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl TryFrom<String> for Day {
    type Error = NotADay;
    fn try_from(text: String) -> Result<Self, NotADay> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

/// Days from `origin` (code 1) to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "DateParts", into = "DateParts")]
pub struct DateSpan(DateParts);

/// A span's parts as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateParts {
    /// First day.
    pub origin: Day,
    /// Last day, included.
    pub last: Day,
}

/// Why parts make no span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a span of days runs forward and holds at most 65535 days")]
pub struct DateFault;

impl TryFrom<DateParts> for DateSpan {
    type Error = DateFault;
    fn try_from(p: DateParts) -> Result<Self, DateFault> {
        let days = p.last.0 - p.origin.0;
        if (0..65535).contains(&days) { Ok(Self(p)) } else { Err(DateFault) }
    }
}

impl From<DateSpan> for DateParts {
    fn from(span: DateSpan) -> Self {
        span.0
    }
}

impl DateSpan {
    /// The parts.
    pub fn parts(&self) -> DateParts {
        self.0
    }

    /// Number of days.
    pub fn size(&self) -> u16 {
        (self.0.last.0 - self.0.origin.0 + 1) as u16
    }

    /// The code of a day written `YYYY-MM-DD`; a time of day behind `T` or a space is cut off.
    ///
    /// # Errors
    /// [`EncodeError`] when it is no day or lies outside of the span.
    pub fn encode(&self, value: &str) -> Result<u16, EncodeError> {
        let day = value.trim().split(['T', ' ']).next().unwrap_or_default();
        let day: Day = day.parse().map_err(|_| EncodeError::Malformed)?;
        if day < self.0.origin || day > self.0.last {
            Err(EncodeError::OutOfRange)
        } else {
            Ok(self.code(day))
        }
    }

    fn code(&self, day: Day) -> u16 {
        (day.0 - self.0.origin.0 + 1) as u16
    }

    /// A range of codes in words.
    pub(super) fn label(&self, lo: u16, hi: u16) -> String {
        let day = |code: u16| Day(self.0.origin.0 + i32::from(code) - 1);
        if lo == hi { day(lo).to_string() } else { format!("{}..{}", day(lo), day(hi)) }
    }
}
