//! Mini-blocks of the running cycle that have something left for a block. Bounded in all, and for each author.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::{Flight, LaneHeader, LaneOffer, MiniBlock, Receipt, route};
use crate::{
    chain::{Block, Committee, Evidence},
    crypto::Signature,
    types::{MemberIndex, MiniHash, TxHash},
};

/// Numbers of each author that are remembered when the mini-block is not here any more, so that a second one with the same
/// number is noticed. Those of mini-blocks that are here are never forgotten: two of one number would not go into one block.
const NUMBERS_OF_ONE: usize = 256;

/// What became of a mini-block that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is kept.
    New,
    /// It is, or was, here already.
    Known,
    /// There is no room.
    Full,
    /// Its author has used the number for another one: here is the proof.
    Broken(Box<Evidence>),
}

struct Held {
    mini: Arc<MiniBlock>,
    /// Of its transactions, in order.
    hashes: Vec<TxHash>,
    /// What may still go into a block.
    open: BTreeSet<TxHash>,
    /// Whether everything that its transactions name is here.
    complete: bool,
    receipts: BTreeMap<MemberIndex, Signature>,
    order: u64,
    since: Duration,
    /// Blocks that went by without it.
    passed: u32,
    /// This member, which believes receipts, has waited for them in vain.
    impatient: bool,
}

/// How a member that believes receipts waits for those of f + 1 members.
#[derive(Clone, Copy, Debug)]
pub struct Ripening {
    /// Which member, whose own receipt says that it has checked a mini-block itself.
    pub me: MemberIndex,
    /// Now.
    pub now: Duration,
    /// After how long it checks what has none; it waits for nothing if it believes none.
    pub patience: Option<Duration>,
}

/// Mini-blocks that wait for a block.
pub struct LanePool {
    /// Most transactions, and bytes of them.
    limits: (usize, usize),
    committee: Arc<Committee>,
    held: BTreeMap<MiniHash, Held>,
    order: BTreeMap<u64, MiniHash>,
    next: u64,
    used: BTreeMap<MemberIndex, (usize, usize)>,
    total: (usize, usize),
    /// Where each open transaction is.
    places: BTreeMap<TxHash, BTreeSet<MiniHash>>,
    /// The mini-blocks that are here, by author and number.
    numbered: BTreeMap<(MemberIndex, u64), MiniHash>,
    /// What each author signed of those that are not here any more, in the order in which they went.
    past: BTreeMap<MemberIndex, VecDeque<(LaneHeader, Signature)>>,
}

impl LanePool {
    /// Nothing is here yet.
    pub fn new(limits: (usize, usize), committee: Arc<Committee>) -> Self {
        Self {
            limits,
            committee,
            held: BTreeMap::new(),
            order: BTreeMap::new(),
            next: 0,
            used: BTreeMap::new(),
            total: (0, 0),
            places: BTreeMap::new(),
            numbered: BTreeMap::new(),
            past: BTreeMap::new(),
        }
    }

    /// A cycle begins: mini-blocks of the one before are of no use any more. What was in them is authored again.
    pub fn begin(&mut self, committee: Arc<Committee>) {
        *self = Self::new(self.limits, committee);
    }

    fn name(&self, header: &LaneHeader) -> MiniHash {
        header.hash(&self.committee.scope().chain_id)
    }

    /// Whether a mini-block with this header is or was here.
    pub fn knows(&self, header: &LaneHeader) -> bool {
        self.signed(header).is_some_and(|(known, _)| known == *header)
    }

    /// What the author has signed with this number, as far as it is remembered.
    fn signed(&self, header: &LaneHeader) -> Option<(LaneHeader, Signature)> {
        let name = self.numbered.get(&(header.author, header.number));
        if let Some(held) = name.and_then(|name| self.held.get(name)) {
            return Some((held.mini.header, held.mini.signature));
        }
        self.past.get(&header.author)?.iter().find(|(past, _)| past.number == header.number).copied()
    }

    /// Takes a verified mini-block with the hashes of its transactions. Half the room is for all alike, the other half
    /// shared out evenly, so that no author can fill it alone.
    pub fn take(&mut self, mini: Arc<MiniBlock>, hashes: &[TxHash], now: Duration) -> Taken {
        let header = mini.header;
        if let Some((known, signature)) = self.signed(&header) {
            if known == header {
                return Taken::Known;
            }
            let minis = [(known, signature), (header, mini.signature)];
            return Taken::Broken(Box::new(Evidence::MiniBlocks(minis)));
        }
        let size = (mini.txs.len(), mini.bytes());
        if !self.has_room(header.author, size) {
            return Taken::Full;
        }
        let name = self.name(&header);
        self.numbered.insert((header.author, header.number), name);
        self.charge(header.author, size);
        self.order.insert(self.next, name);
        for tx in hashes {
            self.places.entry(*tx).or_default().insert(name);
        }
        let (order, open) = (self.next, hashes.iter().copied().collect());
        let hashes = hashes.to_vec();
        let held = Held {
            mini,
            hashes,
            open,
            complete: true,
            receipts: BTreeMap::new(),
            order,
            since: now,
            passed: 0,
            impatient: false,
        };
        self.held.insert(name, held);
        self.next += 1;
        Taken::New
    }

    /// How large a mini-block of this author there is room for: transactions, and bytes of them.
    pub fn room_for(&self, author: MemberIndex) -> (usize, usize) {
        let [own, common] = self.rooms(author);
        let bytes = |(txs, bytes): (usize, usize)| if txs == 0 { 0 } else { bytes };
        if bytes(own) > bytes(common) { own } else { common }
    }

    /// What is left of the author's share, and of what is for all alike.
    fn rooms(&self, author: MemberIndex) -> [(usize, usize); 2] {
        let used = self.used.get(&author).copied().unwrap_or_default();
        let left = |has: (usize, usize), part: usize| {
            ((self.limits.0 / part).saturating_sub(has.0), (self.limits.1 / part).saturating_sub(has.1))
        };
        [left(used, 2 * self.committee.size().max(1)), left(self.total, 2)]
    }

    fn has_room(&self, author: MemberIndex, size: (usize, usize)) -> bool {
        self.rooms(author).iter().any(|room| size.0 <= room.0 && size.1 <= room.1)
    }

    fn charge(&mut self, author: MemberIndex, (txs, bytes): (usize, usize)) {
        let used = self.used.entry(author).or_default();
        *used = (used.0 + txs, used.1 + bytes);
        self.total = (self.total.0 + txs, self.total.1 + bytes);
    }

    fn remember(&mut self, header: LaneHeader, signature: Signature) {
        let past = self.past.entry(header.author).or_default();
        past.push_back((header, signature));
        if past.len() > NUMBERS_OF_ONE {
            past.pop_front();
        }
    }

    /// A mini-block that is here.
    pub fn get(&self, name: &MiniHash) -> Option<&Arc<MiniBlock>> {
        self.held.get(name).map(|held| &held.mini)
    }

    /// Whether everything that its transactions name is here: otherwise it is not offered for blocks.
    pub fn set_complete(&mut self, name: &MiniHash, complete: bool) {
        if let Some(held) = self.held.get_mut(name) {
            held.complete = complete;
        }
    }

    /// Whether an open transaction is in a mini-block that may be expected to bring it into a block: one that is offered for
    /// blocks, and that f + 1 members have checked or that has not been here for so long. Otherwise an author could keep a
    /// transaction from the others in a mini-block that never becomes complete, or gets no receipts.
    pub fn carries(&self, tx: &TxHash, now: Duration, patience: Duration) -> bool {
        let enough = self.committee.faults() + 1;
        let brings =
            |held: &Held| held.complete && (held.receipts.len() >= enough || now < held.since + patience);
        let names = self.places.get(tx).into_iter().flatten();
        names.filter_map(|name| self.held.get(name)).any(brings)
    }

    /// Keeps a verified receipt; how many there are if it is new.
    pub fn add(&mut self, name: &MiniHash, receipt: &Receipt) -> Option<usize> {
        let held = self.held.get_mut(name)?;
        let new = held.receipts.insert(receipt.signer, receipt.signature).is_none();
        new.then_some(held.receipts.len())
    }

    /// Whether a receipt is here.
    pub fn has_receipt(&self, name: &MiniHash, signer: MemberIndex) -> bool {
        self.held.get(name).is_some_and(|held| held.receipts.contains_key(&signer))
    }

    /// The receipts of a mini-block.
    pub fn receipts(&self, name: &MiniHash) -> Vec<(MemberIndex, Signature)> {
        let held = self.held.get(name);
        held.map(|held| held.receipts.iter().map(|(signer, signature)| (*signer, *signature)).collect())
            .unwrap_or_default()
    }

    fn waiting<'a>(&'a self, flight: &'a Flight) -> impl Iterator<Item = &'a Held> {
        let held = self.order.values().filter_map(|name| self.held.get(name));
        held.filter(|held| held.complete && held.open.iter().any(|tx| !flight.contains(tx)))
    }

    /// Whether a member that believes receipts does not take a mini-block yet: neither f + 1 members nor it itself have
    /// checked it.
    fn is_unripe(&self, held: &Held, ripening: Ripening) -> bool {
        ripening.patience.is_some()
            && held.receipts.len() <= self.committee.faults()
            && !held.receipts.contains_key(&ripening.me)
            && route::vouches(&self.committee, held.mini.header.group)
    }

    /// Whether anything waits that is in no block under way, and that a proposer may take.
    pub fn is_pending(&self, flight: &Flight, ripening: Ripening) -> bool {
        self.waiting(flight).any(|held| !self.is_unripe(held, ripening))
    }

    /// Whether this member will check a mini-block itself if receipts do not come.
    fn is_awaited(&self, held: &Held, ripening: Ripening) -> bool {
        held.complete && !held.impatient && self.is_unripe(held, ripening)
    }

    /// How long it is until this member checks a mini-block for which it has waited in vain.
    pub fn until_impatient(&self, ripening: Ripening) -> Option<Duration> {
        let patience = ripening.patience?;
        let waits = self.held.values().filter(|held| self.is_awaited(held, ripening));
        waits.map(|held| (held.since + patience).saturating_sub(ripening.now)).min()
    }

    /// The mini-blocks, and their authors, that this member now checks itself, as it has waited in vain for those of their
    /// group. Each is given once.
    pub fn impatient(&mut self, ripening: Ripening) -> Vec<(MemberIndex, MiniHash)> {
        let Some(patience) = ripening.patience else { return Vec::new() };
        let late = |held: &Held| held.since + patience <= ripening.now && self.is_awaited(held, ripening);
        let late = self.held.iter().filter(|(_, held)| late(held));
        let late: Vec<_> = late.map(|(name, held)| (held.mini.header.author, *name)).collect();
        for (_, name) in &late {
            if let Some(held) = self.held.get_mut(name) {
                held.impatient = true;
            }
        }
        late
    }

    /// Whether a mini-block of this author has something left for a block.
    pub fn has_open(&self, author: MemberIndex) -> bool {
        self.used.get(&author).is_some_and(|(txs, _)| *txs > 0)
    }

    /// What a proposer may take, as many transactions as would fill so many: first what f + 1 members have checked, then in
    /// the order of arrival.
    pub fn offers(&self, flight: &Flight, ripening: Ripening, txs: usize) -> Vec<LaneOffer> {
        let enough = self.committee.faults() + 1;
        let (mut receipted, mut other, mut room) = (Vec::new(), Vec::new(), txs);
        for held in self.waiting(flight).filter(|held| !self.is_unripe(held, ripening)) {
            let signed = |(signer, signature): (&MemberIndex, &Signature)| Receipt {
                signer: *signer,
                signature: *signature,
            };
            let offer = LaneOffer {
                mini: Arc::clone(&held.mini),
                receipts: held.receipts.iter().map(signed).collect(),
            };
            let sure = offer.receipts.len() >= enough;
            if sure {
                receipted.push(offer)
            } else {
                other.push(offer)
            }
            room = room.saturating_sub(held.open.len());
            if room == 0 {
                break;
            }
        }
        receipted.append(&mut other);
        receipted
    }

    /// Mini-blocks that have waited for so long, and are in no block under way: others may not know of them.
    pub fn overdue(
        &self,
        flight: &Flight,
        now: Duration,
        patience: Duration,
    ) -> Vec<(MiniHash, Arc<MiniBlock>)> {
        let late = self.waiting(flight).filter(|held| held.since + patience <= now);
        late.map(|held| (self.name(&held.mini.header), Arc::clone(&held.mini))).collect()
    }

    /// A block is final. What should be checked again, as blocks keep passing it by that could have taken it.
    pub fn settle(&mut self, block: &Block, flight: &Flight, ripening: Ripening) -> Vec<Arc<[u8]>> {
        block.tx_hashes().iter().for_each(|tx| self.close(tx));
        let mut doubtful = Vec::new();
        let ripe = |held: &Held| !self.is_unripe(held, ripening);
        let ripe: Vec<_> = self.held.iter().filter(|(_, held)| ripe(held)).map(|(name, _)| *name).collect();
        for name in ripe {
            let Some(held) = self.held.get_mut(&name) else { continue };
            let grounded = |tx: &TxHash| held.open.contains(tx) && !flight.contains(tx);
            let txs = held.hashes.iter().zip(&held.mini.txs);
            let left: Vec<_> = txs.filter(|(hash, _)| grounded(hash)).map(|(_, tx)| Arc::clone(tx)).collect();
            if held.complete && !left.is_empty() {
                held.passed += 1;
                if held.passed >= 2 && held.passed.is_power_of_two() {
                    doubtful.extend(left);
                }
            }
        }
        doubtful
    }

    /// A transaction is in the chain, or no good: mini-blocks with nothing else left are done.
    pub fn close(&mut self, tx: &TxHash) {
        for name in self.places.remove(tx).unwrap_or_default() {
            let Some(held) = self.held.get_mut(&name) else { continue };
            held.open.remove(tx);
            if held.open.is_empty() {
                self.drop_mini(&name);
            }
        }
    }

    /// A mini-block is of no use. Its number stays used.
    pub fn drop_mini(&mut self, name: &MiniHash) {
        let Some(held) = self.held.remove(name) else { return };
        for tx in &held.open {
            if let Some(names) = self.places.get_mut(tx) {
                names.remove(name);
                if names.is_empty() {
                    self.places.remove(tx);
                }
            }
        }
        self.order.remove(&held.order);
        self.numbered.remove(&(held.mini.header.author, held.mini.header.number));
        self.remember(held.mini.header, held.mini.signature);
        let (txs, bytes) = (held.mini.txs.len(), held.mini.bytes());
        if let Some(used) = self.used.get_mut(&held.mini.header.author) {
            *used = (used.0.saturating_sub(txs), used.1.saturating_sub(bytes));
        }
        self.total = (self.total.0.saturating_sub(txs), self.total.1.saturating_sub(bytes));
    }

    /// How many mini-blocks are here.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}
