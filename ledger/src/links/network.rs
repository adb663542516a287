//! What links run over: TCP, or anything else that gives streams of bytes.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream, lookup_host},
};

/// What the kernel may hold of what was written: with more, a vote would wait behind that much of a body.
const SEND_BUFFER: u32 = 256 * 1024;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 128;

/// A stream of bytes, both ways.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for T {}

/// A stream of some kind.
pub type BoxStream = Box<dyn Stream>;
/// The future of a method of [`Network`] or [`Listener`].
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Opens connections.
pub trait Network: Send + Sync + 'static {
    /// Connects to `host:port`.
    fn dial<'a>(&'a self, address: &'a str) -> Pending<'a, BoxStream>;
}

/// Takes connections.
pub trait Listener: Send + 'static {
    /// The next connection, and where it comes from.
    fn accept(&mut self) -> Pending<'_, (BoxStream, IpAddr)>;
}

/// TCP, each piece sent at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Tcp {
    /// Listens; with port 0 the system chooses one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
        let socket = socket(&address)?;
        // A restarted node gets its port although connections of the one before linger.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    }

    async fn connect(address: &str) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "no address of that name");
        for address in lookup_host(address).await? {
            match socket(&address)?.connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn socket(address: &SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

impl Network for Tcp {
    fn dial<'a>(&'a self, address: &'a str) -> Pending<'a, BoxStream> {
        Box::pin(async move { Ok(Box::new(Self::connect(address).await?) as BoxStream) })
    }
}

impl Listener for TcpListener {
    fn accept(&mut self) -> Pending<'_, (BoxStream, IpAddr)> {
        Box::pin(async {
            let (stream, from) = TcpListener::accept(self).await?;
            stream.set_nodelay(true)?;
            Ok((Box::new(stream) as BoxStream, from.ip()))
        })
    }
}
