//! Names of things on the ledger: each its own type, so that none can be taken for another.

use galen_circuits::field::{F, from_bytes, from_wide, hex_serde, to_bytes};
use galen_circuits::schema::Schema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::codec::{Canonical, CodecFault, Reader};

/// Text that is no name of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is written as 64 hex digits")]
pub struct NotAnId(&'static str);

macro_rules! bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The name with these bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAnId(stringify!($name)))?;
                Ok(Self(bytes))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }

        impl Canonical for $name {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0);
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
                Ok(Self(reader.array()?))
            }
        }
    };
}

macro_rules! element {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(with = "hex_serde")] F);

        impl $name {
            /// The name with this value.
            pub const fn new(value: F) -> Self {
                Self(value)
            }

            /// The value, as circuits see it.
            pub const fn field(self) -> F {
                self.0
            }

            /// The canonical bytes.
            pub fn to_bytes(self) -> [u8; 32] {
                to_bytes(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAnId(stringify!($name)))?;
                from_bytes(&bytes).map(Self).ok_or(NotAnId(stringify!($name)))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&hex::encode(self.to_bytes()))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl Canonical for $name {
            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
                Ok(Self(F::read(reader)?))
            }
        }
    };
}

bytes! {
    /// An ed25519 verification key that owns money or a role. Valid points are told from others where a signature is
    /// checked.
    AccountKey
}
bytes! {
    /// Names a contribution: the second output of its transcript, so that no proof's bytes enter it.
    ContributionId
}
element! {
    /// Names a request: the digest of all of it, reduced to the field.
    RequestId
}
element! {
    /// Names a schema: its digest, reduced to the field.
    SchemaId
}
element! {
    /// A seller's public name, `hash(seller_secret)`.
    SellerName
}
element! {
    /// A seller's one use of a request.
    Nullifier
}

impl SchemaId {
    /// The name of a schema.
    pub fn of(schema: &Schema) -> Self {
        Self(from_wide(&schema.digest_bytes()))
    }
}
