//! Who is at a desk. A program sends a person's token with each call; a browser shows it once and gets a cookie.
//!
//! The cookie is another secret, lives in this process only, and ends with it, after [`LIFE`], or when its person signs out. Its
//! name has the site's port: browsers tell the sites of one machine apart by nothing else. Where browsers reach the site through
//! TLS, the cookie is `Secure`, and its name begins with `__Host-`: browsers then take it from this very host only, and send it
//! over nothing but TLS.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use rand::RngCore;
use rand::rngs::OsRng;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::extract::Form;
use super::guard::PublicName;
use super::problem::Problem;

/// How long a browser stays signed in.
pub const LIFE: Duration = Duration::from_secs(12 * 3600);
/// Browsers signed in at a time; the oldest is signed out for the next.
const MOST: usize = 256;

/// Knows people by their tokens.
pub trait Doorkeeper: Send + Sync {
    /// Whose token it is. The time that it takes must tell nothing of the tokens that there are.
    fn find(&self, token: &[u8]) -> Option<String>;

    /// Whether somebody of this name may still come in: who was sent away while signed in may not.
    fn knows(&self, name: &str) -> bool {
        let _ = name;
        true
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name, as the desk's list of people has it.
    pub name: String,
}

struct Live {
    person: Person,
    since: Instant,
}

/// Who is signed in.
#[derive(Clone)]
pub struct Sessions {
    door: Arc<dyn Doorkeeper>,
    live: Arc<Mutex<BTreeMap<[u8; 32], Live>>>,
    cookie: Arc<str>,
    public: Option<PublicName>,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

/// What the sign-in page sends.
#[derive(Deserialize)]
pub struct SignIn {
    token: String,
    #[serde(default)]
    next: String,
}

impl Sessions {
    /// Nobody is signed in at the site on this port.
    pub fn new(door: Arc<dyn Doorkeeper>, port: u16) -> Self {
        Self { door, live: Arc::default(), cookie: format!("galen_{port}").into(), public: None }
    }

    /// Browsers reach the site by this name. If that is through TLS, the cookie is for TLS only: whoever opens the site by
    /// another name without TLS cannot stay signed in there.
    #[must_use]
    pub fn behind(self, public: PublicName) -> Self {
        let cookie = if public.is_secure() { format!("__Host-{}", self.cookie).into() } else { self.cookie };
        Self { cookie, public: Some(public), ..self }
    }

    /// By which name browsers reach the site besides this machine's.
    pub fn public(&self) -> Option<&PublicName> {
        self.public.as_ref()
    }

    /// Signs somebody in; the cookie's value.
    fn begin(&self, person: Person) -> Zeroizing<String> {
        let mut secret = Zeroizing::new([0; 32]);
        OsRng.fill_bytes(secret.as_mut());
        let value = Zeroizing::new(hex::encode(*secret));
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|_, session| session.since.elapsed() < LIFE);
        if live.len() >= MOST
            && let Some(oldest) = live.iter().min_by_key(|(_, session)| session.since).map(|(key, _)| *key)
        {
            live.remove(&oldest);
        }
        live.insert(name(value.as_bytes()), Live { person, since: Instant::now() });
        value
    }

    /// Who makes a call.
    fn person(&self, headers: &HeaderMap) -> Option<Person> {
        if let Some(given) = headers.get(header::AUTHORIZATION) {
            // Whoever names a token is nobody else, whatever cookie a browser adds.
            let token = bearer(given.as_bytes())?;
            return self.door.find(token).map(|name| Person { name });
        }
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let found = live.get(&name(self.given(headers)?.as_bytes()))?;
        let welcome = found.since.elapsed() < LIFE && self.door.knows(&found.person.name);
        welcome.then(|| found.person.clone())
    }

    fn end(&self, headers: &HeaderMap) {
        if let Some(value) = self.given(headers) {
            self.live.lock().unwrap_or_else(PoisonError::into_inner).remove(&name(value.as_bytes()));
        }
    }

    /// The cookie of this site in a call.
    fn given<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let texts = headers.get_all(header::COOKIE).into_iter().filter_map(|cookies| cookies.to_str().ok());
        let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == &*self.cookie).map(|(_, value)| value)
    }

    /// The header that sets the cookie, or takes it away.
    fn set(&self, value: &str, life: Duration) -> Option<HeaderValue> {
        let (cookie, seconds) = (&self.cookie, life.as_secs());
        let secure = if self.public.as_ref().is_some_and(PublicName::is_secure) { "; Secure" } else { "" };
        let text = format!("{cookie}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
        let mut header = HeaderValue::from_str(&text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// Under which name a secret is kept: finding it takes a time that says nothing of those kept.
fn name(secret: &[u8]) -> [u8; 32] {
    *blake3::hash(secret).as_bytes()
}

/// The credentials of a bearer header; the scheme's name in any case.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}

/// Lets calls of signed-in people through, by name; shows others the way in.
pub async fn admit(State(sessions): State<Sessions>, mut request: Request, next: Next) -> Response {
    if let Some(person) = sessions.person(request.headers()) {
        request.extensions_mut().insert(person);
        return next.run(request).await;
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let wants_page = request.method() == Method::GET && !path.starts_with("/v1/");
    if wants_page {
        let next: String = path.bytes().map(|byte| format!("%{byte:02X}")).collect();
        return Redirect::to(&format!("/sign-in?next={next}")).into_response();
    }
    nobody().into_response()
}

fn nobody() -> Problem {
    let detail = "the call carries no token, or none that is known here";
    let remedy = "sign in, or send `Authorization: Bearer` with a token from this desk's home";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail, remedy)
}

/// Takes a token for a cookie.
pub async fn sign_in(State(sessions): State<Sessions>, Form(given): Form<SignIn>) -> Response {
    let token = Zeroizing::new(given.token);
    let Some(name) = sessions.door.find(token.trim().as_bytes()) else {
        return Redirect::to("/sign-in?wrong=1").into_response();
    };
    let value = sessions.begin(Person { name });
    let mut response = Redirect::to(local(&given.next)).into_response();
    if let Some(cookie) = sessions.set(&value, LIFE) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Ends the browser's session.
pub async fn sign_out(State(sessions): State<Sessions>, headers: HeaderMap) -> Response {
    sessions.end(&headers);
    let mut response = Redirect::to("/sign-in").into_response();
    if let Some(cookie) = sessions.set("", Duration::ZERO) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Where to go after signing in: a path of this site and nothing else.
fn local(next: &str) -> &str {
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if plain && next.starts_with('/') && !next.starts_with("//") { next } else { "/" }
}

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = Box<Problem>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Box::new(nobody()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One;

    impl Doorkeeper for One {
        fn find(&self, token: &[u8]) -> Option<String> {
            (token == b"right").then(|| "Ada".to_owned())
        }
    }

    fn headers(named: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in named {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    /// T70: missing, wrong, ended and foreign credentials open nothing.
    #[test]
    fn t70_only_a_live_session_or_a_token_is_somebody() {
        let sessions = Sessions::new(Arc::new(One), 7801);
        let who = |named: &[(&'static str, &str)]| sessions.person(&headers(named)).map(|person| person.name);
        assert_eq!(who(&[("authorization", "Bearer right")]).as_deref(), Some("Ada"));
        assert_eq!(who(&[("authorization", "bearer right")]).as_deref(), Some("Ada"));
        for wrong in ["Bearer wrong", "Bearer ", "Basic right", "right", "Bearer right "] {
            assert_eq!(who(&[("authorization", wrong)]), None, "{wrong}");
        }
        assert_eq!(who(&[]), None);
        let value = sessions.begin(Person { name: "Ada".into() });
        let cookie = format!("other=1; galen_7801={}", *value);
        assert_eq!(who(&[("cookie", &cookie)]).as_deref(), Some("Ada"));
        assert_eq!(who(&[("cookie", &cookie), ("authorization", "Bearer wrong")]), None);
        assert_eq!(who(&[("cookie", &cookie.replace("7801", "7802"))]), None, "another site's");
        sessions.end(&headers(&[("cookie", &cookie)]));
        assert_eq!(who(&[("cookie", &cookie)]), None, "replayed after signing out");
    }

    /// T70: behind TLS the cookie goes over TLS only, and no other name's cookie counts.
    #[test]
    fn t70_behind_tls_the_cookie_is_for_tls_only() {
        let name = |url: &str| PublicName::of(&reqwest::Url::parse(url).unwrap()).unwrap();
        let plain = Sessions::new(Arc::new(One), 7801);
        let text = |sessions: &Sessions| sessions.set("v", LIFE).unwrap().to_str().unwrap().to_owned();
        assert!(text(&plain).starts_with("galen_7801=v; ") && !text(&plain).contains("Secure"));
        let here = plain.clone().behind(name("http://localhost:8080"));
        assert_eq!(text(&here), text(&plain), "without TLS a browser would not take it");
        let public = plain.behind(name("https://desk.example"));
        let set = text(&public);
        assert!(set.starts_with("__Host-galen_7801=v; ") && set.ends_with("; Secure"), "{set}");
        // Without these a browser does not take a name with the prefix.
        assert!(set.contains("; Path=/;") && !set.contains("Domain"), "{set}");
        let value = public.begin(Person { name: "Ada".into() });
        let who = |cookie: String| public.person(&headers(&[("cookie", &cookie)]));
        assert!(who(format!("__Host-galen_7801={}", *value)).is_some());
        assert!(who(format!("galen_7801={}", *value)).is_none(), "any page of the machine could have set it");
    }

    #[test]
    fn an_expired_session_is_nobody_and_there_are_not_more_than_the_most() {
        let sessions = Sessions::new(Arc::new(One), 1);
        let value = sessions.begin(Person { name: "Ada".into() });
        let cookie = format!("galen_1={}", *value);
        let aged = Instant::now().checked_sub(LIFE + Duration::from_secs(1));
        // A machine that was started a moment ago knows no earlier time.
        if let Some(aged) = aged {
            sessions.live.lock().unwrap().values_mut().for_each(|session| session.since = aged);
            assert_eq!(sessions.person(&headers(&[("cookie", &cookie)])), None);
        }
        for _ in 0..MOST + 5 {
            sessions.begin(Person { name: "Ada".into() });
        }
        assert_eq!(sessions.live.lock().unwrap().len(), MOST);
    }

    #[test]
    fn signing_in_leads_to_no_other_site() {
        for next in ["//evil.example", "https://evil.example", "/\\evil.example", "", "x", "/a\nb"] {
            assert_eq!(local(next), "/", "{next}");
        }
        assert_eq!(local("/requests/1?after=2"), "/requests/1?after=2");
    }
}
