//! What an agent uses: the same whether the queue is in its process or behind the service.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::{JobId, JobSpec, Outcome, Progress, ProofQueue, ProvingError};

/// The answer to a call. Boxed, so that an agent chooses its prover by configuration.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProvingError>> + Send + 'a>>;

/// Somebody who proves.
pub trait Proving: Send + Sync {
    /// Hands a job over; see [`ProofQueue::submit`].
    fn submit<'a>(&'a self, spec: &'a JobSpec) -> Answer<'a, JobId>;

    /// How far a job is; see [`ProofQueue::status`].
    fn status(&self, id: JobId) -> Answer<'_, Progress>;

    /// Where to watch a job. The channel closes when the job is over, and when its prover cannot be reached any more:
    /// then the last picture is not of a job that is over.
    fn progress(&self, id: JobId) -> Answer<'_, watch::Receiver<Progress>>;

    /// The result; see [`ProofQueue::result`].
    fn result(&self, id: JobId) -> Answer<'_, Outcome>;

    /// Cancels; see [`ProofQueue::cancel`].
    fn cancel(&self, id: JobId) -> Answer<'_, ()>;

    /// Forgets; see [`ProofQueue::forget`].
    fn forget(&self, id: JobId) -> Answer<'_, ()>;
}

/// Waits until a job is over and gives its result.
///
/// # Errors
/// As [`Proving::result`]; [`ProvingError::NotReady`] when the prover stopped or was lost before the job was over.
pub async fn finished(prover: &dyn Proving, id: JobId) -> Result<Outcome, ProvingError> {
    let mut progress = prover.progress(id).await?;
    // An error says that nothing more will come: `result` knows why.
    let _ = progress.wait_for(|progress| progress.status.is_over()).await;
    prover.result(id).await
}

impl ProofQueue {
    /// Runs a call that touches the disk where it blocks nobody.
    fn blocking<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Self) -> Result<T, ProvingError> + Send + 'static,
    ) -> Answer<'static, T> {
        let queue = self.clone();
        Box::pin(async move {
            // The call fails only with the process's runtime.
            spawn_blocking(move || call(&queue)).await.unwrap_or(Err(ProvingError::Closing))
        })
    }
}

impl Proving for ProofQueue {
    fn submit<'a>(&'a self, spec: &'a JobSpec) -> Answer<'a, JobId> {
        let spec = spec.clone();
        self.blocking(move |queue| queue.submit(&spec))
    }

    fn status(&self, id: JobId) -> Answer<'_, Progress> {
        self.blocking(move |queue| queue.status(id))
    }

    fn progress(&self, id: JobId) -> Answer<'_, watch::Receiver<Progress>> {
        self.blocking(move |queue| queue.progress(id))
    }

    fn result(&self, id: JobId) -> Answer<'_, Outcome> {
        self.blocking(move |queue| queue.result(id))
    }

    fn cancel(&self, id: JobId) -> Answer<'_, ()> {
        self.blocking(move |queue| queue.cancel(id))
    }

    fn forget(&self, id: JobId) -> Answer<'_, ()> {
        self.blocking(move |queue| queue.forget(id))
    }
}
