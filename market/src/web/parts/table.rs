//! Tables: rows on a wide screen, cards on a narrow one; and the way to older and newer ones.

use maud::{Markup, Render, html};

/// A column: its name, and whether it holds numbers.
#[derive(Debug, Clone)]
pub struct Column {
    name: String,
    number: bool,
}

impl Column {
    /// A column of words.
    pub fn words(name: impl Into<String>) -> Self {
        Self { name: name.into(), number: false }
    }

    /// A column of numbers: right-aligned, digits under digits.
    pub fn numbers(name: impl Into<String>) -> Self {
        Self { name: name.into(), number: true }
    }

    fn class(&self) -> Option<&'static str> {
        self.number.then_some("number")
    }
}

/// A table. The first column names the row.
pub struct Table {
    caption: String,
    shown: bool,
    columns: Vec<Column>,
    rows: Vec<Vec<Markup>>,
    empty: Option<Markup>,
}

impl Table {
    /// A table of these columns. The caption is heard, not seen, for a heading commonly stands above.
    pub fn new(caption: impl Into<String>, columns: impl IntoIterator<Item = Column>) -> Self {
        let columns = columns.into_iter().collect();
        Self { caption: caption.into(), shown: false, columns, rows: Vec::new(), empty: None }
    }

    /// Shows the caption.
    pub fn captioned(mut self) -> Self {
        self.shown = true;
        self
    }

    /// One more row: a cell for each column, in order. What is missing is blank, what is over is left out.
    pub fn row(mut self, cells: impl IntoIterator<Item = Markup>) -> Self {
        self.push(cells);
        self
    }

    /// One more row, in a loop.
    pub fn push(&mut self, cells: impl IntoIterator<Item = Markup>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// What stands here while there is no row: see [`empty`](fn@super::empty).
    pub fn or_empty(mut self, instead: Markup) -> Self {
        self.empty = Some(instead);
        self
    }

    // Roles are spelled out, for a table that is laid out as cards is otherwise no table to a screen reader.
    fn line(&self, cells: &[Markup]) -> Markup {
        html! {
            tr role="row" {
                @for (at, column) in self.columns.iter().enumerate() {
                    @let cell = cells.get(at);
                    @if at == 0 {
                        th scope="row" role="rowheader" class=[column.class()] data-label=(column.name) { (shown(cell)) }
                    } @else {
                        td role="cell" class=[column.class()] data-label=(column.name) { (shown(cell)) }
                    }
                }
            }
        }
    }
}

// One element around a cell's content keeps label and content apart on a card.
fn shown(cell: Option<&Markup>) -> Markup {
    html! { div { @if let Some(cell) = cell { (cell) } } }
}

impl Render for Table {
    fn render(&self) -> Markup {
        if let (true, Some(instead)) = (self.rows.is_empty(), &self.empty) {
            return instead.clone();
        }
        html! {
            div.table tabindex="0" role="group" aria-label=(self.caption) {
                table role="table" {
                    caption.visually-hidden[!self.shown] { (self.caption) }
                    thead role="rowgroup" { tr role="row" {
                        @for column in &self.columns {
                            th scope="col" role="columnheader" class=[column.class()] { (column.name) }
                        }
                    } }
                    tbody role="rowgroup" { @for cells in &self.rows { (self.line(cells)) } }
                }
            }
        }
    }
}

/// Links to newer and older pages of a list, where there are any.
pub fn older_newer(newer: Option<&str>, older: Option<&str>) -> Markup {
    html! {
        @if newer.is_some() || older.is_some() {
            nav.pages aria-label="Pages" {
                @if let Some(href) = newer { a rel="prev" href=(href) { "← Newer" } }
                @if let Some(href) = older { a.last rel="next" href=(href) { "Older →" } }
            }
        }
    }
}
