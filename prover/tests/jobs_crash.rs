//! A prover that is killed goes on where it was.
//!
//! The child is this very test, told by the environment to prove in a directory and to say after each proof how many are
//! finished. The parent kills it with SIGKILL at a proof, opens the directory, and counts.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

#[path = "jobs/fixture.rs"]
mod fixture;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use galen_prover::jobs::Status;

const DIRECTORY: &str = "GALEN_TEST_CRASH_DIRECTORY";
const SEED: u64 = 31;

#[test]
fn the_child_proves_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let queue = fixture::open(Path::new(&directory));
    let id = queue.submit(&fixture::spec(3, SEED)).unwrap();
    for done in 1.. {
        let progress =
            fixture::wait_for(&queue, id, |progress| progress.done >= done || progress.status.is_over());
        println!("\nFINISHED {}", progress.done);
        if progress.status.is_over() {
            break;
        }
    }
}

/// Starts a child on `directory` and kills it once `proofs` are finished. Gives what it had said by then.
fn run_and_kill(directory: &Path, proofs: u32) -> u32 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child_proves_until_it_is_killed", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("FINISHED ")?.parse::<u32>().ok())
        .find(|done| *done >= proofs);
    child.kill().unwrap();
    child.wait().unwrap();
    said.expect("the child gets that far")
}

#[test]
fn finished_proofs_survive_kill_nine_and_the_result_is_the_same() {
    let (statement, plan) = fixture::contribution(3, SEED);
    let undisturbed = tempfile::tempdir().unwrap();
    let queue = fixture::open(undisturbed.path());
    let id = queue.submit(&fixture::spec(3, SEED)).unwrap();
    fixture::wait_for(&queue, id, |progress| progress.status.is_over());
    let expected = queue.result(id).unwrap();
    drop(queue);

    let directory = tempfile::tempdir().unwrap();
    let first = run_and_kill(directory.path(), 1);
    let second = run_and_kill(directory.path(), first + 1);
    assert!(second > first, "the second child went on");
    let queue = fixture::open(directory.path());
    assert_eq!(queue.live(), 1, "the job is there without being submitted again");
    let last = fixture::wait_for(&queue, id, |progress| progress.status.is_over());
    let total = plan.proofs() as u32;
    println!("{total} proofs; killed after {first} and {second}; {} reused", last.reused);
    assert_eq!((last.status, last.done, last.total), (Status::Done, total, total));
    assert!(last.reused >= second, "{second} were finished, {} found", last.reused);
    let outcome = queue.result(id).unwrap();
    fixture::check(&statement, &outcome);
    assert_eq!(outcome, expected, "byte for byte");
    assert_eq!(std::fs::read_dir(directory.path().join("sealed")).unwrap().count(), 1, "the result alone");
}
