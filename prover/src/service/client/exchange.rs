//! One call: a connection, a request, an answer.

use std::net::IpAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{LAST_EVENT_ID, Token};
use crate::jobs::ProvingError;

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Until the head of the answer: a submission is read and synced in it.
const ANSWER_TIME: Duration = Duration::from_secs(120);

/// Where a service may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// On this machine, or at the near end of a tunnel.
    Loopback,
    /// Anywhere: **jobs hold raw rows and cross the network in the clear.** For a network that is the hospital's alone.
    TrustedNetwork,
}

/// An address that no service is called at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressFault {
    /// Not `http://host:port`.
    #[error("a prover's address is http://host:port")]
    Form,
    /// Not loopback.
    #[error("{0} is not this machine: raw rows would cross the network in the clear; use a tunnel to it")]
    NotLoopback(String),
}

/// The service at the other end.
pub(super) struct Peer {
    host: String,
    port: u16,
    authority: String,
    token: Token,
}

impl Peer {
    pub(super) fn new(url: &str, token: Token, reach: Reach) -> Result<Self, AddressFault> {
        let uri: Uri = url.parse().map_err(|_| AddressFault::Form)?;
        let plain = uri.scheme_str() == Some("http") && uri.path() == "/" && uri.query().is_none();
        let authority =
            uri.authority().filter(|a| plain && !a.as_str().contains('@')).ok_or(AddressFault::Form)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(80);
        // A name other than localhost could be given any address by whoever answers for it.
        let here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if reach == Reach::Loopback && !here {
            return Err(AddressFault::NotLoopback(host));
        }
        Ok(Self { host, port, authority: authority.to_string(), token })
    }

    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    pub(super) fn unreachable(&self, reason: impl Into<String>) -> ProvingError {
        ProvingError::Unreachable { address: self.authority.clone(), reason: reason.into() }
    }

    /// Sends a request and gives the head of the answer with its body to come.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        last_event_id: Option<&str>,
        body: Full<Bytes>,
    ) -> Result<Response<Incoming>, ProvingError> {
        let mut bearer = header::HeaderValue::from_str(&format!("Bearer {}", self.token.text()))
            .map_err(|_| self.unreachable("the token does not fit into a header"))?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.authority)
            .header(header::AUTHORIZATION, bearer)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(id) = last_event_id {
            request = request.header(LAST_EVENT_ID, id);
        }
        let request = request.body(body).map_err(|error| self.unreachable(error.to_string()))?;
        let connect = TcpStream::connect((self.host.as_str(), self.port));
        let stream =
            timeout(CONNECT_TIME, connect).await.map_err(|_| self.unreachable("no connection in time"))?;
        let stream = stream.map_err(|error| self.unreachable(error.to_string()))?;
        let broken = |error: hyper::Error| self.unreachable(error.to_string());
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // Ends with the answer's body; what breaks it is seen there.
        tokio::spawn(async move { drop(connection.await) });
        let answer = timeout(ANSWER_TIME, sender.send_request(request)).await;
        answer.map_err(|_| self.unreachable("no answer in time"))?.map_err(broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_reached_unless_told() {
        let peer =
            |url: &str, reach| Peer::new(url, Token::generate(), reach).map(|peer| (peer.host, peer.port));
        assert_eq!(peer("http://127.0.0.1:80/", Reach::Loopback), Ok(("127.0.0.1".into(), 80)));
        assert_eq!(peer("http://[::1]:8080", Reach::Loopback), Ok(("::1".into(), 8080)));
        assert_eq!(peer("http://localhost:1", Reach::Loopback), Ok(("localhost".into(), 1)));
        for far in ["http://10.0.0.7:1", "http://prover.hospital:1", "http://127.0.0.1.evil.org:1"] {
            assert!(matches!(peer(far, Reach::Loopback), Err(AddressFault::NotLoopback(_))), "{far}");
            assert!(peer(far, Reach::TrustedNetwork).is_ok());
        }
        for bad in
            ["", "127.0.0.1:80", "https://127.0.0.1", "http://127.0.0.1/x", "http://a@127.0.0.1/", "ftp://x"]
        {
            assert_eq!(peer(bad, Reach::TrustedNetwork), Err(AddressFault::Form), "{bad}");
        }
    }
}
