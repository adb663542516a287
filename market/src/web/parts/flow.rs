//! Things in order: what happened and who acts next, and the steps of a wizard.

use maud::{Markup, Render, html};

/// How an event of a timeline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Done,
    Now,
    Next,
    Failed,
}

impl Stand {
    const fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Now => "now",
            Self::Next => "next",
            Self::Failed => "failed",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Done => "Done: ",
            Self::Now => "Now: ",
            Self::Next => "Later: ",
            Self::Failed => "Ended: ",
        }
    }
}

/// What happened, what happens now, what comes; who acts, and until when.
#[derive(Default)]
pub struct Timeline(Vec<(Stand, String, Markup, Option<Markup>)>);

impl Timeline {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What happened, and when.
    pub fn done(self, what: impl Into<String>, when: Markup) -> Self {
        self.with(Stand::Done, what, when)
    }

    /// What happens now: who acts, and until when.
    pub fn now(self, what: impl Into<String>, who_until: Markup) -> Self {
        self.with(Stand::Now, what, who_until)
    }

    /// What comes, and after what.
    pub fn next(self, what: impl Into<String>, when: Markup) -> Self {
        self.with(Stand::Next, what, when)
    }

    /// What went wrong or was given up.
    pub fn failed(self, what: impl Into<String>, when: Markup) -> Self {
        self.with(Stand::Failed, what, when)
    }

    /// More on the event named last.
    pub fn detail(mut self, more: Markup) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.3 = Some(more);
        }
        self
    }

    fn with(mut self, stand: Stand, what: impl Into<String>, when: Markup) -> Self {
        self.0.push((stand, what.into(), when, None));
        self
    }
}

impl Render for Timeline {
    fn render(&self) -> Markup {
        html! {
            ol.timeline {
                @for (stand, what, when, more) in &self.0 {
                    li.(stand.class()) aria-current=[(*stand == Stand::Now).then_some("step")] {
                        strong { span.visually-hidden { (stand.words()) } (what) }
                        span.when { (when) }
                        @if let Some(more) = more { div { (more) } }
                    }
                }
            }
        }
    }
}

/// A step of a wizard.
pub struct Step<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Where it is.
    pub href: &'a str,
    /// Whether nothing is missing in it. A tick says so once one is past it.
    pub whole: bool,
}

/// The steps of a wizard, `current` counted from 0. The ones before lead back.
pub fn steps(current: usize, steps: &[Step<'_>]) -> Markup {
    html! {
        nav.steps aria-label="Steps" { ol {
            @for (at, step) in steps.iter().enumerate() {
                li.done[at < current && step.whole] aria-current=[(at == current).then_some("step")] {
                    @if at < current {
                        a href=(step.href) { (step.name) @if !step.whole { span.visually-hidden { ", not finished" } } }
                    } @else { span { (step.name) } }
                }
            }
        } }
    }
}
