//! How fast blocks come: windows are counted in blocks, and people count in hours.

use std::sync::PoisonError;

use galen_ledger::Height;
use serde::Serialize;
use utoipa::ToSchema;

use super::ResearcherDesk;
use super::fault::DeskFault;

/// So many blocks back the pace is taken from.
const LOOK_BACK: u64 = 100;
/// The pace is taken again after so many blocks.
const STALE: u64 = 10;
/// What is assumed of a chain with no blocks yet.
const UNKNOWN_MS: u64 = 1_000;

/// Where the chain is, and how fast it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pace {
    /// The newest block.
    pub height: u64,
    /// Its time, in milliseconds since 1970.
    pub time_ms: u64,
    /// From one block to the next, on average of late.
    pub block_ms: u64,
}

/// A block that is to come, or has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct When {
    /// The block.
    pub height: u64,
    /// Its time as far as can be told, in milliseconds since 1970.
    pub about_ms: u64,
}

impl Pace {
    /// When a block comes, or came.
    pub fn when(&self, height: u64) -> When {
        let away = |blocks: u64| blocks.saturating_mul(self.block_ms);
        let about_ms = match height.checked_sub(self.height) {
            Some(ahead) => self.time_ms.saturating_add(away(ahead)),
            None => self.time_ms.saturating_sub(away(self.height.saturating_sub(height))),
        };
        When { height, about_ms }
    }

    /// How long so many blocks take, in words.
    pub fn span(&self, blocks: u64) -> String {
        span(blocks.saturating_mul(self.block_ms))
    }

    /// In how long a block comes, in words.
    pub fn until(&self, height: u64) -> String {
        match height.checked_sub(self.height) {
            Some(ahead) if ahead > 0 => format!("in about {}", self.span(ahead)),
            _ => "now".into(),
        }
    }
}

/// A time of so many milliseconds, in words, rounded.
pub fn span(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    let (count, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=6_599 => ((seconds + 30) / 60, "minute"),
        6_600..=172_799 => ((seconds + 1_800) / 3_600, "hour"),
        _ => ((seconds + 43_200) / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A moment in UTC, to the minute.
pub fn moment(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map_or_else(|| "at an unknown time".into(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

impl ResearcherDesk {
    /// Where the chain is, and how fast it goes.
    ///
    /// # Errors
    /// When a block cannot be read.
    pub async fn pace(&self) -> Result<Pace, DeskFault> {
        let now = self.chain.position();
        let (height, time_ms) = (now.height.get(), now.time_ms);
        let known = *self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.filter(|known| height.saturating_sub(known.height) < STALE) {
            return Ok(Pace { height, time_ms, ..known });
        }
        let from = height.saturating_sub(LOOK_BACK).max(1);
        let earlier = match from < height {
            true => self.chain.block(Height::new(from)).await?,
            false => None,
        };
        let passed = earlier.map(|seen| time_ms.saturating_sub(seen.block.header.time_ms));
        let block_ms = passed.map_or(UNKNOWN_MS, |ms| (ms / (height - from)).max(1));
        let pace = Pace { height, time_ms, block_ms };
        *self.pace.lock().unwrap_or_else(PoisonError::into_inner) = Some(pace);
        Ok(pace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_unit_that_people_would_use() {
        let cases = [(0, "0 seconds"), (1, "1 second"), (119_000, "119 seconds"), (150_000, "3 minutes")];
        let more = [
            (6_599_000, "110 minutes"),
            (7_140_000, "2 hours"),
            (7_200_000, "2 hours"),
            (172_800_000, "2 days"),
            (864_000_000, "10 days"),
        ];
        for (ms, words) in cases.into_iter().chain(more) {
            assert_eq!(span(ms), words);
        }
        let pace = Pace { height: 100, time_ms: 1_000_000, block_ms: 1_000 };
        assert_eq!(pace.when(160).about_ms, 1_060_000);
        assert_eq!(pace.when(40).about_ms, 940_000);
        assert_eq!((pace.until(160).as_str(), pace.until(100).as_str()), ("in about 60 seconds", "now"));
        assert_eq!(moment(0), "1970-01-01 00:00 UTC");
        assert_eq!(moment(u64::MAX), "at an unknown time");
    }
}
