//! Proposes blocks that are wrong (R2, R5).

use std::sync::Arc;

use galen_ledger::{
    AppHash, Height,
    chain::Block,
    consensus::{BuildOrder, Message},
    execution::executor::Candidates,
    types::BlockHash,
};
use rand::Rng;

use super::{Adversary, Mail, Scene, with_txs};
use crate::{application::JUNK, node::DELTA};

/// Its proposals and the blocks that it serves are wrong in one of many ways; now and then they are right.
pub struct Rubbish;

/// A block that leaves out what was notarized after the newest final block.
fn skipping(scene: &mut Scene<'_>, block: &Block) -> Option<Block> {
    let tip = *scene.node.core.tip();
    let order = BuildOrder { view: block.header.view, parent: tip.block, height: tip.height };
    let tx: Arc<[u8]> = format!("skips to {}", order.view).into_bytes().into();
    let candidates = Candidates {
        proposer: scene.node.index,
        now_ms: scene.now,
        upkeep: Vec::new(),
        lanes: Vec::new(),
        txs: vec![tx],
    };
    let built = scene.node.executor.build(&order, candidates).ok()??;
    Some(Block::clone(&built.block))
}

fn spoil(scene: &mut Scene<'_>, block: &Block) -> Block {
    let mut bad = block.clone();
    let header = &mut bad.header;
    match scene.rng.gen_range(0..10) {
        0..3 => return skipping(scene, block).unwrap_or(bad),
        3 => return with_txs(block, vec![JUNK.to_vec()]),
        4 => return with_txs(block, vec![b"twice".to_vec(), b"twice".to_vec()]),
        5 => header.parent_outcome.app_hash = AppHash::from_bytes([0; 32]),
        6 => header.parent = BlockHash::from_bytes([scene.rng.r#gen(); 32]),
        7 => header.height = Height::new(header.height.get() + 2),
        8 => header.time_ms = scene.now + 100 * DELTA,
        _ => bad.txs.push(b"not in the root".to_vec()),
    }
    bad
}

impl Adversary for Rubbish {
    fn send(&mut self, scene: &mut Scene<'_>, mail: Mail) -> Vec<Mail> {
        if scene.rng.gen_bool(0.2) {
            return vec![mail];
        }
        let message = match &mail.message {
            Message::Propose(proposal) => {
                let bad = spoil(scene, &proposal.block);
                scene.propose(proposal.view, bad)
            }
            Message::Block(block) => Some(Message::Block(Arc::new(spoil(scene, block)))),
            other => Some(other.clone()),
        };
        message.map(|message| Mail { message, ..mail }).into_iter().collect()
    }
}
