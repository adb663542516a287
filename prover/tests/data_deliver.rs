//! Claims about the synthetic cohort and about delivered files.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: helpers outside of #[test] functions too"
)]

use galen_circuits::schema::{Class, Predicate};
use galen_prover::anonymize::{Params, Quasi, anonymize};
use galen_prover::deliver::{DeliverError, DeliveredRow, Dictionary, Layout};
use galen_prover::import::{self, HospitalSecret, ImportSpec, Options, shipped};
use galen_prover::{cohort, select};

fn imported(seed: u64, patients: u32) -> (import::Imported, ImportSpec) {
    let spec = shipped::shipped("diabetes-synthetic").unwrap().unwrap();
    let mut csv = Vec::new();
    cohort::write_csv(seed, patients, &mut csv).unwrap();
    let secret = HospitalSecret::new([1; 32]);
    (import::import(csv.as_slice(), "synthetic", &spec, &secret, Options::default()).unwrap(), spec)
}

#[test]
fn the_cohort_is_a_function_of_its_seed_and_fits_its_schema() {
    let bytes = |seed| {
        let mut csv = Vec::new();
        cohort::write_csv(seed, 500, &mut csv).unwrap();
        csv
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
    assert!(String::from_utf8(bytes(1)).unwrap().lines().skip(1).all(|line| line.starts_with("SYN-")));
    // The bytes of seed 1 are pinned: the same on every machine and in every version.
    assert_eq!(&blake3::hash(&bytes(1)).to_hex()[..16], "4bf061e4975a13b7");
}

#[test]
fn the_cohort_has_the_published_marginals() {
    let (imported, spec) = imported(7, 20_000);
    let rows = &imported.rows;
    assert_eq!(rows.len(), 20_000);
    let share = |text: &str| {
        let predicate = Predicate::parse(text, &spec.schema).unwrap();
        rows.iter().filter(|row| predicate.matches(&row.cells)).count() as f64 / rows.len() as f64
    };
    let near = |text: &str, published: f64, tolerance: f64| {
        let found = share(text);
        assert!((found - published).abs() < tolerance, "{text}: {found} against {published}");
    };
    near("sex = female", 0.538, 0.015);
    near("age in 70..79", 0.26, 0.015);
    near("age < 40", 0.055, 0.01);
    near("length_of_stay in 1..4", 0.61, 0.05);
    near("hba1c is known", 0.17, 0.06);
    near("readmitted = early", 0.11, 0.03);
    near("readmitted = no", 0.54, 0.06);
    near("diag_1 in I00-I99", 0.30, 0.05);
    near("diag_1 in E08-E13", 0.09, 0.03);
    near("discharge = 'home'", 0.59, 0.08);
    near("diabetes in E10", 0.06, 0.02);
    assert!(share("age >= 80 and discharge = 'nursing facility'") / share("age >= 80") > 0.1);
    assert!((imported.report.without_consent as f64 / 20_000.0 - 0.07).abs() < 0.01);
}

/// From the synthetic file to a delivered one, with every range holding the row it stands for.
#[test]
fn a_cohort_goes_from_import_to_delivery() {
    let (imported, spec) = imported(11, 3_000);
    let schema = &spec.schema;
    let predicate = Predicate::parse("diabetes in E11 and age in 40..79", schema).unwrap();
    predicate.check(schema).unwrap();
    let chosen = select::selected(&imported.rows, &predicate, "HMB".parse().unwrap());
    let rows: Vec<_> = chosen.iter().map(|i| imported.rows[*i]).collect();
    assert!(rows.len() > 1000);
    let quasi_identifiers = schema.of_class(Class::QuasiIdentifier);
    let quasi: Vec<Quasi> = quasi_identifiers
        .iter()
        .map(|cell| Quasi::of(schema, *cell, schema.column(*cell).unwrap().weight).unwrap())
        .collect();
    let (sensitive, released) = (schema.find("diag_1").unwrap().0, [5, 7, 10]);
    schema.permits(5, 2, 800, &quasi_identifiers, sensitive, &released).unwrap();
    let params = Params { k: 5, l: 2, alpha: 800, max_suppression_per_mille: 20, max_loss: u64::MAX };
    let out = anonymize(&rows, &quasi, sensitive, &params).unwrap();
    let delivered: Vec<DeliveredRow> = out
        .classes
        .iter()
        .flat_map(|class| class.rows.iter().map(|row| (class.bounds.clone(), *row)))
        .map(|(bounds, row)| {
            let cells = std::array::from_fn(|i| released.contains(&(i as u8)).then(|| rows[row].cells[i]));
            DeliveredRow { cells, bounds }
        })
        .collect();
    let layout = Layout { schema, quasi_identifiers: &quasi_identifiers, released: &released, codes: true };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cohort.csv");
    layout.deliver(&delivered, &path).unwrap();
    let dictionary: Dictionary =
        serde_json::from_slice(&std::fs::read(folder.path().join("cohort.json")).unwrap()).unwrap();
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header, dictionary.fields.iter().map(|f| f.name.clone()).collect::<Vec<_>>());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), delivered.len());
    for (record, row) in records.iter().zip(&delivered) {
        let (lo, hi): (u16, u16) = (record[4].parse().unwrap(), record[5].parse().unwrap());
        assert_eq!((lo, hi), row.bounds[1]);
        assert_eq!(&record[3], schema.column(1).unwrap().kind.label(lo, hi));
        assert_eq!(record[16].parse::<u16>().unwrap(), row.cells[5].unwrap());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
}

#[test]
fn rows_of_another_shape_are_refused_and_no_file_appears() {
    let spec = shipped::shipped("diabetes-synthetic").unwrap().unwrap();
    let layout = Layout { schema: &spec.schema, quasi_identifiers: &[0, 1], released: &[5], codes: false };
    let good = DeliveredRow { cells: [Some(1); 11], bounds: vec![(1, 1), (1, 82)] };
    let short = DeliveredRow { bounds: vec![(1, 1)], ..good.clone() };
    let hidden = DeliveredRow { cells: [None; 11], ..good.clone() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    for bad in [short, hidden] {
        let fault = layout.deliver(&[good.clone(), bad], &path).unwrap_err();
        assert!(matches!(fault, DeliverError::Shape(1)), "{fault}");
    }
    assert!(matches!(
        Layout { released: &[11], ..layout.clone() }.deliver(&[], &path),
        Err(DeliverError::NoColumn(11))
    ));
    let nowhere = folder.path().join("nowhere/rows.csv");
    assert!(matches!(layout.deliver(&[good], &nowhere), Err(DeliverError::Write { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
