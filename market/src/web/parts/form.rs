//! Forms: what is sent, the buttons that send it, and the box that asks before money or data move.

use maud::{Markup, Render, html};

use super::Tone;

/// How much weight a button has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The one thing to do here.
    Primary,
    /// One of several.
    Quiet,
    /// Cannot be taken back.
    Danger,
}

impl Weight {
    const fn class(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Quiet => "quiet",
            Self::Danger => "danger",
        }
    }
}

/// A form that is sent by POST.
pub fn post(action: &str, body: Markup) -> Markup {
    html! { form method="post" action=(action) { (body) } }
}

/// A form that sends files.
pub fn upload(action: &str, body: Markup) -> Markup {
    html! { form method="post" action=(action) enctype="multipart/form-data" { (body) } }
}

/// Buttons side by side: wrap them in `div.actions`. This one sends its form.
pub fn button(weight: Weight, label: &str) -> Markup {
    html! { button.button.(weight.class()) type="submit" { (label) } }
}

/// Looks like a button, leads to a page.
pub fn button_link(weight: Weight, label: &str, href: &str) -> Markup {
    html! { a.button.(weight.class()) href=(href) { (label) } }
}

/// Sent along, not shown: an idempotency key, a revision.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// What is wrong with a form, on top of it: each line leads to its field (by id).
pub fn error_summary(errors: &[(&str, &str)]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.notice.(Tone::Bad.class()) role="alert" {
                strong { "Nothing was sent. Please correct:" }
                ul { @for (id, error) in errors { li { a href={ "#" (id) } { (error) } } } }
            }
        }
    }
}

/// One box to search in, by GET; the words are sent as `q`.
pub fn search(action: &str, label: &str, hint: Option<&str>, words: &str) -> Markup {
    html! {
        search.search { form method="get" action=(action) {
            div.grow {
                label for="q" { (label) }
                @if let Some(hint) = hint { p.hint id="q-hint" { (hint) } }
                input type="search" id="q" name="q" value=(words) autocomplete="off" spellcheck="false"
                    aria-describedby=[hint.map(|_| "q-hint")];
            }
            (button(Weight::Quiet, "Search"))
        } }
    }
}

/// What the person must do to show that they mean it.
#[derive(Debug, Clone)]
enum Assent {
    Tick(String),
    Word(String),
}

/// Asks before something that cannot be undone, and says what follows from it. The form sends `confirm`: `yes` for a
/// tick, the word itself for a word; the handler must check it, for a browser may send anything.
pub struct Confirm {
    action: String,
    title: String,
    verb: String,
    consequences: Vec<Markup>,
    assent: Assent,
    body: Option<Markup>,
    back: Option<String>,
    error: Option<String>,
    danger: bool,
}

impl Confirm {
    /// Sent to `action`; the button says `verb`, as in "Withdraw the request".
    pub fn new(action: impl Into<String>, title: impl Into<String>, verb: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            title: title.into(),
            verb: verb.into(),
            consequences: Vec::new(),
            assent: Assent::Tick("I have read this and want to go on".to_owned()),
            body: None,
            back: None,
            error: None,
            danger: false,
        }
    }

    /// One thing that follows: what moves, to whom, and what can no longer be done.
    pub fn consequence(mut self, follows: impl Render) -> Self {
        self.consequences.push(follows.render());
        self
    }

    /// A box to tick, with these words. Sends `confirm=yes`.
    pub fn tick(mut self, words: impl Into<String>) -> Self {
        self.assent = Assent::Tick(words.into());
        self
    }

    /// A word to type, for what is grave. Sends `confirm=WORD`.
    pub fn word(mut self, word: impl Into<String>) -> Self {
        self.assent = Assent::Word(word.into());
        self
    }

    /// More fields, hidden ones too.
    pub fn fields(mut self, fields: Markup) -> Self {
        self.body = Some(fields);
        self
    }

    /// Where "Go back" leads.
    pub fn back(mut self, href: impl Into<String>) -> Self {
        self.back = Some(href.into());
        self
    }

    /// What was wrong with the assent that was sent.
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.error = Some(error.into());
        self
    }

    /// It destroys or gives up something.
    pub fn danger(mut self) -> Self {
        self.danger = true;
        self
    }

    /// A page may have several boxes: each has the name of what it sends.
    fn id(&self) -> String {
        let act = self.action.rsplit('/').next().unwrap_or_default();
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
        format!("confirm-{}", act.chars().map(plain).collect::<String>())
    }

    fn assented(&self) -> Markup {
        let id = self.id();
        let error_id = format!("{id}-error");
        let described = self.error.as_ref().map(|_| error_id.as_str());
        let invalid = self.error.as_ref().map(|_| "true");
        html! {
            div.field.invalid[self.error.is_some()] {
                @if let Some(error) = &self.error {
                    p.error id=(error_id) { span.visually-hidden { "Error: " } (error) }
                }
                @match &self.assent {
                    Assent::Tick(words) => div.check {
                        input type="checkbox" id=(id) name="confirm" value="yes" required
                            aria-describedby=[described] aria-invalid=[invalid];
                        label for=(id) { (words) }
                    },
                    Assent::Word(word) => {
                        label for=(id) { "Type " code { (word) } " to go on" }
                        input type="text" id=(id) name="confirm" required autocomplete="off"
                            spellcheck="false" autocapitalize="none"
                            aria-describedby=[described] aria-invalid=[invalid];
                    }
                }
            }
        }
    }
}

impl Render for Confirm {
    fn render(&self) -> Markup {
        let weight = if self.danger { Weight::Danger } else { Weight::Primary };
        html! {
            form.confirm.danger[self.danger] method="post" action=(self.action) aria-label=(self.title) {
                h2 { (self.title) }
                @if let [only] = self.consequences.as_slice() { p { (only) } } @else {
                    ul.plain-list { @for follows in &self.consequences { li { (follows) } } }
                }
                @if let Some(fields) = &self.body { (fields) }
                (self.assented())
                div.actions {
                    (button(weight, &self.verb))
                    @if let Some(href) = &self.back { a href=(href) { "Go back" } }
                }
            }
        }
    }
}
