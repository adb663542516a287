//! The one canonical encoding of transactions and of what lies in the state.
//!
//! Integers are little-endian and of fixed width; field elements have 32 bytes below r; a list or text is its length
//! (`u32`) and its contents; an option or a variant is a byte and its contents; nothing follows. Reading accepts exactly
//! what writing produces: [`Canonical::from_canonical`] writes again what it read and compares.
//!
//! The trait is the market's own, rather than the ledger's, so that it can be given to the circuits' types.

mod circuits;

/// Longest list, in elements, and longest text, in bytes.
pub const MAX_LENGTH: usize = 256 * 1024;

/// Bytes that are not the canonical encoding of what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecFault {
    /// The bytes end too early.
    #[error("{needed} more bytes are needed and {left} are left")]
    Short {
        /// What the next field needs.
        needed: usize,
        /// What there is.
        left: usize,
    },
    /// Bytes follow the end.
    #[error("{0} bytes follow the end")]
    Trailing(usize),
    /// A list or text is longer than any may be.
    #[error("a list or text of {0} is too long")]
    Long(usize),
    /// A variant that is not known.
    #[error("{what} has no variant {tag}")]
    Variant {
        /// Of what.
        what: &'static str,
        /// The byte found.
        tag: u8,
    },
    /// A field holds what no writer writes.
    #[error("{0} is not in its canonical form")]
    NotCanonical(&'static str),
    /// A part is refused by its own rules.
    #[error("{what}: {why}")]
    Refused {
        /// Which part.
        what: &'static str,
        /// Its own reason.
        why: String,
    },
}

/// Has exactly one encoding.
pub trait Canonical: Sized {
    /// Appends the encoding.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads one value.
    ///
    /// # Errors
    /// [`CodecFault`].
    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault>;

    /// The encoding.
    fn to_canonical(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// Reads a value that takes all the bytes.
    ///
    /// # Errors
    /// [`CodecFault`], also when writing the value again gives other bytes.
    fn from_canonical(bytes: &[u8]) -> Result<Self, CodecFault> {
        let mut reader = Reader(bytes);
        let value = Self::read(&mut reader)?;
        if !reader.0.is_empty() {
            return Err(CodecFault::Trailing(reader.0.len()));
        }
        if value.to_canonical() == bytes { Ok(value) } else { Err(CodecFault::NotCanonical("the encoding")) }
    }
}

/// The unread rest of some bytes.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Starts at the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`CodecFault::Short`].
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], CodecFault> {
        let short = CodecFault::Short { needed: count, left: self.0.len() };
        let (head, tail) = self.0.split_at_checked(count).ok_or(short)?;
        self.0 = tail;
        Ok(head)
    }

    /// Takes the next `N` bytes.
    ///
    /// # Errors
    /// [`CodecFault::Short`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecFault> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// Takes a length and that many bytes.
    ///
    /// # Errors
    /// [`CodecFault`].
    pub fn bytes(&mut self) -> Result<&'a [u8], CodecFault> {
        let length = self.length()?;
        self.take(length)
    }

    fn length(&mut self) -> Result<usize, CodecFault> {
        let length = u32::read(self)? as usize;
        if length > MAX_LENGTH { Err(CodecFault::Long(length)) } else { Ok(length) }
    }
}

/// Appends a length and bytes.
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    (bytes.len() as u32).write(out);
    out.extend_from_slice(bytes);
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl Canonical for $int {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
                Ok(Self::from_le_bytes(reader.array()?))
            }
        }
    )*};
}
integers!(u8, u16, u32, u64);

impl<const N: usize> Canonical for [u8; N] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        reader.array()
    }
}

impl Canonical for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        match u8::read(reader)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CodecFault::NotCanonical("a flag")),
        }
    }
}

impl Canonical for String {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(out, self.as_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        let text = std::str::from_utf8(reader.bytes()?).map_err(|_| CodecFault::NotCanonical("a text"))?;
        Ok(text.to_owned())
    }
}

impl<T: Canonical> Canonical for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        Ok(if bool::read(reader)? { Some(T::read(reader)?) } else { None })
    }
}

impl<T: Canonical> Canonical for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u32).write(out);
        self.iter().for_each(|element| element.write(out));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        // Nothing is allocated ahead: an element takes at least a byte, so the bytes themselves bound the list.
        let length = reader.length()?;
        (0..length).map(|_| T::read(reader)).collect()
    }
}

/// Gives JSON to what has a canonical encoding: that, in hex.
macro_rules! hex_json {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&hex::encode($crate::codec::Canonical::to_canonical(self)))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                let bytes = hex::decode(text).map_err(serde::de::Error::custom)?;
                $crate::codec::Canonical::from_canonical(&bytes).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use hex_json;

/// Gives [`Canonical`] to a struct by its fields, or to an enum by its variants, in the order written.
macro_rules! canonical {
    (struct $name:ty { $($field:ident),* $(,)? }) => {
        impl $crate::codec::Canonical for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $($crate::codec::Canonical::write(&self.$field, out);)*
            }

            fn read(reader: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::CodecFault> {
                $(let $field = $crate::codec::Canonical::read(reader)?;)*
                Ok(Self { $($field),* })
            }
        }
    };
    (enum $name:ident {
        $($tag:literal => $variant:ident $(($inner:ident))? $({ $($field:ident),* })?),* $(,)?
    }) => {
        impl $crate::codec::Canonical for $name {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($inner))? $({ $($field),* })? => {
                        out.push($tag);
                        $($crate::codec::Canonical::write($inner, out);)?
                        $($($crate::codec::Canonical::write($field, out);)*)?
                    })*
                }
            }

            fn read(reader: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::CodecFault> {
                use $crate::codec::Canonical;
                match u8::read(reader)? {
                    $($tag => {
                        $(let $inner = Canonical::read(reader)?;)?
                        $($(let $field = Canonical::read(reader)?;)*)?
                        Ok(Self::$variant $(($inner))? $({ $($field),* })?)
                    })*
                    tag => Err($crate::codec::CodecFault::Variant { what: stringify!($name), tag }),
                }
            }
        }
    };
}
pub(crate) use canonical;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_writing_produces_is_read() {
        let value = vec![Some("a".to_owned()), None];
        let bytes = value.to_canonical();
        assert_eq!(Vec::<Option<String>>::from_canonical(&bytes), Ok(value));
        let trailing = [bytes.as_slice(), &[0]].concat();
        assert_eq!(Vec::<Option<String>>::from_canonical(&trailing), Err(CodecFault::Trailing(1)));
        assert!(Vec::<Option<String>>::from_canonical(&bytes[..bytes.len() - 1]).is_err());
        assert_eq!(bool::from_canonical(&[2]), Err(CodecFault::NotCanonical("a flag")));
        assert_eq!(String::from_canonical(&[1, 0, 0, 0, 0xff]), Err(CodecFault::NotCanonical("a text")));
        assert_eq!(Vec::<u8>::from_canonical(&[0xff; 4]), Err(CodecFault::Long(u32::MAX as usize)));
    }
}
