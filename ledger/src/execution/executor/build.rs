//! Building blocks, and checking transactions before they are in any.

use std::sync::Arc;

use super::{After, Executor, admit, select::Selection};
use crate::{
    application::{BlockContext, Refusal},
    chain::{Block, Committee, Header, Upkeep, block::tx_root, upkeep::upkeep_root},
    consensus::BuildOrder,
    execution::{
        StoreError, keys,
        upkeep::{Session, Standing},
        view::View,
    },
    lanes::{Lane, LaneOffer, lanes_root},
    state::StateRead,
    types::{MemberIndex, TxHash},
};

/// What a block may be made of, and when it is made.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// Who makes it.
    pub proposer: MemberIndex,
    /// The clock.
    pub now_ms: u64,
    /// The ledger's own affairs.
    pub upkeep: Vec<Upkeep>,
    /// Mini-blocks, those to be taken first in front.
    pub lanes: Vec<LaneOffer>,
    /// Transactions of the proposer's own, those that came first in front.
    pub txs: Vec<Arc<[u8]>>,
}

/// Transactions that were refused, and why.
pub type Refused = Vec<(TxHash, Refusal)>;

/// A block, and the candidates that are not worth a place in any on this parent.
#[derive(Clone, Debug)]
pub struct Built {
    /// The block.
    pub block: Arc<Block>,
    /// Transactions that were refused.
    pub refused: Refused,
    /// Affairs of the ledger that are not in order on this parent.
    pub refused_upkeep: Vec<Upkeep>,
}

impl Executor {
    /// Builds a block; `None` if the parent is not known any more.
    ///
    /// # Errors
    /// When the store fails.
    pub fn build(&self, order: &BuildOrder, candidates: Candidates) -> Result<Option<Built>, StoreError> {
        let Some(After { view, position: parent, committee }) = self.after(&order.parent) else {
            return Ok(None);
        };
        let time_ms = candidates.now_ms.max(parent.time_ms);
        let at = Standing {
            height: parent.height.next(),
            view: order.view,
            parent_view: parent.view,
            proposer: candidates.proposer,
        };
        let ledger = view.space(keys::LEDGER);
        let mut session = Session::begin(&self.genesis, &committee, &ledger, at, true);
        let (upkeep, refused_upkeep) = session.choose(candidates.upkeep);
        let context = self.context(&parent, order.view, time_ms, session.finish().beacon);
        let (lanes, txs, refused) =
            self.choose(&view, &context, candidates.lanes, candidates.txs, &committee);
        view.intact()?;
        let hashes: Vec<_> = txs.iter().map(|tx| TxHash::of(tx)).collect();
        let header = Header {
            chain_id: self.chain_id,
            cycle: committee.cycle(),
            height: context.height,
            view: order.view,
            proposer: candidates.proposer,
            parent: parent.block,
            parent_view: parent.view,
            time_ms,
            parent_outcome: parent.outcome,
            tx_root: tx_root(&hashes),
            upkeep_root: upkeep_root(&upkeep),
            lanes_root: lanes_root(&lanes),
        };
        let txs = txs.iter().map(|tx| tx.to_vec()).collect();
        let block = Arc::new(Block { header, upkeep, lanes, txs });
        Ok(Some(Built { block, refused, refused_upkeep }))
    }

    /// Those candidates that are good, as many as fit, and those that are not. Receipts beyond f + 1 are left out.
    fn choose(
        &self,
        view: &View,
        context: &BlockContext,
        lanes: Vec<LaneOffer>,
        own: Vec<Arc<[u8]>>,
        committee: &Committee,
    ) -> (Vec<Lane>, Vec<Arc<[u8]>>, Refused) {
        let mut selection = Selection::new(&self.genesis.parameters);
        for offer in lanes {
            selection.offer(offer, |hash| admit::is_known(view, hash));
        }
        for tx in own {
            selection.add(tx, |hash| admit::is_known(view, hash));
        }
        let (state, trust) = (view.space(keys::APPLICATION), self.trust(committee));
        let is_vouched = |receipts: usize| trust.is_some_and(|trust| receipts >= trust);
        let full: Vec<&[u8]> = selection.bodies(|receipts| !is_vouched(receipts)).collect();
        let mut full = self.app.check_batch(&state, context, &full).into_iter();
        let refused = selection.judge(|tx, receipts| match is_vouched(receipts) {
            true => self.app.check_vouched(&state, context, tx),
            // An application that gives no answer vouches for nothing.
            false => full.next().unwrap_or_else(|| Err(Refusal::new("ledger.unanswered", "no answer"))),
        });
        let (lanes, txs) = selection.finish(committee.faults() + 1);
        (lanes, txs, refused)
    }

    /// Checks a transaction as the next block would.
    ///
    /// # Errors
    /// The outer error when the store fails.
    pub fn check(&self, tx: &[u8], now_ms: u64) -> Result<Result<(), Refusal>, StoreError> {
        let verdict = self.check_batch(&[tx], now_ms)?.pop();
        Ok(verdict
            .unwrap_or_else(|| Err(Refusal::new("ledger.unanswered", "the application did not answer"))))
    }

    /// What a transaction that [`Self::check`] refuses shows against whoever made it, as a transaction that would be good.
    ///
    /// # Errors
    /// When the store fails.
    pub fn evidence(&self, refused: &[u8], now_ms: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let evidence = self.read(|state: &dyn StateRead, tip| {
            let context = self.context(tip, tip.view.next(), now_ms.max(tip.time_ms), None);
            self.app.evidence(state, &context, refused)
        })?;
        let Some(evidence) = evidence else { return Ok(None) };
        Ok(self.check(&evidence, now_ms)?.is_ok().then_some(evidence))
    }

    /// Checks transactions as the next block would; answers in their order.
    ///
    /// # Errors
    /// When the store fails.
    pub fn check_batch(&self, txs: &[&[u8]], now_ms: u64) -> Result<Vec<Result<(), Refusal>>, StoreError> {
        self.read(|state: &dyn StateRead, tip| {
            let context = self.context(tip, tip.view.next(), now_ms.max(tip.time_ms), None);
            self.app.check_batch(state, &context, txs)
        })
    }
}
