//! Reads canonical encodings from a slice, and never past its end.

use super::{Decode, DecodeError};

/// The unread rest of some bytes.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not read yet.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// When there are fewer.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(DecodeError::Truncated { needed: count, left: self.rest.len() });
        };
        self.rest = rest;
        Ok(taken)
    }

    /// Takes the next `N` bytes.
    ///
    /// # Errors
    /// When there are fewer.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// Takes a length, at most `limit`, and that many bytes.
    ///
    /// # Errors
    /// When the length exceeds the limit or the rest.
    pub fn bytes(&mut self, limit: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = self.length(limit, what)?;
        self.take(length)
    }

    /// Takes a length, at most `limit`, and that many bytes of UTF-8.
    ///
    /// # Errors
    /// When the length exceeds the limit or the rest, or the bytes are not UTF-8.
    pub fn text(&mut self, limit: usize, what: &'static str) -> Result<String, DecodeError> {
        let bytes = self.bytes(limit, what)?;
        let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::NotCanonical(what))?;
        Ok(text.to_owned())
    }

    /// Takes a length, at most `limit`, and that many values.
    ///
    /// # Errors
    /// When the length exceeds the limit, or a value cannot be read.
    pub fn list<T: Decode>(&mut self, limit: usize, what: &'static str) -> Result<Vec<T>, DecodeError> {
        let length = self.length(limit, what)?;
        // What is allocated ahead is no more than what is left to read, however large elements are in memory.
        let most = self.left() / size_of::<T>().max(1) + 1;
        let mut list = Vec::with_capacity(length.min(most));
        for _ in 0..length {
            list.push(T::decode(self)?);
        }
        Ok(list)
    }

    /// Takes a length, at most `limit`.
    ///
    /// # Errors
    /// When it exceeds the limit.
    pub fn length(&mut self, limit: usize, what: &'static str) -> Result<usize, DecodeError> {
        let length = u32::decode(self)? as usize;
        if length > limit {
            return Err(DecodeError::TooLong { what, length, limit });
        }
        Ok(length)
    }

    /// Ends reading.
    ///
    /// # Errors
    /// When there are bytes left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::Trailing(self.rest.len())) }
    }
}
