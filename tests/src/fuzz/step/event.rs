//! Four bytes as an event. With nothing but zeros after its first byte, an event is what honest members would do.

/// Bytes of an event.
pub const EVENT_BYTES: usize = 4;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A proposal comes.
    Propose,
    /// A block that was to be executed has been.
    Executed,
    /// A certificate comes.
    Certificate,
    /// A vote comes.
    Vote,
    /// A timer fires.
    Timer,
    /// Whether there is work.
    Work,
    /// A block that was ordered is there.
    Built,
    /// A block comes that may have been asked for.
    Body,
    /// Somebody says where it is.
    Status,
    /// Somebody asks for a block.
    Fetch,
    /// A message of the beacon, evidence, a change.
    Upkeep,
    /// The process ends, and begins again with what is durable.
    Crash,
    /// It will end in the middle of its next reaction.
    Torn,
    /// Anything else that members say, some of which is not for the core.
    Said,
}

const KINDS: [Kind; 14] = [
    Kind::Propose,
    Kind::Executed,
    Kind::Certificate,
    Kind::Vote,
    Kind::Timer,
    Kind::Work,
    Kind::Built,
    Kind::Body,
    Kind::Status,
    Kind::Fetch,
    Kind::Upkeep,
    Kind::Crash,
    Kind::Torn,
    Kind::Said,
];

/// Votes and certificates: in the view of the block they are for, the present one where there is none.
const NULLIFY: u8 = 1;
const FINALIZE: u8 = 2;
/// In the present view although they are for a block.
pub const NOW: u8 = 1 << 2;

pub const PROPOSE: [u8; 4] = [0, 0, 0, 0];
/// Proposes the newest block again.
pub const AGAIN: [u8; 4] = [0, 0, 0, 1];
pub const EXECUTED: [u8; 4] = [1, 0, 0, 0];
pub const NOTARIZED: [u8; 4] = [2, 0, 0, 0];
pub const NULLIFIED: [u8; 4] = [2, NULLIFY, 0, 0];
pub const FINALIZED: [u8; 4] = [2, FINALIZE, 0, 0];
/// In the view before the present one: that of the notarization of what was proposed again.
pub const FINALIZED_AGAIN: &[[u8; 4]] = &[[2, NOW, 0, 0], [2, FINALIZE | NOW | 2 << 3, 0, 0]];
pub const TIMER: [u8; 4] = [4, 0, 0, 0];
pub const WORK: [u8; 4] = [5, 0, 0, 0];
pub const BUILT: [u8; 4] = [6, 0, 0, 0];
pub const BODY: [u8; 4] = [7, 0, 0, 0];
pub const STATUS: [u8; 4] = [8, 1, 9, 3];
pub const FETCH: [u8; 4] = [9, 0, 0, 0];
pub const CRASH: [u8; 4] = [11, 0, 0, 0];
pub const TORN: [u8; 4] = [12, 0, 0, 0];
pub const SAID: [u8; 4] = [13, 0, 2, 0];

/// A vote of member 1, 2 or 3 for the newest block: 0 notarizes, 1 nullifies, 2 finalizes.
pub const fn vote(voter: u8, kind: u8) -> [u8; 4] {
    [3, kind, 0, voter - 1]
}

/// An event, and the bytes that say more about it.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// What happens.
    pub kind: Kind,
    /// How.
    pub how: u8,
    /// To which block or timer or order, counted from the newest or next.
    pub which: usize,
    /// More.
    pub more: u8,
}

impl Event {
    /// Takes the first four bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let kind = KINDS[usize::from(byte(0)) % KINDS.len()];
        Self { kind, how: byte(1), which: usize::from(byte(2)), more: byte(3) }
    }

    /// Whether a bit of the byte on the manner is set.
    pub fn is(&self, bit: u8) -> bool {
        self.how & bit != 0
    }

    /// Steps from the present view.
    pub fn views(&self) -> i64 {
        [0, 1, -1, 2, 3, 10, 11, -3][usize::from(self.how >> 3) % 8]
    }
}
