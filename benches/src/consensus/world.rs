//! Members, their keys, and the blocks that they make.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use galen_ledger::{
    AppHash, Height, MemberIndex, View,
    chain::{Block, Candidate, Genesis, Header, Outcome, Parameters, block::tx_root, upkeep::upkeep_root},
    consensus::{BuildOrder, Effect, Recovered, Relay, Setup, Timing, Tip, VoteRelay},
    crypto::SecretKey,
    types::{BlockHash, ChainId, ReceiptsRoot, TxHash},
};

/// Bytes of a block's one transaction.
pub const PAYLOAD_BYTES: usize = 1024;

/// A consortium, and the views of its blocks, which a header names.
#[derive(Debug)]
pub struct World {
    /// The chain.
    pub genesis: Arc<Genesis>,
    chain_id: ChainId,
    /// The keys of the members, in their order.
    pub keys: Vec<SecretKey>,
    timing: Timing,
    views: Mutex<BTreeMap<BlockHash, View>>,
}

/// What executing any block gives.
pub fn outcome() -> Outcome {
    Outcome { app_hash: AppHash::from_bytes([1; 32]), receipts_root: ReceiptsRoot::from_bytes([1; 32]) }
}

impl World {
    /// Founds a consortium of so many members, in √n groups above 31.
    pub fn new(members: u8, delta: Duration) -> Self {
        let keys: Vec<_> = (0..members).map(|seed| SecretKey::from_bytes(&[seed + 1; 32])).collect();
        let groups = if members > 31 { f64::from(members).sqrt().round() as u16 } else { 1 };
        let cycle_blocks = 1_000_000;
        let genesis = Genesis {
            name: "bench".into(),
            time_ms: 0,
            members: keys.iter().map(|key| Candidate::new("member", key, None)).collect(),
            parameters: Parameters { groups, cycle_blocks, ..Parameters::default() },
            config: Vec::new(),
        };
        let timing = Timing { delta, max_delta: delta * 8 };
        Self {
            chain_id: genesis.chain_id(),
            genesis: Arc::new(genesis),
            keys,
            timing,
            views: Mutex::default(),
        }
    }

    /// The state before the first block.
    pub fn fresh(&self) -> Recovered {
        Recovered::fresh(Tip {
            height: Height::new(0),
            view: View::new(0),
            block: self.genesis.block_hash(),
            outcome: outcome(),
        })
    }

    /// Starts a member.
    pub fn start(&self, member: usize, recovered: Recovered, votes: VoteRelay) -> (Relay, Vec<Effect>) {
        let me = (0..).map(MemberIndex::new).nth(member).unwrap_or_default();
        let setup = Setup {
            genesis: Arc::clone(&self.genesis),
            committee: Arc::new(self.genesis.committee()),
            me,
            keys: self.keys.get(member).cloned().into_iter().collect(),
            timing: self.timing,
        };
        Relay::start(setup, recovered, votes)
    }

    /// Makes the block that was ordered. Its transaction begins with a number, by which its age can be told.
    pub fn build(&self, proposer: usize, order: &BuildOrder, number: u64) -> Arc<Block> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let parent_view = views.get(&order.parent).copied().unwrap_or_default();
        let mut tx = vec![0xa5; PAYLOAD_BYTES];
        tx.splice(..16, number.to_le_bytes().into_iter().chain(order.view.get().to_le_bytes()));
        let header = Header {
            chain_id: self.chain_id,
            cycle: Default::default(),
            height: order.height.next(),
            view: order.view,
            proposer: (0..).map(MemberIndex::new).nth(proposer).unwrap_or_default(),
            parent: order.parent,
            parent_view,
            time_ms: number,
            parent_outcome: outcome(),
            tx_root: tx_root(&[TxHash::of(&tx)]),
            upkeep_root: upkeep_root(&[]),
            lanes_root: galen_ledger::lanes::lanes_root(&[]),
        };
        views.insert(header.hash(), order.view);
        Arc::new(Block { header, upkeep: Vec::new(), lanes: Vec::new(), txs: vec![tx] })
    }
}

/// The number that a block was made with.
pub fn number(block: &Block) -> u64 {
    block.header.time_ms
}
