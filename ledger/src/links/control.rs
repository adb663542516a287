//! What links say to each other: hello, ping, pong, goodbye.

use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    links::peer::PeerId,
    types::{BlockHash, ChainId},
};

/// Version of the links' protocol. Both sides must speak the same.
pub const VERSION: u16 = 1;
const MAGIC: &[u8; 5] = b"galen";

/// The first frame on a connection, either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The chain.
    pub chain_id: ChainId,
    /// Its block at height 0.
    pub genesis: BlockHash,
    /// Who speaks, as its key has already proven.
    pub peer: PeerId,
    /// Drawn when the node starts: tells a restarted peer from one that dials twice.
    pub incarnation: u64,
}

/// What differs between two nodes that therefore cannot be linked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HelloFault {
    /// It is no hello.
    #[error("the peer's first frame is no hello: {0}")]
    Malformed(DecodeError),
    /// Another version of the links' protocol.
    #[error(
        "the peer speaks version {theirs} of the links' protocol, this node version {VERSION}: upgrade the older"
    )]
    Version {
        /// The peer's.
        theirs: u16,
    },
    /// Another chain.
    #[error(
        "the peer is on chain {theirs}, this node on {ours}: one of them was started with another genesis"
    )]
    Chain {
        /// This node's.
        ours: ChainId,
        /// The peer's.
        theirs: ChainId,
    },
    /// Another block at height 0 under the same chain id.
    #[error("the peer's block at height 0 is {theirs}, this node's {ours}: their programs differ")]
    Genesis {
        /// This node's.
        ours: BlockHash,
        /// The peer's.
        theirs: BlockHash,
    },
    /// Another name than the one its key is listed under.
    #[error("the peer calls itself {claimed}, but its key is listed as that of peer {listed}")]
    Peer {
        /// Whose key it has.
        listed: PeerId,
        /// Who it says that it is.
        claimed: PeerId,
    },
}

impl Hello {
    /// Reads a hello.
    ///
    /// # Errors
    /// When it is none, or of another version: what follows the version is not read then.
    pub fn from_frame(frame: &[u8]) -> Result<Self, HelloFault> {
        match Control::from_bytes(frame) {
            Ok(Control::Hello(hello)) => Ok(hello),
            Ok(_) => Err(HelloFault::Malformed(DecodeError::NotCanonical("tag of the hello"))),
            Err(error) => Err(other_version(frame).unwrap_or(HelloFault::Malformed(error))),
        }
    }

    /// Checks the peer's hello against one's own; `listed` is whose key the peer has.
    ///
    /// # Errors
    /// The first difference.
    pub fn check(&self, theirs: &Self, listed: PeerId) -> Result<(), HelloFault> {
        if theirs.chain_id != self.chain_id {
            return Err(HelloFault::Chain { ours: self.chain_id, theirs: theirs.chain_id });
        }
        if theirs.genesis != self.genesis {
            return Err(HelloFault::Genesis { ours: self.genesis, theirs: theirs.genesis });
        }
        if theirs.peer != listed {
            return Err(HelloFault::Peer { listed, claimed: theirs.peer });
        }
        Ok(())
    }
}

/// A frame that does not decode, but begins as a hello of another version does.
fn other_version(frame: &[u8]) -> Option<HelloFault> {
    let mut reader = Reader::new(frame.strip_prefix(&[1])?.strip_prefix(MAGIC)?);
    let theirs = u16::decode(&mut reader).ok()?;
    (theirs != VERSION).then_some(HelloFault::Version { theirs })
}

/// Why a peer closes a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(u8)]
pub enum Goodbye {
    /// It shuts down.
    #[error("it shuts down")]
    Stopping = 1,
    /// This node is not in its list any more, or with another key.
    #[error("it has taken this node off its list")]
    Removed = 2,
    /// It has another connection to this node.
    #[error("it has another connection to this node")]
    Duplicate = 3,
    /// This node broke the rules of the link before.
    #[error("it has cut this node off for a while, for breaking the rules of the link")]
    CutOff = 4,
}

/// A frame of the control channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Who speaks.
    Hello(Hello),
    /// To be answered with the same number.
    Ping(u64),
    /// The answer.
    Pong(u64),
    /// The speaker closes the link.
    Goodbye(Goodbye),
}

impl Encode for Control {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello(Hello { chain_id, genesis, peer, incarnation }) => {
                out.push(1);
                out.extend_from_slice(MAGIC);
                VERSION.encode(out);
                chain_id.encode(out);
                genesis.encode(out);
                peer.get().encode(out);
                incarnation.encode(out);
            }
            Self::Ping(number) => {
                out.push(2);
                number.encode(out);
            }
            Self::Pong(number) => {
                out.push(3);
                number.encode(out);
            }
            Self::Goodbye(reason) => out.extend([4, *reason as u8]),
        }
    }
}

impl Decode for Control {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            1 => Self::Hello(hello(reader)?),
            2 => Self::Ping(u64::decode(reader)?),
            3 => Self::Pong(u64::decode(reader)?),
            4 => Self::Goodbye(goodbye(u8::decode(reader)?)?),
            tag => return Err(DecodeError::UnknownTag { what: "control frame", tag }),
        })
    }
}

fn hello(reader: &mut Reader<'_>) -> Result<Hello, DecodeError> {
    if reader.array::<5>()? != *MAGIC || u16::decode(reader)? != VERSION {
        return Err(DecodeError::NotCanonical("hello"));
    }
    Ok(Hello {
        chain_id: Decode::decode(reader)?,
        genesis: Decode::decode(reader)?,
        peer: PeerId::new(u32::decode(reader)?),
        incarnation: u64::decode(reader)?,
    })
}

fn goodbye(code: u8) -> Result<Goodbye, DecodeError> {
    let known = [Goodbye::Stopping, Goodbye::Removed, Goodbye::Duplicate, Goodbye::CutOff];
    let found = known.into_iter().find(|reason| *reason as u8 == code);
    found.ok_or(DecodeError::UnknownTag { what: "goodbye", tag: code })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mine() -> Hello {
        Hello {
            chain_id: ChainId::from_bytes([1; 32]),
            genesis: BlockHash::from_bytes([2; 32]),
            peer: PeerId::new(3),
            incarnation: 4,
        }
    }

    #[test]
    fn the_first_difference_is_named() {
        let (mine, listed) = (mine(), PeerId::new(7));
        let good = Hello { peer: listed, incarnation: 9, ..mine.clone() };
        assert_eq!(mine.check(&good, listed), Ok(()));
        let other_chain = Hello { chain_id: ChainId::from_bytes([9; 32]), ..good.clone() };
        assert!(matches!(mine.check(&other_chain, listed), Err(HelloFault::Chain { .. })));
        let other_genesis = Hello { genesis: BlockHash::from_bytes([9; 32]), ..good.clone() };
        assert!(matches!(mine.check(&other_genesis, listed), Err(HelloFault::Genesis { .. })));
        let fault = HelloFault::Peer { listed, claimed: PeerId::new(8) };
        assert_eq!(mine.check(&Hello { peer: PeerId::new(8), ..good }, listed), Err(fault));
    }

    #[test]
    fn another_version_is_named_whatever_follows_it() {
        let mut frame = Control::Hello(mine()).to_bytes();
        frame[6..8].copy_from_slice(&2u16.to_le_bytes());
        frame.truncate(20);
        assert_eq!(Hello::from_frame(&frame), Err(HelloFault::Version { theirs: 2 }));
        assert!(matches!(Hello::from_frame(&frame[..7]), Err(HelloFault::Malformed(_))));
        let ping = Control::Ping(1).to_bytes();
        assert!(matches!(Hello::from_frame(&ping), Err(HelloFault::Malformed(_))));
    }

    #[test]
    fn the_encoding_is_what_it_was() {
        let hash = |control: Control| blake3::hash(&control.to_bytes()).to_hex()[..16].to_owned();
        assert_eq!(hash(Control::Hello(mine())), "1da9fa98cb845086");
        assert_eq!(hex::encode(Control::Ping(258).to_bytes()), "020201000000000000");
        assert_eq!(hex::encode(Control::Pong(258).to_bytes()), "030201000000000000");
        assert_eq!(hex::encode(Control::Goodbye(Goodbye::CutOff).to_bytes()), "0404");
    }

    proptest! {
        #[test]
        fn junk_never_panics_and_has_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(control) = Control::from_bytes(&bytes) {
                prop_assert_eq!(control.to_bytes(), bytes.clone());
            }
            let _ = Hello::from_frame(&bytes);
        }

        #[test]
        fn a_flipped_hello_is_another_or_none(at in any::<prop::sample::Index>(), mask in 1u8..) {
            let mut frame = Control::Hello(mine()).to_bytes();
            let at = at.index(frame.len());
            frame[at] ^= mask;
            if let Ok(hello) = Hello::from_frame(&frame) {
                prop_assert_ne!(&hello, &mine());
                prop_assert_eq!(Control::Hello(hello).to_bytes(), frame);
            }
        }
    }
}
