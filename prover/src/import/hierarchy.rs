//! Hierarchies from files in the style of ARX: a line a value, `value;group;wider group;…;*`.
//!
//! Codes must be the same in every hospital, so a hierarchy is turned into a schema's outline once, by who writes the
//! schema, and not read at each import.

use std::io::Read;

use super::{ImportError, Problem, spec::FileFormat};

/// What names the whole domain and needs no line of its own.
const EVERYTHING: &str = "*";

/// A group or value and what stands below it, in the order of the file.
#[derive(Default)]
struct Branch(Vec<(String, Branch)>);

impl Branch {
    fn insert(&mut self, path: &[String]) {
        let Some((first, rest)) = path.split_first() else { return };
        let index = self.0.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
            self.0.push((first.clone(), Self::default()));
            self.0.len() - 1
        });
        if let Some((_, branch)) = self.0.get_mut(index) {
            branch.insert(rest);
        }
    }

    fn write(&self, depth: usize, out: &mut String) {
        for (name, branch) in &self.0 {
            out.push_str(&"  ".repeat(depth));
            out.push_str(name);
            out.push('\n');
            branch.write(depth + 1, out);
        }
    }
}

/// The outline of a hierarchy file (see [`galen_circuits::schema::outline`]).
///
/// # Errors
/// [`ImportError`] when the file is broken; the outline itself is checked where it is used.
pub fn outline(input: impl Read, name: &str) -> Result<String, ImportError> {
    // Such files have no header, so one is put before them; the widest level first makes the path from the root.
    let mut text = Vec::new();
    input
        .take(16 << 20)
        .read_to_end(&mut text)
        .map_err(|e| ImportError::at(name, 0, Problem::Read(e.kind())))?;
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = if first.contains(&b';') { ';' } else { ',' };
    let levels = first.iter().filter(|byte| **byte == delimiter as u8).count() + 1;
    let header: Vec<String> = (0..levels).map(|i| format!("level{i}")).collect();
    let header = format!("{}\n", header.join(&delimiter.to_string()));
    let format = FileFormat { delimiter: Some(delimiter), ..FileFormat::default() };
    let mut table = super::reader::Table::open(header.as_bytes().chain(text.as_slice()), name, &format)?;
    let mut root = Branch::default();
    while let Some(line) = table.next()? {
        let mut path: Vec<String> =
            (0..levels).rev().map(|i| line.field(i).into_owned()).filter(|name| name != EVERYTHING).collect();
        path.dedup();
        root.insert(&path);
    }
    let mut out = String::new();
    root.write(0, &mut out);
    Ok(out)
}
