//! Starting, for the first time or again.

use std::{collections::BTreeMap, sync::Arc};

use super::{Core, Setup, Tip};
use crate::{
    chain::{Block, Certificate, StatementKind, Vote},
    consensus::{Effect, Proposal, SignState, Timer, view::Views},
    types::{Turn, View},
};

/// What a member finds in its log. All of it was verified before it was written.
#[derive(Debug)]
pub struct Recovered {
    /// The newest final block (or the genesis).
    pub tip: Tip,
    /// The newest certificate of finality.
    pub finality: Option<Certificate>,
    /// What was signed last.
    pub sign_state: SignState,
    /// Blocks that are not final.
    pub blocks: Vec<Arc<Block>>,
    /// This member's votes.
    pub votes: Vec<Vote>,
    /// Certificates.
    pub certificates: Vec<Certificate>,
}

impl Recovered {
    /// A member that has never run.
    pub fn fresh(tip: Tip) -> Self {
        Self {
            tip,
            finality: None,
            sign_state: SignState::default(),
            blocks: Vec::new(),
            votes: Vec::new(),
            certificates: Vec::new(),
        }
    }
}

impl Core {
    /// Takes up where the log ends. The effects come first: this member's votes are sent again (R6).
    ///
    /// `setup.committee` is that of the cycle of the next block, which the state after the newest final block has.
    pub fn start(setup: Setup, recovered: Recovered) -> (Self, Vec<Effect>) {
        let Recovered { tip, finality, sign_state, blocks, votes, certificates } = recovered;
        let mut core = Self {
            committee: Arc::clone(&setup.committee),
            key: setup.key_in(&setup.committee),
            delta: setup.timing.delta,
            setup,
            sign_state,
            view: View::new(0),
            tip,
            finality,
            pending_finality: None,
            step: None,
            source: None,
            views: Views::new(),
            blocks: BTreeMap::new(),
            fetching: BTreeMap::new(),
            early: BTreeMap::new(),
            followers: BTreeMap::new(),
            heard: BTreeMap::new(),
            work: false,
            unfinished: false,
            waited: false,
            active: false,
            ordered: View::new(0),
            nullified_in_a_row: 0,
            halted: false,
            effects: Vec::new(),
        };
        core.restore(blocks, votes, certificates);
        core.settle();
        core.resend();
        core.arm(Timer::Idle(core.turn()), 1);
        core.report_status();
        let effects = std::mem::take(&mut core.effects);
        (core, effects)
    }

    fn restore(&mut self, blocks: Vec<Arc<Block>>, votes: Vec<Vote>, certificates: Vec<Certificate>) {
        let (cycle, tip) = (self.committee.cycle(), self.tip.view);
        let alive = |turn: Turn| turn.cycle == cycle && turn.view > tip;
        let votes: Vec<_> = votes.into_iter().filter(|vote| alive(vote.turn())).collect();
        let certificates: Vec<_> = certificates.into_iter().filter(|c| alive(c.turn())).collect();
        let turn = |block: &Block| Turn { cycle: block.header.cycle, view: block.header.view };
        let blocks: Vec<_> = blocks.into_iter().filter(|block| alive(turn(block))).collect();
        for certificate in certificates {
            let newest = self.pending_finality.as_ref().map(|pending| pending.statement().view());
            let is_finality = certificate.statement().kind() == StatementKind::Finalize;
            if !is_finality || newest < Some(certificate.statement().view()) {
                self.keep(certificate);
            }
        }
        for block in blocks {
            self.restore_block(&block, &votes);
        }
        for vote in votes {
            self.view = self.view.max(vote.statement.view());
            self.views.entry(vote.statement.view()).or_default().add(vote);
        }
    }

    fn restore_block(&mut self, block: &Arc<Block>, votes: &[Vote]) {
        let (hash, header) = (block.hash(), &block.header);
        let own = header.proposer == self.setup.me;
        let notarized = |vote: &Vote| {
            vote.statement.kind() == StatementKind::Notarize && vote.statement.block() == Some(hash)
        };
        let entry = self.hold(hash, block);
        entry.durable = true;
        // What this member proposed or notarized, it had checked before.
        entry.checked = own || votes.iter().any(notarized);
        if own && let Some(key) = self.key.clone() {
            let proposal = Proposal::sign(header.view, Arc::clone(block), &self.committee.scope(), &key);
            self.ordered = self.ordered.max(header.view);
            let state = self.views.entry(header.view).or_default();
            (state.signed, state.proposal) = (Some((hash, proposal.signature)), Some(proposal));
        }
    }
}
