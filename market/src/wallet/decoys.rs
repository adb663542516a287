//! Which notes a spent one hides among.
//!
//! Notes of one kind (issued, transferred, paid, refunded) are cut, in the order in which they came, into windows of [`WINDOW`]; the
//! last one has up to twice as many, so that the newest notes are not alone. A ring is the spent note and fifteen others of
//! its window, each fifteen as likely as any other. So all sixteen are of one kind and about one age; and for every one of
//! them the ring that is seen was as likely: 1 in C(w − 1, 15) for a window of w. Who sees a ring and knows how likely
//! each note of the window was to be spent learns nothing more from the choice of the others.
//!
//! Drawing by a distribution of ages instead, as other ledgers do, needs to know how old notes are when they are spent: what
//! is guessed wrong of that makes the real one stand out. In a window all are about as old. (On why to cut rather than to guess:
//! Ronge, Egger, Lai, Schröder, Yin, "Foundations of Ring Sampling", PoPETs 2021.)
//!
//! Which fifteen is drawn by a hash of the note's secret and each candidate, not anew each time: a transfer that is refused and made
//! again has about the same ring, and comparing the two shows nothing.
//!
//! While there are fewer than sixteen notes of a kind, others fill the ring, and it hides less: [`Ring::alike`] says among how
//! many of its kind.

use galen_ledger::StateRead;

use crate::money::{self, NoteRecord};
use crate::notes::ring::{Member, RING};

/// Notes of a window, at least, once there are so many.
pub const WINDOW: u32 = 64;

/// A ring for a note that is to be spent.
#[derive(Clone, Debug)]
pub struct Ring {
    /// The notes, in the ledger's order.
    pub members: Vec<Member>,
    /// Which of them is spent.
    pub place: usize,
    /// How many are of its kind.
    pub alike: usize,
}

/// The numbers of the notes in the window of one with this number, when there are so many of its kind.
pub fn window(number: u32, count: u32) -> std::ops::Range<u32> {
    let windows = (count / WINDOW).max(1);
    let at = (number / WINDOW).min(windows - 1);
    let end = if at + 1 == windows { count } else { (at + 1) * WINDOW };
    at * WINDOW..end
}

/// Draws a ring. None when the ledger has too few notes.
pub fn draw(state: &dyn StateRead, position: u32, record: &NoteRecord, secret: &[u8; 32]) -> Option<Ring> {
    let kind = record.origin.kind();
    let window = window(record.number, money::notes_of_kind(state, kind));
    let alike: Vec<u32> = window
        .filter(|number| *number != record.number)
        .filter_map(|number| money::note_of_kind(state, kind, number))
        .collect();
    let mut places = take(alike, RING - 1, secret);
    let of_kind = places.len();
    if of_kind < RING - 1 {
        let others: Vec<u32> =
            (0..money::notes(state)).filter(|other| *other != position && !places.contains(other)).collect();
        places.extend(take(others, RING - 1 - of_kind, secret));
    }
    places.push(position);
    places.sort_unstable();
    let place = places.binary_search(&position).ok()?;
    let members: Vec<Member> = places.iter().filter_map(|at| money::member(state, *at)).collect();
    (members.len() == RING).then_some(Ring { members, place, alike: of_kind + 1 })
}

/// So many of these, or all: those whose hash with the secret is least. To whoever does not know it each choice is as likely as
/// any other.
fn take(from: Vec<u32>, count: usize, secret: &[u8; 32]) -> Vec<u32> {
    let hash = |position: &u32| {
        let mut hasher = blake3::Hasher::new_derive_key("galen 2026 money decoys v1");
        *hasher.update(secret).update(&position.to_le_bytes()).finalize().as_bytes()
    };
    let mut from = from;
    from.sort_by_cached_key(hash);
    from.truncate(count);
    from
}
