//! Which calls of the operators' port are none of an operator's: those that a web page has an operator's browser make.
//!
//! A page cannot take the header `Origin` away where it counts, and a name that it has pointed at this machine (DNS
//! rebinding) stands in `Host`. So neither is accepted: operators' tools send no origin, and call by address.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets a call through, or says why not.
pub async fn guard(State(listen): State<SocketAddr>, request: Request, next: Next) -> Response {
    match refusal(request.headers(), listen.ip()) {
        None => next.run(request).await,
        Some(words) => (StatusCode::FORBIDDEN, format!("{words}\n")).into_response(),
    }
}

/// Why a call is refused, if it is.
fn refusal(headers: &HeaderMap, listen: IpAddr) -> Option<String> {
    if headers.contains_key(header::ORIGIN) {
        return Some("calls of web pages are refused: this one names its origin".into());
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|_| hosts.next().is_none());
    if host.is_some_and(|host| is_meant(host, listen)) {
        return None;
    }
    Some(format!(
        "call this port by its address: the header Host must be localhost, a loopback address or that of api.listen, {listen}, \
         with or without a port"
    ))
}

/// Whether a host is this machine by an address: no name but `localhost` can be relied on. Where the node listens on all
/// addresses, each may be its own.
fn is_meant(host: &str, listen: IpAddr) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    if host.contains('@') {
        return false;
    }
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || literal.parse().is_ok_and(|ip: IpAddr| ip.is_loopback() || ip == listen || listen.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_by_its_address_is_meant() {
        let [local, inside, all]: [IpAddr; 3] =
            ["127.0.0.1", "10.0.0.5", "0.0.0.0"].map(|ip| ip.parse().expect("an address"));
        for host in ["127.0.0.1:7701", "127.0.0.1", "[::1]:7701", "localhost:9000", "LOCALHOST"] {
            for listen in [local, inside, all] {
                assert!(is_meant(host, listen), "{host} {listen}");
            }
        }
        assert!(is_meant("10.0.0.5:7701", inside) && is_meant("10.0.0.6:7701", all));
        assert!(!is_meant("10.0.0.5:7701", local) && !is_meant("10.0.0.6:7701", inside));
        for host in
            ["evil.example:7701", "127.0.0.1.evil.example", "localhost.", "a@127.0.0.1", "", "127.0.0.1:x:y"]
        {
            for listen in [local, inside, all] {
                assert!(!is_meant(host, listen), "{host} {listen}");
            }
        }
    }

    #[test]
    fn an_origin_no_host_and_two_hosts_are_refused() {
        let listen = IpAddr::from([127, 0, 0, 1]);
        let of = |named: &[(header::HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in named {
                headers.append(name, header::HeaderValue::from_static(value));
            }
            refusal(&headers, listen)
        };
        let host = (header::HOST, "127.0.0.1:7701");
        assert_eq!(of(std::slice::from_ref(&host)), None);
        let said = |named: &[_], words: &str| assert!(of(named).expect("refused").contains(words), "{words}");
        said(&[host.clone(), (header::ORIGIN, "http://127.0.0.1:7701")], "its origin");
        said(&[host.clone(), (header::ORIGIN, "null")], "its origin");
        said(&[], "the header Host");
        said(&[host.clone(), host], "the header Host");
    }
}
