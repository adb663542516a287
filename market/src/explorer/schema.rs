//! Schemas: what data looks like, and what may be asked of it.

use galen_circuits::schema::{Class, Schema};
use galen_ledger::StateRead;
use serde::Serialize;
use utoipa::ToSchema;

use crate::id::SchemaId;
use crate::query;
use crate::state::after;
use crate::state_key;
use crate::web::Paged;

/// A schema in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SchemaLine {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Its columns.
    pub columns: usize,
    /// No class of fewer patients may be asked for.
    pub k_floor: u16,
    /// No fewer distinct sensitive values in a class.
    pub l_floor: u16,
    /// No larger share of one sensitive value, per mille.
    pub alpha_ceiling: u16,
    /// Least chunks of a dataset.
    pub min_chunks: u32,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ColumnView {
    /// Its number.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// What it is for privacy, in words.
    pub class: &'static str,
    /// How a value becomes a code.
    #[schema(value_type = Object)]
    pub kind: serde_json::Value,
}

/// A schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SchemaView {
    /// What lists say of it.
    #[serde(flatten)]
    pub line: SchemaLine,
    /// Its columns.
    pub fields: Vec<ColumnView>,
}

impl SchemaLine {
    fn of(schema: &Schema) -> Self {
        Self {
            id: SchemaId::of(schema).to_string(),
            name: schema.name().to_owned(),
            version: schema.version(),
            columns: schema.columns().len(),
            k_floor: schema.k_floor(),
            l_floor: schema.l_floor(),
            alpha_ceiling: schema.alpha_ceiling(),
            min_chunks: schema.min_chunks(),
        }
    }
}

/// What a class of columns is, in words.
const fn class(class: Class) -> &'static str {
    match class {
        Class::QuasiIdentifier => "quasi-identifier: released as a range shared by a class",
        Class::Sensitive => "sensitive: released as it is, diverse in every class",
        Class::Plain => "plain: released as it is",
        Class::NeverReleased => "never released",
    }
}

/// A page of schemas, in the order of their ids.
pub fn schemas(state: &(impl StateRead + ?Sized), from: Option<&[u8]>, limit: usize) -> Paged<SchemaLine> {
    let all = after::<Schema>(state, &state_key::schemas(), from);
    Paged::of(all.map(|(key, schema)| (key, SchemaLine::of(&schema))).take(limit + 1), limit)
}

/// A schema.
pub fn schema(state: &(impl StateRead + ?Sized), id: &SchemaId) -> Option<SchemaView> {
    let schema = query::schema(state, id)?;
    let fields = schema.columns().iter().enumerate().map(|(number, column)| ColumnView {
        number,
        name: column.name.clone(),
        class: class(column.class),
        kind: serde_json::to_value(&column.kind).unwrap_or_default(),
    });
    Some(SchemaView { line: SchemaLine::of(&schema), fields: fields.collect() })
}
