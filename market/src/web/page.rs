//! The shell of every page: who serves it, where one is, who is signed in, and what just happened.
//!
//! ```
//! use galen_market::web::page::{Page, Place, SiteName};
//! let nav = [Place::new("Requests", "/requests"), Place::new("Wallet", "/wallet")];
//! let page = Page::new("Requests", SiteName::Researcher).nav(&nav, "/requests").person("Dr. Amal Nasser");
//! let html = page.render(maud::html! { h1 { "Requests" } });
//! ```

use maud::{DOCTYPE, Markup, html};

use super::assets::{self, Asset};
use super::document;
use super::parts::{self, Tone, notice};
use super::problem::Problem;

/// Whose pages these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteName {
    /// The public site of a node.
    Explorer,
    /// The desk of a research office.
    Researcher,
    /// The desk of a hospital.
    DataSteward,
    /// The desk of an auditor.
    Auditor,
}

impl SiteName {
    /// As people read it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Explorer => "Explorer",
            Self::Researcher => "Researcher",
            Self::DataSteward => "Data steward",
            Self::Auditor => "Auditor",
        }
    }

    /// A refusal as this site's page. `id` is what the log calls the request.
    pub fn refusal(self, problem: &Problem, id: Option<&str>) -> Markup {
        // Without navigation: it is not known here who asks, or whether the rest of the site works.
        let Problem { status, detail, remedy, .. } = problem;
        let title = in_short(*status);
        let main = parts::problem(*status, title, &sentence(detail), &sentence(remedy), id);
        Page::new(title, self).render(main)
    }
}

/// A place of the site: an entry of its navigation, or a crumb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    label: String,
    href: String,
}

impl Place {
    /// A label, and the path it leads to.
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into() }
    }

    /// As people read it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Where it leads.
    pub fn href(&self) -> &str {
        &self.href
    }

    /// Whether a path is this place or below it. `/` is above nothing but itself.
    fn holds(&self, path: &str) -> bool {
        match path.strip_prefix(self.href.as_str()) {
            Some("") => true,
            Some(rest) => self.href != "/" && rest.starts_with('/'),
            None => false,
        }
    }
}

/// A page to be.
#[derive(Clone)]
pub struct Page<'a> {
    title: String,
    site: SiteName,
    nav: &'a [Place],
    here: String,
    person: Option<String>,
    flash: Option<(Tone, String)>,
    scripts: Vec<&'static Asset>,
}

impl<'a> Page<'a> {
    /// A page of this title, without navigation, for nobody signed in.
    pub fn new(title: impl Into<String>, site: SiteName) -> Self {
        Self {
            title: title.into(),
            site,
            nav: &[],
            here: String::new(),
            person: None,
            flash: None,
            scripts: Vec::new(),
        }
    }

    /// With this navigation; the entry that holds the path `here` is the current one.
    pub fn nav(mut self, nav: &'a [Place], here: impl Into<String>) -> Self {
        (self.nav, self.here) = (nav, here.into());
        self
    }

    /// For this signed-in person, who can sign out by `POST /sign-out`.
    pub fn person(mut self, name: impl Into<String>) -> Self {
        self.person = Some(name.into());
        self
    }

    /// With a notice of what the person just did.
    pub fn flash(mut self, tone: Tone, words: impl Into<String>) -> Self {
        self.flash = Some((tone, words.into()));
        self
    }

    /// With one more script, which may rely on the page being there.
    pub fn script(mut self, script: &'static Asset) -> Self {
        self.scripts.push(script);
        self
    }

    /// The whole page around its main part.
    pub fn render(&self, main: Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                (self.head())
                body {
                    a.skip href="#main" { "Skip to the content" }
                    (self.masthead())
                    main id="main" tabindex="-1" { div.wrap.stack {
                        @if let Some((tone, words)) = &self.flash { (notice(*tone, words, html! {})) }
                        (main)
                    } }
                    footer.foot { div.wrap {
                        span { "Galen " (env!("CARGO_PKG_VERSION")) }
                        span { (self.site.words()) }
                        @if self.describes_its_api() { a href=(document::PAGE) { "API" } }
                    } }
                }
            }
        }
    }

    /// A desk's people work with other places, so that the API is at the foot; without navigation it is not known who asks.
    fn describes_its_api(&self) -> bool {
        !self.nav.is_empty() && !self.nav.iter().any(|place| place.href == document::PAGE)
    }

    fn head(&self) -> Markup {
        html! {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (self.title) " · Galen " (self.site.words()) }
                link rel="icon" type="image/svg+xml" href=(assets::FAVICON.url());
                link rel="stylesheet" href=(assets::GALEN_CSS.url());
                script src=(assets::LIVE_JS.url()) defer {}
                @for script in &self.scripts { script src=(script.url()) defer {} }
            }
        }
    }

    fn masthead(&self) -> Markup {
        html! {
            header.masthead { div.wrap {
                a.brand href="/" { (mark()) "Galen " span { (self.site.words()) } }
                @if !self.nav.is_empty() {
                    nav aria-label="Main" { ul {
                        @for place in self.nav {
                            li { a href=(place.href) aria-current=[place.holds(&self.here).then_some("page")] { (place.label) } }
                        }
                    } }
                }
                @if let Some(name) = &self.person {
                    div.person {
                        span { span.visually-hidden { "Signed in as " } (name) }
                        form method="post" action="/sign-out" { button.link type="submit" { "Sign out" } }
                    }
                }
            } }
        }
    }
}

fn mark() -> Markup {
    html! {
        svg viewBox="0 0 20 20" aria-hidden="true" focusable="false" {
            rect.mark-ground width="20" height="20" rx="4" {}
            path.mark-line d="M14 6.5A5 5 0 1 0 14.8 12H10.5" {}
        }
    }
}

/// A status as people say it.
fn in_short(status: u16) -> &'static str {
    match status {
        401 => "Please sign in",
        403 => "Not allowed",
        404 => "Not found",
        409 => "Something came in between",
        413 => "Too large",
        429 => "Too many calls",
        503 => "Not ready just now",
        500.. => "Something failed here",
        _ => "That cannot be done",
    }
}

/// Texts of problems are clauses; on a page they are sentences. A letter that stands alone is a name, as in "k is below 2".
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let Some(first) = letters.next() else { return String::new() };
    if letters.as_str().starts_with(' ') {
        return format!("{clause}.");
    }
    let end = if clause.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), letters.as_str())
}
