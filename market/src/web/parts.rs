//! The parts that pages are made of. Each is a function that gives [`maud::Markup`], or a builder that `html!` takes.
//!
//! | what | where |
//! |---|---|
//! | breadcrumbs, heading with badge, columns | [`mod@heading`] |
//! | facts, hashes, numbers, moments, code, terms | [`facts`] |
//! | tables, older and newer | [`table`] |
//! | timeline, steps of a wizard | [`flow`] |
//! | fields, buttons, confirmation, search | [`form`], [`field`] |
//! | notices, nothing here yet, loading, problems | [`mod@notice`] |
//! | work that goes on | [`progress`] |
//!
//! All text goes through maud's escaping. Nothing here writes an inline style or script, so the strict content security
//! policy holds.

pub mod amount;
pub mod facts;
pub mod field;
pub mod flow;
pub mod form;
pub mod heading;
pub mod notice;
pub mod progress;
pub mod table;

pub use amount::{minor, money, ungrouped, written};
pub use facts::{Facts, code, hash, hash_link, instant, moment, number, percent, term};
pub use field::{Choice, Field};
pub use flow::{Step, Timeline, steps};
pub use form::{Confirm, Weight, button, button_link, error_summary, hidden, post, search, upload};
pub use heading::{badge, columns, crumbs, heading, section};
pub use notice::{empty, loading, notice, partial, problem};
pub use progress::{Progress, Run};
pub use table::{Column, Table, older_newer};

/// What a thing means for the reader; its colour follows. Words always say it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// No judgement.
    #[default]
    Plain,
    /// Worth knowing; work goes on.
    Info,
    /// As it should be.
    Good,
    /// Look at it.
    Warning,
    /// Wrong, refused or lost.
    Bad,
}

impl Tone {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Info => "info",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}
