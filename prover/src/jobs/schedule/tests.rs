use super::*;
use crate::jobs::{Failure, FailureCode};
use proptest::prelude::*;

type Plain = Schedule<(), u32>;

fn add(schedule: &mut Plain, n: u8) -> JobId {
    let id = JobId::sample(n);
    schedule.add(id, &Record { sequence: u64::from(n), total: 3, ended: None });
    id
}

fn failed() -> Ended {
    Ended::Failed(Failure { code: FailureCode::Unsatisfied, message: "scan 0".into() })
}

#[test]
fn the_oldest_job_comes_first_and_a_second_worker_helps_it() {
    let now = Instant::now();
    let mut schedule = Plain::default();
    let (b, a) = (add(&mut schedule, 2), add(&mut schedule, 1));
    assert!(matches!(schedule.next(now), Some(Task::Load(id)) if id == a));
    assert!(matches!(schedule.next(now), Some(Task::Load(id)) if id == b));
    schedule.loaded(a, Arc::new(()), 1, vec![None, Some(7), None]);
    assert!(matches!(schedule.next(now), Some(Task::Prove(id, _, 0)) if id == a));
    assert!(matches!(schedule.next(now), Some(Task::Prove(id, _, 2)) if id == a));
    assert!(schedule.next(now).is_none());
    schedule.proven(a, 2, 9, now);
    schedule.proven(a, 0, 8, now);
    let progress = schedule.watch(a).unwrap().borrow().clone();
    assert_eq!((progress.done, progress.reused, progress.total), (3, 1, 3));
    assert!(
        matches!(schedule.next(now), Some(Task::Finish(id, _, proofs)) if id == a && proofs == [8, 7, 9])
    );
}

#[test]
fn a_cancelled_job_ends_between_proofs() {
    let now = Instant::now();
    let mut schedule = Plain::default();
    let id = add(&mut schedule, 1);
    schedule.next(now);
    schedule.loaded(id, Arc::new(()), 1, vec![None, None, None]);
    schedule.next(now);
    schedule.end(id, Ended::Cancelled, false);
    assert_eq!(schedule.find(id), Found::Ending);
    assert!(schedule.next(now).is_none(), "the first proof is still in hand");
    schedule.proven(id, 0, 8, now);
    assert!(matches!(schedule.next(now), Some(Task::End(_, Ended::Cancelled))));
    assert!(schedule.next(now).is_none(), "a job ends once");
    let watch = schedule.watch(id).unwrap();
    schedule.over(id, &Ended::Cancelled);
    assert_eq!(watch.borrow().status, Status::Cancelled);
    assert_eq!(schedule.find(id), Found::Absent);
}

/// What a worker has in hand, in the model.
type InHand = Vec<Task<(), u32>>;

fn settle(schedule: &mut Plain, task: Task<(), u32>, good: bool, ended: &mut Vec<JobId>) {
    let now = Instant::now();
    match (task, good) {
        (Task::Load(id), true) => schedule.loaded(id, Arc::new(()), 1, vec![None, Some(1), None]),
        (Task::Prove(id, _, index), true) => schedule.proven(id, index, 5, now),
        (Task::Load(id) | Task::Prove(id, ..) | Task::Finish(id, ..), false) => {
            schedule.end(id, failed(), true)
        }
        (Task::Finish(id, ..), true) => {
            schedule.over(id, &Ended::Done);
            ended.push(id);
        }
        (Task::End(id, reason), _) => {
            schedule.over(id, &reason);
            ended.push(id);
        }
    }
}

proptest! {
    /// Whatever workers and cancellations do, every job ends exactly once and nothing is left.
    #[test]
    fn every_job_ends_once(moves in proptest::collection::vec((0u8..4, any::<u8>(), any::<bool>()), 0..60)) {
        let mut schedule = Plain::default();
        let jobs: Vec<JobId> = (0..4).map(|n| add(&mut schedule, n)).collect();
        let (mut in_hand, mut ended): (InHand, Vec<JobId>) = (Vec::new(), Vec::new());
        for (kind, pick, good) in moves {
            match kind {
                0 if in_hand.len() < 3 => in_hand.extend(schedule.next(Instant::now())),
                1 if !in_hand.is_empty() => {
                    let task = in_hand.remove(usize::from(pick) % in_hand.len());
                    settle(&mut schedule, task, good || pick % 3 == 0, &mut ended);
                }
                2 if pick % 4 == 0 => {
                    let id = jobs[usize::from(pick / 4) % jobs.len()];
                    if schedule.find(id) == Found::Live {
                        schedule.end(id, Ended::Cancelled, false);
                    }
                }
                _ => {}
            }
        }
        loop {
            in_hand.extend(schedule.next(Instant::now()));
            let Some(task) = in_hand.pop() else { break };
            settle(&mut schedule, task, true, &mut ended);
        }
        ended.sort();
        prop_assert_eq!(ended, jobs);
        prop_assert_eq!(schedule.len(), 0);
    }
}
