//! Which calls are let through, and what every answer says to browsers.
//!
//! A web page elsewhere can have a browser call this site. It cannot read the answer, and must not do anything: whatever is
//! not a plain reading is refused when it names another origin (cross-site request forgery). A site for this machine's
//! people is moreover called by the names of this machine only, and by the one that its owner wrote down for what ends TLS in
//! front of it: a name that somebody else has pointed here (DNS rebinding) stands in `Host`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rand::RngCore;
use rand::rngs::OsRng;
use reqwest::Url;

use super::problem::Problem;

/// The policy of pages, unless one widens it.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                   form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_REQUEST_ID: usize = 64;

/// A page's own content security policy: goes into the answer's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Csp(pub &'static str);

/// What a call is named in the log and in its answer.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// By which names a site may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// Loopback addresses, `localhost`, and the address that it listens on.
    ThisMachine {
        /// That address.
        listen: SocketAddr,
        /// One more name: that of what ends TLS in front of it.
        public: Option<PublicName>,
    },
    /// Any: a public site, which holds nobody's secrets.
    Any,
}

/// The name under which browsers reach a site through what ends TLS in front of it: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicName {
    host: Arc<str>,
    port: u16,
    /// As browsers say it in `Origin`.
    origin: Arc<str>,
    secure: bool,
}

impl PublicName {
    /// That of an address of http or https; none of another.
    pub fn of(url: &Url) -> Option<Self> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let (host, port) = (url.host_str()?, url.port_or_known_default()?);
        let origin = url.origin().ascii_serialization();
        Some(Self { host: host.into(), port, origin: origin.into(), secure })
    }

    /// Whether browsers reach it through TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether `Host` says this name, and nothing else. The scheme's own port may be left out.
    fn is(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let usual = if self.secure { 443 } else { 80 };
        let port = match host.get(authority.host().len()..) {
            Some("") => Some(usual),
            Some(_) => authority.port_u16(),
            None => None,
        };
        !host.contains('@') && authority.host().eq_ignore_ascii_case(&self.host) && port == Some(self.port)
    }
}

/// Names the call, logs it, and puts the headers of every answer. The log has the pattern of the address, never the address
/// itself or anything of the body.
pub async fn name(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id: Arc<str> = given_id(request.headers()).unwrap_or_else(fresh_id).into();
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let method = request.method().clone();
    let call = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    let (call, millis) = (call.as_deref().unwrap_or("none"), begun.elapsed().as_millis());
    tracing::debug!(request = %id, %method, call, status = response.status().as_u16(), millis, "call");
    headers(&mut response, &id);
    response
}

/// Lets a call through, or refuses it.
pub async fn guard(State(names): State<Names>, request: Request, next: Next) -> Response {
    match refusal(request.method(), request.headers(), &names) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

fn headers(response: &mut Response, id: &str) {
    let policy = response.extensions().get::<Csp>().map_or(CSP, |csp| csp.0);
    let headers = response.headers_mut();
    // Assets say how long they may be kept; nothing else may be.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: browsers then say `Origin: null` of a form, and its own site cannot tell it from another's.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
}

fn fresh_id() -> String {
    format!("{:016x}", OsRng.next_u64())
}

/// The caller's own request id, if it cannot spoil a log.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (plain && !text.is_empty() && text.len() <= LONGEST_REQUEST_ID).then(|| text.to_owned())
}

fn refusal(method: &Method, headers: &HeaderMap, names: &Names) -> Option<Problem> {
    let forbidden = |code: &str, detail: &str, remedy: &str| {
        Some(Problem::new(StatusCode::FORBIDDEN, code, detail, remedy))
    };
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|_| hosts.next().is_none());
    let public = match names {
        Names::ThisMachine { public, .. } => public.as_ref(),
        Names::Any => None,
    };
    let is_public = host.zip(public).is_some_and(|(host, public)| public.is(host));
    let meant = match (names, host) {
        (Names::Any, Some(_)) => true,
        (Names::ThisMachine { listen, .. }, Some(host)) => is_public || is_meant(host, listen.ip()),
        (_, None) => false,
    };
    if !meant {
        let remedy = "call it as http://localhost or http://127.0.0.1, with its port; for a name of what ends TLS in front of it, set \
                      public_url in desk.toml";
        return forbidden("host", "this site is not called by that name", remedy);
    }
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return None;
    }
    let from_page = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    let own_page = from_page.is_none_or(|site| site == "same-origin" || site == "none");
    let own_origin = match headers.get(header::ORIGIN).map(|origin| origin.to_str()) {
        None => true,
        Some(Err(_)) => false,
        // What ends TLS may put this machine's name into `Host`; the browser's word stays.
        Some(Ok(origin)) if public.is_some_and(|public| *public.origin == *origin) => true,
        // By its public name the site has one origin, and no other scheme's.
        Some(Ok(origin)) => !is_public && is_own(origin, host),
    };
    if own_page && own_origin {
        return None;
    }
    let remedy = "open this site's own page and do it there";
    forbidden("origin", "another site's page made this call", remedy)
}

/// Whether an origin is this site's: the scheme may differ where a terminator of TLS stands in front.
fn is_own(origin: &str, host: Option<&str>) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some() && authority == host
}

/// Whether a host is this machine by an address: no name but `localhost` can be relied on.
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

    fn said(method: &Method, named: &[(&'static str, &'static str)], names: &Names) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in named {
            headers.append(*name, HeaderValue::from_static(value));
        }
        refusal(method, &headers, names).map(|problem| problem.code)
    }

    fn here(public: Option<&str>) -> Names {
        let public = public.map(|url| PublicName::of(&Url::parse(url).unwrap()).unwrap());
        Names::ThisMachine { listen: SocketAddr::from(([127, 0, 0, 1], 7801)), public }
    }

    /// T74: another site's page does nothing here, whatever its browser carries.
    #[test]
    fn t74_pages_of_other_sites_may_not_act() {
        let here = &here(None);
        let host = ("host", "127.0.0.1:7801");
        let own = ("origin", "http://127.0.0.1:7801");
        assert_eq!(said(&Method::POST, &[host, own], here), None);
        assert_eq!(said(&Method::POST, &[host], here), None, "programs send no origin");
        for other in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:7802"),
            ("origin", "http://localhost:7801"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert_eq!(said(&Method::POST, &[host, other], here).as_deref(), Some("origin"), "{other:?}");
            assert_eq!(said(&Method::DELETE, &[host, other], &Names::Any).as_deref(), Some("origin"));
            assert_eq!(said(&Method::GET, &[host, other], here), None);
        }
    }

    #[test]
    fn a_desk_is_called_by_the_names_of_its_machine_only() {
        let here = &here(None);
        for good in ["127.0.0.1:7801", "127.0.0.1", "[::1]:7801", "localhost:9000", "LOCALHOST"] {
            assert_eq!(said(&Method::GET, &[("host", good)], here), None, "{good}");
        }
        for bad in
            ["evil.example:7801", "127.0.0.1.evil.example", "localhost.", "a@127.0.0.1", "", "10.0.0.5"]
        {
            assert_eq!(said(&Method::GET, &[("host", bad)], here).as_deref(), Some("host"), "{bad}");
        }
        assert_eq!(said(&Method::GET, &[("host", "galen.example")], &Names::Any), None);
        assert_eq!(said(&Method::GET, &[], &Names::Any).as_deref(), Some("host"));
        let twice = [("host", "localhost"), ("host", "localhost")];
        assert_eq!(said(&Method::GET, &twice, here).as_deref(), Some("host"));
    }

    /// T70: behind what ends TLS exactly the name that was written down is added, and nothing else is let in by it.
    #[test]
    fn t70_a_desk_has_one_public_name_besides() {
        let here = &here(Some("https://desk.example"));
        for good in ["desk.example", "DESK.example", "desk.example:443", "127.0.0.1:7801", "localhost"] {
            assert_eq!(said(&Method::GET, &[("host", good)], here), None, "{good}");
        }
        for bad in [
            "evil.example",
            "desk.example:80",
            "desk.example:7801",
            "desk.example:",
            "desk.example.",
            "a@desk.example",
            "desk.example.evil.example",
            "evil-desk.example",
            "",
        ] {
            assert_eq!(said(&Method::GET, &[("host", bad)], here).as_deref(), Some("host"), "{bad}");
        }
        let twice = [("host", "desk.example"), ("host", "desk.example")];
        assert_eq!(said(&Method::GET, &twice, here).as_deref(), Some("host"));
        let other = self::here(Some("https://desk.example:8443"));
        assert_eq!(said(&Method::GET, &[("host", "desk.example:8443")], &other), None);
        assert_eq!(said(&Method::GET, &[("host", "desk.example")], &other).as_deref(), Some("host"));
    }

    /// T74: by its public name a desk takes what its own pages send, over TLS.
    #[test]
    fn t74_only_pages_of_the_public_name_may_act_by_it() {
        let here = &here(Some("https://desk.example"));
        let own = ("origin", "https://desk.example");
        for host in ["desk.example", "desk.example:443", "127.0.0.1:7801"] {
            // The last is what a terminator sends that says its own idea of the name.
            assert_eq!(said(&Method::POST, &[("host", host), own], here), None, "{host}");
        }
        for other in [
            ("origin", "http://desk.example"),
            ("origin", "https://desk.example:8443"),
            ("origin", "https://evil.example"),
            ("origin", "http://127.0.0.1:7801"),
            ("origin", "null"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let call = [("host", "desk.example"), other];
            assert_eq!(said(&Method::POST, &call, here).as_deref(), Some("origin"), "{other:?}");
        }
        let without = &self::here(None);
        let call = [("host", "127.0.0.1:7801"), own];
        assert_eq!(said(&Method::POST, &call, without).as_deref(), Some("origin"), "nobody wrote it down");
    }

    #[test]
    fn what_is_no_address_of_a_site_is_no_name() {
        for url in ["ftp://desk.example", "data:text/plain,x", "file:///tmp"] {
            assert_eq!(PublicName::of(&Url::parse(url).unwrap()), None, "{url}");
        }
        assert!(!PublicName::of(&Url::parse("http://localhost:8080").unwrap()).unwrap().is_secure());
    }
}
