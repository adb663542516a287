//! `galen hospital`: the desk of a hospital, and what a data steward looks at before anything is proven.

mod calls;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use galen_circuits::schema::{Class, Predicate, Purpose};
use galen_market::desk::home::DeskRole;
use galen_prover::anonymize::{Params, Quasi, anonymize};
use galen_prover::import::{HospitalSecret, ImportSpec, Options, import_file};
use galen_prover::select::{feasibility, selected};
use serde_json::json;

use super::console::Console;
use super::desk::init::{self, InitArgs};
use super::desk::{DeskArg, serve};
use super::governance::apply::HospitalApplyArgs;
use crate::demo::show_quality;
use crate::serving::HospitalWays;

/// What a data steward can type.
#[derive(Subcommand, Debug)]
pub enum HospitalCommand {
    /// Make the desk's home: keys, people, a configuration with every field explained
    Init {
        #[command(flatten)]
        init: InitArgs,
        /// How many people must approve a release before anything is proven.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
        approvals: u8,
    },
    /// Write an application for accreditation, for the consortium's governance
    Apply(HospitalApplyArgs),
    /// Serve the desk's pages and API, and make proofs, until interrupted
    Serve(ServeArgs),
    #[command(flatten)]
    Desk(calls::DeskCall),
    /// Show what a request would release and at what risk; nothing is written, proven or sent
    Preview(PreviewArgs),
}

/// How the desk works.
#[derive(Args, Debug)]
pub struct ServeArgs {
    #[command(flatten)]
    home: DeskArg,
    /// A folder whose files can be chosen for import, besides those that are uploaded.
    #[arg(long, value_name = "DIR")]
    import_folder: Option<PathBuf>,
    /// A proven contribution waits a random time up to so many seconds, so that its time tells nobody whose it is.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    most_delay: u64,
}

impl ServeArgs {
    async fn run(self) -> anyhow::Result<()> {
        let Self { home, import_folder, most_delay } = self;
        let ways = HospitalWays { keys: None, most_delay: Duration::from_secs(most_delay), import_folder };
        serve::run(DeskRole::Hospital, &home, ways).await
    }
}

/// A file, its schema and a request.
#[derive(Args, Debug)]
pub struct PreviewArgs {
    /// A CSV of patients (may be .gz).
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Its schema, in TOML.
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,
    /// Which patients, such as "diag_1 in 250.* and age >= 40".
    #[arg(long, value_name = "PREDICATE")]
    request: String,
    /// The purpose, by its GA4GH DUO short name.
    #[arg(long, default_value = "HMB")]
    purpose: String,
    /// Least patients of a class; the schema's floor by default.
    #[arg(long)]
    k: Option<u16>,
    /// Least distinct sensitive values of a class; the schema's floor by default.
    #[arg(long)]
    l: Option<u16>,
    /// Most rows suppressed, per mille.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(0..=1000))]
    suppression: u16,
    /// One JSON object on stdout.
    #[arg(long)]
    json: bool,
}

impl HospitalCommand {
    /// Does it.
    ///
    /// # Errors
    /// Whatever the file, the schema or the request is refused for.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Init { init: args, approvals } => init::run(DeskRole::Hospital, &args, approvals),
            Self::Apply(args) => args.run(),
            Self::Serve(args) => args.run().await,
            Self::Desk(call) => call.run().await,
            Self::Preview(args) => args.run(),
        }
    }
}

impl PreviewArgs {
    fn run(self) -> anyhow::Result<()> {
        let args = self;
        let console = Console::new(args.json);
        let spec = ImportSpec::load(&args.schema)?;
        let schema = &spec.schema;
        let predicate = Predicate::parse(&args.request, schema).with_context(|| {
            format!("--request {:?} cannot be asked under {}", args.request, schema.name())
        })?;
        let purpose = Purpose::all().find(|purpose| purpose.short() == args.purpose);
        let known = || Purpose::all().map(Purpose::short).collect::<Vec<_>>().join(", ");
        let purpose =
            purpose.with_context(|| format!("--purpose {}: known purposes are {}", args.purpose, known()))?;

        // Handles order rows and are shown nowhere here: any secret does.
        let secret = HospitalSecret::new([0; 32]);
        let imported = import_file(&args.data, &spec, &secret, Options::default())?;
        let feasible = feasibility(&imported.rows, &predicate, purpose);
        let chosen: Vec<_> = selected(&imported.rows, &predicate, purpose)
            .into_iter()
            .map(|index| imported.rows[index])
            .collect();
        console.chapter("Preview", "what would be released; nothing was written, proven or sent");
        let read = format!("{} rows, {} patients", imported.report.rows_read, imported.rows.len());
        console.fact("read", read);
        let matching = format!("{} match, {} of them consent", feasible.matching, feasible.consenting);
        console.fact("cohort", matching);

        let sensitive =
            *schema.of_class(Class::Sensitive).first().context("the schema has no sensitive column")?;
        let quasi: Vec<Quasi> = schema
            .of_class(Class::QuasiIdentifier)
            .into_iter()
            .filter_map(|cell| Quasi::of(schema, cell, schema.column(cell)?.weight))
            .collect();
        let params = Params {
            k: args.k.unwrap_or_else(|| schema.k_floor()),
            l: args.l.unwrap_or_else(|| schema.l_floor()),
            alpha: schema.alpha_ceiling(),
            max_suppression_per_mille: args.suppression,
            max_loss: u64::MAX,
        };
        let report = anonymize(&chosen, &quasi, sensitive, &params)?.report;
        show_quality(&console, &report);
        for column in &report.columns {
            let name = schema.column(column.cell).map_or("", |c| c.name.as_str());
            console.fact(&format!("  lost in {name}"), format!("{:.1} %", 100.0 * column.penalty));
        }
        console.warn(
            "this looks at all matching rows; a contribution releases those of the run that the ledger draws",
        );
        console.object(
            &json!({ "matching": feasible.matching, "consenting": feasible.consenting, "quality": report }),
        );
        Ok(())
    }
}
