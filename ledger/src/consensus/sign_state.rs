//! The last thing signed of each kind, kept in a file of its own: refuses to sign twice even with a lost log.
//!
//! It remembers only the newest view of each kind, so it refuses more than the rules ask. That costs a vote now and
//! then after a restart, and never a fork.

use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    crypto::Purpose,
    types::{BlockHash, Cycle, View},
};

/// One signed thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Signed {
    view: View,
    digest: [u8; 32],
}

/// What this member has signed last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignState {
    cycle: Cycle,
    /// In the order of [`Purpose`]: proposals, notarizations, nullifications, finalizations.
    last: [Signed; 4],
}

fn slot(purpose: Purpose) -> usize {
    match purpose {
        Purpose::Propose => 0,
        Purpose::Notarize => 1,
        Purpose::Nullify => 2,
        Purpose::Finalize => 3,
    }
}

impl SignState {
    /// Asks to sign, and remembers that it was done. False when it must not be.
    #[must_use]
    pub fn admit(&mut self, purpose: Purpose, view: View, block: Option<BlockHash>) -> bool {
        let signed = Signed { view, digest: block.map_or([0; 32], |hash| *hash.as_bytes()) };
        let last = self.last[slot(purpose)];
        if signed == last && view > View::new(0) {
            return true;
        }
        let newest = |purpose| self.last[slot(purpose)].view;
        let allowed = view > last.view
            && match purpose {
                Purpose::Propose => true,
                // R3, R4: giving up a view ends all that could be said for its block, and the reverse.
                Purpose::Notarize | Purpose::Finalize => view > newest(Purpose::Nullify),
                Purpose::Nullify => view > newest(Purpose::Finalize),
            };
        if allowed {
            self.last[slot(purpose)] = signed;
        }
        allowed
    }

    /// The newest view in which anything was signed.
    pub fn newest_view(&self) -> View {
        self.last.iter().map(|signed| signed.view).max().unwrap_or_default()
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

    const A: Option<BlockHash> = Some(BlockHash::from_bytes([1; 32]));
    const B: Option<BlockHash> = Some(BlockHash::from_bytes([2; 32]));

    #[test]
    fn refuses_a_second_vote_of_a_kind_but_repeats_the_first() {
        let mut state = SignState::default();
        assert!(state.admit(Purpose::Notarize, View::new(3), A));
        assert!(state.admit(Purpose::Notarize, View::new(3), A));
        assert!(!state.admit(Purpose::Notarize, View::new(3), B));
        assert!(!state.admit(Purpose::Notarize, View::new(2), A));
        assert!(state.admit(Purpose::Notarize, View::new(4), B));
    }

    #[test]
    fn finalize_and_nullify_exclude_each_other() {
        let mut state = SignState::default();
        assert!(state.admit(Purpose::Nullify, View::new(1), None));
        assert!(!state.admit(Purpose::Finalize, View::new(1), A));
        assert!(!state.admit(Purpose::Notarize, View::new(1), A));
        assert!(state.admit(Purpose::Finalize, View::new(2), A));
        assert!(!state.admit(Purpose::Nullify, View::new(2), None));
    }

    #[test]
    fn survives_its_encoding() {
        let mut state = SignState::default();
        assert!(state.admit(Purpose::Finalize, View::new(7), B));
        let mut read = SignState::from_bytes(&state.to_bytes()).expect("own encoding");
        assert_eq!(read, state);
        assert!(!read.admit(Purpose::Finalize, View::new(7), A));
    }
}
