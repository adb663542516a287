//! Styles, scripts and pictures, embedded in the program: a fixed list, and nothing but the list is ever served.
//!
//! A page names an asset by [`Asset::url`], which carries a hash of its content (`/assets/galen.3f2a….css`) and may
//! therefore be kept for ever. The bare name (`/assets/galen.css`) is answered too, for checking back each time.
//! No path reaches a file system: a name is compared with the list.

use std::io::Write;
use std::sync::OnceLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::{Compression, write::GzEncoder};

/// The style of every page.
pub static GALEN_CSS: Asset =
    Asset::new("galen.css", "text/css; charset=utf-8", include_bytes!("../../assets/galen.css"));
/// Copy buttons and progress that moves.
pub static LIVE_JS: Asset =
    Asset::new("live.js", "text/javascript; charset=utf-8", include_bytes!("../../assets/live.js"));
/// Signs in by what follows the `#` of the address.
pub static SIGN_IN_JS: Asset =
    Asset::new("sign-in.js", "text/javascript; charset=utf-8", include_bytes!("../../assets/sign-in.js"));
/// Has a browser check proofs.
pub static VERIFY_JS: Asset = Asset::new(
    "verify.js",
    "text/javascript; charset=utf-8",
    include_bytes!("../../assets/verify/verify.js"),
);
/// The mark in the browser's tab.
pub static FAVICON: Asset =
    Asset::new("favicon.svg", "image/svg+xml", include_bytes!("../../assets/favicon.svg"));

/// All that is served below `/assets/`.
pub static ALL: &[&Asset] = &[&GALEN_CSS, &LIVE_JS, &SIGN_IN_JS, &VERIFY_JS, &FAVICON];

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const CHECK_BACK: &str = "no-cache";

/// One embedded file.
pub struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    pressed: OnceLock<Pressed>,
}

/// What is computed once of an asset.
struct Pressed {
    digest: String,
    gzip: Vec<u8>,
}

impl Asset {
    /// A file of this name (`stem.ending`) and content type.
    pub const fn new(name: &'static str, kind: &'static str, bytes: &'static [u8]) -> Self {
        Self { name, kind, bytes, pressed: OnceLock::new() }
    }

    /// Its name, without a hash.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its content.
    pub fn bytes(&self) -> &'static [u8] {
        self.bytes
    }

    /// Where a page finds it; another content has another address.
    pub fn url(&self) -> String {
        format!("/assets/{}", self.hashed_name())
    }

    fn hashed_name(&self) -> String {
        let (stem, ending) = self.name.rsplit_once('.').unwrap_or((self.name, "bin"));
        format!("{stem}.{}.{ending}", self.pressed().digest)
    }

    fn pressed(&self) -> &Pressed {
        self.pressed.get_or_init(|| Pressed {
            digest: blake3::hash(self.bytes).to_hex()[..16].to_owned(),
            gzip: gzip(self.bytes),
        })
    }

    fn answer(&'static self, keep: &'static str, asked: &HeaderMap) -> Response {
        let Pressed { digest, gzip } = self.pressed();
        let zipped = gzip.len() < self.bytes.len() && takes_gzip(asked);
        let tag = if zipped { format!("\"{digest}-gz\"") } else { format!("\"{digest}\"") };
        let known =
            asked.get(IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|tags| names(tags, &tag));
        let standing = [(CACHE_CONTROL, keep), (VARY, "accept-encoding")];
        if known {
            return (StatusCode::NOT_MODIFIED, standing, [(ETAG, tag)]).into_response();
        }
        let described = [(ETAG, tag), (CONTENT_TYPE, self.kind.to_owned())];
        if zipped {
            (standing, described, [(CONTENT_ENCODING, "gzip")], gzip.as_slice()).into_response()
        } else {
            (standing, described, self.bytes).into_response()
        }
    }
}

/// The route `/assets/{name}`. Assets are compressed here, once, so that no request waits for it.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    for asset in ALL {
        asset.pressed();
    }
    Router::new().route("/assets/{name}", get(serve))
}

async fn serve(Path(name): Path<String>, asked: HeaderMap) -> Response {
    for asset in ALL {
        if name == asset.hashed_name() {
            return asset.answer(FOR_EVER, &asked);
        }
        if name == asset.name {
            return asset.answer(CHECK_BACK, &asked);
        }
    }
    (StatusCode::NOT_FOUND, "no such asset; reload the page that named it\n").into_response()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail; if it did, the plain bytes are served, for they are then shorter.
    match out.write_all(bytes).and_then(|()| out.finish()) {
        Ok(zipped) => zipped,
        Err(_) => bytes.to_vec(),
    }
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let listed = asked.get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or("");
    listed.split(',').any(|one| {
        let (coding, weight) = one.split_once(';').unwrap_or((one, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0));
        coding.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn names(tags: &str, tag: &str) -> bool {
    tags.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}
