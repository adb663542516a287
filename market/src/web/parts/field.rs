//! The fields of a form: a label, a hint, a value, and what is wrong with it.

use maud::{Markup, Render, html};

/// One thing to choose.
#[derive(Debug, Clone)]
pub struct Choice {
    value: String,
    label: String,
    hint: Option<String>,
}

impl Choice {
    /// What the form sends, and what people read.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), hint: None }
    }

    /// Explained; not shown in a select.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

#[derive(Debug, Clone)]
enum Kind {
    Input(&'static str),
    Area,
    Select(Vec<Choice>),
    Group(&'static str, Vec<Choice>),
}

/// One field. Its name is its id, unless [`Field::id`] says otherwise.
#[derive(Debug, Clone)]
pub struct Field {
    kind: Kind,
    name: String,
    id: String,
    label: String,
    hint: Option<String>,
    error: Option<String>,
    unit: Option<String>,
    values: Vec<String>,
    required: bool,
    attributes: Attributes,
}

#[derive(Debug, Clone, Default)]
struct Attributes {
    min: Option<String>,
    max: Option<String>,
    step: Option<String>,
    max_length: Option<usize>,
    accept: Option<String>,
    autocomplete: Option<&'static str>,
}

impl Field {
    /// A line of text.
    pub fn text(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(Kind::Input("text"), name, label)
    }

    /// A number.
    pub fn number(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(Kind::Input("number"), name, label)
    }

    /// A day.
    pub fn date(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(Kind::Input("date"), name, label)
    }

    /// A secret: not shown, never given back by the page.
    pub fn secret(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(Kind::Input("password"), name, label)
    }

    /// A file to send; the form is an [`upload`](super::upload).
    pub fn file(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(Kind::Input("file"), name, label)
    }

    /// Several lines of text.
    pub fn area(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(Kind::Area, name, label)
    }

    /// One of several, in a list that folds.
    pub fn select(
        name: impl Into<String>,
        label: impl Into<String>,
        choices: impl IntoIterator<Item = Choice>,
    ) -> Self {
        Self::new(Kind::Select(choices.into_iter().collect()), name, label)
    }

    /// One of a few, all in view.
    pub fn radios(
        name: impl Into<String>,
        label: impl Into<String>,
        choices: impl IntoIterator<Item = Choice>,
    ) -> Self {
        Self::new(Kind::Group("radio", choices.into_iter().collect()), name, label)
    }

    /// Any of several, all in view.
    pub fn checks(
        name: impl Into<String>,
        label: impl Into<String>,
        choices: impl IntoIterator<Item = Choice>,
    ) -> Self {
        Self::new(Kind::Group("checkbox", choices.into_iter().collect()), name, label)
    }

    fn new(kind: Kind, name: impl Into<String>, label: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            kind,
            id: name.clone(),
            name,
            label: label.into(),
            hint: None,
            error: None,
            unit: None,
            values: Vec::new(),
            required: false,
            attributes: Attributes::default(),
        }
    }

    /// Under another id, where two forms of a page have a field of one name.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// What to enter, and why.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong with the value, and what to do.
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.error = Some(error.into());
        self
    }

    /// What is wrong, if anything is.
    pub fn maybe_error(mut self, error: Option<impl Into<String>>) -> Self {
        self.error = error.map(Into::into);
        self
    }

    /// The value, or one more of the values chosen.
    pub fn value(mut self, value: impl ToString) -> Self {
        self.values.push(value.to_string());
        self
    }

    /// What a number counts, shown behind it.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// Must be given. The others say "optional".
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Smallest and largest number.
    pub fn between(mut self, min: impl ToString, max: impl ToString) -> Self {
        self.attributes.min = Some(min.to_string());
        self.attributes.max = Some(max.to_string());
        self
    }

    /// The step of a number: `1` unless said, `any` for fractions.
    pub fn step(mut self, step: impl ToString) -> Self {
        self.attributes.step = Some(step.to_string());
        self
    }

    /// At most so many characters.
    pub fn at_most(mut self, characters: usize) -> Self {
        self.attributes.max_length = Some(characters);
        self
    }

    /// The files that fit: `.csv,text/csv`.
    pub fn accept(mut self, kinds: impl Into<String>) -> Self {
        self.attributes.accept = Some(kinds.into());
        self
    }

    /// What the browser may fill in.
    pub fn autocomplete(mut self, what: &'static str) -> Self {
        self.attributes.autocomplete = Some(what);
        self
    }

    fn described(&self) -> Option<String> {
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.id));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.id));
        let ids: Vec<String> = [hint, error].into_iter().flatten().collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn invalid(&self) -> Option<&'static str> {
        self.error.as_ref().map(|_| "true")
    }

    fn first(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    fn words(&self) -> Markup {
        html! { (self.label) @if !self.required { " " span.optional { "(optional)" } } }
    }

    fn remarks(&self) -> Markup {
        html! {
            @if let Some(hint) = &self.hint { p.hint id={ (self.id) "-hint" } { (hint) } }
            @if let Some(error) = &self.error {
                p.error id={ (self.id) "-error" } { span.visually-hidden { "Error: " } (error) }
            }
        }
    }

    fn input(&self, kind: &str) -> Markup {
        let Attributes { min, max, step, max_length, accept, autocomplete } = &self.attributes;
        // A secret or a file is never given back to the page.
        let value = (!matches!(kind, "password" | "file")).then(|| self.first());
        html! {
            input type=(kind) id=(self.id) name=(self.name) value=[value] required[self.required]
                min=[min] max=[max] step=[step] maxlength=[max_length] accept=[accept]
                autocomplete=[autocomplete] inputmode=[(kind == "number").then_some("decimal")]
                aria-describedby=[self.described()] aria-invalid=[self.invalid()];
        }
    }

    fn control(&self) -> Markup {
        match &self.kind {
            Kind::Input(kind) => self.input(kind),
            Kind::Area => html! {
                textarea id=(self.id) name=(self.name) required[self.required]
                    maxlength=[self.attributes.max_length] rows="4"
                    aria-describedby=[self.described()] aria-invalid=[self.invalid()] { "\n" (self.first()) }
            },
            Kind::Select(choices) => html! {
                select id=(self.id) name=(self.name) required[self.required]
                    aria-describedby=[self.described()] aria-invalid=[self.invalid()] {
                    @for choice in choices {
                        option value=(choice.value) selected[self.values.contains(&choice.value)] { (choice.label) }
                    }
                }
            },
            Kind::Group(kind, choices) => self.group(kind, choices),
        }
    }

    fn group(&self, kind: &str, choices: &[Choice]) -> Markup {
        html! {
            @for (at, choice) in choices.iter().enumerate() {
                // The first has the group's id, so that a summary of errors leads to it.
                @let id = if at == 0 { self.id.clone() } else { format!("{}-{at}", self.id) };
                div.check {
                    input type=(kind) id=(id) name=(self.name) value=(choice.value)
                        checked[self.values.contains(&choice.value)] required[self.required && kind == "radio"]
                        aria-describedby=[choice.hint.as_ref().map(|_| format!("{id}-hint-of"))];
                    div {
                        label for=(id) { (choice.label) }
                        @if let Some(hint) = &choice.hint { span.hint id={ (id) "-hint-of" } { (hint) } }
                    }
                }
            }
        }
    }
}

impl Render for Field {
    fn render(&self) -> Markup {
        if matches!(self.kind, Kind::Group(..)) {
            return html! {
                fieldset.field.invalid[self.error.is_some()] aria-describedby=[self.described()] {
                    legend { (self.words()) }
                    (self.remarks())
                    (self.control())
                }
            };
        }
        html! {
            div.field.invalid[self.error.is_some()] {
                label for=(self.id) { (self.words()) }
                (self.remarks())
                @match &self.unit {
                    Some(unit) => div.with-unit { (self.control()) span { (unit) } },
                    None => (self.control()),
                }
            }
        }
    }
}
