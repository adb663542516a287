//! Frames on the wire, cut into pieces so that an urgent frame overtakes a long one.
//!
//! ```text
//! piece   length (u32, big-endian) ‖ channel (u8; the high bit: more of this frame follows) ‖ that many bytes
//! ```
//!
//! A piece that is not its frame's last has exactly [`PIECE_BYTES`], the last from 1 to as many: a frame has one
//! encoding, and junk makes no progress. Pieces of different channels mix, those of one channel keep their order. All is
//! decided by the five bytes of the header, before anything is allocated for what they announce.

use super::{
    channel::{Channel, PerChannel},
    settings::Limits,
};
use crate::node::Frame;

/// Longest piece.
pub const PIECE_BYTES: usize = 64 * 1024;
/// Bytes before a piece.
pub const HEADER_BYTES: usize = 5;
const MORE: u8 = 0x80;

/// What precedes a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Of which channel it is.
    pub channel: Channel,
    /// Bytes of the piece.
    pub length: usize,
    /// Whether more of the frame follows.
    pub more: bool,
}

/// Bytes that no honest peer sends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameFault {
    /// No such channel.
    #[error("unknown channel {0}")]
    UnknownChannel(u8),
    /// A piece of no allowed length.
    #[error("a piece of {length} bytes on channel {channel}, {}", if *more { "with more to follow" } else { "the last" })]
    PieceLength {
        /// The channel.
        channel: Channel,
        /// The length announced.
        length: u32,
        /// Whether more was to follow.
        more: bool,
    },
    /// A frame longer than its channel allows.
    #[error("a frame of {length} bytes or more on channel {channel}: the limit is {limit}")]
    TooLong {
        /// The channel.
        channel: Channel,
        /// What it would have with the piece announced.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// A frame that is not what its channel says.
    #[error("a frame with tag {tag} on channel {channel}")]
    WrongChannel {
        /// The channel.
        channel: Channel,
        /// The first byte of the frame.
        tag: u8,
    },
    /// A control frame that is none, or at the wrong time.
    #[error("control frame: {0}")]
    Control(&'static str),
}

impl Header {
    /// Encodes it.
    pub fn encode(self) -> [u8; HEADER_BYTES] {
        let length = u32::try_from(self.length).expect("a piece has at most 64 KiB");
        let [a, b, c, d] = length.to_be_bytes();
        [a, b, c, d, self.channel as u8 | if self.more { MORE } else { 0 }]
    }

    /// Reads it.
    ///
    /// # Errors
    /// When the channel is unknown or the length not allowed.
    pub fn decode([a, b, c, d, channel]: [u8; HEADER_BYTES]) -> Result<Self, FrameFault> {
        let length = u32::from_be_bytes([a, b, c, d]);
        let (number, more) = (channel & !MORE, channel & MORE != 0);
        let channel = Channel::from_number(number).ok_or(FrameFault::UnknownChannel(number))?;
        let bytes = length as usize;
        let allowed = if more { bytes == PIECE_BYTES } else { (1..=PIECE_BYTES).contains(&bytes) };
        if !allowed {
            return Err(FrameFault::PieceLength { channel, length, more });
        }
        Ok(Self { channel, length: bytes, more })
    }
}

/// Puts frames together again. Holds at most one unfinished frame a channel, each within its limit.
#[derive(Debug)]
pub struct Assembler {
    limits: PerChannel<usize>,
    unfinished: PerChannel<Vec<u8>>,
}

impl Assembler {
    /// Nothing yet.
    pub fn new(limits: &Limits) -> Self {
        Self { limits: limits.frame, unfinished: PerChannel::default() }
    }

    /// Checks a piece that is announced.
    ///
    /// # Errors
    /// When the frame would exceed its limit.
    pub fn admit(&self, header: Header) -> Result<(), FrameFault> {
        let Header { channel, length, .. } = header;
        let (length, limit) = (self.unfinished[channel].len() + length, self.limits[channel]);
        if length > limit { Err(FrameFault::TooLong { channel, length, limit }) } else { Ok(()) }
    }

    /// Room for the bytes of a piece that was admitted.
    pub fn room(&mut self, header: Header) -> &mut [u8] {
        let frame = &mut self.unfinished[header.channel];
        let start = frame.len();
        frame.resize(start + header.length, 0);
        &mut frame[start..]
    }

    /// The frame, if the piece that was read is its last.
    ///
    /// # Errors
    /// When its tag does not belong on the channel.
    pub fn finish(&mut self, header: Header) -> Result<Option<Frame>, FrameFault> {
        if header.more {
            return Ok(None);
        }
        let frame: Frame = std::mem::take(&mut self.unfinished[header.channel]).into();
        let channel = header.channel;
        if channel != Channel::Control && Channel::of(&frame) != Some(channel) {
            return Err(FrameFault::WrongChannel { channel, tag: frame.first().copied().unwrap_or(0) });
        }
        Ok(Some(frame))
    }

    /// Bytes held for frames that are not whole yet.
    pub fn held(&self) -> usize {
        self.unfinished.iter().map(|(_, frame)| frame.capacity()).sum()
    }
}

/// Decodes all whole frames at the beginning of some bytes, as a connection does; for tests and fuzzing.
///
/// # Errors
/// The first fault.
pub fn decode_frames(limits: &Limits, mut bytes: &[u8]) -> Result<Vec<(Channel, Frame)>, FrameFault> {
    let mut assembler = Assembler::new(limits);
    let mut frames = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk() {
        let header = Header::decode(*header)?;
        assembler.admit(header)?;
        let Some((piece, rest)) = rest.split_at_checked(header.length) else { break };
        assembler.room(header).copy_from_slice(piece);
        frames.extend(assembler.finish(header)?.map(|frame| (header.channel, frame)));
        bytes = rest;
    }
    Ok(frames)
}

/// Encodes a frame in pieces, one after the other.
pub fn encode_frame(channel: Channel, frame: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(frame.len() + HEADER_BYTES * (1 + frame.len() / PIECE_BYTES));
    let mut pieces = frame.chunks(PIECE_BYTES).peekable();
    while let Some(piece) = pieces.next() {
        let header = Header { channel, length: piece.len(), more: pieces.peek().is_some() };
        bytes.extend_from_slice(&header.encode());
        bytes.extend_from_slice(piece);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chain::Parameters;

    fn limits() -> Limits {
        Limits::for_blocks(&Parameters::default())
    }

    #[test]
    fn a_huge_length_is_refused_by_its_header() {
        let header = [0xff, 0xff, 0xff, 0xff, Channel::Bodies as u8];
        let fault = FrameFault::PieceLength { channel: Channel::Bodies, length: u32::MAX, more: false };
        assert_eq!(Header::decode(header), Err(fault));
        assert_eq!(Header::decode([0, 0, 0, 1, 8]), Err(FrameFault::UnknownChannel(8)));
        assert!(matches!(Header::decode([0, 0, 0, 0, 1]), Err(FrameFault::PieceLength { .. })));
        assert!(matches!(Header::decode([0, 0, 255, 255, 0x85]), Err(FrameFault::PieceLength { .. })));
        assert!(Header::decode([0, 1, 0, 0, 0x85]).expect("full, and more").more);
    }

    #[test]
    fn a_frame_over_its_limit_is_refused_before_its_bytes_are_there() {
        let limits = limits();
        let mut assembler = Assembler::new(&limits);
        let header =
            Header { channel: Channel::Votes, length: limits.frame[Channel::Votes] + 1, more: false };
        assert!(matches!(assembler.admit(header), Err(FrameFault::TooLong { .. })));
        assert_eq!(assembler.held(), 0);
        let piece = Header { channel: Channel::Bodies, length: PIECE_BYTES, more: true };
        let most = limits.frame[Channel::Bodies] / PIECE_BYTES;
        for _ in 0..most {
            assembler.admit(piece).expect("within");
            assembler.room(piece);
            assert_eq!(assembler.finish(piece), Ok(None));
        }
        assert!(matches!(assembler.admit(piece), Err(FrameFault::TooLong { .. })));
    }

    #[test]
    fn a_frame_on_another_channel_is_refused() {
        let bytes = encode_frame(Channel::Certificates, &[7, 0, 0]);
        let fault = FrameFault::WrongChannel { channel: Channel::Certificates, tag: 7 };
        assert_eq!(decode_frames(&limits(), &bytes), Err(fault));
    }

    fn frame() -> impl Strategy<Value = Vec<u8>> {
        let lengths = prop_oneof![1usize..40, Just(PIECE_BYTES), PIECE_BYTES - 1..3 * PIECE_BYTES + 2];
        (prop_oneof![Just(1u8), Just(6)], lengths).prop_map(|(tag, length)| {
            let mut frame = vec![tag; length];
            frame[length / 2] ^= u8::from(length > 1);
            frame[0] = tag;
            frame
        })
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in(frames in prop::collection::vec(frame(), 0..5)) {
            let channel = |frame: &[u8]| Channel::of(frame).expect("tagged");
            let bytes: Vec<_> = frames.iter().flat_map(|frame| encode_frame(channel(frame), frame)).collect();
            let decoded = decode_frames(&limits(), &bytes).expect("good");
            prop_assert_eq!(decoded.len(), frames.len());
            for ((on, decoded), frame) in decoded.iter().zip(&frames) {
                prop_assert_eq!((*on, &decoded[..]), (channel(frame), &frame[..]));
            }
        }

        #[test]
        fn junk_is_refused_or_is_an_encoding(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(frames) = decode_frames(&limits(), &bytes) {
                let again: Vec<_> = frames.iter().flat_map(|(channel, frame)| encode_frame(*channel, frame)).collect();
                prop_assert_eq!(&bytes[..again.len()], &again[..]);
            }
        }

        #[test]
        fn junk_with_small_headers_too(pieces in prop::collection::vec((0u8..9, any::<bool>(), 0u8..20, any::<u8>()), 0..20)) {
            let mut bytes = Vec::new();
            for (channel, more, length, fill) in pieces {
                bytes.extend([0, 0, 0, length, channel | if more { MORE } else { 0 }]);
                bytes.extend(vec![fill % 9; usize::from(length)]);
            }
            if let Ok(frames) = decode_frames(&limits(), &bytes) {
                let again: Vec<_> = frames.iter().flat_map(|(channel, frame)| encode_frame(*channel, frame)).collect();
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
