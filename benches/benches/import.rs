//! Import of a real file of 101,766 rows, and the classes of the real Adult data.
//!
//! Finds the data through `GALEN_DATA_DIR`; says so and stops without it.

#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use galen_prover::import::{HospitalSecret, Options, import_file, shipped};

fn main() {
    let Some(data) = std::env::var_os("GALEN_DATA_DIR").map(PathBuf::from) else {
        println!("skipped: GALEN_DATA_DIR is not set");
        return;
    };
    for (name, file) in [("diabetes130", "diabetes130/diabetic_data.csv.gz"), ("adult", "adult/adult.csv.gz")]
    {
        measure(name, &data.join(file));
    }
}

fn measure(name: &str, file: &Path) {
    let spec = shipped::shipped(name).expect("it is shipped").expect("it is valid");
    let secret = HospitalSecret::new([7; 32]);
    let mut seconds: Vec<f64> = (0..5)
        .map(|_| {
            let began = Instant::now();
            let imported = import_file(file, &spec, &secret, Options::default()).expect("it imports");
            assert!(!imported.rows.is_empty());
            began.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    println!("import of {name}: median {:.2} s of {} runs", seconds[seconds.len() / 2], seconds.len());
}
