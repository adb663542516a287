//! A network in memory: streams that can be slow, stall (as when packets are lost) and heal. With paused time, whole
//! minutes of it pass in moments, and the same way each time.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use galen_ledger::links::{
    Listener, Network,
    network::{BoxStream, Pending},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    sync::{mpsc, watch},
};

/// What the two kernels of a connection hold.
const BUFFER: usize = 64 * 1024;

/// Hosts and what is between them.
#[derive(Clone)]
pub struct Net(Arc<Inner>);

struct Inner {
    hosts: Mutex<BTreeMap<String, mpsc::UnboundedSender<(BoxStream, IpAddr)>>>,
    weather: watch::Sender<Weather>,
    made: AtomicU64,
}

#[derive(Clone, Default)]
struct Weather {
    /// Nothing passes between these, in either direction.
    severed: BTreeSet<[String; 2]>,
    /// Connections made before this one (they are numbered) carry nothing any more.
    dead_before: u64,
    /// Bytes a second; no limit if none.
    rate: Option<u64>,
}

fn pair(a: &str, b: &str) -> [String; 2] {
    let mut pair = [a.to_owned(), b.to_owned()];
    pair.sort();
    pair
}

impl Net {
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            hosts: Mutex::default(),
            weather: watch::Sender::default(),
            made: AtomicU64::new(0),
        }))
    }

    /// A host that takes connections under its name; a host that was there before does so no more.
    pub fn host(&self, name: &str) -> (Host, Door) {
        let (knock, door) = mpsc::unbounded_channel();
        self.0.hosts.lock().unwrap().insert(name.to_owned(), knock);
        (Host { net: self.clone(), name: name.to_owned() }, Door(door))
    }

    /// Whatever is on its way between two hosts stays there.
    pub fn sever(&self, a: &str, b: &str) {
        self.0.weather.send_modify(|weather| {
            weather.severed.insert(pair(a, b));
        });
    }

    /// Whatever is on its way on any connection that there is stays there for good; new ones are not touched.
    pub fn freeze(&self) {
        let made = self.0.made.load(Ordering::Relaxed);
        self.0.weather.send_modify(|weather| weather.dead_before = made);
    }

    pub fn heal(&self, a: &str, b: &str) {
        self.0.weather.send_modify(|weather| {
            weather.severed.remove(&pair(a, b));
        });
    }

    /// Bytes a second, each way.
    pub fn limit(&self, rate: Option<u64>) {
        self.0.weather.send_modify(|weather| weather.rate = rate);
    }

    fn connect(&self, from: &str, to: &str) -> io::Result<(BoxStream, BoxStream)> {
        let wire = (pair(from, to), self.0.made.fetch_add(1, Ordering::Relaxed));
        let ((near, a), (b, far)) = (duplex(BUFFER), duplex(BUFFER));
        let ((ra, wa), (rb, wb)) = (split(a), split(b));
        tokio::spawn(carry(ra, wb, self.0.weather.subscribe(), wire.clone()));
        tokio::spawn(carry(rb, wa, self.0.weather.subscribe(), wire));
        Ok((Box::new(near), Box::new(far)))
    }
}

async fn carry(
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
    mut weather: watch::Receiver<Weather>,
    (ends, number): ([String; 2], u64),
) {
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let length = from.read(&mut buffer).await.unwrap_or(0);
        let Ok(now) = weather
            .wait_for(|weather| number >= weather.dead_before && !weather.severed.contains(&ends))
            .await
            .map(|now| now.clone())
        else {
            return;
        };
        if let Some(rate) = now.rate {
            tokio::time::sleep(Duration::from_secs_f64(length as f64 / rate as f64)).await;
        }
        if length == 0 || to.write_all(&buffer[..length]).await.is_err() {
            let _ = to.shutdown().await;
            return;
        }
    }
}

/// A host that dials.
#[derive(Clone)]
pub struct Host {
    net: Net,
    name: String,
}

impl Network for Host {
    fn dial<'a>(&'a self, address: &'a str) -> Pending<'a, BoxStream> {
        Box::pin(async move {
            let ends = pair(&self.name, address);
            let mut weather = self.net.0.weather.subscribe();
            let _ = weather.wait_for(|weather| !weather.severed.contains(&ends)).await;
            let knock = self.net.0.hosts.lock().unwrap().get(address).cloned();
            let knock = knock.ok_or(io::ErrorKind::ConnectionRefused)?;
            let (near, far) = self.net.connect(&self.name, address)?;
            // All hosts are at one address of the loopback network, each at its own.
            let last = self.name.bytes().last().unwrap_or(0);
            knock.send((far, [127, 0, 0, last].into())).map_err(|_| io::ErrorKind::ConnectionRefused)?;
            Ok(near)
        })
    }
}

/// A host that is dialed.
pub struct Door(mpsc::UnboundedReceiver<(BoxStream, IpAddr)>);

impl Listener for Door {
    fn accept(&mut self) -> Pending<'_, (BoxStream, IpAddr)> {
        Box::pin(async {
            match self.0.recv().await {
                Some(knock) => Ok(knock),
                None => std::future::pending().await,
            }
        })
    }
}
