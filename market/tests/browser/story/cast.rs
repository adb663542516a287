//! Who plays: a demonstration with one hospital, everybody's addresses, and a browser for each person.

use std::fs;
use std::time::Duration;

use crate::browser::Browser;
use crate::page::{Page, Window};
use crate::program::galen;
use crate::program::serving::Serving;

/// Until all pages are served: members, keys, the first story with its proofs.
const PATIENCE: Duration = Duration::from_secs(600);
/// What comes over the wire for the first page that anybody opens, at most.
const FIRST_PAGE: u64 = 150 * 1024;

/// What the demonstration calls them.
const NAMES: [&str; 5] =
    ["explorer", "Institute of Research", "Hospital 1", "colleague at Hospital 1", "Audit office"];

/// A running demonstration.
pub struct Cast {
    _serving: Option<Serving>,
    /// Its files.
    pub folder: tempfile::TempDir,
    /// The pages of a node, without the last slash.
    pub node: String,
    /// The researcher's desk.
    pub researcher: Desk,
    /// The steward's desk.
    pub hospital: Desk,
    /// The same desk, for the person who must approve as well.
    pub colleague: Desk,
    /// The auditor's desk.
    pub auditor: Desk,
}

/// A desk and the token of its owner.
pub struct Desk {
    /// Where it is, without the last slash.
    pub url: String,
    /// Lets the owner in.
    pub token: String,
}

impl Desk {
    fn of(address: &str) -> Self {
        let (url, token) = address.split_once("/sign-in#").expect("an address that signs in");
        Self { url: url.to_owned(), token: token.to_owned() }
    }
}

impl Cast {
    /// Starts it and waits until it serves; or takes one that serves already, whose output is the file `GALEN_STORY_AT`.
    pub fn assemble() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(said) = std::env::var_os("GALEN_STORY_AT") {
            let said = fs::read_to_string(said).expect("the output of a demonstration");
            let of = |name: &str| {
                let line = said.lines().find(|line| line.contains(name) && line.contains("http://"));
                line.and_then(|line| line.split_whitespace().last()).expect("its address").to_owned()
            };
            return Self::at(of, folder, None);
        }
        let mut command = galen();
        command
            .args(["demo", "--serve", "--hospitals", "1", "--approvals", "2", "--out"])
            .arg(folder.path().join("demo"));
        let serving = Serving::start(&mut command);
        let addresses = NAMES.map(|name| (name, serving.address(name, PATIENCE)));
        let of = |name: &str| {
            let found = addresses.iter().find(|(known, _)| *known == name);
            found.map(|(_, address)| address.clone()).expect("one of them")
        };
        Self::at(of, folder, Some(serving))
    }

    fn at(of: impl Fn(&str) -> String, folder: tempfile::TempDir, serving: Option<Serving>) -> Self {
        let [node, researcher, hospital, colleague, auditor] = NAMES.map(of);
        Self {
            node: node.trim_end_matches('/').to_owned(),
            researcher: Desk::of(&researcher),
            hospital: Desk::of(&hospital),
            colleague: Desk::of(&colleague),
            auditor: Desk::of(&auditor),
            folder,
            _serving: serving,
        }
    }
}

/// The story at one width.
pub struct Act<'a> {
    /// Drives the pages.
    pub browser: &'a Browser,
    /// Who plays.
    pub cast: &'a Cast,
    /// How pages are looked at.
    pub window: Window,
    /// Tells the acts' requests and patients apart.
    pub number: u8,
}

impl Act<'_> {
    /// A browser with nobody signed in.
    pub async fn stranger(&self) -> Page {
        let mut page = self.browser.page(self.window).await;
        page.patient(Duration::from_secs(60));
        page
    }

    /// Somebody who signs in at a desk with its token. The first page is light.
    pub async fn person(&self, desk: &Desk) -> Page {
        let page = self.stranger().await;
        page.goto(&format!("{}/sign-in", desk.url)).await;
        self.is_light(&page).await;
        page.fill("Your token", &desk.token).await;
        page.click("Sign in").await;
        page.see("Sign out").await;
        page
    }

    /// What was loaded for this page came from its own site, and is not much.
    pub async fn is_light(&self, page: &Page) {
        let (url, loaded) = (page.url().await, page.loaded().await);
        let site: String = url.split('/').take(3).collect::<Vec<_>>().join("/");
        assert!(loaded.iter().all(|(name, _)| name.starts_with(&site)), "from elsewhere: {loaded:?}");
        assert!(!loaded.iter().any(|(name, _)| name.contains("snarkjs")), "{loaded:?}");
        let bytes: u64 = loaded.iter().map(|(_, bytes)| bytes).sum();
        println!("{url}: {bytes} bytes with all that it needs");
        assert!((1..=FIRST_PAGE).contains(&bytes), "{url} needs {bytes} bytes: {loaded:?}");
    }

    /// What this act's request is called.
    pub fn title(&self) -> String {
        format!("Readmission after forty, at {} px", self.window.width)
    }
}
