//! What was worked out once and may be asked for again: bounded, the oldest goes first. It changes how long an answer takes
//! and never the answer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use galen_ledger::TxHash;

use crate::fault::TransactionFault;
use crate::transaction::Transaction;

/// Answers by the digest of their question.
#[derive(Debug)]
pub struct Memory<V> {
    room: usize,
    kept: Mutex<Kept<V>>,
}

#[derive(Debug)]
struct Kept<V> {
    answers: BTreeMap<[u8; 32], V>,
    /// The digests in the order in which they came, with what each takes of the room.
    order: VecDeque<([u8; 32], usize)>,
    used: usize,
}

impl<V: Clone> Memory<V> {
    /// Nothing is remembered yet, and never more than so much.
    pub fn new(room: usize) -> Self {
        let kept = Kept { answers: BTreeMap::new(), order: VecDeque::new(), used: 0 };
        Self { room, kept: Mutex::new(kept) }
    }

    fn lock(&self) -> MutexGuard<'_, Kept<V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer, if it is remembered.
    pub fn get(&self, digest: &[u8; 32]) -> Option<V> {
        self.lock().answers.get(digest).cloned()
    }

    /// Remembers an answer, which takes so much of the room.
    pub fn keep(&self, digest: [u8; 32], answer: V, size: usize) {
        let mut kept = self.lock();
        if kept.answers.insert(digest, answer).is_none() {
            kept.order.push_back((digest, size));
            kept.used += size;
        }
        while kept.used > self.room {
            let Some((oldest, size)) = kept.order.pop_front() else { break };
            kept.answers.remove(&oldest);
            kept.used -= size;
        }
    }
}

/// Bytes of transactions whose decoded form is remembered, each counted with what the form takes at least.
const DECODED_BYTES: usize = 8 << 20;
const LEAST_BYTES: usize = 2048;

/// Transactions decoded. To decode a contribution is to check that the points of its proofs are in their groups, and members
/// look into a transaction several times on its way.
#[derive(Debug)]
pub struct Decoded(Memory<Arc<Transaction>>);

impl Decoded {
    /// Nothing is remembered yet.
    pub fn new() -> Self {
        Self(Memory::new(DECODED_BYTES))
    }

    /// Reads the bytes of a transaction as [`Transaction::from_bytes`] does.
    ///
    /// # Errors
    /// The same.
    pub fn read(&self, bytes: &[u8]) -> Result<Arc<Transaction>, TransactionFault> {
        let digest = *TxHash::of(bytes).as_bytes();
        if let Some(known) = self.0.get(&digest) {
            return Ok(known);
        }
        let decoded = Arc::new(Transaction::from_bytes(bytes)?);
        self.0.keep(digest, Arc::clone(&decoded), bytes.len() + LEAST_BYTES);
        Ok(decoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_when_there_is_no_room_and_what_comes_twice_counts_once() {
        let memory = Memory::new(10);
        for number in [1, 2, 2, 3] {
            memory.keep([number; 32], number, 4);
        }
        let known: Vec<_> = (1..4).map(|number| memory.get(&[number; 32])).collect();
        assert_eq!(known, [None, Some(2), Some(3)]);
        memory.keep([4; 32], 4, 11);
        assert_eq!(memory.get(&[4; 32]), None, "larger than all the room");
        assert_eq!((memory.get(&[3; 32]), memory.lock().used), (None, 0));
    }

    #[test]
    fn what_does_not_decode_is_refused_each_time() {
        let decoded = Decoded::new();
        for _ in 0..2 {
            assert!(decoded.read(b"rubbish").is_err());
        }
    }
}
