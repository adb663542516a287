//! From certificates to executed and final blocks.

use std::sync::Arc;

use super::{Core, Progress, Tip};
use crate::{
    chain::{Block, Certificate, Outcome, Statement},
    consensus::{Committed, Effect},
    types::BlockHash,
};

/// Most blocks held on a walk back from the newest final block. Whoever is further behind is given a nearer one.
const HELD_BLOCKS: usize = 2 * super::CATCH_UP_BLOCKS as usize;

/// How a block hangs together with the final chain.
enum Lineage {
    /// Not all ancestors are here; this one is missing.
    Missing(BlockHash),
    /// From the first block after the tip to the block itself.
    Whole(Vec<BlockHash>),
    /// It does not descend from the tip.
    Foreign,
}

impl Core {
    /// Executes a block if its parent has been.
    fn execute(&mut self, hash: BlockHash, check: bool) {
        let Some(entry) = self.blocks.get(&hash) else { return };
        if self.outcome_of(&entry.block.header.parent).is_none() {
            return;
        }
        let Some(entry) = self.blocks.get_mut(&hash) else { return };
        let check = check && !entry.checked;
        entry.progress = Progress::Executing { check };
        let block = Arc::clone(&entry.block);
        self.effects.push(Effect::Execute { block, check });
    }

    /// Executes what a quorum vouches for, oldest first, and asks for what is missing of it.
    pub(super) fn execute_certified(&mut self) {
        let notarized = self.views.values().filter_map(|state| state.notarized());
        let finalized = self.next_finality().into_iter().filter_map(|next| next.statement().block());
        let targets: Vec<_> = notarized.chain(finalized).collect();
        let step = self.step.as_ref().and_then(|step| step.statement().block());
        for target in targets {
            match self.lineage(target) {
                Lineage::Missing(_) if self.blocks.len() >= HELD_BLOCKS && step != Some(target) => {}
                Lineage::Missing(block) => self.fetch(block),
                Lineage::Foreign => {}
                Lineage::Whole(blocks) => {
                    let first = blocks.iter().find(|hash| !self.is_executed(hash)).copied();
                    first.into_iter().for_each(|first| self.execute_vouched(first));
                }
            }
        }
    }

    /// The certificate of finality to be applied next.
    fn next_finality(&self) -> Option<&Certificate> {
        self.step.as_ref().or(self.pending_finality.as_ref())
    }

    /// Whether blocks are missing on the way to the newest final one.
    pub(super) fn is_catching_up(&self) -> bool {
        let target = self.pending_finality.as_ref().and_then(|pending| pending.statement().block());
        target.is_some_and(|target| matches!(self.lineage(target), Lineage::Missing(_)))
    }

    fn execute_vouched(&mut self, block: BlockHash) {
        let Some(entry) = self.blocks.get_mut(&block) else { return };
        entry.certified = true;
        if !matches!(entry.progress, Progress::Executing { .. }) {
            self.execute(block, false);
        }
    }

    /// Checks and executes the current view's proposal (R5), once R2 holds for it.
    pub(super) fn execute_proposal(&mut self) {
        let Some(proposal) = self.eligible_proposal() else { return };
        let (hash, parent) = (proposal.block.hash(), proposal.block.header.parent);
        if self.blocks.get(&hash).is_some_and(|entry| entry.progress == Progress::Held) {
            self.execute(hash, true);
        }
        if self.outcome_of(&parent).is_none() && !self.blocks.contains_key(&parent) {
            self.fetch(parent);
        }
    }

    fn is_executed(&self, block: &BlockHash) -> bool {
        self.outcome_of(block).is_some()
    }

    fn lineage(&self, block: BlockHash) -> Lineage {
        let mut blocks = Vec::new();
        let mut next = block;
        while next != self.tip.block {
            let Some(entry) = self.blocks.get(&next) else { return Lineage::Missing(next) };
            if entry.block.header.height <= self.tip.height {
                return Lineage::Foreign;
            }
            blocks.push(next);
            next = entry.block.header.parent;
        }
        blocks.reverse();
        Lineage::Whole(blocks)
    }

    /// Applies the newest certificate of finality once all of its chain is here and executed.
    pub(super) fn finalize(&mut self) -> bool {
        let Some(certificate) = self.next_finality().cloned() else { return false };
        let Statement::Finalize { block, outcome, view } = *certificate.statement() else { return false };
        let blocks = match self.lineage(block) {
            Lineage::Whole(blocks) => blocks,
            Lineage::Missing(_) => return false,
            Lineage::Foreign => {
                self.halt(format!(
                    "a quorum finalized block {block} of view {view}, which forks the final chain"
                ));
                return false;
            }
        };
        if !blocks.iter().all(|block| self.is_executed(block)) {
            return false;
        }
        if self.outcome_of(&block).map(|own| own.hash()) != Some(outcome) {
            self.halt(format!("executing block {block} gave another outcome than a quorum attests"));
            return false;
        }
        self.commit(&blocks, certificate);
        true
    }

    fn commit(&mut self, blocks: &[BlockHash], certificate: Certificate) {
        let (mut committed, mut last) = (Vec::new(), None);
        for hash in blocks {
            self.make_durable(hash);
            let Some(entry) = self.blocks.remove(hash) else { continue };
            let Progress::Executed(executed) = entry.progress else { continue };
            self.advance_tip(*hash, &entry.block, executed.outcome);
            last = self.is_last(&entry.block).then_some(executed.next);
            committed.push(Committed { block: entry.block, outcome: executed.outcome, certificate: None });
        }
        if let Some(last) = committed.last_mut() {
            last.certificate = Some(certificate.clone());
        }
        let reached = |of: &Certificate| of.statement().view() > certificate.statement().view();
        self.pending_finality = self.pending_finality.take().filter(reached);
        self.step = self.step.take().filter(reached);
        self.finality = Some(certificate);
        self.effects.push(Effect::Finalize(committed));
        self.forget();
        self.unfinished = false;
        self.delta = (self.delta / 2).max(self.setup.timing.delta);
        match last {
            Some(Some(committee)) => self.begin_cycle(committee),
            Some(None) => {
                return self.halt("executing the last block of the cycle gave no committee".into());
            }
            None => {}
        }
        self.tell_followers();
        self.ask_those_ahead();
    }

    fn advance_tip(&mut self, hash: BlockHash, block: &Block, outcome: Outcome) {
        let header = &block.header;
        self.tip = Tip { height: header.height, view: header.view, block: hash, outcome };
    }

    /// Drops what the tip has decided.
    fn forget(&mut self) {
        let tip = self.tip;
        self.views = self.views.split_off(&tip.view.next());
        let alive = |block: &Block| block.header.view > tip.view && block.header.height > tip.height;
        self.blocks.retain(|_, entry| alive(&entry.block));
        let named: std::collections::BTreeSet<_> = self
            .views
            .values()
            .filter_map(|state| state.notarized())
            .chain(self.blocks.values().map(|entry| entry.block.header.parent))
            .collect();
        self.fetching.retain(|hash, _| named.contains(hash));
    }
}
