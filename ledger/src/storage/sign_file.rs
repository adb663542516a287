//! Small files that say what was signed, each of two slots, written in turn, so that one is always whole.
//!
//! A slot is `generation (u64) ‖ content ‖ crc32c (u32)`. Both slots unreadable in a file that is not new means that
//! what was signed is not known: refused. A file is new when nothing beside it shows that the node ever ran.

use std::{io, marker::PhantomData};

use super::Storage;
use crate::{
    codec::{Decode, Encode, Reader},
    consensus::SignState,
    lanes::Numbers,
};

/// The file of the sign state.
pub type SignFile = SlotFile<SignState>;
/// The file of the numbers of mini-blocks.
pub type NumberFile = SlotFile<Numbers>;

/// What such a file holds.
pub trait Slot: Encode + Decode + Default {
    /// The file's name.
    const FILE: &'static str;
    /// What to do when it is damaged.
    const DAMAGED: &'static str;
    /// Other files than those of the log that are made after it only.
    const LATER: &'static [&'static str] = &[];
    /// Whether it may be gone, although the node ran.
    const MAY_BE_GONE: bool = false;
}

impl Slot for SignState {
    const FILE: &'static str = "sign_state";
    const DAMAGED: &'static str = "sign_state is damaged: what this member has signed is not known, so it must not \
        sign. Restore the file from a backup taken after the node stopped, or replace the voting key, and move the log \
        folder away when the new key is in force";
    const LATER: &'static [&'static str] = &[Numbers::FILE];
}

impl Slot for Numbers {
    const FILE: &'static str = "mini_blocks";
    const DAMAGED: &'static str = "mini_blocks is damaged: which numbers of mini-blocks this member has used is not \
        known, and to use one twice counts as fraud. Restore the file from a backup taken after the node stopped, or \
        remove it in a later cycle, when numbers begin afresh";
    const MAY_BE_GONE: bool = true;
}

/// Slots lie in different sectors, so that a torn write spoils one of them only.
const SLOT_BYTES: u64 = 4096;

/// The file, open.
pub struct SlotFile<T> {
    storage: Box<dyn Storage>,
    generation: u64,
    content: PhantomData<T>,
}

impl<T: Slot> SlotFile<T> {
    /// Opens the file and reads what was signed last; nothing if the file is new.
    ///
    /// # Errors
    /// When it cannot be read, or neither slot is whole, or it is short or gone although the node ran.
    pub fn open(mut storage: Box<dyn Storage>) -> io::Result<(Self, T)> {
        let files = storage.list()?;
        let there = files.iter().any(|file| file == T::FILE);
        let length = if there { storage.len(T::FILE)? } else { 0 };
        if length < 2 * SLOT_BYTES {
            // The room is made, and synchronised, before the log is: while there is none, nothing was signed.
            let ran = files.iter().any(|file| file.starts_with("log-") || T::LATER.contains(&file.as_str()));
            if ran && (there || !T::MAY_BE_GONE) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, T::DAMAGED));
            }
            if !there {
                storage.create(T::FILE)?;
            }
            storage.truncate(T::FILE, 0)?;
            let mut file = Self { storage, generation: 0, content: PhantomData };
            file.initialise()?;
            return Ok((file, T::default()));
        }
        let slots = [0, 1].map(|slot| read_slot::<T>(storage.as_ref(), slot));
        let newest = slots.into_iter().flatten().max_by_key(|(generation, _)| *generation);
        let Some((generation, state)) = newest else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, T::DAMAGED));
        };
        Ok((Self { storage, generation, content: PhantomData }, state))
    }

    /// Gives both slots their room, so that later writes never change the length.
    fn initialise(&mut self) -> io::Result<()> {
        let mut room = slot_bytes(0, &T::default());
        room.resize(usize::try_from(2 * SLOT_BYTES).unwrap_or(room.len()), 0);
        self.storage.append(T::FILE, &room)?;
        self.storage.sync(T::FILE)
    }

    /// Writes what was signed; durable when it returns.
    ///
    /// # Errors
    /// When it cannot be written: nothing may be sent.
    pub fn write(&mut self, state: &T) -> io::Result<()> {
        self.generation += 1;
        let offset = (self.generation % 2) * SLOT_BYTES;
        self.storage.write_at(T::FILE, offset, &slot_bytes(self.generation, state))?;
        self.storage.sync(T::FILE)
    }
}

fn slot_bytes<T: Slot>(generation: u64, state: &T) -> Vec<u8> {
    let mut bytes = generation.to_bytes();
    state.encode(&mut bytes);
    crc32c::crc32c(&bytes).encode(&mut bytes);
    bytes
}

fn read_slot<T: Slot>(storage: &dyn Storage, slot: u64) -> Option<(u64, T)> {
    let length = slot_bytes(0, &T::default()).len();
    let bytes = storage.read(T::FILE, slot * SLOT_BYTES, length).ok()?;
    let (body, sum) = bytes.split_at_checked(length - 4)?;
    if crc32c::crc32c(body).to_le_bytes() != sum {
        return None;
    }
    let mut reader = Reader::new(body);
    let generation = u64::decode(&mut reader).ok()?;
    let state = T::decode(&mut reader).ok()?;
    Some((generation, state))
}
