//! The file of the sign state: two slots, written in turn, so that one is always whole.
//!
//! A slot is `generation (u64) ‖ sign state ‖ crc32c (u32)`. Both slots unreadable in a file that is not new means
//! that what was signed is not known: refused.

use std::io;

use super::Storage;
use crate::{
    codec::{Decode, Encode, Reader},
    consensus::SignState,
};

const FILE: &str = "sign_state";
/// Slots lie in different sectors, so that a torn write spoils one of them only.
const SLOT_BYTES: u64 = 4096;

/// The file, open.
pub struct SignFile {
    storage: Box<dyn Storage>,
    generation: u64,
}

impl SignFile {
    /// Opens the file and reads what was signed last; nothing if the file is new.
    ///
    /// # Errors
    /// When it cannot be read, or neither slot is whole.
    pub fn open(mut storage: Box<dyn Storage>) -> io::Result<(Self, SignState)> {
        if !storage.list()?.iter().any(|file| file == FILE) {
            storage.create(FILE)?;
        }
        let length = storage.len(FILE)?;
        // The room is made, and synchronised, before anything is signed: less means that nothing was.
        if length < 2 * SLOT_BYTES {
            storage.truncate(FILE, 0)?;
            let mut file = Self { storage, generation: 0 };
            file.initialise()?;
            return Ok((file, SignState::default()));
        }
        let slots = [0, 1].map(|slot| read_slot(storage.as_ref(), slot));
        let newest = slots.into_iter().flatten().max_by_key(|(generation, _)| *generation);
        let Some((generation, state)) = newest else {
            let message = "sign_state is damaged: what this member has signed is not known, so it must not sign. \
                           Restore the file from a backup taken after the node stopped, or replace the voting key";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        };
        Ok((Self { storage, generation }, state))
    }

    /// Gives both slots their room, so that later writes never change the length.
    fn initialise(&mut self) -> io::Result<()> {
        let mut room = slot_bytes(0, &SignState::default());
        room.resize(usize::try_from(2 * SLOT_BYTES).unwrap_or(room.len()), 0);
        self.storage.append(FILE, &room)?;
        self.storage.sync(FILE)
    }

    /// Writes what was signed; durable when it returns.
    ///
    /// # Errors
    /// When it cannot be written: nothing may be sent.
    pub fn write(&mut self, state: &SignState) -> io::Result<()> {
        self.generation += 1;
        let offset = (self.generation % 2) * SLOT_BYTES;
        self.storage.write_at(FILE, offset, &slot_bytes(self.generation, state))?;
        self.storage.sync(FILE)
    }
}

fn slot_bytes(generation: u64, state: &SignState) -> Vec<u8> {
    let mut bytes = generation.to_bytes();
    state.encode(&mut bytes);
    crc32c::crc32c(&bytes).encode(&mut bytes);
    bytes
}

fn read_slot(storage: &dyn Storage, slot: u64) -> Option<(u64, SignState)> {
    let length = slot_bytes(0, &SignState::default()).len();
    let bytes = storage.read(FILE, slot * SLOT_BYTES, length).ok()?;
    let (body, sum) = bytes.split_at_checked(length - 4)?;
    if crc32c::crc32c(body).to_le_bytes() != sum {
        return None;
    }
    let mut reader = Reader::new(body);
    let generation = u64::decode(&mut reader).ok()?;
    let state = SignState::decode(&mut reader).ok()?;
    Some((generation, state))
}
