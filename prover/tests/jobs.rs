//! Jobs in one process: done, done once, cancelled, failed, refused.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "jobs/fixture.rs"]
mod fixture;

use std::path::Path;
use std::sync::Arc;

use galen_prover::jobs::{
    FailureCode, JobSpec, ProofQueue, ProvingError, Settings, SpecFault, Status, StoreError, finished,
};

/// No file below a directory holds a text.
fn assert_absent(directory: &Path, text: &str) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_absent(&path, text);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{}", path.display());
        }
    }
}

fn sealed_jobs(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory.join("sealed")).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "job")).count()
}

#[test]
fn a_job_gives_a_contribution_that_the_ledger_accepts_and_the_same_plan_is_the_same_job() {
    let directory = tempfile::tempdir().unwrap();
    let (statement, plan) = fixture::contribution(1, 1);
    let spec = JobSpec::new(&statement, &plan);
    let queue = fixture::open(directory.path());
    let id = queue.submit(&spec).unwrap();
    assert_eq!(sealed_jobs(directory.path()), 1);
    assert_absent(directory.path(), &fixture::TELLTALE.to_string()[..9]);
    assert_eq!(queue.submit(&spec).unwrap(), id);
    assert!(matches!(queue.result(id), Err(ProvingError::NotReady(_))));
    assert!(matches!(queue.forget(id), Err(ProvingError::Live(_))));
    let last = fixture::wait_for(&queue, id, |progress| progress.status.is_over());
    assert_eq!((last.status, last.done, last.total, last.reused), (Status::Done, 3, 3, 0), "{last:?}");
    assert!(last.per_minute.is_some_and(|rate| rate > 0.0));
    let outcome = queue.result(id).unwrap();
    fixture::check(&statement, &outcome);
    assert_eq!(outcome.blob, plan.blob);
    assert_eq!(sealed_jobs(directory.path()), 0, "raw rows are wiped when the job is done");
    assert!(matches!(queue.cancel(id), Err(ProvingError::Over { status: Status::Done, .. })));

    assert_eq!(queue.submit(&spec).unwrap(), id);
    assert_eq!(queue.live(), 0, "nothing is begun again");
    drop(queue);
    let queue = fixture::open(directory.path());
    assert_eq!(queue.status(id).unwrap().status, Status::Done);
    assert_eq!(queue.result(id).unwrap(), outcome);
    queue.forget(id).unwrap();
    assert!(matches!(queue.result(id), Err(ProvingError::Unknown(_))));
}

#[test]
fn a_cancelled_job_stops_between_proofs_and_goes_on_with_its_proofs_when_submitted_again() {
    let directory = tempfile::tempdir().unwrap();
    let queue = fixture::open(directory.path());
    let spec = fixture::spec(3, 2);
    let id = queue.submit(&spec).unwrap();
    fixture::wait_for(&queue, id, |progress| progress.done >= 1);
    queue.cancel(id).unwrap();
    assert_eq!(sealed_jobs(directory.path()), 0, "raw rows are wiped at once");
    let last = fixture::wait_for(&queue, id, |progress| progress.status.is_over());
    assert_eq!(last.status, Status::Cancelled);
    assert!(last.done < last.total, "{last:?}");
    assert!(matches!(queue.result(id), Err(ProvingError::Cancelled(_))));
    assert_eq!(queue.submit(&spec).unwrap(), id);
    let last = fixture::wait_for(&queue, id, |progress| progress.status.is_over());
    assert_eq!(last.status, Status::Done, "{last:?}");
    assert!(last.reused >= 1, "{last:?}");
    fixture::check(spec.statement(), &queue.result(id).unwrap());
}

#[test]
fn a_broken_witness_fails_the_job_and_names_the_proof_not_the_data() {
    let directory = tempfile::tempdir().unwrap();
    let queue = fixture::open(directory.path());
    let spec = fixture::broken(2, 3);
    let id = queue.submit(&spec).unwrap();
    let last = fixture::wait_for(&queue, id, |progress| progress.status.is_over());
    assert_eq!(last.status, Status::Failed);
    let failure = last.failure.clone().unwrap();
    assert_eq!(failure.code, FailureCode::Unsatisfied);
    assert!(failure.message.starts_with("scan 1:"), "{failure}");
    assert!(!failure.message.chars().skip(7).any(|c| c.is_ascii_digit()), "{failure}");
    assert!(matches!(queue.result(id), Err(ProvingError::Failed(found)) if found == failure));
    assert_eq!(sealed_jobs(directory.path()), 0);
    // The honest plan has the same public inputs, so it is the same job; it is done after all.
    let honest = fixture::spec(2, 3);
    assert_eq!(queue.submit(&honest).unwrap(), id);
    let last = fixture::wait_for(&queue, id, |progress| progress.status.is_over());
    assert_eq!((last.status, last.reused), (Status::Done, 1));
}

#[test]
fn a_full_queue_and_a_second_process_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { capacity: 1, ..Settings::default() };
    let queue = ProofQueue::open(directory.path(), fixture::keys(), settings).unwrap();
    let id = queue.submit(&fixture::spec(2, 4)).unwrap();
    assert!(matches!(queue.submit(&fixture::spec(2, 5)), Err(ProvingError::Full { capacity: 1 })));
    let second = ProofQueue::open(directory.path(), fixture::keys(), Settings::default());
    assert!(matches!(second, Err(StoreError::Locked { .. })));
    queue.cancel(id).unwrap();
    fixture::wait_for(&queue, id, |progress| progress.status.is_over());
    queue.close();
    assert!(matches!(queue.submit(&fixture::spec(2, 5)), Err(ProvingError::Closing)));
}

#[test]
fn closing_tells_watchers_and_reopening_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let queue = fixture::open(directory.path());
    let spec = fixture::spec(3, 6);
    let id = queue.submit(&spec).unwrap();
    fixture::wait_for(&queue, id, |progress| progress.done >= 1);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let waiting = runtime.spawn({
        let queue = queue.clone();
        async move { finished(&queue, id).await }
    });
    queue.close();
    let ended = runtime.block_on(waiting).unwrap();
    assert!(matches!(ended, Err(ProvingError::NotReady(_))), "{ended:?}");
    drop(queue);
    let queue = fixture::open(directory.path());
    let last = fixture::wait_for(&queue, id, |progress| progress.status.is_over());
    assert_eq!(last.status, Status::Done, "{last:?}");
    assert!(last.reused >= 1);
}

#[test]
fn a_job_whose_sealed_file_was_damaged_fails_with_words() {
    let directory = tempfile::tempdir().unwrap();
    let queue = fixture::open(directory.path());
    let id = queue.submit(&fixture::spec(3, 7)).unwrap();
    queue.close();
    drop(queue);
    let path = directory.path().join(format!("sealed/{id}.job"));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let queue = fixture::open(directory.path());
    let last = fixture::wait_for(&queue, id, |progress| progress.status.is_over());
    assert_eq!(last.failure.unwrap().code, FailureCode::SpecLost);
}

#[cfg(unix)]
#[test]
fn everything_in_the_directory_is_private() {
    use std::os::unix::fs::PermissionsExt;
    fn look(path: &Path) {
        let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        if path.is_dir() {
            std::fs::read_dir(path).unwrap().for_each(|entry| look(&entry.unwrap().path()));
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let inside = directory.path().join("queue");
    std::fs::create_dir(&inside).unwrap();
    std::fs::set_permissions(&inside, PermissionsExt::from_mode(0o755)).unwrap();
    let queue = fixture::open(&inside);
    let id = queue.submit(&fixture::spec(1, 8)).unwrap();
    queue.cancel(id).unwrap();
    look(&inside);
}

#[test]
fn a_spec_survives_its_json_and_shows_nothing() {
    let spec = fixture::spec(2, 9);
    let json = spec.to_json();
    let back = JobSpec::from_json(&json).unwrap();
    assert_eq!(*back.to_json(), *json);
    println!("{} bytes for {} proofs", json.len(), spec.proofs());
    let handle = &fixture::TELLTALE.to_string()[..9];
    assert!(std::str::from_utf8(&json).unwrap().contains(handle), "the test looks for what is there");
    let keys = fixture::keys();
    for shown in [format!("{spec:?}"), format!("{keys:?}")] {
        assert!(!shown.contains(handle) && shown.len() < 400, "{shown}");
    }
}

#[test]
fn specs_that_no_planner_makes_are_refused_without_quoting_them() {
    let json = fixture::spec(2, 10).to_json();
    let good: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        JobSpec::from_json(&serde_json::to_vec(&bad).unwrap()).unwrap_err()
    };
    let cut = JobSpec::from_json(&json[..json.len() / 2]).unwrap_err();
    assert!(matches!(cut, SpecFault::Json { reason: "the JSON ends early", .. }));
    let cell = refused(&|spec| spec["releases"][0]["rows"][0]["row"]["cells"][0] = 77_777.into());
    assert!(matches!(cell, SpecFault::Json { .. }) && !cell.to_string().contains("77777"), "{cell}");
    assert_eq!(refused(&|spec| spec["version"] = 2.into()), SpecFault::Version { found: 2 });
    assert!(matches!(refused(&|spec| spec["statement"]["terms"]["k"] = 0.into()), SpecFault::Terms(_)));
    assert!(matches!(
        refused(&|spec| spec["statement"]["limits"]["max_loss_per_row"] = 0.into()),
        SpecFault::Header(_)
    ));
    let drop_last = |list: &mut serde_json::Value| drop(list.as_array_mut().unwrap().pop());
    assert_eq!(refused(&|spec| drop_last(&mut spec["scans"])), SpecFault::Counts);
    assert_eq!(refused(&|spec| drop_last(&mut spec["states"])), SpecFault::Counts);
    for list in
        ["/scans/0/words", "/scans/0/path/siblings", "/releases/0/rows", "/seal/standing_path/siblings"]
    {
        let fault = refused(&|spec| drop_last(spec.pointer_mut(list).unwrap()));
        assert!(matches!(fault, SpecFault::Length { .. }), "{list}: {fault}");
    }
    let ranges: [(&str, serde_json::Value); 4] = [
        ("/seal/start", 65_536.into()),
        ("/seal/chunks", 0.into()),
        ("/seal/draw", "2".repeat(255).into()),
        ("/seal/to_buyer", vec![255; 32].into()),
    ];
    for (place, value) in ranges {
        let fault = refused(&|spec| *spec.pointer_mut(place).unwrap() = value.clone());
        assert!(matches!(fault, SpecFault::Range { .. }), "{place}: {fault}");
    }
    let other = refused(&|spec| spec["encapsulation"]["masked"] = "00".repeat(32).into());
    assert_eq!(other, SpecFault::Encapsulation);
}

#[test]
fn keys_are_shared() {
    assert!(Arc::ptr_eq(&fixture::keys(), &fixture::keys()));
}
