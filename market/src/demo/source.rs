//! Where the patients come from, and what is asked of them.

use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use galen_circuits::contribution::Limits;
use galen_circuits::request::{QuasiIdentifier, Terms};
use galen_circuits::schema::{Class, Predicate, Purpose, Schema};
use galen_market::SchemaId;
use galen_prover::cohort;
use galen_prover::import::{ImportSpec, shipped};

use super::args::{COHORT_PATIENTS, COHORT_SEED, DemoArgs, default_request};
use super::folder::{Asked, Folder, digest};

/// The purpose that requests of a demonstration state: health, medical and biomedical research.
const PURPOSE: &str = "HMB";

/// Patients, schema, request.
pub struct Source {
    /// The file; none for the generated cohort.
    data: Option<PathBuf>,
    /// How to read it.
    pub spec: ImportSpec,
    /// What the request asks of rows and classes.
    pub terms: Terms,
    /// What was asked for.
    pub asked: Asked,
}

impl Source {
    /// Reads schema and request, and looks whether the data file is there.
    ///
    /// # Errors
    /// When something does not exist, is damaged, or contradicts the schema.
    pub fn resolve(args: &DemoArgs) -> anyhow::Result<Self> {
        let (spec, schema_digest) = match &args.schema {
            Some(path) => {
                let text =
                    fs::read(path).with_context(|| format!("cannot read the schema {}", path.display()))?;
                (ImportSpec::load(path)?, digest(&text))
            }
            None => {
                let spec = shipped::shipped("diabetes-synthetic")
                    .context("the synthetic schema is not shipped")??;
                (spec, "shipped diabetes-synthetic".to_owned())
            }
        };
        let schema = &spec.schema;
        let words = match &args.request {
            Some(words) => words.clone(),
            None => default_request(schema.name())
                .with_context(|| {
                    format!("say which patients of {}: --request \"column >= value\"", schema.name())
                })?
                .to_owned(),
        };
        let predicate = Predicate::parse(&words, schema)
            .with_context(|| format!("--request {words:?} cannot be asked under {}", schema.name()))?;
        let terms = terms(schema, predicate, args)?;
        let sample = sample(schema, args.sample)?;
        let data = match &args.data {
            Some(path) => {
                let bytes =
                    fs::read(path).with_context(|| format!("cannot read the data {}", path.display()))?;
                Some(digest(&bytes))
            }
            None => None,
        };
        let asked = Asked {
            data,
            schema: schema_digest,
            hospitals: args.hospitals,
            sample,
            k: terms.k,
            l: terms.l,
            request: words,
            network: None,
        };
        Ok(Self { data: args.data.clone(), spec, terms, asked })
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.spec.schema
    }

    /// Whether no row stands for a person.
    pub fn is_synthetic(&self) -> bool {
        self.data.is_none()
    }

    /// The file of patients; the generated cohort is written to the folder first.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn file(&self, folder: &Folder) -> anyhow::Result<PathBuf> {
        match &self.data {
            Some(path) => Ok(path.clone()),
            None => {
                let path = folder.path("synthetic-cohort.csv");
                if !path.exists() {
                    write_cohort(&path, COHORT_SEED, COHORT_PATIENTS * self.asked.hospitals)?;
                }
                Ok(path)
            }
        }
    }

    /// Limits that stop a release which says nothing: a tenth suppressed, and boxes of two thirds of the domains.
    pub fn limits(&self) -> Limits {
        let whole: u64 = self
            .terms
            .quasi_identifiers
            .iter()
            .filter_map(|q| {
                Some(u64::from(self.schema().column(q.column)?.kind.size()) * u64::from(q.weight))
            })
            .sum();
        Limits { max_suppressed_per_mille: 100, max_loss_per_row: whole * 2 / 3 }
    }
}

/// Other generated patients, if they are not there yet: those of one hospital's desk.
///
/// # Errors
/// When they cannot be written.
pub fn write_patients(path: &Path, number: u64) -> anyhow::Result<()> {
    if path.exists() { Ok(()) } else { write_cohort(path, COHORT_SEED + number, COHORT_PATIENTS) }
}

fn write_cohort(path: &Path, seed: u64, patients: u32) -> anyhow::Result<()> {
    let temporary = path.with_extension("part");
    let failed = || format!("cannot write {}", path.display());
    let file = fs::File::create(&temporary).with_context(failed)?;
    cohort::write_csv(seed, patients, BufWriter::new(file)).with_context(failed)?;
    fs::rename(&temporary, path).with_context(failed)
}

fn sample(schema: &Schema, asked: Option<u32>) -> anyhow::Result<u32> {
    let most = schema.min_chunks() / 4;
    let sample = asked.unwrap_or(most);
    ensure!(
        sample >= 1 && sample <= most,
        "--sample {sample}: {} permits 1 to {most} chunks, a quarter of its least dataset",
        schema.name()
    );
    Ok(sample)
}

/// All quasi-identifiers of the schema as ranges, its sensitive column and all plain ones as they are.
fn terms(schema: &Schema, predicate: Predicate, args: &DemoArgs) -> anyhow::Result<Terms> {
    let quasi: Vec<u8> = schema.of_class(Class::QuasiIdentifier);
    let sensitive =
        *schema.of_class(Class::Sensitive).first().context("the schema has no sensitive column")?;
    let released: Vec<u8> = std::iter::once(sensitive).chain(schema.of_class(Class::Plain)).collect();
    let weight = |column: u8| schema.column(column).map_or(1, |c| c.weight);
    let Some(purpose) = Purpose::all().find(|purpose| purpose.short() == PURPOSE) else {
        bail!("there is no purpose {PURPOSE}");
    };
    let terms = Terms {
        schema: SchemaId::of(schema).field(),
        predicate,
        purpose: purpose.bit(),
        released,
        quasi_identifiers: quasi.iter().map(|c| QuasiIdentifier { column: *c, weight: weight(*c) }).collect(),
        sensitive,
        k: args.k.unwrap_or_else(|| schema.k_floor()),
        l: args.l.unwrap_or_else(|| schema.l_floor()),
        alpha: schema.alpha_ceiling(),
    };
    terms.check()?;
    schema.permits(terms.k, terms.l, terms.alpha, &quasi, terms.sensitive, &terms.released)?;
    Ok(terms)
}
