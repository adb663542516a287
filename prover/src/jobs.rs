//! Proof jobs: from a plan to a contribution, in the background, across crashes.
//!
//! A [`ProofQueue`] is opened on a directory with the [`ProvingKeys`]. It takes a [`JobSpec`], which is a
//! [`Plan`](crate::plan::Plan) in a form that can rest on disk and travel to another machine of the same hospital, and works on
//! the oldest job with a bounded number of workers, one proof at a time each. Every proof is verified before it is kept,
//! and the contribution is verified as the ledger will before anybody gets it.
//!
//! What survives a crash, and how:
//! - the private part of each unfinished job, sealed in a file of mode 0600 that was synced before [`ProofQueue::submit`]
//!   returned: an accepted job is done at least once;
//! - finished proofs, under the hash of key and public inputs, so that none is made twice. They lie in sled, which is safe
//!   against a killed process and not against a power cut. After one, some proofs are made again: no harm;
//! - results, sealed in files as well, because a result holds the encapsulation, which must not be seen before payment.
//!
//! A job's name is the hash of what is public in it: submitting the same plan again is the same job. Proofs are blinded by a
//! pseudo-random function of the job's secrets, so that a job that was killed and resumed ends in the same bytes.
//!
//! [`Proving`] is what an agent uses, whether the queue is in its own process or behind [`crate::service`].
//!
//! Caution: raw rows are in memory while their job runs, and in the sealed file until it is over. Neither errors nor
//! progress nor log lines carry a value of them.

mod error;
pub(crate) mod files;
mod id;
mod keys;
mod outcome;
mod progress;
mod proving;
mod queue;
mod records;
mod schedule;
mod spec;
mod vault;
mod work;
mod worker;

pub use error::{Failure, FailureCode, ProvingError, Refusal, StoreError};
pub(crate) use files::{read_private, write_private};
pub use id::{JobId, NotAJobId};
pub use keys::ProvingKeys;
pub use outcome::Outcome;
pub use progress::{Progress, Stage, Status};
pub use proving::{Answer, Proving, finished};
pub use queue::{ProofQueue, Settings};
pub use spec::{JobSpec, SpecFault};
