//! The written form of a hierarchy: a line a name, children indented deeper than their parent.
//!
//! ```text
//! E08-E13: Diabetes mellitus
//!   E10: Type 1 diabetes mellitus
//!   E11: Type 2 diabetes mellitus
//!     E11
//!     E11.9: without complications
//! ```
//! A title may follow the name after a colon and a space. Names of values (lines without children) are unique, names
//! of groups too; a value may be called like the group that it stands in, for the case "this and nothing finer".

use super::good_name;

/// Deepest outline.
pub const MAX_DEPTH: usize = 12;
/// Longest outline in lines: no category has more values than a cell can hold.
pub const MAX_LINES: usize = 80_000;

/// A line of an outline with the range of codes below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The name, as values and requests write it.
    pub name: String,
    /// What it means.
    pub title: Option<String>,
    /// Number of ancestors.
    pub depth: usize,
    /// Whether it is a value, not a group.
    pub leaf: bool,
    /// First code below it.
    pub lo: u16,
    /// Last code below it.
    pub hi: u16,
}

/// Why an outline makes no hierarchy. `line` counts from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutlineFault {
    /// No names.
    #[error("the outline holds no values")]
    Empty,
    /// More values than codes, or more lines than any category needs.
    #[error("the outline holds more than 65535 values or {MAX_LINES} lines")]
    TooLong,
    /// A name or title is empty, too long or holds control characters.
    #[error("line {0}: a name or title is empty, too long, or holds control characters")]
    Name(usize),
    /// A line is indented to a depth that no line above opened, or too deep, or with tabs.
    #[error("line {0}: the indentation fits no line above, is deeper than {MAX_DEPTH} levels, or uses tabs")]
    Indent(usize),
    /// Two values or two groups of the same name.
    #[error("the name {0:?} stands twice")]
    Repeated(String),
}

/// Reads an outline.
///
/// # Errors
/// The first fault, with its line.
pub fn parse(text: &str) -> Result<Vec<Node>, OutlineFault> {
    let mut indents: Vec<usize> = Vec::new();
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        if lines.len() == MAX_LINES {
            return Err(OutlineFault::TooLong);
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        while indents.last().is_some_and(|last| *last > indent) {
            indents.pop();
        }
        let fits = match indents.last() {
            Some(last) => *last == indent || lines.last().is_some_and(|(_, i, _)| *i < indent),
            None => lines.is_empty() || lines.first().is_some_and(|(_, i, _)| *i == indent),
        };
        if !fits || line.trim_start_matches(' ').starts_with(char::is_whitespace) || indents.len() > MAX_DEPTH
        {
            return Err(OutlineFault::Indent(number));
        }
        if indents.last() != Some(&indent) {
            indents.push(indent);
        }
        lines.push((indents.len() - 1, indent, entry(line.trim()).ok_or(OutlineFault::Name(number))?));
    }
    number(lines.into_iter().map(|(depth, _, (name, title))| (depth, name, title)))
}

/// Numbers `(depth, name, title)` lines: leaves get codes from 1 in order, groups the range of their leaves.
///
/// # Errors
/// [`OutlineFault::Empty`] and [`OutlineFault::TooLong`].
pub fn number(
    lines: impl IntoIterator<Item = (usize, String, Option<String>)>,
) -> Result<Vec<Node>, OutlineFault> {
    let mut nodes: Vec<Node> = lines
        .into_iter()
        .map(|(depth, name, title)| Node { name, title, depth, leaf: true, lo: 0, hi: 0 })
        .collect();
    for i in 1..nodes.len() {
        nodes[i - 1].leaf = nodes[i].depth <= nodes[i - 1].depth;
    }
    let mut code = 0u16;
    for node in nodes.iter_mut() {
        if node.leaf {
            code = code.checked_add(1).ok_or(OutlineFault::TooLong)?;
            node.hi = code;
        }
        // A group starts with the leaf that comes next.
        node.lo = if node.leaf { code } else { code.saturating_add(1) };
    }
    // From the end: a group ends where the last of its children does, which is the first seen from behind.
    let mut last_at: Vec<u16> = Vec::new();
    for node in nodes.iter_mut().rev() {
        if !node.leaf {
            node.hi = last_at.get(node.depth + 1).copied().unwrap_or(node.lo);
        }
        last_at.truncate(node.depth + 1);
        while last_at.len() <= node.depth {
            last_at.push(node.hi);
        }
    }
    if code == 0 { Err(OutlineFault::Empty) } else { Ok(nodes) }
}

fn entry(line: &str) -> Option<(String, Option<String>)> {
    let (name, title) = match line.split_once(": ") {
        Some((name, title)) => (name.trim(), Some(title.trim())),
        None => (line, None),
    };
    let good = good_name(name) && title.is_none_or(good_name);
    good.then(|| (name.to_owned(), title.map(str::to_owned)))
}
