//! The task that follows.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use galen_ledger::execution::StoreError;
use galen_ledger::follow::{Blame, Segment, Vetted};
use galen_ledger::{BlobError, BlobHash, FollowFault, Follower};
use tokio::sync::watch;

use super::client::{CallFault, Client};
use super::status::FollowStatus;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Follows, until it is told to stop.
pub(super) struct Task {
    pub follower: Arc<Follower>,
    pub client: Client,
    pub status: watch::Sender<FollowStatus>,
    pub stop: watch::Receiver<bool>,
}

/// Why it does not go on.
#[derive(Debug, thiserror::Error)]
enum Setback {
    /// The gateway does not give it.
    #[error(transparent)]
    Call(#[from] CallFault),
    /// A ciphertext is not there yet.
    #[error("{gateway} does not have ciphertext {blob}, which a final block names: is it still fetching it?")]
    Waiting { gateway: String, blob: BlobHash },
    /// The gateway serves what is not true.
    #[error("{gateway} serves what the members did not agree on, and is not believed: {fault}")]
    Lie { gateway: String, fault: String },
    /// What a quorum agreed on does not hold here.
    #[error(
        "{0}: a quorum of the members agreed on what this program's rules do not allow: compare its version with theirs"
    )]
    Rules(FollowFault),
    /// This machine fails.
    #[error("the chain's copy here: {0}")]
    Here(FollowFault),
    /// It is told to stop.
    #[error("stopping")]
    Stopped,
}

impl Setback {
    /// One word for all of a kind.
    fn kind(&self) -> &'static str {
        match self {
            Self::Call(CallFault::Away { .. }) => "away",
            Self::Call(CallFault::Refused { .. }) => "refuses",
            Self::Call(CallFault::Strange { .. }) => "strange",
            Self::Waiting { .. } => "waiting",
            Self::Lie { .. } => "lie",
            Self::Rules(_) => "rules",
            Self::Here(_) => "here",
            Self::Stopped => "stopped",
        }
    }
}

impl Task {
    /// Follows, until it is told to stop.
    pub(super) async fn run(mut self) {
        let (mut pause, mut said) = (FIRST_PAUSE, None);
        loop {
            match self.step().await {
                Ok(()) => {
                    if said.take().is_some() {
                        tracing::info!(height = %self.follower.position().height, "following again");
                    }
                    pause = FIRST_PAUSE;
                    continue;
                }
                Err(Setback::Stopped) => break,
                Err(setback) => {
                    if said.replace(setback.kind()) != Some(setback.kind()) {
                        tracing::warn!(kind = setback.kind(), "following the chain: {setback}");
                    }
                    self.tell(&setback);
                }
            }
            if self.unless_stopped(tokio::time::sleep(pause)).await.is_err() {
                break;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        let follower = Arc::clone(&self.follower);
        let flushed = tokio::task::spawn_blocking(move || follower.flush()).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(%error, "what was followed last will be followed again");
        }
    }

    /// Gets some blocks, and follows them.
    async fn step(&mut self) -> Result<(), Setback> {
        let from = self.follower.position().height.next();
        let client = self.client.clone();
        let fed = self.unless_stopped(async move { client.feed(from).await }).await??;
        self.status.send_if_modified(|status| {
            let told = status.claimed != fed.claimed || !status.reached;
            if !status.reached {
                status.fault = None;
            }
            (status.claimed, status.reached) = (fed.claimed, true);
            told
        });
        if let Some(bytes) = fed.segment {
            let segment = Segment::decode(&bytes).map_err(|fault| self.judged(fault.into()))?;
            drop(bytes);
            for stretch in segment.into_stretches() {
                let vetted = self.with_follower(move |follower| follower.vet(stretch)).await?;
                self.fetch(&vetted).await?;
                self.with_follower(move |follower| follower.follow(&vetted)).await?;
                let height = self.follower.position().height;
                self.status.send_modify(|status| (status.height, status.fault) = (height, None));
            }
            self.with_follower(|follower| Ok(follower.flush()?)).await?;
        }
        self.status.send_if_modified(|status| status.fault.take().is_some());
        Ok(())
    }

    /// Gets the ciphertexts that a stretch names. A quorum agreed on it, so it is the chain that asks for them.
    async fn fetch(&mut self, vetted: &Vetted) -> Result<(), Setback> {
        for block in vetted.blocks() {
            let named = Arc::clone(block);
            for blob in self.with_follower(move |follower| follower.missing(&named)).await? {
                let client = self.client.clone();
                let bytes = self.unless_stopped(async move { client.blob(&blob).await }).await?;
                let bytes = bytes.map_err(|fault| match fault {
                    CallFault::Refused { gateway, status: 404, .. } => Setback::Waiting { gateway, blob },
                    fault => fault.into(),
                })?;
                let kept = self.with_follower(move |follower| Ok(follower.blobs().put(&blob, &bytes)?)).await;
                kept.map_err(|setback| match setback {
                    Setback::Here(FollowFault::Blob(fault @ BlobError::Mismatch { .. })) => self.lie(fault),
                    setback => setback,
                })?;
            }
        }
        Ok(())
    }

    /// Does something that takes time or the disk. It is finished even if it is told to stop.
    async fn with_follower<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Follower) -> Result<T, FollowFault> + Send + 'static,
    ) -> Result<T, Setback> {
        let follower = Arc::clone(&self.follower);
        let acted = tokio::task::spawn_blocking(move || {
            let acted = act(&follower);
            if let Err(FollowFault::Store(error @ StoreError::Damaged(_))) = &acted {
                tracing::warn!(%error, "what is kept of the chain is damaged: following it from its genesis again");
                follower.begin_again()?;
            }
            acted
        });
        match acted.await {
            Ok(acted) => acted.map_err(|fault| self.judged(fault)),
            Err(error) => {
                let (height, reason) = (self.follower.position().height.next(), error.to_string());
                Err(Setback::Rules(FollowFault::Execution { height, reason }))
            }
        }
    }

    fn judged(&self, fault: FollowFault) -> Setback {
        match fault.blame() {
            Blame::Source => self.lie(fault),
            Blame::Rules => Setback::Rules(fault),
            Blame::Here => Setback::Here(fault),
        }
    }

    fn lie(&self, fault: impl std::fmt::Display) -> Setback {
        Setback::Lie { gateway: self.client.name(), fault: fault.to_string() }
    }

    fn tell(&self, setback: &Setback) {
        let height = self.follower.position().height;
        self.status.send_modify(|status| {
            status.height = height;
            status.reached = !matches!(setback, Setback::Call(CallFault::Away { .. }));
            status.fault = Some(setback.to_string());
        });
    }

    async fn unless_stopped<T>(&mut self, wait: impl Future<Output = T>) -> Result<T, Setback> {
        tokio::select! {
            // Ends also when nobody is left who could tell.
            _ = self.stop.wait_for(|stop| *stop) => Err(Setback::Stopped),
            waited = wait => Ok(waited),
        }
    }
}
