//! How often one address may call, and how much may go on at a time.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;

use super::problem::Problem;

/// What a site bears.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Calls a second of one address, in the long run.
    pub per_second: NonZeroU32,
    /// Calls at once of one address.
    pub burst: NonZeroU32,
    /// Calls that are worked on at a time. Streams of events do not count once they have begun.
    pub at_a_time: usize,
}

/// Counts calls.
#[derive(Clone)]
pub struct Limit {
    peers: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    free: Arc<Semaphore>,
}

impl Limit {
    /// Nothing was called yet.
    pub fn new(rates: Rates) -> Self {
        let quota = Quota::per_second(rates.per_second).allow_burst(rates.burst);
        Self { peers: Arc::new(RateLimiter::keyed(quota)), free: Arc::new(Semaphore::new(rates.at_a_time)) }
    }

    /// Forgets addresses that have not called for a while, from time to time. Ends never.
    pub async fn forget(self) {
        let mut tick = tokio::time::interval(Duration::from_secs(60));
        loop {
            tick.tick().await;
            self.peers.retain_recent();
            self.peers.shrink_to_fit();
        }
    }

    fn late(&self, peer: IpAddr) -> Option<Duration> {
        let clock = DefaultClock::default();
        self.peers.check_key(&network(peer)).err().map(|until| until.wait_time_from(clock.now()))
    }
}

/// Who calls from one network of IPv6 has all its addresses.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

/// Lets a call through, or says when to come back.
pub async fn limit(State(limit): State<Limit>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    if let Some(wait) = peer.and_then(|peer| limit.late(peer)) {
        let detail = "this address calls too often";
        let seconds = wait.as_secs().saturating_add(1);
        let remedy = format!("wait {seconds} s; the header Retry-After says how long, too");
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate", detail, remedy);
        return problem.retry(seconds).into_response();
    }
    match limit.free.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => {
            let detail = "too many calls are being worked on";
            let problem =
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail, "try again in a moment");
            problem.retry(1).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn one_address_does_not_use_up_anothers_share() {
        let limit = Limit::new(Rates { per_second: at(1), burst: at(3), at_a_time: 1 });
        let [one, other]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|ip| ip.parse().unwrap());
        assert!((0..3).all(|_| limit.late(one).is_none()));
        assert!(limit.late(one).is_some());
        assert!(limit.late(other).is_none());
        let inside: [IpAddr; 2] = ["2001:db8::1", "2001:db8::2"].map(|ip| ip.parse().unwrap());
        assert_eq!(network(inside[0]), network(inside[1]));
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), one);
    }
}
