//! How links behave: limits and times.

use std::time::Duration;

use super::{
    channel::{Channel, PerChannel},
    key::NodeKey,
    peer::PeerId,
    quota::Rate,
};
use crate::{
    blobs::transfer::CHUNK_BYTES,
    chain::{Genesis, Parameters, upkeep::MAX_UPKEEP_BYTES},
    consensus::MAX_FRAME_BYTES,
    lanes::MAX_LANES,
    types::{BlockHash, ChainId, MAX_TX_BYTES},
};

const KIB: usize = 1024;
/// What a block says of mini-blocks, but for what it leaves out of them: signatures of at most 34 members each.
const MAX_LANES_BYTES: usize = MAX_LANES * (34 * 64 + 512);
const MIB: usize = 1024 * KIB;

/// Who a node is, and how its links behave.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// This node's name in everybody's address book.
    pub me: PeerId,
    /// Its node key.
    pub key: NodeKey,
    /// The chain.
    pub chain_id: ChainId,
    /// Its block at height 0.
    pub genesis: BlockHash,
    /// What may be sent and received.
    pub limits: Limits,
    /// How long things may take.
    pub timing: LinkTiming,
    /// Of jitter, and of the number that tells a node's restarts apart.
    pub seed: [u8; 32],
}

impl LinkSettings {
    /// Usual settings for a chain.
    pub fn new(me: PeerId, key: NodeKey, genesis: &Genesis) -> Self {
        Self {
            me,
            key,
            chain_id: genesis.chain_id(),
            genesis: genesis.block_hash(),
            limits: Limits::for_blocks(&genesis.parameters),
            timing: LinkTiming::default(),
            seed: rand::random(),
        }
    }
}

/// Most that waits in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimit {
    /// Frames.
    pub frames: usize,
    /// Bytes of frames.
    pub bytes: usize,
}

/// What one peer may have waiting, send, and hold up. Each is a bound on memory or work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest frame, in bytes; a longer one closes the link.
    pub frame: PerChannel<usize>,
    /// What waits for one peer.
    pub queue: PerChannel<QueueLimit>,
    /// What one peer may send a second; above, reading from it pauses.
    pub quota: PerChannel<Rate>,
    /// Bytes of one peer that the node has not dealt with yet; above, reading from it pauses.
    pub undigested_bytes: usize,
    /// Frames of all peers together that the node has not dealt with yet; each peer has an equal part.
    pub undigested_frames: usize,
    /// Connections that have not shown a listed key yet.
    pub strangers: usize,
    /// Of these, from one address.
    pub strangers_per_address: usize,
}

impl Limits {
    /// Limits with room for the largest block.
    pub fn for_blocks(parameters: &Parameters) -> Self {
        // Of each transaction its length, or that a mini-block has it and the block does not.
        let lengths = (4 + 36) * parameters.block_txs as usize;
        // Header and signature take far less than the rest of it.
        let block =
            parameters.block_bytes as usize + MAX_UPKEEP_BYTES + MAX_LANES_BYTES + lengths + 128 * KIB;
        let block = block.min(MAX_FRAME_BYTES);
        let frame = PerChannel::from_fn(|channel| match channel {
            Channel::Control => 256,
            Channel::Certificates => 64 * KIB,
            Channel::Votes => 16 * KIB,
            Channel::Sync => 4 * KIB,
            Channel::Proposals | Channel::Bodies => block,
            Channel::Transactions => MAX_TX_BYTES + 16,
            Channel::Blobs => CHUNK_BYTES + 64,
        });
        Self {
            frame,
            queue: PerChannel::from_fn(|channel| queue(channel, frame[channel])),
            quota: PerChannel::from_fn(|channel| quota(channel, frame[channel])),
            undigested_bytes: (2 * block).max(16 * MIB),
            undigested_frames: 4096,
            strangers: 64,
            strangers_per_address: 16,
        }
    }
}

/// Room for at least two of the longest frames.
fn queue(channel: Channel, frame: usize) -> QueueLimit {
    let (frames, bytes) = match channel {
        Channel::Control => (16, 4 * KIB),
        Channel::Certificates => (1024, 4 * MIB),
        Channel::Votes => (4096, MIB),
        Channel::Proposals => (8, 0),
        Channel::Sync => (1024, 256 * KIB),
        Channel::Bodies => (64, 16 * MIB),
        Channel::Transactions => (4096, 8 * MIB),
        // Two windows, for two transfers that overlap.
        Channel::Blobs => (32, 8 * MIB),
    };
    QueueLimit { frames, bytes: bytes.max(2 * frame) }
}

/// Far above what an honest peer sends. The least is 8 KiB/s, so that a pause ends long before anybody gives up.
fn quota(channel: Channel, frame: usize) -> Rate {
    let (bytes, frames) = match channel {
        Channel::Control => (8 * KIB, 64),
        Channel::Certificates => (8 * MIB, 4096),
        Channel::Votes => (4 * MIB, 16_384),
        Channel::Proposals => (64 * MIB, 2048),
        Channel::Sync => (MIB, 1024),
        Channel::Bodies => (64 * MIB, 4096),
        Channel::Transactions => (16 * MIB, 16_384),
        Channel::Blobs => (64 * MIB, 2048),
    };
    Rate { bytes: bytes as u64, burst: (2 * frame).max(bytes) as u64, frames }
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkTiming {
    /// A connection is there.
    pub connect: Duration,
    /// The handshake and the hello after it.
    pub handshake: Duration,
    /// A ping is sent this often.
    pub ping: Duration,
    /// Nothing is heard for so long: the peer is gone. Several pings.
    pub silence: Duration,
    /// The peer takes what is written, 64 KiB at a time, each within this.
    pub write: Duration,
    /// A goodbye is sent.
    pub farewell: Duration,
    /// How long the peer with the higher name waits for the other's call before it dials itself.
    pub courtesy: Duration,
    /// Wait before the second attempt.
    pub backoff: Duration,
    /// The most that doubling makes of it.
    pub max_backoff: Duration,
    /// A link that held so long was a good one: the next wait is the first again.
    pub stable: Duration,
    /// A peer that breaks the rules of the link is cut off for this long, then for twice as long, …
    pub cut_off: Duration,
    /// … up to this.
    pub max_cut_off: Duration,
}

impl Default for LinkTiming {
    fn default() -> Self {
        let (ms, s) = (Duration::from_millis, Duration::from_secs);
        Self {
            connect: s(5),
            handshake: s(5),
            ping: s(5),
            silence: s(16),
            write: s(10),
            farewell: ms(250),
            courtesy: s(1),
            backoff: ms(100),
            max_backoff: s(15),
            stable: s(10),
            cut_off: s(30),
            max_cut_off: s(600),
        }
    }
}
