//! What is to be opened, as those type it who order it and those who do it.

use anyhow::Context;
use clap::{ArgGroup, Args};
use galen_market::action::disclose::Subject;
use galen_market::{ContributionId, RequestId};

/// One amount, price or identity.
#[derive(Args, Clone, Copy, Debug)]
#[command(group(ArgGroup::new("subject").required(true)))]
pub struct SubjectArg {
    /// The amount of the note at a place.
    #[arg(long, value_name = "NUMBER", group = "subject")]
    note: Option<u32>,
    /// The price of a request.
    #[arg(long, value_name = "ID", group = "subject")]
    price: Option<RequestId>,
    /// The seller behind a contribution.
    #[arg(long, value_name = "ID", group = "subject")]
    contribution: Option<ContributionId>,
}

impl SubjectArg {
    /// What was named.
    ///
    /// # Errors
    /// When nothing was.
    pub fn subject(self) -> anyhow::Result<Subject> {
        let note = self.note.map(Subject::Amount);
        let subject = note.or(self.price.map(Subject::Price)).or(self.contribution.map(Subject::Identity));
        subject.context("give --note, --price or --contribution")
    }
}
