//! Frames of the log: `length (u32) ‖ crc32c (u32) ‖ kind (u8) ‖ bytes`, integers little-endian. The length counts the
//! kind and the bytes, the checksum covers the length, the kind and the bytes.
//!
//! The high bit of the kind is set in the first frame after a synchronisation: such a frame, whole, proves that all
//! before it had been synchronised. It tells damage from a torn tail, of which a disk may keep any parts.

/// Bytes before the kind.
pub const HEADER_BYTES: usize = 8;
/// Largest frame, in bytes after the header.
pub const MAX_FRAME_BYTES: usize = 48 * 1024 * 1024;

/// Marks the first frame after a synchronisation.
pub const AFTER_SYNC: u8 = 0x80;
/// Kinds are from 1 to this.
pub const MAX_KIND: u8 = 15;
/// Work spent on telling damage from a torn tail, in bytes summed; damage is assumed beyond.
const SEARCH_BYTES: usize = 1 << 30;

/// Appends a frame.
pub fn put(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    let length = u32::try_from(bytes.len() + 1).expect("records are limited far below 2^32");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&checksum(length, kind, bytes).to_le_bytes());
    out.push(kind);
    out.extend_from_slice(bytes);
}

fn checksum(length: u32, kind: u8, bytes: &[u8]) -> u32 {
    let sum = crc32c::crc32c_append(crc32c::crc32c(&length.to_le_bytes()), &[kind]);
    crc32c::crc32c_append(sum, bytes)
}

/// What is at a place of a segment.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A whole frame.
    Frame {
        /// Its kind.
        kind: u8,
        /// Its bytes.
        bytes: &'a [u8],
        /// Its length with the header.
        size: usize,
    },
    /// The exact end.
    End,
    /// Not a whole frame.
    Damaged,
}

/// Reads the frame at the beginning of `rest`.
pub fn read(rest: &[u8]) -> Found<'_> {
    if rest.is_empty() {
        return Found::End;
    }
    parse(rest).unwrap_or(Found::Damaged)
}

fn parse(rest: &[u8]) -> Option<Found<'_>> {
    let (length, sum, kind, bytes) = split(rest)?;
    let whole = checksum(length, kind, bytes) == sum;
    whole.then_some(Found::Frame { kind, bytes, size: HEADER_BYTES + length as usize })
}

/// Length, checksum, kind and bytes of what may be a frame.
fn split(rest: &[u8]) -> Option<(u32, u32, u8, &[u8])> {
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    if length == 0 || length as usize > MAX_FRAME_BYTES {
        return None;
    }
    let (kind, bytes) = rest.get(..length as usize)?.split_first()?;
    let plausible = (1..=MAX_KIND).contains(&(*kind & !AFTER_SYNC));
    plausible.then_some((length, u32::from_le_bytes(*sum), *kind, bytes))
}

/// Whether what is damaged at the beginning of `rest` had been synchronised: a whole frame that says so follows.
///
/// A chance match of a checksum is a matter of 2⁻³² a candidate, and then errs to the safe side.
pub fn was_synchronised(rest: &[u8]) -> bool {
    let mut spent = 0;
    for start in 1..rest.len() {
        let Some((length, sum, kind, bytes)) = rest.get(start..).and_then(split) else { continue };
        if kind & AFTER_SYNC == 0 {
            continue;
        }
        spent += bytes.len();
        if spent > SEARCH_BYTES || checksum(length, kind, bytes) == sum {
            return true;
        }
    }
    false
}
