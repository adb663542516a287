//! Numbers on a grid.

use serde::{Deserialize, Serialize};

use super::EncodeError;

/// Most decimals of a number.
pub const MAX_DECIMALS: u8 = 6;

/// Numbers from `min` to `max` in steps; code `c` stands for `min + (c − 1)·step` and up to the next step.
///
/// All three are counted in units of `10^-decimals`: `min = 40, max = 150, step = 1, decimals = 1` is 4.0 to 15.0
/// in tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NumberParts", into = "NumberParts")]
pub struct Number(NumberParts);

/// A number's parts as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberParts {
    /// Least value.
    pub min: i64,
    /// Greatest value, included.
    pub max: i64,
    /// Values of one code.
    #[serde(default = "one")]
    pub step: i64,
    /// Decimals of the unit.
    #[serde(default)]
    pub decimals: u8,
}

fn one() -> i64 {
    1
}

/// Why parts make no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a number needs min <= max within 10^15, a step from 1, at most {MAX_DECIMALS} decimals and 65535 codes"
)]
pub struct NumberFault;

impl TryFrom<NumberParts> for Number {
    type Error = NumberFault;
    fn try_from(p: NumberParts) -> Result<Self, NumberFault> {
        const FAR: i64 = 1_000_000_000_000_000;
        let near = (-FAR..=FAR).contains(&p.min) && (-FAR..=FAR).contains(&p.max);
        if !near
            || p.min > p.max
            || p.step < 1
            || p.decimals > MAX_DECIMALS
            || (p.max - p.min) / p.step >= 65535
        {
            return Err(NumberFault);
        }
        Ok(Self(p))
    }
}

impl From<Number> for NumberParts {
    fn from(number: Number) -> Self {
        number.0
    }
}

impl Number {
    /// The parts.
    pub fn parts(&self) -> NumberParts {
        self.0
    }

    /// Number of codes.
    pub fn size(&self) -> u16 {
        (((self.0.max - self.0.min) / self.0.step) + 1) as u16
    }

    /// The code of a number written in decimals; what is finer than a step is cut off downwards.
    ///
    /// # Errors
    /// [`EncodeError`] when it is no decimal number or lies outside of `min..=max`.
    pub fn encode(&self, value: &str) -> Result<u16, EncodeError> {
        let units = self.units(value).ok_or(EncodeError::Malformed)?;
        self.code(units).ok_or(EncodeError::OutOfRange)
    }

    /// The code of a value in units.
    pub fn code(&self, units: i64) -> Option<u16> {
        let p = &self.0;
        (p.min..=p.max).contains(&units).then(|| ((units - p.min) / p.step + 1) as u16)
    }

    /// A decimal text in units, rounded down; none when it is no number or far too large.
    pub fn units(&self, value: &str) -> Option<i64> {
        let (negative, digits) = match value.trim().strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, value.trim().strip_prefix('+').unwrap_or(value.trim())),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || whole.len() > 15
            || fraction.len() > 30
            || !numeric(whole)
            || !numeric(fraction)
        {
            return None;
        }
        let kept = fraction.len().min(usize::from(self.0.decimals));
        let unit = 10i64.pow(u32::from(self.0.decimals));
        let (kept, cut) = fraction.split_at(kept);
        let mut units = whole.parse::<i64>().ok()?.checked_mul(unit)?;
        if !kept.is_empty() {
            units += kept.parse::<i64>().ok()? * 10i64.pow(u32::from(self.0.decimals) - kept.len() as u32);
        }
        let lost = cut.bytes().any(|b| b != b'0');
        Some(if negative { -units - i64::from(lost) } else { units })
    }

    /// First and last value of a code, in units.
    pub fn span(&self, code: u16) -> (i64, i64) {
        let lo = self.0.min + (i64::from(code) - 1) * self.0.step;
        (lo, (lo + self.0.step - 1).min(self.0.max))
    }

    /// A range of codes in words.
    pub(super) fn label(&self, lo: u16, hi: u16) -> String {
        let (first, last) = (self.span(lo).0, self.span(hi).1);
        match (first == last, first < 0) {
            (true, _) => self.write(first),
            (false, false) => format!("{}-{}", self.write(first), self.write(last)),
            (false, true) => format!("{}..{}", self.write(first), self.write(last)),
        }
    }

    /// A value in units, in decimals.
    pub fn write(&self, units: i64) -> String {
        let digits = usize::from(self.0.decimals);
        let unit = 10u64.pow(digits as u32);
        let sign = if units < 0 { "-" } else { "" };
        let size = units.unsigned_abs();
        if digits == 0 {
            format!("{sign}{size}")
        } else {
            format!("{sign}{}.{:0digits$}", size / unit, size % unit)
        }
    }
}
