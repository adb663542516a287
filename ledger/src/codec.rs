//! One canonical encoding for everything that is signed, hashed, sent or stored.
//!
//! Integers are little-endian and of fixed width; a list is its length (`u32`) and its elements; an option is one byte,
//! 0 or 1, and the value. Every list has a limit, checked before anything is allocated. Decoding accepts exactly what
//! encoding produces: a value has one encoding, and bytes that decode re-encode to themselves.

pub mod reader;

pub use reader::Reader;

/// Bytes that are not the canonical encoding of anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end too early.
    #[error("{needed} bytes needed, {left} left")]
    Truncated {
        /// What the next field needs.
        needed: usize,
        /// What there is.
        left: usize,
    },
    /// There are bytes after the end.
    #[error("{0} bytes too many")]
    Trailing(usize),
    /// A list or string exceeds its limit.
    #[error("{what}: length {length} exceeds the limit {limit}")]
    TooLong {
        /// Which list.
        what: &'static str,
        /// Its length.
        length: usize,
        /// Its limit.
        limit: usize,
    },
    /// A field has a value that no encoder writes.
    #[error("{0} is not canonical")]
    NotCanonical(&'static str),
    /// A tag or version that is not known.
    #[error("{what}: unknown tag {tag}")]
    UnknownTag {
        /// What the tag chooses.
        what: &'static str,
        /// The tag.
        tag: u8,
    },
}

/// Has a canonical encoding.
pub trait Encode {
    /// Appends the encoding.
    fn encode(&self, out: &mut Vec<u8>);

    /// The encoding.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// Can be read back from its encoding.
pub trait Decode: Sized {
    /// Reads one value.
    ///
    /// # Errors
    /// When the bytes do not begin with a canonical encoding.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Reads a value that takes all the bytes.
    ///
    /// # Errors
    /// When the bytes are not exactly one canonical encoding.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// Appends a length. Lists are limited far below 2^32 where they are made.
pub(crate) fn put_len(out: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("lists are limited far below 2^32");
    out.extend_from_slice(&length.to_le_bytes());
}

/// Appends a length and bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_len(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Appends a length and elements.
pub(crate) fn put_list<T: Encode>(out: &mut Vec<u8>, list: &[T]) {
    put_len(out, list.len());
    for element in list {
        element.encode(out);
    }
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl Encode for $int {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }

        impl Decode for $int {
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(Self::from_le_bytes(reader.array()?))
            }
        }
    )*};
}
integers!(u8, u16, u32, u64);

impl<const N: usize> Encode for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl<const N: usize> Decode for [u8; N] {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.array()
    }
}

impl Encode for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Decode for bool {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(reader)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::NotCanonical("boolean")),
        }
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        if let Some(value) = self {
            value.encode(out);
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(if bool::decode(reader)? { Some(T::decode(reader)?) } else { None })
    }
}

macro_rules! wrapped_bytes {
    ($($name:ident),*) => {$(
        impl Encode for crate::types::$name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.as_bytes().encode(out);
            }
        }

        impl Decode for crate::types::$name {
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(Self::from_bytes(reader.array()?))
            }
        }
    )*};
}
wrapped_bytes!(
    TxHash,
    BlockHash,
    TxRoot,
    ReceiptsRoot,
    AppHash,
    ChainId,
    BlobHash,
    OutcomeHash,
    ChangeHash,
    MiniHash
);

macro_rules! wrapped_integers {
    ($($name:ident: $int:ty),*) => {$(
        impl Encode for crate::types::$name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.get().encode(out);
            }
        }

        impl Decode for crate::types::$name {
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(Self::new(<$int>::decode(reader)?))
            }
        }
    )*};
}
wrapped_integers!(Height: u64, View: u64, Cycle: u64, Round: u64, MemberIndex: u16);
