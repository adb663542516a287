//! Executes blocks on any known parent, builds blocks, and makes final what is final.

mod admit;
mod build;
mod ledger;
mod light;
mod select;
mod snapshot;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    StateProof, Store, StoreError, keys,
    layer::Layer,
    run::{self, RunError},
    store::FreezableStore,
    tree, upkeep,
    view::{View, in_space},
};
use crate::{
    application::{AppError, Application, Receipt},
    chain::{Block, BlockResult, Certificate, Committee, Genesis, Outcome},
    codec::{Decode, DecodeError, Encode, Reader},
    consensus::{Committed, Executed, Rejection},
    light::Anchor,
    state::{Overlay, StateRead},
    types::{AppHash, BlobHash, BlockHash, ChainId, Height, ReceiptsRoot, TxHash, View as ViewNumber},
};

pub use build::{Built, Candidates};

/// Where a chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The chain.
    pub chain_id: ChainId,
    /// Height of its newest block.
    pub height: Height,
    /// View of that block.
    pub view: ViewNumber,
    /// That block.
    pub block: BlockHash,
    /// Its time.
    pub time_ms: u64,
    /// What executing it gave.
    pub outcome: Outcome,
}

impl Default for Position {
    fn default() -> Self {
        let outcome = Outcome {
            app_hash: AppHash::from_bytes([0; 32]),
            receipts_root: ReceiptsRoot::from_bytes([0; 32]),
        };
        Self {
            chain_id: ChainId::from_bytes([0; 32]),
            height: Height::default(),
            view: ViewNumber::default(),
            block: BlockHash::from_bytes([0; 32]),
            time_ms: 0,
            outcome,
        }
    }
}

/// A final block, with everything that happened in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalBlock {
    /// The block.
    pub block: Arc<Block>,
    /// Its own certificate of finality; a block without one is final as the ancestor of one that has.
    pub certificate: Option<Certificate>,
    /// State and receipts after it, as digests.
    pub outcome: Outcome,
    /// Receipts and events.
    pub result: BlockResult,
}

impl FinalBlock {
    /// Its height.
    pub fn height(&self) -> Height {
        self.block.header.height
    }

    /// The transactions and what became of them, in block order.
    pub fn receipts(&self) -> impl Iterator<Item = (TxHash, &Receipt)> {
        self.block.txs.iter().map(|tx| TxHash::of(tx)).zip(&self.result.receipts)
    }
}

/// The state cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The application refused its configuration.
    #[error(transparent)]
    Application(#[from] AppError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Executes blocks. One thread executes; others may read the final state meanwhile.
pub struct Executor {
    app: Arc<dyn Application>,
    genesis: Arc<Genesis>,
    chain_id: ChainId,
    store: Arc<dyn Store>,
    /// The same, as what can be frozen.
    freezable: Arc<FreezableStore>,
    /// Executed blocks that are not final.
    layers: RwLock<BTreeMap<BlockHash, Arc<Layer>>>,
    /// The newest final block. Held for writing while the store changes.
    tip: RwLock<Tip>,
    /// Whether receipts of f + 1 members stand for a full check.
    trusting: AtomicBool,
}

/// The newest final block, and the committee that decides on the next.
#[derive(Clone)]
struct Tip {
    position: Position,
    committee: Arc<Committee>,
    /// The block's header and certificate; none for the genesis.
    anchor: Option<Arc<Anchor>>,
}

/// The state after a block, where that is, and who decides on the next.
struct After {
    view: View,
    position: Position,
    committee: Arc<Committee>,
}

impl Executor {
    /// Opens the state in a store, at the position that the store is at; at the genesis if it is at none, or of
    /// another chain.
    ///
    /// # Errors
    /// When the application refuses the genesis, or the store fails.
    pub fn open(
        app: Arc<dyn Application>,
        genesis: Arc<Genesis>,
        store: Arc<dyn Store>,
    ) -> Result<Self, SetupError> {
        let freezable = Arc::new(FreezableStore::new(store));
        let store: Arc<dyn Store> = Arc::clone(&freezable) as _;
        let chain_id = genesis.chain_id();
        let stored = store.get(keys::POSITION)?.and_then(|bytes| Position::from_bytes(&bytes).ok());
        let stored = stored.filter(|position| position.chain_id == chain_id);
        let view = View::new(Vec::new(), Arc::clone(&store));
        let committee = upkeep::committee(&view.space(keys::LEDGER));
        view.intact()?;
        let anchor = store.get(keys::ANCHOR)?.and_then(|bytes| Anchor::from_bytes(&bytes).ok()).map(Arc::new);
        let tip = stored.zip(committee).map(|(position, committee)| Tip {
            position,
            committee: committee.into(),
            anchor: anchor.filter(|anchor| anchor.header.height == position.height),
        });
        let fresh =
            Tip { position: Position::default(), committee: Arc::new(genesis.committee()), anchor: None };
        let is_fresh = tip.is_none();
        let tip = RwLock::new(tip.unwrap_or(fresh));
        let executor = Self {
            app,
            genesis,
            chain_id,
            store,
            freezable,
            layers: RwLock::default(),
            tip,
            trusting: AtomicBool::new(false),
        };
        if is_fresh {
            executor.reset()?;
        }
        Ok(executor)
    }

    /// Goes back to the genesis.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn reset(&self) -> Result<(), SetupError> {
        let mut tip = self.tip.write().unwrap_or_else(PoisonError::into_inner);
        self.store.clear()?;
        let layer = self.genesis_layer(&self.store)?;
        self.store.apply(layer.batch()?)?;
        *tip = Tip { position: layer.position, committee: layer.committee, anchor: None };
        Ok(())
    }

    /// What the genesis gave: known from the store's first block on, or computed again.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn genesis_outcome(&self) -> Result<Outcome, SetupError> {
        Ok(self.genesis_layer(&(Arc::new(super::MemoryStore::new()) as Arc<dyn Store>))?.position.outcome)
    }

    fn genesis_layer(&self, store: &Arc<dyn Store>) -> Result<Layer, SetupError> {
        let view = View::new(Vec::new(), Arc::clone(store));
        let state = view.space(keys::APPLICATION);
        let mut overlay = Overlay::new(&state);
        self.app.genesis(&mut overlay, &self.genesis.config)?;
        let mut writes = in_space(keys::APPLICATION, overlay.into_writes());
        writes.extend(in_space(keys::LEDGER, upkeep::found(&self.genesis)));
        let committee = Arc::new(self.genesis.committee());
        let mut layer = run::seal(&view, Height::new(0), writes, BlockResult::default(), None, committee)?;
        view.intact()?;
        layer.position.chain_id = self.chain_id;
        layer.position.block = self.genesis.block_hash();
        layer.position.time_ms = self.genesis.time_ms;
        Ok(layer)
    }

    /// From now on, blocks are not checked in full where a mini-block has receipts of f + 1 members of the committee; or are.
    pub fn trust_receipts(&self, trusting: bool) {
        self.trusting.store(trusting, Ordering::Relaxed);
    }

    /// How many receipts stand for a full check by a member of this committee, if any number does.
    fn trust(&self, committee: &Committee) -> Option<usize> {
        self.trusting.load(Ordering::Relaxed).then(|| committee.faults() + 1)
    }

    /// The group by which a transaction is routed: by what it may conflict with others about, or by itself.
    pub fn conflict_key(&self, tx: &[u8]) -> Vec<u8> {
        self.app.conflict_key(tx).unwrap_or_else(|| TxHash::of(tx).as_bytes().to_vec())
    }

    /// The newest final block.
    pub fn tip(&self) -> Position {
        self.read_tip().position
    }

    /// The committee that decides on the block after the newest final one.
    pub fn committee(&self) -> Arc<Committee> {
        Arc::clone(&self.read_tip().committee)
    }

    fn read_tip(&self) -> RwLockReadGuard<'_, Tip> {
        self.tip.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state after a block that is final or executed.
    fn after(&self, block: &BlockHash) -> Option<After> {
        let tip = self.read_tip().clone();
        let layers = self.layers.read().unwrap_or_else(PoisonError::into_inner);
        let mut chain: Vec<Arc<Layer>> = Vec::new();
        let mut next = *block;
        while next != tip.position.block {
            let layer = layers.get(&next)?;
            next = layer.block.as_ref()?.header.parent;
            chain.push(Arc::clone(layer));
        }
        let newest = chain.first().map(|layer| (layer.position, Arc::clone(&layer.committee)));
        let (position, committee) = newest.unwrap_or((tip.position, tip.committee));
        Some(After { view: View::new(chain, Arc::clone(&self.store)), position, committee })
    }

    /// What is to be told of an executed block: with the last of a cycle comes the next committee.
    fn executed(&self, position: &Position, committee: &Arc<Committee>) -> Executed {
        let last = self.genesis.schedule().is_last(position.height);
        Executed { outcome: position.outcome, next: last.then(|| Arc::clone(committee)) }
    }

    /// Executes a block on its parent, after checking that it may follow it, and with `check` its transactions.
    ///
    /// # Errors
    /// A rejection if the block is bad. The outer error if this node is.
    pub fn execute(
        &self,
        block: &Arc<Block>,
        check: Option<Clock>,
    ) -> Result<Result<Executed, Rejection>, RunError> {
        let hash = block.hash();
        if let Some(After { position, committee, .. }) = self.after(&hash) {
            return Ok(Ok(self.executed(&position, &committee)));
        }
        let Some(parent) = self.after(&block.header.parent) else {
            return Ok(Err(Rejection("the parent is not known".into())));
        };
        let admitted = self.admit(&parent, block, check);
        parent.view.intact()?;
        let (context, upkept) = match admitted {
            Ok(admitted) => admitted,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let committee = upkept.next.clone().unwrap_or(parent.committee);
        let mut layer = run::run(self.app.as_ref(), &parent.view, &context, block, committee, upkept)?;
        layer.position.chain_id = self.chain_id;
        let executed = self.executed(&layer.position, &layer.committee);
        self.layers.write().unwrap_or_else(PoisonError::into_inner).insert(hash, Arc::new(layer));
        Ok(Ok(executed))
    }

    /// Makes executed blocks final, oldest first. Readers see the state after all of them: the last, which has a
    /// certificate of its own.
    ///
    /// # Errors
    /// When the store fails: the node must stop.
    pub fn commit(&self, blocks: Vec<Committed>) -> Result<Vec<FinalBlock>, StoreError> {
        let mut finals = Vec::with_capacity(blocks.len());
        let mut tip = self.tip.write().unwrap_or_else(PoisonError::into_inner);
        for Committed { block, outcome, certificate } in blocks {
            let hash = block.hash();
            let layer = self.layers.read().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
            let layer = layer.ok_or_else(|| StoreError::Damaged(format!("block {hash} was not executed")))?;
            let mut batch = layer.batch()?;
            let anchor = self.certify(&mut batch, &layer, certificate.as_ref());
            self.store.apply(batch)?;
            *tip = Tip { position: layer.position, committee: Arc::clone(&layer.committee), anchor };
            finals.push(FinalBlock { block, certificate, outcome, result: layer.result.clone() });
        }
        let tip = tip.position;
        let mut layers = self.layers.write().unwrap_or_else(PoisonError::into_inner);
        layers.retain(|_, layer| layer.position.height > tip.height && layer.position.view > tip.view);
        Ok(finals)
    }

    /// Forgets what was executed and is not final.
    pub fn forget(&self) {
        self.layers.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Reads the application's state after the newest final block, which stays the same meanwhile: keep it short.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read<T>(&self, read: impl FnOnce(&dyn StateRead, &Position) -> T) -> Result<T, StoreError> {
        let tip = self.read_tip();
        let view = View::new(Vec::new(), Arc::clone(&self.store));
        let answer = read(&view.space(keys::APPLICATION), &tip.position);
        view.intact()?;
        Ok(answer)
    }

    /// The same for as long as it takes: blocks become final meanwhile, and what they overwrite is kept in memory for the
    /// reader. None while another still reads in this way, or a snapshot is written.
    ///
    /// # Errors
    /// When the store fails, or too much changed meanwhile.
    pub fn read_long<T>(
        &self,
        read: impl FnOnce(&dyn StateRead, &Position) -> T,
    ) -> Result<Option<T>, StoreError> {
        let (position, frozen) = {
            // The store changes only while the tip is held for writing: both are of one block.
            let tip = self.read_tip();
            let Some(frozen) = self.freezable.freeze() else { return Ok(None) };
            (tip.position, frozen)
        };
        let view = View::new(Vec::new(), Arc::new(frozen));
        let answer = read(&view.space(keys::APPLICATION), &position);
        view.intact()?;
        Ok(Some(answer))
    }

    /// What is at a key of the application's final state, with the proof.
    ///
    /// # Errors
    /// When the store fails.
    pub fn prove(&self, key: &[u8]) -> Result<StateProof, StoreError> {
        self.prove_at(&self.read_tip().position, key)
    }

    /// As [`Self::prove`], while the tip is held.
    fn prove_at(&self, tip: &Position, key: &[u8]) -> Result<StateProof, StoreError> {
        let view = View::new(Vec::new(), Arc::clone(&self.store));
        let (value, proof) = tree::prove(&view, tip.height, keys::state_key(keys::APPLICATION, key))?;
        Ok(StateProof { height: tip.height, app_hash: tip.outcome.app_hash, value, proof })
    }

    /// Where a final transaction is: its block, and its place there.
    ///
    /// # Errors
    /// When the store fails.
    pub fn locate(&self, tx: &TxHash) -> Result<Option<(Height, u32)>, StoreError> {
        let _tip = self.read_tip();
        let view = View::new(Vec::new(), Arc::clone(&self.store));
        let value = view.space(keys::LEDGER).get(&keys::transaction(tx));
        view.intact()?;
        Ok(value.and_then(|bytes| {
            let mut reader = Reader::new(&bytes);
            Some((Height::decode(&mut reader).ok()?, u32::decode(&mut reader).ok()?))
        }))
    }

    /// Receipts and events of a final block.
    ///
    /// # Errors
    /// When the store fails.
    pub fn result(&self, height: Height) -> Result<Option<BlockResult>, StoreError> {
        let bytes = self.store.get(&keys::result(height))?;
        let decoded = bytes.map(|bytes| BlockResult::from_bytes(&bytes)).transpose();
        decoded.map_err(|error| StoreError::Damaged(error.to_string()))
    }

    /// Blobs that a transaction refers to.
    pub fn attachments(&self, tx: &[u8]) -> Vec<BlobHash> {
        self.app.attachments(tx)
    }

    /// Whether the application waits for blocks to pass.
    ///
    /// # Errors
    /// When the store fails.
    pub fn waits_for_blocks(&self) -> Result<bool, StoreError> {
        self.read(|state, _| self.app.waits_for_blocks(state))
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// When the store fails.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.store.flush()
    }
}

/// The checking member's clock, for the one check that depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// No block may be later.
    pub latest_ms: u64,
}

impl Encode for Position {
    fn encode(&self, out: &mut Vec<u8>) {
        self.chain_id.encode(out);
        self.height.encode(out);
        self.view.encode(out);
        self.block.encode(out);
        self.time_ms.encode(out);
        self.outcome.encode(out);
    }
}

impl Decode for Position {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            chain_id: Decode::decode(reader)?,
            height: Decode::decode(reader)?,
            view: Decode::decode(reader)?,
            block: Decode::decode(reader)?,
            time_ms: Decode::decode(reader)?,
            outcome: Decode::decode(reader)?,
        })
    }
}
