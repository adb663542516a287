//! A synthetic cohort of diabetes in-patients, for demonstrations and tests where there are no real data.
//!
//! No row stands for a person. The marginals follow what is published of diabetic in-patients in US hospitals 1999–2008
//! (Strack et al. 2014, *BioMed Research International* 781670: age, sex, admission, discharge, days in hospital, number
//! of medications, main diagnoses, share of HbA1c tests, readmission); how they hang together (type by age,
//! comorbidity by age, stay and readmission by comorbidity, discharge by age) is plausible and no more. Patients' ids
//! start with `SYN-`, and the schema is called `diabetes-synthetic`.
//!
//! The same seed gives the same bytes on every machine: integers only.

use std::io::Write;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

mod marginals;
mod patient;

pub use patient::Patient;

/// The cohort's columns, as its CSV names them; [`crate::import::shipped::DIABETES_SYNTHETIC`] reads them.
pub const HEADER: [&str; 13] = [
    "patient_id",
    "sex",
    "age",
    "admission",
    "discharge",
    "length_of_stay",
    "diag_1",
    "diabetes",
    "hba1c",
    "medications",
    "comorbidity",
    "readmitted",
    "consent",
];

/// The patients of a seed.
pub fn generate(seed: u64, patients: u32) -> impl Iterator<Item = Patient> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    (0..patients).map(move |_| Patient::draw(&mut rng))
}

/// Writes the cohort of a seed as CSV.
///
/// # Errors
/// When the writer fails.
pub fn write_csv(seed: u64, patients: u32, out: impl Write) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADER)?;
    for (number, patient) in (1u32..).zip(generate(seed, patients)) {
        let id = format!("SYN-{number:07}");
        writer.write_record(std::iter::once(id).chain(patient.fields()))?;
    }
    writer.flush().map_err(csv::Error::from)
}

/// One of the values, drawn by weight.
fn pick<T: Copy>(rng: &mut impl Rng, weighted: &[(T, u32)]) -> Option<T> {
    let total: u32 = weighted.iter().map(|(_, weight)| weight).sum();
    let mut left = rng.gen_range(0..total.max(1));
    for (value, weight) in weighted {
        if left < *weight {
            return Some(*value);
        }
        left -= weight;
    }
    None
}

/// Roughly normal around a mean: the sum of twelve small steps.
fn around(rng: &mut impl Rng, mean: i32, deviation: i32) -> i32 {
    let sum: i32 = (0..12).map(|_| rng.gen_range(0..=1000)).sum();
    mean + (sum - 6000) * deviation / 1000
}
