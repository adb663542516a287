//! What the columns of a delivered file mean.

use galen_circuits::schema::{Kind, Schema};
use serde::{Deserialize, Serialize};

use super::{DeliverError, Layout};

/// Longest list of values spelled out; longer ones name the schema instead.
const MAX_VALUES: usize = 200;

/// A data dictionary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dictionary {
    /// The schema's name.
    pub schema: String,
    /// Its version.
    pub version: u32,
    /// The first 32 bytes of its digest, in hex.
    pub digest: String,
    /// The file's columns, in order.
    pub fields: Vec<Field>,
}

/// A column of a delivered file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name in the header.
    pub name: String,
    /// The schema's column.
    pub column: String,
    /// What it says.
    pub meaning: String,
    /// Values with their titles, where there are few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(String, String)>,
}

impl Layout<'_> {
    /// The dictionary of what [`Layout::write_csv`] writes.
    ///
    /// # Errors
    /// [`DeliverError::NoColumn`].
    pub fn dictionary(&self) -> Result<Dictionary, DeliverError> {
        let mut fields = Vec::new();
        for column in self.quasi_identifiers {
            let (name, kind) = named(self.schema, *column)?;
            let meaning = format!("{}, as a range shared by at least k patients", describe(kind));
            fields.push(Field { name: name.into(), column: name.into(), meaning, values: values(kind) });
            if self.codes {
                fields.push(code(name, "_lo", "least code of the range (0 = missing)"));
                fields.push(code(name, "_hi", "greatest code of the range"));
            }
        }
        for column in self.released {
            let (name, kind) = named(self.schema, *column)?;
            let meaning = format!("{}; empty = missing", describe(kind));
            fields.push(Field { name: name.into(), column: name.into(), meaning, values: values(kind) });
            if self.codes {
                fields.push(code(name, "_code", "code of the value (0 = missing)"));
            }
        }
        let digest = hex::encode(self.schema.digest_bytes().get(..32).unwrap_or_default());
        Ok(Dictionary { schema: self.schema.name().into(), version: self.schema.version(), digest, fields })
    }
}

fn named(schema: &Schema, column: u8) -> Result<(&str, &Kind), DeliverError> {
    let found = schema.column(column).ok_or(DeliverError::NoColumn(column))?;
    Ok((&found.name, &found.kind))
}

fn code(column: &str, suffix: &str, meaning: &str) -> Field {
    Field {
        name: format!("{column}{suffix}"),
        column: column.into(),
        meaning: meaning.into(),
        values: Vec::new(),
    }
}

fn describe(kind: &Kind) -> String {
    let all = kind.label(1, kind.size());
    match kind {
        Kind::Number(number) if number.parts().step > 1 => {
            format!("number, {all}, in steps of {}", number.write(number.parts().step))
        }
        Kind::Number(_) => format!("number, {all}"),
        Kind::Date(_) => format!("day, {all}"),
        Kind::Category(category) => format!("one of {} values", category.size()),
    }
}

fn values(kind: &Kind) -> Vec<(String, String)> {
    let Kind::Category(category) = kind else { return Vec::new() };
    if category.nodes().len() > MAX_VALUES {
        return Vec::new();
    }
    let entry = |node: &galen_circuits::schema::outline::Node| {
        (node.name.clone(), node.title.clone().unwrap_or_default())
    };
    category.nodes().iter().map(entry).collect()
}
