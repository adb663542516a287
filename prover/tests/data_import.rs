//! Claims about importing real files.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: helpers outside of #[test] functions too"
)]

use std::io::Write;
use std::path::PathBuf;

use galen_prover::import::{
    self, Allow, HospitalSecret, ImportError, ImportSpec, Options, Problem, Share, shipped,
};

/// The folder of real data, or none with a message; `GALEN_REQUIRE_ALL=1` makes its absence a failure.
fn data() -> Option<PathBuf> {
    let dir = std::env::var_os("GALEN_DATA_DIR").map(PathBuf::from);
    if dir.is_none() {
        assert!(std::env::var_os("GALEN_REQUIRE_ALL").is_none(), "GALEN_DATA_DIR is not set");
        println!("skipped: GALEN_DATA_DIR is not set");
    }
    dir
}

fn secret() -> HospitalSecret {
    HospitalSecret::new([7; 32])
}

#[test]
fn every_shipped_schema_is_valid() {
    for (name, _) in shipped::ALL {
        let spec = shipped::shipped(name).unwrap().unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(spec.schema.name(), name);
    }
}

#[test]
fn diabetes130_imports_whole_and_strictly() {
    let Some(dir) = data() else { return };
    let spec = shipped::shipped("diabetes130").unwrap().unwrap();
    let path = dir.join("diabetes130/diabetic_data.csv.gz");
    let start = std::time::Instant::now();
    let imported = import::import_file(&path, &spec, &secret(), Options::default()).unwrap();
    println!("imported in {:?}", start.elapsed());
    let report = &imported.report;
    assert_eq!((report.rows_read, report.patients), (101_766, 71_518));
    assert_eq!(report.repeated.count, 101_766 - 71_518);
    assert!(imported.rows.windows(2).all(|w| w[0].handle < w[1].handle));
    let missing = |name: &str| report.columns.iter().find(|c| c.name == name).unwrap().missing;
    assert_eq!(missing("race"), 2273);
    assert_eq!(missing("gender"), 3);
    assert_eq!(missing("age"), 0);
    assert_eq!(missing("diag_1"), 21);
    let mut patients = 0;
    for index in 0..3 {
        let options = Options { share: Some(Share::new(index, 3).unwrap()), ..Options::default() };
        let share = import::import_file(&path, &spec, &secret(), options).unwrap();
        assert!((23_000..25_000).contains(&share.rows.len()));
        patients += share.rows.len();
    }
    assert_eq!(patients, 71_518);
}

#[test]
fn adult_and_its_hierarchies_agree_with_the_shipped_schema() {
    let Some(dir) = data() else { return };
    let spec = shipped::shipped("adult").unwrap().unwrap();
    let imported =
        import::import_file(&dir.join("adult/adult.csv.gz"), &spec, &secret(), Options::default()).unwrap();
    assert_eq!(imported.rows.len(), 30_162);
    for name in ["race", "workclass", "native-country", "occupation", "marital-status"] {
        let file = format!("adult/adult_hierarchy_{name}.csv");
        let text = import::hierarchy::outline(std::fs::File::open(dir.join(&file)).unwrap(), &file).unwrap();
        let nodes = galen_circuits::schema::outline::parse(&text).unwrap();
        let (_, column) = spec.schema.find(name).unwrap();
        for node in &nodes {
            let (lo, hi) =
                column.kind.range_of(&node.name).unwrap_or_else(|| panic!("{name}: {}", node.name));
            assert_eq!(hi - lo, node.hi - node.lo, "{name}: {}", node.name);
        }
    }
}

const SPEC: &str = r#"
missing = ["?", ""]
[patient]
column = "id"
keep = "refuse"
[consent]
column = "consent"
[columns.age]
format = "interval"
[columns.sex]
map = { "W" = "Female", "-" = "" }
[schema]
name = "small"
version = 1
k_floor = 2
l_floor = 1
alpha_ceiling = 1000
min_chunks = 4
[[schema.columns]]
name = "age"
class = "quasi-identifier"
weight = 1
kind.number = { min = 0, max = 99, step = 10 }
[[schema.columns]]
name = "sex"
class = "quasi-identifier"
weight = 1
kind.category.codes.outline = "Female\nMale"
[[schema.columns]]
name = "diag"
class = "sensitive"
kind.category.codes = "icd9-cm"
"#;

fn read(text: &[u8], options: Options) -> Result<import::Imported, ImportError> {
    import::import(text, "small.csv", &ImportSpec::from_toml(SPEC).unwrap(), &secret(), options)
}

const HEADER: &str = "id,age,sex,diag,consent\n";

#[test]
fn bytes_of_every_kind_of_table_read_the_same() {
    let rows = "1,[40-50),Male,250.01,HMB\n2,[30-40),W,\"428\",DS;CC\n";
    let plain = read(format!("{HEADER}{rows}").as_bytes(), Options::default()).unwrap();
    assert_eq!(plain.rows.len(), 2);
    assert_eq!(plain.rows.iter().map(|r| r.cells[0]).max(), Some(5));
    let same = |bytes: &[u8]| assert_eq!(read(bytes, Options::default()).unwrap().rows, plain.rows);
    same(format!("\u{feff}{HEADER}{rows}").as_bytes());
    same(format!("{HEADER}{rows}").replace('\n', "\r\n").as_bytes());
    same(format!("{HEADER}{rows}").replace([';'], " ").replace(',', ";").as_bytes());
    same(format!("{HEADER}{rows}").replace(',', "\t").as_bytes());
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(format!("{HEADER}{rows}").as_bytes()).unwrap();
    same(&gz.finish().unwrap());
}

/// T76: malformed input gives file, line and reason, and nothing is imported.
#[test]
fn malformed_files_are_refused_with_their_line() {
    let broken = |bytes: &[u8]| match read(bytes, Options::default()) {
        Err(ImportError::Broken { line, problem, .. }) => (line, problem),
        other => panic!("{other:?}"),
    };
    let with = |rows: &str| format!("{HEADER}{rows}").into_bytes();
    assert_eq!(broken(b""), (0, Problem::Empty));
    assert_eq!(broken(b" \n \n"), (0, Problem::Empty));
    assert_eq!(broken(HEADER.as_bytes()).1, Problem::NoRows);
    assert_eq!(broken(&with("1,[40-50),Male,250\n")), (2, Problem::Fields { expected: 5, found: 4 }));
    assert_eq!(broken(&with("1,[40-50),Male,250,DS\n,[40-50),Male,250,DS\n")), (3, Problem::NoPatient));
    assert_eq!(broken(b"id,age,sex,diag\n1,[40-50),Male,250\n"), (1, Problem::NoColumn("consent".into())));
    assert_eq!(broken(b"id,age,age,diag,consent,sex\n1,,,,,\n"), (1, Problem::TwiceInHeader("age".into())));
    assert_eq!(broken(&[HEADER.as_bytes(), b"1,[40-50),M\xffle,250,DS\n"].concat()), (2, Problem::Encoding));
    assert_eq!(broken(&[HEADER.as_bytes(), b"1,[40-50),M\0le,250,DS\n"].concat()).1, Problem::Nul);
    let utf16: Vec<u8> = with("1,,,,\n").iter().flat_map(|b| [*b, 0]).collect();
    assert_eq!(broken(&utf16).1, Problem::Nul);
    assert_eq!(broken(&with("1,[40-50),Male,250,\"DS\n2,[40-50),Male,250,DS\n")).1, Problem::OpenQuote);
    let huge = with(&format!("1,[40-50),Male,250,\"{}", "x\n".repeat(2 << 20)));
    assert!(matches!(broken(&huge).1, Problem::TooLong(_)));
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&with(&(1..2000).map(|i| format!("{i},[40-50),Male,250,DS\n")).collect::<String>()))
        .unwrap();
    let gz = gz.finish().unwrap();
    for cut in [11, 30, gz.len() / 2, gz.len() - 4] {
        assert_eq!(broken(&gz[..cut]).1, Problem::Compression, "cut at {cut}");
    }
}

#[test]
fn cells_that_cannot_be_encoded_stop_the_import_unless_allowed_by_name() {
    let text =
        format!("{HEADER}1,[40-50),Male,zebra77,HMB\n2,old,Male,428,HMB\n3,[400-410),W,?,NOPE\n3,,-,,\n");
    let Err(error @ ImportError::Refused { .. }) = read(text.as_bytes(), Options::default()) else {
        panic!()
    };
    let shown = format!("{error} {error:?}");
    for said in
        ["diag: 1 codes", "line 2", "age: 1 values outside", "line 4", "(consent)", "already read (line 5)"]
    {
        assert!(shown.contains(said), "{said} in {shown}");
    }
    for secret in ["zebra", "old", "NOPE", "400"] {
        assert!(!shown.contains(secret), "a cell's value in {shown}");
    }
    let all = Allow {
        unknown_codes: true,
        out_of_range: true,
        malformed: true,
        duplicates: true,
        ..Allow::default()
    };
    let allow = |allow| Options { allow, share: None };
    let imported = read(text.as_bytes(), allow(all)).unwrap();
    assert_eq!((imported.rows.len(), imported.report.without_consent), (3, 1));
    for less in [
        Allow { unknown_codes: false, ..all },
        Allow { out_of_range: false, ..all },
        Allow { malformed: false, ..all },
        Allow { duplicates: false, ..all },
    ] {
        assert!(read(text.as_bytes(), allow(less)).is_err(), "{less:?}");
    }
    let narrow = text.replace(",sex,", ",gender,");
    assert!(read(narrow.as_bytes(), allow(all)).is_err());
    let imported = read(narrow.as_bytes(), allow(Allow { missing_columns: true, ..all })).unwrap();
    assert!(imported.report.columns[1].absent && imported.rows.iter().all(|row| row.cells[1] == 0));
}

#[test]
fn handles_depend_on_patient_and_secret_only() {
    let handle = |secret: u8, id: &str| HospitalSecret::new([secret; 32]).pseudonym(id).handle;
    assert_eq!(handle(1, " 17 "), handle(1, "17"));
    assert_ne!(handle(1, "17"), handle(2, "17"));
    assert_ne!(handle(1, "17"), handle(1, "18"));
    assert_eq!(format!("{:?}", secret()), "HospitalSecret(..)");
}
