//! A small application: named registers, blobs, a lapse after some blocks, and ways to be refused.

use std::sync::Arc;

use galen_ledger::{
    AppError, Application, BlobHash, Blobs, BlockContext, Event, Receipt, Refusal, StateRead, StateWrite,
};

/// Transactions are texts: `set KEY VALUE`, `once KEY` (refused on execution when taken), `junk` (never checks),
/// `keep HASH` (needs the blob), `lie` (refused, and held against whoever said it: register `lie` is set to `told`), `wait N` (the application waits for N blocks), `big` (exceeds the limits).
pub struct Registers {
    pub blobs: Option<Arc<dyn Blobs>>,
}

impl Registers {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { blobs: None })
    }

    pub fn with_blobs(blobs: Arc<dyn Blobs>) -> Arc<Self> {
        Arc::new(Self { blobs: Some(blobs) })
    }
}

fn words(tx: &[u8]) -> Option<Vec<&str>> {
    Some(std::str::from_utf8(tx).ok()?.split(' ').collect())
}

fn number(bytes: Option<Vec<u8>>) -> u64 {
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok()).unwrap_or(0)
}

impl Application for Registers {
    fn genesis(&self, state: &mut dyn StateWrite, config: &[u8]) -> Result<(), AppError> {
        if config == b"refuse" {
            return Err(AppError("configuration refused".into()));
        }
        state.put(b"config", config.to_vec());
        Ok(())
    }

    fn check(&self, _state: &dyn StateRead, _context: &BlockContext, tx: &[u8]) -> Result<(), Refusal> {
        match words(tx).as_deref() {
            Some(["set", _, _] | ["once", _] | ["wait", _] | ["big"] | ["nonce", ..]) => Ok(()),
            Some(["keep", hash]) => {
                let hash = BlobHash::from_hex(hash).map_err(|_| Refusal::new("hash", "not a hash"))?;
                let here = self.blobs.as_ref().is_some_and(|blobs| blobs.has(&hash).unwrap_or(false));
                if here { Ok(()) } else { Err(Refusal::new("blob", "the blob is not here")) }
            }
            _ => Err(Refusal::new("junk", "not a transaction")),
        }
    }

    fn execute(&self, state: &mut dyn StateWrite, context: &BlockContext, tx: &[u8]) -> Receipt {
        match words(tx).as_deref() {
            Some(["set", key, value]) => {
                state.put(key.as_bytes(), value.as_bytes().to_vec());
                Receipt::accepted(vec![Event::new("set").with("key", key).with("height", context.height)])
            }
            Some(["once", key]) => {
                let taken = state.get(key.as_bytes()).is_some();
                state.put(key.as_bytes(), b"taken".to_vec());
                if taken {
                    Receipt::refused("taken", "somebody was first")
                } else {
                    Receipt::accepted(vec![])
                }
            }
            Some(["wait", blocks]) => {
                let until = context.height.get() + blocks.parse::<u64>().unwrap_or(0);
                state.put(b"until", until.to_string().into_bytes());
                Receipt::accepted(vec![])
            }
            Some(["big"]) => {
                state.put(b"big", vec![0; 5 * 1024 * 1024]);
                Receipt::accepted(vec![])
            }
            _ => Receipt::accepted(vec![]),
        }
    }

    fn evidence(&self, state: &dyn StateRead, _: &BlockContext, refused: &[u8]) -> Option<Vec<u8>> {
        (refused == b"lie" && state.get(b"lie").is_none()).then(|| b"set lie told".to_vec())
    }

    fn begin_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        let Some(beacon) = context.beacon else { return Vec::new() };
        state.put(b"beacon", beacon.after.get().to_string().into_bytes());
        vec![Event::new("beacon")]
    }

    fn end_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        let until = number(state.get(b"until"));
        if until == 0 || context.height.get() < until {
            return Vec::new();
        }
        state.delete(b"until");
        state.put(b"lapsed", context.height.get().to_string().into_bytes());
        vec![Event::new("lapsed")]
    }

    fn waits_for_blocks(&self, state: &dyn StateRead) -> bool {
        state.get(b"until").is_some()
    }

    fn attachments(&self, tx: &[u8]) -> Vec<BlobHash> {
        match words(tx).as_deref() {
            Some(["keep", hash]) => BlobHash::from_hex(hash).into_iter().collect(),
            _ => Vec::new(),
        }
    }
}
