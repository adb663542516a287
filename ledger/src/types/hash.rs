//! 32-byte digests, one type for each thing that is hashed.
//!
//! All but [`AppHash`] are BLAKE3 in key-derivation mode with a context string of their own, so a digest of one kind
//! is never a digest of another. [`BlobHash`] is plain BLAKE3: outsiders compute it with `b3sum`.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps digest bytes; says nothing of what was hashed.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Reads 64 hexadecimal digits.
            ///
            /// # Errors
            /// When there are not exactly 64 hexadecimal digits.
            pub fn from_hex(text: &str) -> Result<Self, hex::FromHexError> {
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes)?;
                Ok(Self(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({}…)", stringify!($name), hex::encode(&self.0[..4]))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::from_hex(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

digest! {
    /// Digest of a transaction's bytes; its name everywhere, and what makes submission idempotent.
    TxHash
}
digest! {
    /// Digest of a block header: names the block and, through the links, its whole past.
    BlockHash
}
digest! {
    /// Digest of the list of transaction hashes of a block.
    TxRoot
}
digest! {
    /// Digest of the list of receipts of a block.
    ReceiptsRoot
}
digest! {
    /// Root of the state's Jellyfish Merkle tree (SHA-256, as ICS-23 verifiers expect).
    AppHash
}
digest! {
    /// Digest of what executing a block gave: the state after it and its receipts. Votes of finality are for it.
    OutcomeHash
}
digest! {
    /// Digest of the genesis: the chain's identity, in every signature and in every block context.
    ChainId
}
digest! {
    /// Digest of a proposed change of the membership: its name, which is what members approve.
    ChangeHash
}
digest! {
    /// Digest of the committee of a cycle.
    CommitteeHash
}
digest! {
    /// Digest of a mini-block's header: its name.
    MiniHash
}
digest! {
    /// Plain BLAKE3 of a blob.
    BlobHash
}

impl TxHash {
    /// Hashes a transaction body.
    pub fn of(tx: &[u8]) -> Self {
        Self(blake3::derive_key("galen ledger v1 transaction", tx))
    }
}

impl BlobHash {
    /// Hashes a blob.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}
