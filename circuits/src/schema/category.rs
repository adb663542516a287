//! Named values in a hierarchy, numbered so that each subtree is one contiguous range of codes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::outline::{Node, OutlineFault};
use super::{EncodeError, icd9, outline};

/// Where the values of a category come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codes {
    /// An outline written out: a line a name, deeper ones indented; see [`outline`].
    Outline(String),
    /// ICD-9-CM: chapters, blocks, three-digit codes, and the fifth digits of diabetes; see [`icd9`].
    Icd9Cm,
}

/// The written form of a category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryParts {
    /// The values.
    pub codes: Codes,
    /// Whether the order of the values means something, so that a range reads as `first-last`.
    #[serde(default)]
    pub ordered: bool,
    /// Whether a value that is not listed counts as its part before the dot (`365.44` as `365`).
    #[serde(default)]
    pub truncate: bool,
}

/// Named values in a hierarchy. Leaves have codes `1..=size()` in the order of the outline; the leaves below a name
/// are therefore one range.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "CategoryParts", into = "CategoryParts")]
pub struct Category {
    parts: CategoryParts,
    nodes: Vec<Node>,
    leaves: Vec<usize>,
    by_leaf: BTreeMap<String, u16>,
    by_group: BTreeMap<String, usize>,
    by_title: BTreeMap<String, usize>,
}

impl std::fmt::Debug for Category {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Category({} values)", self.leaves.len())
    }
}

impl PartialEq for Category {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Category {}

impl TryFrom<CategoryParts> for Category {
    type Error = OutlineFault;
    fn try_from(parts: CategoryParts) -> Result<Self, OutlineFault> {
        let nodes = match &parts.codes {
            Codes::Outline(text) => outline::parse(text)?,
            Codes::Icd9Cm => icd9::nodes()?,
        };
        let mut category = Self {
            parts,
            nodes,
            leaves: Vec::new(),
            by_leaf: BTreeMap::new(),
            by_group: BTreeMap::new(),
            by_title: BTreeMap::new(),
        };
        category.index()?;
        Ok(category)
    }
}

impl From<Category> for CategoryParts {
    fn from(category: Category) -> Self {
        category.parts
    }
}

impl Category {
    /// The written form.
    pub fn parts(&self) -> &CategoryParts {
        &self.parts
    }

    /// Every name with its range, parents before children.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Whether the order of the values means something.
    pub fn ordered(&self) -> bool {
        self.parts.ordered
    }

    /// Number of values.
    pub fn size(&self) -> u16 {
        self.leaves.len() as u16
    }

    /// The code of a value. Upper and lower case are the same.
    ///
    /// # Errors
    /// [`EncodeError::Unknown`] when the schema does not hold it.
    pub fn encode(&self, value: &str) -> Result<u16, EncodeError> {
        let key = fold(value);
        let exact = |key: &str| self.by_leaf.get(key).copied();
        let found = match self.parts.codes {
            Codes::Outline(_) => exact(&key),
            Codes::Icd9Cm => icd9::normalise(&key).and_then(|key| exact(&key)),
        };
        let whole =
            || self.parts.truncate.then(|| key.split_once('.')).flatten().and_then(|(whole, _)| exact(whole));
        found.or_else(whole).ok_or(EncodeError::Unknown)
    }

    /// The range of a name: a value's own code; else a group's range, by its name or title. `name.*` is always the
    /// group, for the case that one of its values is called like it.
    pub fn subtree(&self, name: &str) -> Option<(u16, u16)> {
        let key = fold(name);
        let node = |index: &usize| self.nodes.get(*index).map(|n| (n.lo, n.hi));
        let group = |key: &str| self.by_group.get(key).and_then(node);
        let leaf = |key: &str| self.encode(key).ok().map(|code| (code, code));
        match key.strip_suffix(".*").or_else(|| key.strip_suffix('*')) {
            Some(bare) => group(bare).or_else(|| leaf(bare)),
            None => leaf(&key).or_else(|| group(&key)).or_else(|| self.by_title.get(&key).and_then(node)),
        }
    }

    /// The title of a value, where the schema gives one.
    pub fn title(&self, code: u16) -> Option<&str> {
        self.leaf(code).and_then(|node| node.title.as_deref())
    }

    /// A range of codes in words: the group's name if it is one; `first-last` when the order means something;
    /// otherwise the names that make it up.
    pub(super) fn label(&self, lo: u16, hi: u16) -> String {
        if lo == hi {
            return self.name(lo).to_owned();
        }
        let cover = self.cover(lo, hi);
        match (cover.as_slice(), self.parts.ordered) {
            ([one], _) => self.show(one),
            (_, true) => format!("{}-{}", self.name(lo), self.name(hi)),
            (many, false) => many.iter().map(|n| self.show(n)).collect::<Vec<_>>().join(" | "),
        }
    }

    /// The fewest nodes whose leaves are exactly `lo..=hi`.
    pub fn cover(&self, lo: u16, hi: u16) -> Vec<&Node> {
        let mut next = lo.max(1);
        let mut cover = Vec::new();
        // Parents stand before their children, so the first node that starts here and fits is the largest.
        for node in &self.nodes {
            if node.lo == next && node.hi <= hi {
                cover.push(node);
                next = node.hi.saturating_add(1);
            }
        }
        cover
    }

    /// Leaves below the smallest group that holds the range: what a generalisation by the hierarchy would cover.
    pub fn ancestor_size(&self, lo: u16, hi: u16) -> u16 {
        let holding = self.nodes.iter().filter(|n| n.lo <= lo && hi <= n.hi).map(|n| n.hi - n.lo + 1).min();
        holding.unwrap_or(self.size())
    }

    fn leaf(&self, code: u16) -> Option<&Node> {
        let index = self.leaves.get(usize::from(code).checked_sub(1)?)?;
        self.nodes.get(*index)
    }

    fn name(&self, code: u16) -> &str {
        self.leaf(code).map_or("", |node| &node.name)
    }

    /// A group that shares its name with one of its values is shown as `name.*`.
    fn show(&self, node: &Node) -> String {
        let shared = !node.leaf && self.by_leaf.contains_key(&fold(&node.name));
        if shared { format!("{}.*", node.name) } else { node.name.clone() }
    }

    fn index(&mut self) -> Result<(), OutlineFault> {
        for (i, node) in self.nodes.iter().enumerate() {
            let key = fold(&node.name);
            let repeated = if node.leaf {
                self.leaves.push(i);
                self.by_leaf.insert(key, node.lo).is_some()
            } else {
                self.by_group.insert(key, i).is_some()
            };
            if repeated {
                return Err(OutlineFault::Repeated(node.name.clone()));
            }
            if let Some(title) = &node.title {
                self.by_title.entry(fold(title)).or_insert(i);
            }
        }
        Ok(())
    }
}

fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}
