//! The program as its users run it: the demonstration, killed at random and gone on with; the auditor, on whole and on
//! damaged files; and what is said when something is wrong.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod program;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use program::{errors, galen, last_line, output};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde_json::Value;

/// Minor units for one record of a demonstration.
const PRICE: u64 = 1_250;

/// The smallest demonstration: one hospital, one chunk, three proofs or four.
fn demo(out: &Path) -> Command {
    let mut command = galen();
    command.args(["demo", "--hospitals", "1", "--sample", "1", "--json", "--out"]).arg(out);
    command
}

fn finish(out: &Path) -> Value {
    let output = output(&mut demo(out));
    assert!(output.status.success(), "{}", errors(&output));
    last_line(&output)
}

fn verify(file: &Path) -> Output {
    output(galen().args(["auditor", "verify", "--json"]).arg(file))
}

/// Kills a demonstration with SIGKILL when it has printed so many lines; gives the contribution that it said was accepted.
fn kill_after(out: &Path, lines: usize) -> Option<String> {
    let mut child = demo(out).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut accepted = None;
    let mut contribution = None;
    let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
    for (index, line) in stderr.lines().map_while(Result::ok).enumerate() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("contribution") => contribution = words.next().map(str::to_owned),
            Some("accepted") => accepted.clone_from(&contribution),
            _ => {}
        }
        if index >= lines {
            break;
        }
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    accepted
}

/// Twenty kills with `GALEN_KILLS=20`; a few by default.
#[test]
fn a_killed_demonstration_goes_on_and_loses_nothing() {
    let kills: usize = std::env::var("GALEN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let seed: u64 =
        std::env::var("GALEN_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or_else(rand::random);
    println!("GALEN_SEED={seed} GALEN_KILLS={kills}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("demo");
    let mut accepted: Option<String> = None;
    for _ in 0..kills {
        let lines = rng.gen_range(3..45);
        let now = kill_after(&out, lines);
        println!("killed after {lines} lines, accepted: {now:?}");
        if let (Some(before), Some(now)) = (&accepted, &now) {
            assert_eq!(before, now, "another contribution took the place of an accepted one");
        }
        accepted = now.or(accepted);
    }
    let summary = finish(&out);
    assert_eq!(summary["contributions"], 1);
    assert_eq!(summary["auditor"]["contributions"], 1);
    assert_eq!(summary["paid"].as_u64(), summary["released"].as_u64().map(|records| records * PRICE));
    if let Some(id) = accepted {
        assert!(
            out.join("researcher").join(format!("{id}.csv")).exists(),
            "an accepted contribution was lost"
        );
    }
    let audit = last_line(&verify(&out.join("chain.galen")));
    // Two issues, one funding, one payout, one redemption: whatever was sent again after a stop counts once.
    assert_eq!(audit["market"]["money"]["issues"], 2);
    assert_eq!(summary["opened"]["amount"], summary["paid"]);
}

#[test]
fn the_story_verifies_and_a_damaged_file_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("demo");
    let summary = finish(&out);
    assert_eq!(summary["auditor"]["verified"], true);
    assert_eq!(summary["forgery"]["rejected"], true);
    assert_eq!(summary["forgery"]["reason"], "the contribution is refused: the seal does not hold");
    // A scan, a seal, and a release for each 56 rows of the run, which the beacon draws anew each time.
    let rows: u64 = ["released", "suppressed"].iter().filter_map(|rows| summary[*rows].as_u64()).sum();
    assert_eq!(summary["proofs"], 2 + rows.div_ceil(56));
    assert!(summary["smallest_class"].as_u64() >= Some(5));

    let chain = out.join("chain.galen");
    let whole = verify(&chain);
    assert!(whole.status.success(), "{}", errors(&whole));
    assert_eq!(last_line(&whole)["proofs"], summary["proofs"]);

    let bytes = std::fs::read(&chain).expect("the file is there");
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let places = (0..6).map(|_| rng.gen_range(0..bytes.len())).chain([0, bytes.len() - 1]);
    let damaged = folder.path().join("damaged");
    for place in places {
        let mut copy = bytes.clone();
        copy[place] ^= 1 << (place % 8);
        std::fs::write(&damaged, copy).expect("it can be written");
        let output = verify(&damaged);
        assert_eq!(output.status.code(), Some(1), "a flip at byte {place} was not found");
        assert_eq!(last_line(&output)["verified"], false);
    }

    // The same folder again: nothing is proven twice, and the answer is the same.
    let again = finish(&out);
    assert_eq!(again["paid"], summary["paid"]);
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("demo");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../prover/schemas/diabetes-synthetic.toml");
    let cases: [(&[&str], &str); 6] = [
        (&["demo", "--request", "shoe_size > 3"], "shoe_size"),
        (&["demo", "--k", "2"], "k = 2 is below the schema's floor of 5"),
        (&["demo", "--sample", "9"], "permits 1 to 4 chunks"),
        (&["demo", "--data", "/nowhere.csv", "--schema", "/nowhere.toml"], "/nowhere.toml"),
        (&["auditor", "verify", "/nowhere.galen"], "/nowhere.galen"),
        (
            &[
                "hospital",
                "preview",
                "--data",
                "/nowhere.csv",
                "--schema",
                "SCHEMA",
                "--request",
                "age >= 40",
            ],
            "/nowhere.csv",
        ),
    ];
    for (arguments, expected) in cases {
        let mut command = galen();
        for argument in arguments {
            if *argument == "SCHEMA" {
                command.arg(&schema)
            } else {
                command.arg(argument)
            };
        }
        if arguments[0] == "demo" {
            command.arg("--out").arg(&out);
        }
        let output = output(&mut command);
        let said = errors(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    }
    assert!(!out.exists(), "a refused demonstration left a folder");
}

#[test]
fn a_second_process_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("demo");
    let mut first = demo(&out).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines =
        BufReader::new(first.stderr.take().expect("stderr is piped")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.trim_start().starts_with("height")), "the members never started");
    let second = output(&mut demo(&out));
    first.kill().expect("it can be killed");
    first.wait().expect("it ends");
    assert_eq!(second.status.code(), Some(1));
    assert!(errors(&second).contains("in use"), "{}", errors(&second));
}

#[test]
fn a_cohort_that_nobody_fits_is_said_with_what_to_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let output =
        output(demo(&folder.path().join("demo")).args(["--request", "age >= 99 and length_of_stay >= 30"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("ask for a wider cohort"), "{}", errors(&output));
}
