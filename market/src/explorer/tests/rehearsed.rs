//! A chain in memory as a [`Chain`]: the state of a rehearsed world, and blocks made of what was executed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use galen_ledger::blobs::Part;
use galen_ledger::chain::{Block, BlockResult, Candidate, Committee, Genesis, Header, Outcome, Parameters};
use galen_ledger::crypto::SecretKey;
use galen_ledger::execution::upkeep::{MemberRecord, OutputRecord};
use galen_ledger::types::{BlockHash, Cycle, ReceiptsRoot, TxRoot};
use galen_ledger::{
    AppHash, Application, BlobHash, Event, Height, LightProof, MemberIndex, MemoryState, Overlay, Position,
    Receipt, Rehearsal, StateRead, StateWrite, Submitted, TxHash, View,
};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use tokio::sync::watch;

use crate::chain::{Answer, Chain, ChainError, SeenBlock};
use crate::id::{ContributionId, RequestId};
use crate::tests::actors::{World, wish};
use crate::transaction::Transaction;

#[derive(Default)]
struct Inner {
    state: MemoryState,
    position: Position,
    blocks: BTreeMap<u64, SeenBlock>,
    receipts: BTreeMap<TxHash, Submitted>,
}

/// A rehearsed chain.
pub struct Rehearsed {
    genesis: Arc<Genesis>,
    inner: Mutex<Inner>,
    newest: watch::Sender<u64>,
}

/// A title that would do harm if it were not escaped.
pub const EVIL: &str = "<script>alert(1)</script>\"'&";

/// A chain on which something happened.
pub struct Scene {
    pub chain: Arc<Rehearsed>,
    pub world: World,
    pub request: RequestId,
    /// The transaction that posted it.
    pub posting: TxHash,
    pub contribution: ContributionId,
}

impl Rehearsed {
    /// The chain of a world with one hospital: a request whose title is hostile, and a contribution to it.
    pub fn with_a_contribution(seed: u64) -> Scene {
        let mut world = World::new(seed, 1);
        let mut asked = wish(20, world.chain.height + 40);
        asked.title = EVIL.into();
        let request = world.request(asked);
        let id = request.id(&world.chain.id());
        let post = world.post_tx(request);
        let chain = Self::new(&world);
        chain.block(&mut world, &[&post]);
        chain.block(&mut world, &[]);
        let contribute = world.contribute(0, &id, 7);
        chain.block(&mut world, &[&contribute]);
        let contribution = world.id_of(&id, 0);
        Scene { chain, world, request: id, posting: post.hash(), contribution }
    }

    /// The chain of a world, from its present block on.
    pub fn new(world: &World) -> Arc<Self> {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let candidate =
            |number: u16| Candidate::new(format!("member {number}"), &SecretKey::generate(&mut rng), None);
        let members: Vec<Candidate> = (0..4).map(candidate).collect();
        let config = world.chain.app.config().to_json();
        let genesis = Genesis {
            name: "rehearsed".into(),
            time_ms: 0,
            members,
            parameters: Parameters::default(),
            config,
        };
        let (newest, _) = watch::channel(0);
        let chain = Self { genesis: Arc::new(genesis), inner: Mutex::default(), newest };
        chain.keep(
            world,
            Vec::new(),
            BlockResult { begin: Vec::new(), receipts: Vec::new(), end: Vec::new() },
        );
        Arc::new(chain)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Makes a block of these transactions in the world, and keeps it.
    pub fn block(&self, world: &mut World, txs: &[&Transaction]) -> Vec<Receipt> {
        let txs: Vec<Vec<u8>> = txs.iter().map(|tx| tx.to_bytes()).collect();
        let (begin, end) = told(world, &txs);
        let bytes: Vec<&[u8]> = txs.iter().map(Vec::as_slice).collect();
        let receipts = Rehearsal::block(&mut world.chain, &bytes);
        self.keep(world, txs, BlockResult { begin, receipts: receipts.clone(), end });
        receipts
    }

    /// Takes over the world's state as that after a block with these transactions.
    fn keep(&self, world: &World, txs: Vec<Vec<u8>>, result: BlockResult) {
        let height = Height::new(world.chain.height);
        let outcome = Outcome {
            app_hash: AppHash::from_bytes([1; 32]),
            receipts_root: ReceiptsRoot::from_bytes([2; 32]),
        };
        let mut inner = self.inner();
        let header = Header {
            chain_id: world.chain.id(),
            cycle: Cycle::new(0),
            height,
            view: View::new(height.get()),
            proposer: MemberIndex::new((height.get() % 4) as u16),
            parent: inner.position.block,
            parent_view: View::new(height.get().saturating_sub(1)),
            time_ms: height.get() * 1000,
            parent_outcome: outcome,
            tx_root: TxRoot::from_bytes([0; 32]),
            upkeep_root: [0; 32],
            lanes_root: [0; 32],
        };
        for (index, (tx, receipt)) in (0..).zip(txs.iter().zip(&result.receipts)) {
            let tx = TxHash::of(tx);
            inner.receipts.insert(tx, Submitted { tx, height, index, receipt: receipt.clone() });
        }
        let block = Block { header, upkeep: Vec::new(), lanes: Vec::new(), txs };
        let position = Position {
            chain_id: world.chain.id(),
            height,
            view: View::new(height.get()),
            block: block.hash(),
            time_ms: height.get() * 1000,
            outcome,
        };
        inner.blocks.insert(height.get(), SeenBlock { block, certificate: None, result: Some(result) });
        inner.state = world.chain.state.clone();
        inner.position = position;
        drop(inner);
        self.newest.send_replace(height.get());
    }
}

/// What happens at the beginning and the end of a world's next block with these transactions: a rehearsal tells of receipts
/// only.
fn told(world: &World, txs: &[Vec<u8>]) -> (Vec<Event>, Vec<Event>) {
    let (app, mut state) = (&world.chain.app, world.chain.state.clone());
    let context = world.chain.context(world.chain.height + 1);
    let begin = app.begin_block(&mut state, &context);
    for tx in txs {
        let mut overlay = Overlay::new(&state);
        let accepted = app.execute(&mut overlay, &context, tx).accepted;
        for (key, value) in overlay.into_writes().into_iter().filter(|_| accepted) {
            match value {
                Some(value) => state.put(&key, value),
                None => state.delete(&key),
            }
        }
    }
    (begin, app.end_block(&mut state, &context))
}

/// The hash of no block.
pub const NO_BLOCK: BlockHash = BlockHash::from_bytes([0; 32]);

impl Chain for Rehearsed {
    fn genesis(&self) -> &Arc<Genesis> {
        &self.genesis
    }

    fn read_with(&self, read: &mut dyn FnMut(&dyn StateRead, &Position)) -> Result<(), ChainError> {
        let inner = self.inner();
        read(&inner.state, &inner.position);
        Ok(())
    }

    fn position(&self) -> Position {
        self.inner().position
    }

    fn beyond(&self, height: Height) -> Answer<'_, Height> {
        Box::pin(async move {
            let mut newest = self.newest.subscribe();
            let found = newest.wait_for(|newest| *newest > height.get()).await;
            found.map(|found| Height::new(*found)).map_err(|error| ChainError::Away(error.to_string()))
        })
    }

    fn block(&self, height: Height) -> Answer<'_, Option<SeenBlock>> {
        let found = self.inner().blocks.get(&height.get()).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn receipt(&self, tx: &TxHash) -> Result<Option<Submitted>, ChainError> {
        Ok(self.inner().receipts.get(tx).cloned())
    }

    fn submit(&self, _: Vec<u8>) -> Answer<'_, Submitted> {
        Box::pin(async { Err(ChainError::Full) })
    }

    fn blob(&self, _: BlobHash) -> Answer<'_, Option<Vec<u8>>> {
        Box::pin(async { Ok(None) })
    }

    fn blob_part(&self, _: BlobHash, _: u64, _: usize) -> Answer<'_, Option<Part>> {
        Box::pin(async { Ok(None) })
    }

    fn put_blob(&self, _: Vec<u8>) -> Answer<'_, BlobHash> {
        Box::pin(async { Err(ChainError::Full) })
    }

    fn committee(&self) -> Arc<Committee> {
        Arc::new(self.genesis.committee())
    }

    fn member(&self, member: MemberIndex) -> Result<Option<MemberRecord>, ChainError> {
        Ok(self.genesis.members.get(member.at()).map(MemberRecord::seated))
    }

    fn beacon(&self) -> Result<Option<OutputRecord>, ChainError> {
        Ok(None)
    }

    fn light_proof(&self, _: &[Vec<u8>]) -> Result<Option<LightProof>, ChainError> {
        Ok(None)
    }
}
