//! What a demonstration can be asked.

use std::path::PathBuf;

use clap::Args;

/// Plays the whole story: consortium, hospitals, researcher, auditor, in one process.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// A CSV of patients (may be .gz); a synthetic cohort is generated without it.
    #[arg(long, value_name = "FILE", requires = "schema")]
    pub data: Option<PathBuf>,
    /// The schema of that file, in TOML; see prover/schemas.
    #[arg(long, value_name = "FILE", requires = "data")]
    pub schema: Option<PathBuf>,
    /// Hospitals that the patients are split over.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub hospitals: u32,
    /// Chunks of 64 rows scanned of each hospital; at most a quarter of the schema's least dataset, which is the default.
    #[arg(long, value_name = "N")]
    pub sample: Option<u32>,
    /// Least patients of a class; the schema's floor by default.
    #[arg(long)]
    pub k: Option<u16>,
    /// Least distinct sensitive values of a class; the schema's floor by default.
    #[arg(long)]
    pub l: Option<u16>,
    /// Which patients, such as "diag_1 in 250.* and age >= 40".
    #[arg(long, value_name = "PREDICATE")]
    pub request: Option<String>,
    /// The folder for everything that is written; a run that was interrupted goes on there. A new temporary one by default.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// A folder of `galen testnet` whose members run: the story is played on them, through the network's first gateway.
    #[arg(long, value_name = "DIR")]
    pub network: Option<PathBuf>,
    /// Afterwards serve everybody's pages, with a second request that waits for the hospitals; until interrupted.
    #[arg(long, conflicts_with_all = ["data", "network"])]
    pub serve: bool,
    /// People who must approve a release at a hospital's desk; each has an address to sign in at.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "serve", value_parser = clap::value_parser!(u8).range(1..=2))]
    pub approvals: u8,
    /// Ends with one JSON object on stdout; the story goes to stderr.
    #[arg(long)]
    pub json: bool,
}

/// Seed of the generated cohort: the same patients for everybody.
pub const COHORT_SEED: u64 = 2026;
/// Patients of the generated cohort, for each hospital.
pub const COHORT_PATIENTS: u32 = 1_200;

/// The request when none is given, by the schema's name.
pub fn default_request(schema: &str) -> Option<&'static str> {
    match schema {
        "diabetes-synthetic" => Some("age >= 40"),
        "diabetes130" => Some("diag_1 in 250.* and age >= 40"),
        _ => None,
    }
}
