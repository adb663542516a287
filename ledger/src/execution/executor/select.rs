//! Choosing what goes into a block: of each mini-block what is new and good, and then the proposer's own.

use std::{collections::BTreeSet, sync::Arc};

use super::build::Refused;
use crate::{
    application::Refusal,
    chain::Parameters,
    lanes::{Lane, LaneOffer, MAX_LANES, lane::Omitted},
    types::{MemberIndex, TxHash},
};

/// A transaction that may be in the block.
struct Choice {
    hash: TxHash,
    tx: Arc<[u8]>,
    /// Where it is in a mini-block; none for the proposer's own.
    place: Option<u32>,
    good: bool,
}

struct Chosen {
    offer: LaneOffer,
    /// What is left out before anything is checked.
    omitted: Vec<Omitted>,
    choices: Vec<Choice>,
}

/// What may be in a block, within its limits.
pub(super) struct Selection {
    lanes: Vec<Chosen>,
    own: Vec<Choice>,
    taken: BTreeSet<TxHash>,
    /// Authors and numbers of the mini-blocks: a block with two of one number is not valid.
    numbers: BTreeSet<(MemberIndex, u64)>,
    /// Room that is left.
    txs: usize,
    bytes: usize,
    omitted: usize,
}

impl Selection {
    pub fn new(limits: &Parameters) -> Self {
        Self {
            lanes: Vec::new(),
            own: Vec::new(),
            taken: BTreeSet::new(),
            numbers: BTreeSet::new(),
            txs: limits.block_txs as usize,
            bytes: limits.block_bytes as usize,
            omitted: limits.block_txs as usize,
        }
    }

    /// Takes a mini-block, if all of it that is new fits; otherwise it waits for the next block.
    pub fn offer(&mut self, offer: LaneOffer, known: impl Fn(&TxHash) -> bool) {
        let number = (offer.mini.header.author, offer.mini.header.number);
        if self.numbers.contains(&number) {
            return;
        }
        let (mut choices, mut omitted) = (Vec::new(), Vec::new());
        for ((place, tx), hash) in (0u32..).zip(&offer.mini.txs).zip(offer.mini.tx_hashes()) {
            if self.taken.contains(&hash) || known(&hash) {
                omitted.push(Omitted { place, tx: hash });
            } else {
                choices.push(Choice { hash, tx: Arc::clone(tx), place: Some(place), good: true });
            }
        }
        let bytes: usize = choices.iter().map(|choice| choice.tx.len()).sum();
        // Any of it may turn out not to be good, and be left out.
        let omissions = omitted.len() + choices.len();
        let fits = choices.len() <= self.txs && bytes <= self.bytes && omissions <= self.omitted;
        if choices.is_empty() || !fits || self.lanes.len() >= MAX_LANES {
            return;
        }
        (self.txs, self.bytes) = (self.txs - choices.len(), self.bytes - bytes);
        self.omitted -= omissions;
        self.numbers.insert(number);
        self.taken.extend(choices.iter().map(|choice| choice.hash));
        self.lanes.push(Chosen { offer, omitted, choices });
    }

    /// Takes a transaction of the proposer's own, if it is new and there is room.
    pub fn add(&mut self, tx: Arc<[u8]>, known: impl Fn(&TxHash) -> bool) {
        let hash = TxHash::of(&tx);
        if self.txs == 0 || tx.len() > self.bytes || self.taken.contains(&hash) || known(&hash) {
            return;
        }
        (self.txs, self.bytes) = (self.txs - 1, self.bytes - tx.len());
        self.taken.insert(hash);
        self.own.push(Choice { hash, tx, place: None, good: true });
    }

    /// The transactions, in order, for which there are so many receipts that they are wanted.
    pub fn bodies(&self, wanted: impl Fn(usize) -> bool) -> impl Iterator<Item = &[u8]> {
        let lanes = self.lanes.iter().map(|lane| (&lane.choices, lane.receipts()));
        let all = lanes.chain([(&self.own, 0)]);
        let wanted = all.filter(move |(_, receipts)| wanted(*receipts));
        wanted.flat_map(|(choices, _)| choices).map(|choice| choice.tx.as_ref())
    }

    /// Takes what is not good out again; it is kept aside for whoever submitted it.
    pub fn judge(&mut self, mut verdict: impl FnMut(&[u8], usize) -> Result<(), Refusal>) -> Refused {
        let mut refused = Vec::new();
        let mut judge = |choice: &mut Choice, receipts| {
            if let Err(refusal) = verdict(&choice.tx, receipts) {
                choice.good = false;
                refused.push((choice.hash, refusal));
            }
        };
        for lane in &mut self.lanes {
            let receipts = lane.receipts();
            lane.choices.iter_mut().for_each(|choice| judge(choice, receipts));
        }
        self.own.iter_mut().for_each(|choice| judge(choice, 0));
        refused
    }

    /// The lanes, and all transactions in their order.
    pub fn finish(self, enough: usize) -> (Vec<Lane>, Vec<Arc<[u8]>>) {
        let (mut lanes, mut txs) = (Vec::new(), Vec::new());
        for chosen in self.lanes {
            if chosen.choices.iter().any(|choice| choice.good) {
                let good = chosen.choices.iter().filter(|choice| choice.good);
                txs.extend(good.map(|choice| Arc::clone(&choice.tx)));
                lanes.push(chosen.into_lane(enough));
            }
        }
        txs.extend(self.own.into_iter().filter(|choice| choice.good).map(|choice| choice.tx));
        (lanes, txs)
    }
}

impl Chosen {
    fn receipts(&self) -> usize {
        let signers: BTreeSet<_> = self.offer.receipts.iter().map(|receipt| receipt.signer).collect();
        signers.len()
    }

    fn into_lane(self, enough: usize) -> Lane {
        let bad = self.choices.into_iter().filter(|choice| !choice.good);
        let bad = bad.filter_map(|choice| Some(Omitted { place: choice.place?, tx: choice.hash }));
        let mut omitted: Vec<_> = self.omitted.into_iter().chain(bad).collect();
        omitted.sort_unstable_by_key(|omitted| omitted.place);
        let receipts = self.offer.receipts.into_iter().map(|receipt| (receipt.signer, receipt.signature));
        let mut receipts: Vec<_> = receipts.take(enough).collect();
        receipts.sort_unstable_by_key(|(signer, _)| *signer);
        receipts.dedup_by_key(|(signer, _)| *signer);
        let (header, signature) = (self.offer.mini.header, self.offer.mini.signature);
        Lane { header, signature, receipts, omitted }
    }
}
