//! One connection while it lasts: a reader and a writer, in one task. Whichever ends first says why.

use std::{future::pending, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    select,
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_rustls::TlsStream;

use super::{
    channel::Channel,
    control::{Control, Goodbye},
    error::LinkError,
    network::BoxStream,
    outbox::Outbox,
    quota::Quota,
    receive::Receive,
    settings::LinkTiming,
    state::{PeerState, Shared},
    wire::{Assembler, FrameFault, HEADER_BYTES, Header, PIECE_BYTES, encode_frame},
};
use crate::{
    codec::{Decode, Encode},
    node::{Frame, Held},
};

/// Runs a connection until it ends.
pub(super) async fn run(
    stream: TlsStream<BoxStream>,
    shared: Arc<Shared>,
    peer: Arc<PeerState>,
) -> LinkError {
    let (read, write) = split(stream);
    let timing = shared.settings.timing;
    let pings = Pings::new(timing.ping);
    let (asked, answers) = watch::channel(pings.sent);
    let writer = Writer { stream: write, shared: &shared, peer: &peer, timing, pings, asked };
    let reader = Reader::new(read, &shared, &peer, answers);
    let reading = async {
        select! {
            biased;
            // What a peer sends that was taken off the list counts for nothing.
            () = peer.stop.cancelled() => pending().await,
            error = reader.run() => error,
        }
    };
    select! {
        error = writer.run() => error,
        error = reading => error,
    }
}

/// When pings are due, and which was sent last.
struct Pings {
    every: Duration,
    due: Instant,
    sent: (u64, Instant),
}

impl Pings {
    fn new(every: Duration) -> Self {
        let now = Instant::now();
        Self { every, due: now, sent: (0, now) }
    }

    /// Sends a ping if one is due.
    fn send(&mut self, outbox: &Outbox) -> bool {
        let now = Instant::now();
        if now < self.due {
            return false;
        }
        self.due = now + self.every;
        self.sent = (self.sent.0 + 1, now);
        push(outbox, &Control::Ping(self.sent.0));
        true
    }
}

fn push(outbox: &Outbox, control: &Control) {
    outbox.push(Channel::Control, control.to_bytes().into());
}

struct Writer<'a> {
    stream: WriteHalf<TlsStream<BoxStream>>,
    shared: &'a Shared,
    peer: &'a PeerState,
    timing: LinkTiming,
    pings: Pings,
    /// Tells the reader of the last ping.
    asked: watch::Sender<(u64, Instant)>,
}

impl Writer<'_> {
    async fn run(mut self) -> LinkError {
        let mut buffer = Vec::new();
        loop {
            if self.peer.stop.is_cancelled() {
                return self.part().await;
            }
            if self.pings.send(&self.peer.outbox) {
                self.asked.send_replace(self.pings.sent);
            }
            fill(&self.peer.outbox, &mut buffer);
            if buffer.is_empty() {
                self.rest().await;
            } else if let Err(error) = self.write(&buffer).await {
                return error;
            }
        }
    }

    /// Waits until there is something to do.
    async fn rest(&mut self) {
        select! {
            () = self.peer.stop.cancelled() => {}
            () = self.peer.outbox.ready() => {}
            () = sleep_until(self.pings.due) => {}
        }
    }

    /// Writes a little, so that what is more urgent by then comes next.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let stream = &mut self.stream;
        let writing = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        select! {
            biased;
            written = timeout(self.timing.write, writing) => match written {
                Ok(written) => written.map_err(LinkError::io),
                Err(_) => Err(LinkError::SlowReader(self.timing.write)),
            },
            // The peer takes nothing, so neither would it take a goodbye.
            () = self.peer.stop.cancelled() => Err(LinkError::Stopped),
        }
    }

    /// Says goodbye, if the peer listens.
    async fn part(&mut self) -> LinkError {
        let reason = if self.shared.stop.is_cancelled() { Goodbye::Stopping } else { Goodbye::Removed };
        let goodbye = encode_frame(Channel::Control, &Control::Goodbye(reason).to_bytes());
        let parting = async {
            self.stream.write_all(&goodbye).await?;
            self.stream.shutdown().await
        };
        let _ = timeout(self.timing.farewell, parting).await;
        LinkError::Stopped
    }
}

/// Takes pieces out, the most urgent first, up to a piece's length in all.
fn fill(outbox: &Outbox, buffer: &mut Vec<u8>) {
    buffer.clear();
    while buffer.len() < PIECE_BYTES {
        let Some(piece) = outbox.next_piece() else { break };
        buffer.extend_from_slice(&piece.header.encode());
        buffer.extend_from_slice(piece.bytes());
    }
}

struct Reader<'a> {
    stream: ReadHalf<TlsStream<BoxStream>>,
    shared: &'a Shared,
    peer: &'a PeerState,
    silence: Duration,
    quota: Quota,
    assembler: Assembler,
    answers: watch::Receiver<(u64, Instant)>,
    receiver: watch::Receiver<Option<Arc<dyn Receive>>>,
    /// What a short frame counts for among what the node has not dealt with.
    least_weight: usize,
}

impl<'a> Reader<'a> {
    fn new(
        stream: ReadHalf<TlsStream<BoxStream>>,
        shared: &'a Shared,
        peer: &'a PeerState,
        answers: watch::Receiver<(u64, Instant)>,
    ) -> Self {
        let limits = &shared.settings.limits;
        let share = limits.undigested_frames / shared.book.get().peers.len().max(1);
        Self {
            stream,
            shared,
            peer,
            silence: shared.settings.timing.silence,
            quota: Quota::new(&limits.quota, Instant::now()),
            assembler: Assembler::new(limits),
            answers,
            receiver: shared.receiver.subscribe(),
            least_weight: limits.undigested_bytes / share.max(1),
        }
    }

    async fn run(mut self) -> LinkError {
        loop {
            if let Err(error) = self.piece().await {
                return error;
            }
        }
    }

    async fn piece(&mut self) -> Result<(), LinkError> {
        let mut header = [0; HEADER_BYTES];
        read(&mut self.stream, &mut header, self.silence).await?;
        let header = Header::decode(header)?;
        self.assembler.admit(header)?;
        let wait = self.quota_wait(header);
        self.pause(wait).await;
        read(&mut self.stream, self.assembler.room(header), self.silence).await?;
        self.peer.record(|record| record.received[header.channel].bytes += header.length as u64);
        match self.assembler.finish(header)? {
            Some(frame) if header.channel == Channel::Control => self.control(&frame),
            Some(frame) => self.deliver(header.channel, frame).await,
            None => Ok(()),
        }
    }

    fn quota_wait(&mut self, header: Header) -> Duration {
        self.quota.take(header, Instant::now())
    }

    async fn pause(&mut self, wait: Duration) {
        if !wait.is_zero() {
            self.peer.record(|record| record.paused += wait);
            sleep(wait).await;
        }
    }

    /// Gives a frame to the node, when it has dealt with enough of those before.
    async fn deliver(&mut self, channel: Channel, frame: Frame) -> Result<(), LinkError> {
        let most = self.shared.settings.limits.undigested_bytes;
        let weight = frame.len().max(self.least_weight).min(most) / 1024;
        let weight = u32::try_from(weight).expect("limits are far below 4 TiB").max(1);
        let begun = Instant::now();
        let held = Arc::clone(&self.peer.undigested).acquire_many_owned(weight).await;
        let held = held.expect("the semaphore is never closed");
        let Ok(receiver) = self.receiver.wait_for(Option::is_some).await.map(|receiver| receiver.clone())
        else {
            return Err(LinkError::Stopped);
        };
        let taken = receiver.is_some_and(|receiver| receiver.receive(self.peer.id, frame, Held::by(held)));
        self.peer.record(|record| {
            record.paused += begun.elapsed();
            record.received[channel].frames += 1;
            record.received[channel].dropped += u64::from(!taken);
        });
        Ok(())
    }

    fn control(&mut self, frame: &[u8]) -> Result<(), LinkError> {
        let unknown = |_| FrameFault::Control("it does not decode");
        match Control::from_bytes(frame).map_err(unknown)? {
            Control::Hello(_) => Err(FrameFault::Control("a second hello").into()),
            Control::Goodbye(reason) => Err(LinkError::Goodbye(reason)),
            Control::Ping(number) => {
                push(&self.peer.outbox, &Control::Pong(number));
                Ok(())
            }
            Control::Pong(number) => {
                let (asked, at) = *self.answers.borrow();
                let time = Some(at.elapsed()).filter(|_| number == asked);
                let before = self.peer.record(|record| {
                    let before = record.round_trip;
                    record.round_trip = time.or(before);
                    before
                });
                if before.is_none() {
                    self.shared.announce();
                }
                Ok(())
            }
        }
    }
}

async fn read(
    stream: &mut ReadHalf<TlsStream<BoxStream>>,
    bytes: &mut [u8],
    silence: Duration,
) -> Result<(), LinkError> {
    match timeout(silence, stream.read_exact(bytes)).await {
        Ok(read) => read.map(|_| ()).map_err(LinkError::io),
        Err(_) => Err(LinkError::Silent(silence)),
    }
}
