//! The log: segments of frames, each synchronised before the next is begun.
//!
//! On opening, a torn tail (from the first damaged frame of the last segment on, if no frame after it says that it had
//! been synchronised) is cut: nothing that was sent depends on it. Damage anywhere else refuses to open.

use std::io;

use super::{
    Storage, explained,
    frame::{self, Found},
};

/// A segment is closed when it has grown to this.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    segment: u32,
    offset: u64,
    size: u32,
}

/// A record as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its kind.
    pub kind: u8,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where it is.
    pub place: Place,
}

/// The log cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Reading or writing failed. After a failed write nothing more may be written or sent.
    #[error("log: {}", explained(.0))]
    Io(#[from] io::Error),
    /// Bytes that had been synchronised have changed or gone.
    #[error(
        "log is damaged in {segment} at byte {offset}: keep a copy of the folder, then restore it from a backup, or \
         move it away, keeping the files sign_state and mini_blocks, and let the node fetch the chain from the other members"
    )]
    Damaged {
        /// The file.
        segment: String,
        /// Where.
        offset: u64,
    },
    /// A segment is not there.
    #[error("log segment {0} is missing: restore it from a backup")]
    Missing(String),
}

/// The log, open for writing at its end.
pub struct Log {
    storage: Box<dyn Storage>,
    segment: u32,
    length: u64,
    dirty: bool,
    /// A write failed: what is in the file is not known any more.
    broken: bool,
}

fn name(segment: u32) -> String {
    format!("log-{segment:08}")
}

impl Log {
    /// Opens the log and reads all of it.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn open(mut storage: Box<dyn Storage>, mut visit: impl FnMut(Entry)) -> Result<Self, LogError> {
        let segments =
            storage.list()?.into_iter().filter(|file| file.starts_with("log-")).collect::<Vec<_>>();
        if segments.is_empty() {
            storage.create(&name(0))?;
            return Ok(Self { storage, segment: 0, length: 0, dirty: false, broken: false });
        }
        let last = u32::try_from(segments.len() - 1).map_err(io::Error::other)?;
        let mut length = 0;
        for (segment, file) in (0..).zip(&segments) {
            if *file != name(segment) {
                return Err(LogError::Missing(name(segment)));
            }
            length = read_segment(storage.as_mut(), segment, segment == last, &mut visit)?;
        }
        // The next frame will say that all before it was synchronised.
        storage.sync(&name(last))?;
        Ok(Self { storage, segment: last, length, dirty: false, broken: false })
    }

    /// Writes a record. Not durable before [`Self::sync`].
    ///
    /// # Errors
    /// When it cannot be written: the log must be opened again.
    pub fn append(&mut self, kind: u8, bytes: &[u8]) -> Result<Place, LogError> {
        self.usable()?;
        if self.length >= SEGMENT_BYTES {
            self.sync()?;
            self.storage.create(&name(self.segment + 1))?;
            self.segment += 1;
            self.length = 0;
        }
        let mut framed = Vec::with_capacity(bytes.len() + frame::HEADER_BYTES + 1);
        let mark = if self.dirty { 0 } else { frame::AFTER_SYNC };
        frame::put(&mut framed, kind | mark, bytes);
        self.broken = true;
        self.storage.append(&name(self.segment), &framed)?;
        self.broken = false;
        self.dirty = true;
        let size = u32::try_from(framed.len()).map_err(io::Error::other)?;
        let place = Place { segment: self.segment, offset: self.length, size };
        self.length += framed.len() as u64;
        Ok(place)
    }

    /// Makes all records durable.
    ///
    /// # Errors
    /// When that is not sure: the log must be opened again.
    pub fn sync(&mut self) -> Result<(), LogError> {
        self.usable()?;
        if self.dirty {
            self.broken = true;
            self.storage.sync(&name(self.segment))?;
            self.broken = false;
            self.dirty = false;
        }
        Ok(())
    }

    /// Reads a record again.
    ///
    /// # Errors
    /// When it cannot be read, or has changed.
    pub fn read(&self, place: Place) -> Result<Entry, LogError> {
        let framed = self.storage.read(&name(place.segment), place.offset, place.size as usize)?;
        match frame::read(&framed) {
            Found::Frame { kind, bytes, size } if size == framed.len() => {
                Ok(Entry { kind: kind & !frame::AFTER_SYNC, bytes: bytes.to_vec(), place })
            }
            _ => Err(LogError::Damaged { segment: name(place.segment), offset: place.offset }),
        }
    }

    fn usable(&self) -> Result<(), LogError> {
        if self.broken {
            return Err(io::Error::other("an earlier write failed; start the node again").into());
        }
        Ok(())
    }
}

/// Reads a segment, and cuts a torn tail if it is the last. Gives its length.
fn read_segment(
    storage: &mut dyn Storage,
    segment: u32,
    is_last: bool,
    visit: &mut impl FnMut(Entry),
) -> Result<u64, LogError> {
    let file = name(segment);
    let length = usize::try_from(storage.len(&file)?).map_err(io::Error::other)?;
    let contents = storage.read(&file, 0, length)?;
    let mut offset = 0;
    loop {
        let rest = contents.get(offset..).unwrap_or_default();
        match frame::read(rest) {
            Found::End => return Ok(offset as u64),
            Found::Frame { kind, bytes, size } => {
                let framed = u32::try_from(size).map_err(io::Error::other)?;
                let place = Place { segment, offset: offset as u64, size: framed };
                visit(Entry { kind: kind & !frame::AFTER_SYNC, bytes: bytes.to_vec(), place });
                offset += size;
            }
            Found::Damaged if is_last && !frame::was_synchronised(rest) => {
                tracing::warn!(file, offset, lost = rest.len(), "cutting a torn tail of the log");
                storage.truncate(&file, offset as u64)?;
                return Ok(offset as u64);
            }
            Found::Damaged => return Err(LogError::Damaged { segment: file, offset: offset as u64 }),
        }
    }
}
