//! Handing in: to the gateway, but believed when it is in the chain that was verified here.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use galen_ledger::{BlobHash, MAX_TX_BYTES, Submitted, TxHash};
use tokio::time::timeout;

use super::FollowedChain;
use super::client::CallFault;
use crate::chain::{Chain, ChainError};

/// How long after the gateway's answer a transaction may take to be seen here: the feed brings a block at once, unless this
/// is behind.
const SEEN_TIME: Duration = Duration::from_secs(120);

impl FollowedChain {
    /// Hands in a transaction, and waits until it is final here.
    pub(super) async fn hand_in(&self, tx: Vec<u8>) -> Result<Submitted, ChainError> {
        if tx.len() > MAX_TX_BYTES {
            let message = format!("transaction of {} bytes exceeds the limit of {MAX_TX_BYTES}", tx.len());
            return Err(ChainError::Refused { code: "transaction.large".into(), message });
        }
        let hash = TxHash::of(&tx);
        if let Some(found) = self.receipt(&hash)? {
            return Ok(found);
        }
        let tx: Arc<[u8]> = tx.into();
        let sent = tokio::select! {
            biased;
            seen = self.seen(&hash) => return seen,
            sent = self.client.submit(tx.to_vec()) => sent,
        };
        match sent {
            Ok(()) => timeout(SEEN_TIME, self.seen(&hash)).await.unwrap_or_else(|_| {
                let name = self.client.name();
                Err(ChainError::Away(format!(
                    "{name} took the transaction, but it was not seen in a final block yet; send the same again: nothing is \
                     done twice"
                )))
            }),
            Err(CallFault::Refused { code, words, status, .. }) => self.refused(tx, status, code, words).await,
            Err(fault) => Err(ChainError::Away(fault.to_string())),
        }
    }

    /// Waits until a transaction is in the chain that was verified here.
    async fn seen(&self, tx: &TxHash) -> Result<Submitted, ChainError> {
        loop {
            let height = self.status.borrow().height;
            if let Some(found) = self.receipt(tx)? {
                return Ok(found);
            }
            self.beyond(height).await?;
        }
    }

    /// What to say of a transaction that the gateway refuses: what the rules say here, if they refuse it as well.
    async fn refused(
        &self,
        tx: Arc<[u8]>,
        status: u16,
        code: String,
        words: String,
    ) -> Result<Submitted, ChainError> {
        match (status, code.as_str()) {
            (503, "ledger-full") => return Err(ChainError::Full),
            (422, _) => {}
            _ => return Err(ChainError::Away(format!("{} refuses: {words}", self.client.name()))),
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now_ms = u64::try_from(now).unwrap_or(u64::MAX);
        match self.with_follower(move |follower| Ok(follower.check(&tx, now_ms)?)).await? {
            Err(refusal) => Err(ChainError::Refused { code: refusal.code.into(), message: refusal.message }),
            Ok(()) => {
                let message = format!(
                    "{} refuses it, which by what is known here it need not: {words}",
                    self.client.name()
                );
                Err(ChainError::Refused { code, message })
            }
        }
    }

    /// Keeps a ciphertext here, and hands it in.
    pub(super) async fn hand_in_blob(&self, bytes: Vec<u8>) -> Result<BlobHash, ChainError> {
        let kept = self.with_follower(move |follower| Ok((follower.blobs().store(&bytes)?, bytes))).await;
        let (hash, bytes) = kept?;
        match self.client.put_blob(bytes).await {
            Ok(()) => Ok(hash),
            Err(fault) => Err(ChainError::Away(fault.to_string())),
        }
    }
}
