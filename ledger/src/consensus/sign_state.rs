//! The last thing signed of each kind, kept in a file of its own: refuses to sign twice even with a lost log.
//!
//! It remembers only the newest view of each kind, so it refuses more than the rules ask. That costs a vote now and
//! then after a restart, and never a fork. It moves from cycle to cycle, never back.

use crate::{
    chain::Statement,
    codec::{Decode, DecodeError, Encode, Reader},
    types::{BlockHash, Cycle, Turn, View},
};

/// One signed thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Signed {
    view: View,
    digest: [u8; 32],
}

/// What is signed, of which each kind has its own newest view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Propose,
    Notarize,
    Nullify,
    Finalize,
}

/// What this member has signed last, in the newest cycle in which it signed anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignState {
    cycle: Cycle,
    /// In the order of [`Kind`].
    last: [Signed; 4],
}

impl SignState {
    /// Asks to propose a block, and remembers that it was done. False when it must not be.
    #[must_use]
    pub fn propose(&mut self, turn: Turn, block: BlockHash) -> bool {
        self.admit(turn, Kind::Propose, *block.as_bytes())
    }

    /// Asks to make a statement, and remembers that it was done. False when it must not be.
    #[must_use]
    pub fn vote(&mut self, cycle: Cycle, statement: &Statement) -> bool {
        let kind = match statement {
            Statement::Notarize { .. } => Kind::Notarize,
            Statement::Nullify { .. } => Kind::Nullify,
            Statement::Finalize { .. } => Kind::Finalize,
        };
        let digest = blake3::derive_key("galen ledger v1 signed statement", &statement.to_bytes());
        self.admit(Turn { cycle, view: statement.view() }, kind, digest)
    }

    fn admit(&mut self, Turn { cycle, view }: Turn, kind: Kind, digest: [u8; 32]) -> bool {
        if cycle < self.cycle {
            return false;
        }
        let mut state = if cycle > self.cycle { Self { cycle, ..Self::default() } } else { *self };
        let signed = Signed { view, digest };
        let newest = |kind: Kind| state.last[kind as usize].view;
        let again = signed == state.last[kind as usize] && view > View::new(0);
        let first = view > newest(kind)
            && match kind {
                Kind::Propose => true,
                // R3, R4: giving up a view ends all that could be said for its block, and the reverse.
                Kind::Notarize | Kind::Finalize => view > newest(Kind::Nullify),
                Kind::Nullify => view > newest(Kind::Finalize),
            };
        if first {
            state.last[kind as usize] = signed;
            *self = state;
        }
        first || again
    }
}

impl Encode for SignState {
    fn encode(&self, out: &mut Vec<u8>) {
        self.cycle.encode(out);
        for signed in &self.last {
            signed.view.encode(out);
            signed.digest.encode(out);
        }
    }
}

impl Decode for SignState {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut state = Self { cycle: Cycle::decode(reader)?, ..Self::default() };
        for signed in &mut state.last {
            *signed = Signed { view: View::decode(reader)?, digest: reader.array()? };
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: BlockHash = BlockHash::from_bytes([1; 32]);
    const B: BlockHash = BlockHash::from_bytes([2; 32]);
    const CYCLE: Cycle = Cycle::new(4);

    fn notarize(view: u64, block: BlockHash) -> Statement {
        Statement::Notarize { view: View::new(view), block }
    }

    fn nullify(view: u64) -> Statement {
        Statement::Nullify { view: View::new(view) }
    }

    fn finalize(view: u64, outcome: u8) -> Statement {
        let outcome = crate::types::OutcomeHash::from_bytes([outcome; 32]);
        Statement::Finalize { view: View::new(view), block: A, outcome }
    }

    #[test]
    fn refuses_a_second_vote_of_a_kind_but_repeats_the_first() {
        let mut state = SignState::default();
        assert!(state.vote(CYCLE, &notarize(3, A)));
        assert!(state.vote(CYCLE, &notarize(3, A)));
        assert!(!state.vote(CYCLE, &notarize(3, B)));
        assert!(!state.vote(CYCLE, &notarize(2, A)));
        assert!(state.vote(CYCLE, &notarize(4, B)));
        assert!(state.vote(CYCLE, &finalize(4, 1)));
        assert!(!state.vote(CYCLE, &finalize(4, 2)), "another outcome of the same block");
        let turn = |view| Turn { cycle: CYCLE, view: View::new(view) };
        assert!(state.propose(turn(5), A) && state.propose(turn(5), A) && !state.propose(turn(5), B));
    }

    #[test]
    fn finalize_and_nullify_exclude_each_other() {
        let mut state = SignState::default();
        assert!(state.vote(CYCLE, &nullify(1)));
        assert!(!state.vote(CYCLE, &finalize(1, 1)));
        assert!(!state.vote(CYCLE, &notarize(1, A)));
        assert!(state.vote(CYCLE, &finalize(2, 1)));
        assert!(!state.vote(CYCLE, &nullify(2)));
    }

    #[test]
    fn a_later_cycle_begins_afresh_and_an_earlier_one_is_over() {
        let mut state = SignState::default();
        assert!(state.vote(CYCLE, &nullify(9)));
        let before = state;
        assert!(!state.vote(Cycle::new(3), &nullify(10)));
        assert_eq!(state, before);
        // Views may share numbers with the last ones of the cycle before.
        assert!(state.vote(CYCLE.next(), &notarize(8, A)));
        assert!(!state.vote(CYCLE.next(), &notarize(8, B)));
        assert!(!state.vote(CYCLE, &nullify(10)));
    }

    #[test]
    fn survives_its_encoding() {
        let mut state = SignState::default();
        assert!(state.vote(CYCLE, &finalize(7, 1)));
        let mut read = SignState::from_bytes(&state.to_bytes()).expect("own encoding");
        assert_eq!(read, state);
        assert!(!read.vote(CYCLE, &finalize(7, 2)));
    }
}
