//! Sources: how a hospital's files are written, and under which schema their rows are encoded.

use galen_prover::import::{ImportSpec, shipped};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HospitalDesk;
use super::books::Kind;
use super::fault::DeskFault;
use crate::id::SchemaId;
use crate::registry;
use crate::state_key;

/// Longest text of a source, in bytes.
pub const MOST_SOURCE: usize = 1 << 20;

/// A source that the steward brought.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnSource {
    toml: String,
}

/// A source, as interfaces show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourceView {
    /// Its name.
    pub name: String,
    /// The schema's name on the ledger.
    pub schema: String,
    /// The schema's name, for people.
    pub schema_name: String,
    /// Its version.
    pub schema_version: u32,
    /// Whether the members have approved the schema.
    pub approved: bool,
    /// Whether this hospital is accredited for it.
    pub accredited: bool,
}

impl HospitalDesk {
    /// All sources: those that come with the program, and those that the steward brought.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn sources(&self) -> Result<Vec<SourceView>, DeskFault> {
        let own: Vec<(String, OwnSource)> = self.books.all(Kind::Source)?;
        let shipped = shipped::ALL.iter().map(|(name, toml)| ((*name).to_owned(), (*toml).to_owned()));
        let all = shipped.chain(own.into_iter().map(|(name, source)| (name, source.toml)));
        let read = all.filter_map(|(name, toml)| Some((name, ImportSpec::from_toml(&toml).ok()?)));
        read.map(|(name, spec)| self.source_view(name, &spec)).collect()
    }

    fn source_view(&self, name: String, spec: &ImportSpec) -> Result<SourceView, DeskFault> {
        let id = SchemaId::of(&spec.schema);
        let account = self.keys.account().key();
        let (approved, accredited) = self.chain.read(|state, _| {
            let approved = state.get(&state_key::schema(&id)).is_some();
            (approved, registry::place(state, &account, &id).is_some())
        })?;
        Ok(SourceView {
            name,
            schema: id.to_string(),
            schema_name: spec.schema.name().to_owned(),
            schema_version: spec.schema.version(),
            approved,
            accredited,
        })
    }

    /// Keeps a source under a name of letters, digits and `-`.
    ///
    /// # Errors
    /// For a name that is taken or none, and for a text that is no source, with line and reason.
    pub fn bring_source(&self, name: &str, toml: &str) -> Result<SourceView, DeskFault> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        if name.is_empty() || name.len() > 60 || !name.bytes().all(plain) {
            let detail = "a source's name has 1 to 60 letters, digits and hyphens";
            return Err(DeskFault::invalid("source-name", detail, "choose another name"));
        }
        if shipped::ALL.iter().any(|(taken, _)| *taken == name) {
            let detail = format!("{name} comes with the program and cannot be replaced");
            return Err(DeskFault::invalid("source-name", detail, "choose another name"));
        }
        if toml.len() > MOST_SOURCE {
            let detail = format!("a source is no longer than {MOST_SOURCE} bytes");
            return Err(DeskFault::invalid(
                "source",
                detail,
                "send the description of the file, not the file",
            ));
        }
        let spec = parse(toml)?;
        self.books.put(Kind::Source, name, &OwnSource { toml: toml.to_owned() })?;
        self.source_view(name.to_owned(), &spec)
    }

    /// A source by its name, if rows of it can be committed to.
    pub(super) fn usable_source(&self, name: &str) -> Result<ImportSpec, DeskFault> {
        let spec = match shipped::shipped(name) {
            Some(spec) => spec.map_err(|fault| DeskFault::Internal(fault.to_string()))?,
            None => {
                let unknown = || {
                    let names: Vec<&str> = shipped::ALL.iter().map(|(name, _)| *name).collect();
                    let detail = format!(
                        "there is no source of this name; {} come with the program",
                        names.join(", ")
                    );
                    DeskFault::invalid("source-unknown", detail, "choose one of them, or bring your own")
                };
                let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                let name = Some(name).filter(|name| plain && !name.is_empty()).ok_or_else(unknown)?;
                parse(&self.books.get::<OwnSource>(Kind::Source, name)?.ok_or_else(unknown)?.toml)?
            }
        };
        let view = self.source_view(name.to_owned(), &spec)?;
        let (schema, remedy) = (&view.schema_name, "ask the members of the consortium for it");
        if !view.approved {
            let detail = format!("the members have not approved the schema {schema} of this source");
            return Err(DeskFault::conflict("schema-unknown", detail, remedy));
        }
        if !view.accredited {
            let detail = format!("this hospital is not accredited for the schema {schema}");
            return Err(DeskFault::conflict("not-accredited", detail, remedy));
        }
        Ok(spec)
    }
}

fn parse(toml: &str) -> Result<ImportSpec, DeskFault> {
    ImportSpec::from_toml(toml).map_err(|fault| {
        DeskFault::invalid("source", fault.to_string(), "correct the line that the reason names")
    })
}
