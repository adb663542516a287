//! Which notes a spent one hides among.
//!
//! Notes of one kind (issued, transferred, paid, refunded) are cut, in the order in which they came, into windows of [`WINDOW`].
//! When a window and the one after it are full, its notes are dealt into four *groups* of sixteen, the same for everybody: the
//! order is that of a digest of each number, begun with the name of the window's last note. The ring of a note in such a
//! window is its group. So all sixteen notes have one ring; rings overlap wholly or not at all; and whoever sees all rings
//! there ever are, and knows that a note is spent once, knows nothing more of each than that it is one of sixteen.
//! With rings drawn freely out of the window that is not so: a note that is in few other rings is the likelier one, as each
//! of the others was spent in one of those. `tests/tests/linkability` measures it: one in ten rather than one in sixteen.
//!
//! The last window has up to twice as many notes, so that the newest are not alone, and is not dealt yet. There a ring is drawn:
//! fifteen others by a digest of their places under the spent note's secret, each fifteen as likely as any other. The
//! secret makes the choice, and no other chance: a wallet that spends the same note again, as the first transaction came to
//! nothing, draws the same ring but for what came since. Two different rings for one note would have little in common but the
//! note: that is so still when the window was dealt between two attempts. Who can wait until its note's window is dealt hides
//! better: [`until_dealt`] says how long that is, and [`super::Patience::Wait`] waits.
//!
//! Drawing by a distribution of ages instead, as other ledgers do, needs to know how old notes are when they are spent: what
//! is guessed wrong of that makes the real one stand out. In a window all are about as old. (On why to cut rather than to guess:
//! Ronge, Egger, Lai, Schröder, Yin, "Foundations of Ring Sampling", PoPETs 2021.) Sixteen neighbours would be a simpler group;
//! but those are of one issue and one owner, or pay for one request: who sold to it would show.
//!
//! While there are fewer than sixteen notes of a kind, others fill the ring, and it hides less: [`Ring::alike`] says among how
//! many of its kind.

use std::ops::Range;

use curve25519_dalek::Scalar;
use galen_ledger::StateRead;

use crate::money::{self, NoteRecord};
use crate::notes::ring::{Member, RING};

/// Notes of a window, at least, once there are so many: four groups.
pub const WINDOW: u32 = 4 * RING as u32;

const DEALT: &str = "galen 2026 money ring group v1";
const DRAWN: &str = "galen 2026 money ring drawn v1";

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
pub fn window(number: u32, count: u32) -> Range<u32> {
    let windows = (count / WINDOW).max(1);
    let at = (number / WINDOW).min(windows - 1);
    let end = if at + 1 == windows { count } else { (at + 1) * WINDOW };
    at * WINDOW..end
}

/// How many more notes of its kind must come before a note's window is dealt; none when it is.
pub fn until_dealt(state: &dyn StateRead, record: &NoteRecord) -> u32 {
    let both_full = (record.number / WINDOW).saturating_add(2).saturating_mul(WINDOW);
    both_full.saturating_sub(money::notes_of_kind(state, record.origin.kind()))
}

/// The ring of a note, of which the secret is known that spends it. None when the ledger has too few notes.
pub fn draw(state: &dyn StateRead, position: u32, record: &NoteRecord, secret: &Scalar) -> Option<Ring> {
    let kind = record.origin.kind();
    let count = money::notes_of_kind(state, kind);
    let window = window(record.number, count);
    let place_of = |number: u32| money::note_of_kind(state, kind, number);
    let mut places: Vec<u32> = if until_dealt(state, record) == 0 {
        let group = group(state, kind, record.number, window)?;
        group.into_iter().filter_map(place_of).collect()
    } else {
        let others: Vec<u32> = window.filter_map(place_of).filter(|other| *other != position).collect();
        let mut drawn = first(RING - 1, others, &key(DRAWN, secret.as_bytes()));
        drawn.push(position);
        drawn
    };
    let alike = places.len();
    if alike < RING {
        let others = (0..money::notes(state)).filter(|other| !places.contains(other)).collect();
        places.extend(first(RING - alike, others, &key(DRAWN, secret.as_bytes())));
    }
    places.sort_unstable();
    let place = places.binary_search(&position).ok()?;
    let members: Vec<Member> = places.iter().filter_map(|at| money::member(state, *at)).collect();
    (members.len() == RING).then_some(Ring { members, place, alike })
}

/// The group of a note in a window that is dealt, by numbers.
fn group(state: &dyn StateRead, kind: u8, number: u32, window: Range<u32>) -> Option<Vec<u32>> {
    let last = money::note_of_kind(state, kind, window.end.checked_sub(1)?)?;
    let seed = key(DEALT, &money::note(state, last)?.id);
    let order = first(window.len(), window.collect(), &seed);
    order.chunks(RING).find(|group| group.contains(&number)).map(<[u32]>::to_vec)
}

fn key(what: &str, of: &[u8]) -> [u8; 32] {
    blake3::derive_key(what, of)
}

/// So many of these, or all, that come first in the order of their digests under a key.
fn first(count: usize, mut from: Vec<u32>, key: &[u8; 32]) -> Vec<u32> {
    from.sort_by_cached_key(|number| *blake3::keyed_hash(key, &number.to_le_bytes()).as_bytes());
    from.truncate(count);
    from
}
