//! A market's history as far as rings depend on it: buyers that fund requests, and hospitals that send what they are paid to
//! themselves, and redeem that. Which notes are spent, and whether they may be yet, the wallet's own rule says.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use galen_market::RequestId;
use galen_market::money::{self, NoteRecord, Origin};
use galen_market::wallet::{Aim, Coin, Patience, choose, decoys};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::ledger::Ledger;

const HOSPITALS: usize = 12;
const BUYERS: usize = 4;
/// The kinds of notes that transfers make, and of payouts.
pub const TRANSFERRED: u8 = 1;
pub const PAID: u8 = 2;

/// Somebody's note.
#[derive(Clone, Copy)]
struct Held {
    position: u32,
    record: NoteRecord,
    worth: u64,
}

impl Coin for Held {
    fn record(&self) -> &NoteRecord {
        &self.record
    }

    fn worth(&self) -> u64 {
        self.worth
    }
}

/// What of a payout is known: its records to everybody, its worth to accredited hospitals.
#[derive(Clone, Copy)]
pub struct Payout {
    pub records: u64,
    pub worth: u64,
}

/// A note that was spent.
pub struct Spend {
    /// The ring, as it lies on the ledger.
    pub ring: Vec<u32>,
    pub height: u64,
    /// Which of the ring it was: for the judge alone.
    pub real: usize,
    /// By which transfer.
    pub transfer: usize,
    /// Whether its window was dealt by then.
    pub dealt: bool,
}

/// One or more notes spent together.
pub struct Transfer {
    /// What everybody sees that it is for.
    pub aim: Aim,
    /// What is redeemed.
    pub redeemed: u64,
    pub spends: Range<usize>,
    /// Payouts that the money came from in the end: for the judge alone.
    pub sources: BTreeSet<u32>,
    /// Whether it is a hospital's that waits, or one's that does not; None for a buyer's.
    pub patience: Option<Patience>,
}

/// Everything that happened.
pub struct History {
    pub ledger: Ledger,
    pub payouts: BTreeMap<u32, Payout>,
    pub spends: Vec<Spend>,
    pub transfers: Vec<Transfer>,
    /// Which transfer made a note.
    pub made: BTreeMap<u32, usize>,
    purses: Vec<Vec<Held>>,
    /// So many hospitals do not wait.
    hasty: usize,
    rng: ChaCha20Rng,
}

impl History {
    /// So many payouts, most of which are cashed in in the end; of twelve hospitals so many do not wait.
    pub fn new(seed: u64, payouts: usize, hasty: usize) -> Self {
        let mut history = Self {
            ledger: Ledger::new(),
            payouts: BTreeMap::new(),
            spends: Vec::new(),
            transfers: Vec::new(),
            made: BTreeMap::new(),
            purses: vec![Vec::new(); HOSPITALS + BUYERS],
            hasty,
            rng: ChaCha20Rng::seed_from_u64(seed),
        };
        (0..BUYERS).for_each(|buyer| history.issue(HOSPITALS + buyer));
        while history.payouts.len() < payouts {
            history.round();
            // Hospitals try whenever they like; the wallet says whether they may.
            for _ in 0..history.rng.gen_range(0..24) {
                history.cash_in();
            }
        }
        // Much later, when no new requests come.
        for _ in 0..payouts {
            history.cash_in();
        }
        history
    }

    fn receive(&mut self, owner: usize, origin: Origin, worth: u64) -> u32 {
        let (position, _) = self.ledger.add(origin);
        let record = money::note(&self.ledger.state, position).unwrap();
        self.purses[owner].push(Held { position, record, worth });
        position
    }

    fn issue(&mut self, owner: usize) {
        for _ in 0..16 {
            let worth = self.rng.gen_range(10_000..200_000);
            self.receive(owner, Origin::Issued, worth);
        }
    }

    /// A request that some hospitals answer.
    fn round(&mut self) {
        let buyer = HOSPITALS + self.rng.gen_range(0..BUYERS);
        let price = self.rng.gen_range(3..40);
        let mut locked = price * 800;
        while self.spend(buyer, Aim::Fund, locked).is_none() {
            self.issue(buyer);
        }
        let mut hospitals: Vec<usize> = (0..HOSPITALS).collect();
        hospitals.shuffle(&mut self.rng);
        for hospital in hospitals.into_iter().take(self.rng.gen_range(2..6)) {
            self.ledger.height += self.rng.gen_range(1..4);
            let records = self.rng.gen_range(5..160);
            let worth = price * records;
            let position = self.receive(hospital, self.ledger.payout(), worth);
            self.payouts.insert(position, Payout { records, worth });
            locked -= worth;
            if self.rng.gen_bool(0.3) {
                self.cash_in();
            }
        }
        let request = RequestId::new(galen_circuits::field::F::from(self.ledger.height));
        self.receive(buyer, Origin::Refunded { request }, locked);
    }

    /// Some hospital wants to send some payout's worth to itself, or two; or to redeem some of what came by a transfer.
    fn cash_in(&mut self) {
        self.ledger.height += 1;
        let hospital = self.rng.gen_range(0..HOSPITALS);
        let redeems = self.rng.gen_bool(0.5);
        let kind = if redeems { TRANSFERRED } else { PAID };
        let of_kind = self.purses[hospital].iter().filter(|held| held.record.origin.kind() == kind);
        let worths: Vec<u64> = of_kind.map(Coin::worth).filter(|worth| *worth > 0).collect();
        let Some(worth) = worths.choose(&mut self.rng).copied() else { return };
        if redeems {
            let most = if self.rng.gen_bool(0.3) { self.rng.gen_range(1..=worth) } else { worth };
            self.spend(hospital, Aim::Redeem, largest_denomination(most));
        } else {
            let other = if self.rng.gen_bool(0.2) { worths.choose(&mut self.rng).copied() } else { None };
            self.spend(hospital, Aim::Send, worth + other.unwrap_or(0));
        }
    }

    fn patience(&self, owner: usize) -> Patience {
        if owner < self.hasty { Patience::Now } else { Patience::Wait }
    }

    /// Spends as a wallet does, if it does.
    fn spend(&mut self, owner: usize, aim: Aim, amount: u64) -> Option<()> {
        let unspent: Vec<&Held> = self.purses[owner].iter().collect();
        let patience = self.patience(owner);
        let chosen = choose(&self.ledger.state, &unspent, amount, (aim, patience)).ok()?;
        let chosen: Vec<Held> = chosen.into_iter().copied().collect();
        let (transfer, first) = (self.transfers.len(), self.spends.len());
        let mut sources = BTreeSet::new();
        for Held { position, record, .. } in &chosen {
            let dealt = decoys::until_dealt(&self.ledger.state, record) == 0;
            let ring = self.ledger.ring(*position, 0);
            let members = ring.members.iter().map(|member| member.position).collect();
            let height = self.ledger.height;
            self.spends.push(Spend { ring: members, height, real: ring.place, transfer, dealt });
            if self.payouts.contains_key(position) {
                sources.insert(*position);
            }
            if let Some(made) = self.made.get(position) {
                sources.extend(&self.transfers[*made].sources);
            }
        }
        self.transfers.push(Transfer {
            aim,
            redeemed: if aim == Aim::Redeem { amount } else { 0 },
            spends: first..self.spends.len(),
            sources,
            patience: (owner < HOSPITALS).then_some(patience),
        });
        self.purses[owner].retain(|held| chosen.iter().all(|spent| spent.position != held.position));
        let left = chosen.iter().map(Coin::worth).sum::<u64>() - amount;
        let mut outputs = [if aim == Aim::Send { amount } else { 0 }, left];
        outputs.shuffle(&mut self.rng);
        for worth in outputs {
            let position = self.receive(owner, Origin::Transferred, worth);
            self.made.insert(position, transfer);
        }
        Some(())
    }

    /// The notes spent by transfers of hospitals with this patience, for this.
    pub fn spent(&self, patience: Patience, aim: Aim) -> Vec<usize> {
        let of = self.transfers.iter().filter(|made| made.patience == Some(patience) && made.aim == aim);
        of.flat_map(|made| made.spends.clone()).collect()
    }

    pub fn kind(&self, position: u32) -> u8 {
        money::note(&self.ledger.state, position).unwrap().origin.kind()
    }
}

/// The largest amount that can be redeemed out of so much.
pub fn largest_denomination(worth: u64) -> u64 {
    let all = (0..12).flat_map(|power| [1, 2, 5].map(|digit| digit * 10u64.pow(power)));
    all.filter(|amount| *amount <= worth).max().unwrap_or(0)
}
