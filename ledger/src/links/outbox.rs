//! What waits to be sent to one peer: a bounded queue a channel, and the rule of what goes when it is full.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;
use tokio::sync::Notify;

use super::{
    channel::{Channel, Overflow, PerChannel},
    settings::{Limits, QueueLimit},
    wire::{Header, PIECE_BYTES},
};
use crate::node::Frame;

/// Counts of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// Frames that wait, the one that is being written among them.
    pub waiting_frames: usize,
    /// Their bytes.
    pub waiting_bytes: usize,
    /// Frames sent whole.
    pub frames: u64,
    /// Bytes of pieces sent.
    pub bytes: u64,
    /// Frames dropped, for want of room or of a link.
    pub dropped: u64,
}

/// A piece to be written.
#[derive(Clone, Debug)]
pub struct Piece {
    /// What precedes it.
    pub header: Header,
    frame: Frame,
    start: usize,
}

impl Piece {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.frame[self.start..self.start + self.header.length]
    }
}

/// Frames for one peer. Any thread puts them in, the connection takes them out.
#[derive(Debug)]
pub struct Outbox {
    queues: Mutex<Queues>,
    /// Something was put in.
    ready: Notify,
}

#[derive(Debug)]
struct Queues {
    linked: bool,
    queues: PerChannel<Queue>,
}

#[derive(Debug)]
struct Queue {
    limit: QueueLimit,
    longest: usize,
    waiting: VecDeque<Frame>,
    /// The frame of which a piece was sent, and how much of it.
    current: Option<(Frame, usize)>,
    bytes: usize,
    sent_frames: u64,
    sent_bytes: u64,
    dropped: u64,
}

impl Outbox {
    /// Empty, without a link.
    pub fn new(limits: &Limits) -> Self {
        let queue = |channel| Queue {
            limit: limits.queue[channel],
            longest: limits.frame[channel],
            waiting: VecDeque::new(),
            current: None,
            bytes: 0,
            sent_frames: 0,
            sent_bytes: 0,
            dropped: 0,
        };
        let queues = Queues { linked: false, queues: PerChannel::from_fn(queue) };
        Self { queues: Mutex::new(queues), ready: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a frame in, or drops what the channel's rule says. Never waits.
    pub fn push(&self, channel: Channel, frame: Frame) {
        let mut queues = self.lock();
        let linked = queues.linked;
        queues.queues[channel].push(channel.overflow(), linked, frame);
        drop(queues);
        self.ready.notify_one();
    }

    /// The next piece, of the most urgent frame.
    pub fn next_piece(&self) -> Option<Piece> {
        let mut queues = self.lock();
        Channel::ALL.into_iter().find_map(|channel| queues.queues[channel].next_piece(channel))
    }

    /// Waits until something was put in.
    pub async fn ready(&self) {
        self.ready.notified().await;
    }

    /// There is a connection, which begins with whole frames.
    pub fn linked(&self) {
        let mut queues = self.lock();
        queues.linked = true;
        queues.queues.values_mut().for_each(Queue::start_over);
        queues.queues[Channel::Control].clear();
    }

    /// There is none any more: what is not worth keeping goes.
    pub fn unlinked(&self) {
        let mut queues = self.lock();
        queues.linked = false;
        for channel in Channel::ALL {
            if channel.overflow() == Overflow::DropNewest {
                queues.queues[channel].clear();
            }
        }
    }

    /// Counts.
    pub fn sent(&self) -> PerChannel<Sent> {
        let queues = self.lock();
        PerChannel::from_fn(|channel| queues.queues[channel].sent())
    }
}

impl Queue {
    fn push(&mut self, rule: Overflow, linked: bool, frame: Frame) {
        let refused = frame.len() > self.longest || frame.is_empty();
        if refused || (rule == Overflow::DropNewest && (!linked || !self.fits(&frame))) {
            self.dropped += 1;
            return;
        }
        while !self.fits(&frame) {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.bytes -= oldest.len();
            self.dropped += 1;
        }
        self.bytes += frame.len();
        self.waiting.push_back(frame);
    }

    /// The frame that is being written does not count: it cannot be dropped.
    fn fits(&self, frame: &Frame) -> bool {
        self.waiting.len() < self.limit.frames && self.bytes + frame.len() <= self.limit.bytes
    }

    fn next_piece(&mut self, channel: Channel) -> Option<Piece> {
        let (frame, start) = match self.current.take() {
            Some(current) => current,
            None => {
                let frame = self.waiting.pop_front()?;
                self.bytes -= frame.len();
                (frame, 0)
            }
        };
        let length = (frame.len() - start).min(PIECE_BYTES);
        let more = start + length < frame.len();
        self.sent_bytes += length as u64;
        if more {
            self.current = Some((frame.clone(), start + length));
        } else {
            self.sent_frames += 1;
        }
        Some(Piece { header: Header { channel, length, more }, frame, start })
    }

    fn start_over(&mut self) {
        if let Some((frame, _)) = self.current.take() {
            self.bytes += frame.len();
            self.waiting.push_front(frame);
        }
    }

    fn clear(&mut self) {
        self.dropped += (self.waiting.len() + usize::from(self.current.is_some())) as u64;
        self.waiting = VecDeque::new();
        self.current = None;
        self.bytes = 0;
    }

    fn sent(&self) -> Sent {
        let rest = self.current.as_ref().map_or(0, |(frame, start)| frame.len() - start);
        Sent {
            waiting_frames: self.waiting.len() + usize::from(self.current.is_some()),
            waiting_bytes: self.bytes + rest,
            frames: self.sent_frames,
            bytes: self.sent_bytes,
            dropped: self.dropped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Parameters;

    fn outbox() -> Outbox {
        let mut limits = Limits::for_blocks(&Parameters::default());
        limits.queue = PerChannel::from_fn(|_| QueueLimit { frames: 3, bytes: 200_000 });
        let outbox = Outbox::new(&limits);
        outbox.linked();
        outbox
    }

    fn firsts(outbox: &Outbox) -> Vec<u8> {
        std::iter::from_fn(|| outbox.next_piece()).map(|piece| piece.bytes()[0]).collect()
    }

    fn frame(tag: u8, length: usize) -> Frame {
        vec![tag; length].into()
    }

    #[test]
    fn the_oldest_vote_goes_and_the_newest_body() {
        let outbox = outbox();
        for tag in 0..5 {
            outbox.push(Channel::Votes, frame(tag, 10));
            outbox.push(Channel::Bodies, frame(10 + tag, 10));
        }
        let sent = outbox.sent();
        assert_eq!((sent[Channel::Votes].dropped, sent[Channel::Bodies].dropped), (2, 2));
        assert_eq!(firsts(&outbox), [2, 3, 4, 10, 11, 12]);
    }

    #[test]
    fn bytes_count_as_well_as_frames() {
        let outbox = outbox();
        for tag in 0..3 {
            outbox.push(Channel::Proposals, frame(tag, 90_000));
        }
        let sent = outbox.sent()[Channel::Proposals];
        assert_eq!((sent.waiting_frames, sent.waiting_bytes, sent.dropped), (2, 180_000, 1));
        outbox.push(Channel::Votes, frame(0, 17 * 1024));
        assert_eq!(outbox.sent()[Channel::Votes].dropped, 1, "longer than the peer takes");
    }

    #[test]
    fn a_vote_overtakes_a_body_that_is_being_sent() {
        let outbox = outbox();
        outbox.push(Channel::Bodies, frame(6, 150_000));
        assert_eq!(outbox.next_piece().expect("first piece").header.length, PIECE_BYTES);
        outbox.push(Channel::Votes, frame(2, 100));
        outbox.push(Channel::Certificates, frame(3, 100));
        assert_eq!(firsts(&outbox), [3, 2, 6, 6]);
        assert_eq!(outbox.sent()[Channel::Bodies].frames, 1);
    }

    #[test]
    fn without_a_link_votes_wait_and_bodies_do_not() {
        let outbox = outbox();
        outbox.push(Channel::Proposals, frame(1, 150_000));
        outbox.push(Channel::Bodies, frame(6, 150_000));
        assert!(outbox.next_piece().expect("a piece").header.more);
        outbox.unlinked();
        outbox.push(Channel::Votes, frame(2, 1));
        outbox.push(Channel::Sync, frame(4, 1));
        outbox.linked();
        // The proposal of which the peer had seen a piece is sent again from its beginning.
        assert_eq!(firsts(&outbox), [2, 1, 1, 1]);
        let sent = outbox.sent();
        assert_eq!((sent[Channel::Bodies].dropped, sent[Channel::Sync].dropped), (1, 1));
    }
}
