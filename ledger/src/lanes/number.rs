//! Numbers of one's own mini-blocks, of which none may be used twice, also when the log's tail is lost.
//!
//! They are reserved in a file of its own, many at a time, before the first of them is used. After a restart a member goes
//! on behind what it had reserved: numbers may be left out. So it costs one write for many mini-blocks, and does not
//! depend on the log. Should the file be lost too, the clock takes its place: numbers begin at what it said when the node
//! started, which is above all that were given before, unless it was set back meanwhile.

use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    types::Cycle,
};

/// Numbers that are reserved at a time.
const RESERVED_AT_ONCE: u64 = 1024;
/// Numbers begin at the time in milliseconds with so many bits behind it: no node makes as many in a millisecond.
const BITS_OF_A_MILLISECOND: u32 = 20;

/// Which numbers may have been used. They are those of one cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    cycle: Cycle,
    /// All below may have been used.
    reserved: u64,
}

/// Numbers that are left of those that are reserved.
#[derive(Clone, Copy, Debug)]
pub struct Numbering {
    numbers: Numbers,
    next: u64,
    /// The first of every cycle that begins while the node runs.
    first: u64,
}

impl Numbering {
    /// Goes on behind what was reserved before, and behind what may have been used before the present time (milliseconds
    /// since 1970) if the file with `numbers` was lost.
    pub fn after(numbers: Numbers, now_ms: u64) -> Self {
        // A clock so far off that it does not fit leaves room for numbers all the same.
        let first = now_ms.min(u64::MAX >> (BITS_OF_A_MILLISECOND + 1)) << BITS_OF_A_MILLISECOND;
        Self { numbers, next: numbers.reserved.max(first), first }
    }

    /// The next number in a cycle; and what must be durable before it is used, if anything. None in a cycle that is over.
    pub fn next(&mut self, cycle: Cycle) -> Option<(u64, Option<Numbers>)> {
        if cycle < self.numbers.cycle {
            return None;
        }
        if cycle > self.numbers.cycle {
            (self.numbers, self.next) = (Numbers { cycle, reserved: 0 }, self.first);
        }
        let number = self.next;
        self.next = number.checked_add(1)?;
        if number < self.numbers.reserved {
            return Some((number, None));
        }
        self.numbers.reserved = number.checked_add(RESERVED_AT_ONCE)?;
        Some((number, Some(self.numbers)))
    }
}

impl Encode for Numbers {
    fn encode(&self, out: &mut Vec<u8>) {
        self.cycle.encode(out);
        self.reserved.encode(out);
    }
}

impl Decode for Numbers {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { cycle: Decode::decode(reader)?, reserved: Decode::decode(reader)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_given_twice_wherever_it_stops() {
        let (mut kept, mut given) = (Numbers::default(), std::collections::BTreeSet::new());
        for life in 0..20u64 {
            let mut numbering = Numbering::after(kept, 0);
            for _ in 0..(life * 397) % 2100 {
                let (number, reserve) = numbering.next(Cycle::new(3)).expect("goes on");
                kept = reserve.unwrap_or(kept);
                assert!(given.insert(number), "{number} in life {life}");
            }
        }
        let mut numbering = Numbering::after(kept, 0);
        assert_eq!(numbering.next(Cycle::new(4)).map(|(number, _)| number), Some(0), "a cycle begins afresh");
        assert_eq!(numbering.next(Cycle::new(3)), None, "and the one before is over");
    }

    #[test]
    fn no_number_is_given_twice_when_the_file_is_lost_and_the_chain_is_fetched_again() {
        let mut given = std::collections::BTreeSet::new();
        for life in 0..20u64 {
            // Nothing is left, and the cycles are passed through once more.
            let mut numbering = Numbering::after(Numbers::default(), 1_700_000_000_000 + life);
            for cycle in 0..3 {
                for _ in 0..2000 {
                    let (number, _) = numbering.next(Cycle::new(cycle)).expect("goes on");
                    assert!(given.insert((cycle, number)), "{number} of cycle {cycle} in life {life}");
                }
            }
        }
        assert!(
            Numbering::after(Numbers::default(), u64::MAX).next(Cycle::new(0)).is_some(),
            "a wrong clock"
        );
    }
}
