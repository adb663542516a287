//! Numbers of one's own mini-blocks, of which none may be used twice, also when the log's tail is lost.
//!
//! They are reserved in a file of its own, many at a time, before the first of them is used. After a restart a member goes
//! on behind what it had reserved: numbers may be left out. So it costs one write for many mini-blocks, and does not
//! depend on the log.

use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    types::Cycle,
};

/// Numbers that are reserved at a time.
const RESERVED_AT_ONCE: u64 = 1024;

/// Which numbers may have been used. They begin afresh in every cycle.
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
}

impl Numbering {
    /// Goes on behind what was reserved before.
    pub fn after(numbers: Numbers) -> Self {
        Self { numbers, next: numbers.reserved }
    }

    /// The next number in a cycle; and what must be durable before it is used, if anything. None in a cycle that is over.
    pub fn next(&mut self, cycle: Cycle) -> Option<(u64, Option<Numbers>)> {
        if cycle < self.numbers.cycle {
            return None;
        }
        if cycle > self.numbers.cycle {
            *self = Self { numbers: Numbers { cycle, reserved: 0 }, next: 0 };
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
            let mut numbering = Numbering::after(kept);
            for _ in 0..(life * 397) % 2100 {
                let (number, reserve) = numbering.next(Cycle::new(3)).expect("goes on");
                kept = reserve.unwrap_or(kept);
                assert!(given.insert(number), "{number} in life {life}");
            }
        }
        let mut numbering = Numbering::after(kept);
        assert_eq!(numbering.next(Cycle::new(4)).map(|(number, _)| number), Some(0), "a cycle begins afresh");
        assert_eq!(numbering.next(Cycle::new(3)), None, "and the one before is over");
    }
}
