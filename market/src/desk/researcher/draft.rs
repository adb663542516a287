//! What a person writes down before anything is signed: a request in words and numbers, unchecked.

use galen_circuits::schema::{Class, Schema};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::SchemaId;
use crate::request::MAX_SAMPLE;

/// Of all matching rows, so many in a thousand may be suppressed, if nobody says otherwise.
const USUAL_SUPPRESSION: u16 = 100;
/// The ranges may be so wide, in thousandths of the whole domains, if nobody says otherwise.
const USUAL_LOSS: u16 = 667;
/// A request takes contributions for so many blocks, if nobody says otherwise.
const USUAL_LIFE: u64 = 5_000;

/// A request that is being written. Everything may be missing; what is wrong is said by its check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Draft {
    /// What it is about, for people: everybody can read it. At most 200 characters when it is posted.
    pub title: String,
    /// The schema's id, 64 hex digits.
    pub schema: String,
    /// The purpose: a short name or code of GA4GH's Data Use Ontology, as `HMB` or `DUO:0000006`.
    pub purpose: String,
    /// Whom it is about, column by column; all of it must hold.
    pub choices: Vec<Choice>,
    /// A further condition in words, as `(diag_1 in 250.* or diag_2 in 250.*) and age >= 40`; `everyone` for all.
    pub cohort: String,
    /// Columns that are released as they are.
    pub released: Vec<String>,
    /// Columns that are released as ranges, with what one step of width counts.
    pub quasi_identifiers: Vec<Weight>,
    /// The column whose values must differ within every class.
    pub sensitive: String,
    /// Least patients of a class.
    pub k: Option<u16>,
    /// Least distinct sensitive values of a class.
    pub l: Option<u16>,
    /// Greatest share of one sensitive value in a class, per mille.
    pub alpha: Option<u16>,
    /// Chunks of 64 patients that are scanned of each hospital.
    pub sample: Option<u32>,
    /// Most patients that may be suppressed, per mille of those that match.
    pub max_suppressed: Option<u16>,
    /// How wide the ranges may be on average, per mille of the whole domains.
    pub max_loss: Option<u16>,
    /// Price of one record, in minor units.
    pub price: Option<u64>,
    /// Most records that are paid for.
    pub max_records: Option<u32>,
    /// For how many blocks after the posting hospitals may contribute.
    pub life: Option<u64>,
}

/// A condition on one column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// The column's name.
    pub column: String,
    /// Least value, of a number or date; empty for none.
    pub from: String,
    /// Greatest value, of a number or date; empty for none.
    pub to: String,
    /// Values or groups of a coded column, as `250.*`; one of them must fit.
    pub codes: Vec<String>,
}

/// A column that is released as a range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// The column's name.
    pub column: String,
    /// What one step of width counts in the loss; at least what the schema says.
    pub weight: u16,
}

impl Choice {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.from.trim().is_empty()
            && self.to.trim().is_empty()
            && self.codes.iter().all(|c| c.trim().is_empty())
    }
}

impl Draft {
    /// Begins a request under a schema: all it asks to be protected is, at its floors; everything that may be released is.
    pub fn under(schema: &Schema) -> Self {
        let name = |column: u8| schema.column(column).map(|found| found.name.clone());
        let quasi = schema.of_class(Class::QuasiIdentifier).into_iter().filter_map(|column| {
            let found = schema.column(column)?;
            Some(Weight { column: found.name.clone(), weight: found.weight })
        });
        let sensitive = schema.of_class(Class::Sensitive).first().copied();
        let released = sensitive.into_iter().chain(schema.of_class(Class::Plain)).filter_map(name).collect();
        Self {
            schema: SchemaId::of(schema).to_string(),
            released,
            quasi_identifiers: quasi.collect(),
            sensitive: sensitive.and_then(name).unwrap_or_default(),
            k: Some(schema.k_floor()),
            l: Some(schema.l_floor()),
            alpha: Some(schema.alpha_ceiling()),
            sample: Some(most_chunks(schema)),
            max_suppressed: Some(USUAL_SUPPRESSION),
            max_loss: Some(USUAL_LOSS),
            life: Some(USUAL_LIFE),
            ..Self::default()
        }
    }

    /// The choice on a column, if there is one.
    pub fn choice(&self, column: &str) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.column.eq_ignore_ascii_case(column))
    }
}

/// Most chunks that a request may have scanned under a schema: a quarter of the least dataset.
pub fn most_chunks(schema: &Schema) -> u32 {
    (schema.min_chunks() / 4).min(MAX_SAMPLE)
}
