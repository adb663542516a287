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
//! While there are fewer than sixteen notes of a kind, others fill the ring, and it hides less: [`Ring::alike`] says among how
//! many of its kind.

use galen_ledger::StateRead;
use rand::seq::index::sample;
use rand::{CryptoRng, RngCore};

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
pub fn draw(
    state: &dyn StateRead,
    position: u32,
    record: &NoteRecord,
    rng: &mut (impl RngCore + CryptoRng),
) -> Option<Ring> {
    let kind = record.origin.kind();
    let window = window(record.number, money::notes_of_kind(state, kind));
    let alike: Vec<u32> = window
        .filter(|number| *number != record.number)
        .filter_map(|number| money::note_of_kind(state, kind, number))
        .collect();
    let mut places = take(&alike, RING - 1, rng);
    let of_kind = places.len();
    if of_kind < RING - 1 {
        let others: Vec<u32> =
            (0..money::notes(state)).filter(|other| *other != position && !places.contains(other)).collect();
        places.extend(take(&others, RING - 1 - of_kind, rng));
    }
    places.push(position);
    places.sort_unstable();
    let place = places.binary_search(&position).ok()?;
    let members: Vec<Member> = places.iter().filter_map(|at| money::member(state, *at)).collect();
    (members.len() == RING).then_some(Ring { members, place, alike: of_kind + 1 })
}

/// So many of these, or all, each choice as likely as any other.
fn take(from: &[u32], count: usize, rng: &mut (impl RngCore + CryptoRng)) -> Vec<u32> {
    let chosen = sample(rng, from.len(), count.min(from.len()));
    chosen.into_iter().filter_map(|index| from.get(index).copied()).collect()
}
