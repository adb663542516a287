//! Random histories: whatever comes, in whatever order, no money is made or lost, no request pays too much, nothing is
//! counted twice, and in the end everything is settled.

use std::collections::BTreeSet;

use galen_ledger::StateRead;
use proptest::prelude::*;
use rand::RngCore;

use super::actors::{FUNDS, PRICE, World, amount, bystander, researcher};
use crate::action::Action;
use crate::agent::hospital::HospitalKeys;
use crate::amount::Records;
use crate::audit::AuditReport;
use crate::id::{ContributionId, Nullifier, RequestId};
use crate::money::{self, Origin};
use crate::query;
use crate::record::{Phase, RequestRecord, Status};
use crate::settle::open_requests;
use crate::transaction::Transaction;
use crate::wallet::{At, Held, Patience, Wallet};

#[derive(Clone, Debug)]
enum Step {
    Contribute { hospital: usize, request: usize, rows: u32 },
    Open { pick: usize },
    Send { from: usize, to: usize, minor: u64 },
    Twice { from: usize, minor: u64 },
    Redeem { from: usize },
    Repeat { pick: usize },
    Pass { blocks: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0usize..6, 0usize..2, 1u32..40).prop_map(|(hospital, request, rows)| Step::Contribute { hospital, request, rows }),
        4 => any::<usize>().prop_map(|pick| Step::Open { pick }),
        // Mostly those who have money, and now and then twice from the same notes.
        3 => (0..2usize, 0..OWNERS, 0u64..3000).prop_map(|(from, to, minor)| Step::Send { from, to, minor }),
        1 => (2..OWNERS, 0..OWNERS, 0u64..300).prop_map(|(from, to, minor)| Step::Send { from, to, minor }),
        2 => (0..2usize, 0u64..3000).prop_map(|(from, minor)| Step::Twice { from, minor }),
        1 => (0..OWNERS).prop_map(|from| Step::Redeem { from }),
        1 => any::<usize>().prop_map(|pick| Step::Repeat { pick }),
        2 => (1u64..12).prop_map(|blocks| Step::Pass { blocks }),
    ]
}

/// Everything that holds after every block.
fn invariants(world: &World, requests: &[RequestId]) -> Result<(), TestCaseError> {
    let state = &world.chain.state;
    let is_open =
        |id: &&RequestId| RequestRecord::load(state, id).is_some_and(|record| record.phase == Phase::Open);
    let open: BTreeSet<RequestId> = requests.iter().filter(is_open).copied().collect();
    prop_assert_eq!(open_requests(state).into_iter().collect::<BTreeSet<_>>(), open);
    for id in requests {
        let view = query::request(state, id).unwrap();
        let record = &view.record;
        let contributions = query::contributions_of(state, id);
        let sum = |wanted: fn(&Status) -> bool| -> u32 {
            contributions.iter().filter(|c| wanted(&c.record.status)).map(|c| c.record.totals.released).sum()
        };
        prop_assert_eq!(record.paid.get(), sum(|s| matches!(s, Status::Paid { .. })));
        prop_assert_eq!(record.reserved.get(), sum(|s| matches!(s, Status::Reserved { .. })));
        prop_assert_eq!(record.waiting, sum(|s| matches!(s, Status::Waiting)));
        prop_assert!(record.paid.get() + record.reserved.get() <= record.request.max_records.get());
        prop_assert!(record.waiting <= 2 * record.request.max_records.get());
        let fits = contributions
            .iter()
            .any(|c| c.record.status == Status::Waiting && c.record.records() <= record.left());
        prop_assert!(!fits, "something waits that would fit");
        let nullifiers: BTreeSet<Nullifier> = contributions.iter().map(|c| c.record.nullifier).collect();
        prop_assert_eq!(nullifiers.len(), contributions.len());
        match (record.phase, money::escrow(state, id)) {
            (Phase::Settled { .. }, None) => prop_assert_eq!(record.reserved, Records::ZERO),
            (_, escrow) => {
                let unpaid = record.request.max_records.get() - record.paid.get();
                prop_assert_eq!(escrow.map(|e| e.records.get()), Some(unpaid));
            }
        }
    }
    Ok(())
}

/// Researcher, bystander, and six hospitals.
const OWNERS: usize = 8;

/// Everybody's wallets, and what was redeemed: whoever has all of them can count the money.
struct Purses {
    wallets: Vec<Wallet>,
    redeemed: u64,
}

impl Purses {
    fn new(world: &World) -> Self {
        let hospitals = world.hospitals.iter().map(HospitalKeys::wallet);
        let keys = [researcher().wallet.clone(), bystander()].into_iter().chain(hospitals);
        Self { wallets: keys.map(Wallet::new).collect(), redeemed: 0 }
    }

    fn scan(&mut self, world: &World) {
        let id = world.chain.id();
        for (owner, wallet) in self.wallets.iter_mut().enumerate() {
            wallet.scan(&world.chain.state, &|state: &dyn StateRead, request: &RequestId| match owner {
                0 => world.researcher.price(&id, &RequestRecord::load(state, request)?.request),
                1 => None,
                hospital => world.hospitals[hospital - 2].price(state, &id, request),
            });
        }
    }

    fn send(&self, world: &mut World, from: usize, to: usize, minor: u64) -> Option<Transaction> {
        let (id, key, mut rng) = (world.chain.id(), world.chain.key(), world.chain.rng.clone());
        world.chain.rng.next_u64();
        let at = At { state: &world.chain.state, chain: &id, authority: &key };
        let to = self.wallets[to].address();
        self.wallets[from]
            .send(at, &to, amount(minor), Patience::Now, &mut rng)
            .ok()
            .map(Transaction::Transfer)
    }

    fn redeem(&self, world: &mut World, from: usize) -> Option<Transaction> {
        let (id, key, mut rng) = (world.chain.id(), world.chain.key(), world.chain.rng.clone());
        world.chain.rng.next_u64();
        let at = At { state: &world.chain.state, chain: &id, authority: &key };
        let redeem = self.wallets[from].redeem(at, amount(REDEEMED), Patience::Now, &mut rng).ok()?;
        let treasury = world.chain.treasury.clone();
        Some(world.chain.order(Action::Redeem(redeem), &[&treasury]))
    }

    /// All the money there is.
    fn count(&self, world: &World, requests: &[RequestId]) -> u64 {
        let held: u64 = self.wallets.iter().map(|wallet| wallet.balance().get()).sum();
        let locked =
            |id| money::escrow(&world.chain.state, id).map_or(0, |escrow| u64::from(escrow.records.get()));
        held + self.redeemed + PRICE * requests.iter().map(locked).sum::<u64>()
    }
}

const REDEEMED: u64 = 50;

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_history_conserves_money_and_settles(steps in prop::collection::vec(step(), 1..40), batch in 1usize..4) {
        let mut world = World::new(11, 6);
        let requests = [world.post(60, 30), world.post(25, 12)];
        let mut purses = Purses::new(&world);
        purses.scan(&world);
        let mut sent: Vec<Transaction> = Vec::new();
        let mut block: Vec<Transaction> = Vec::new();
        for step in steps {
            let known: Vec<ContributionId> = world.kept.keys().copied().collect();
            match step {
                Step::Contribute { hospital, request, rows } => {
                    block.push(world.contribute(hospital, &requests[request], rows));
                }
                Step::Open { pick } if !known.is_empty() => block.push(world.open(&known[pick % known.len()])),
                Step::Send { from, to, minor } => block.extend(purses.send(&mut world, from, to, minor)),
                Step::Twice { from, minor } => {
                    block.extend(purses.send(&mut world, from, 1, minor));
                    block.extend(purses.send(&mut world, from, 2, minor));
                }
                Step::Redeem { from } => block.extend(purses.redeem(&mut world, from)),
                Step::Repeat { pick } if !sent.is_empty() => block.push(sent[pick % sent.len()].clone()),
                Step::Pass { blocks } => world.chain.pass(blocks),
                Step::Open { .. } | Step::Repeat { .. } => {}
            }
            if block.len() >= batch {
                let receipts = world.chain.block(&block.iter().collect::<Vec<_>>());
                let done = receipts.iter().flat_map(|receipt| &receipt.events);
                purses.redeemed += REDEEMED * done.filter(|event| event.kind == "money.redeemed").count() as u64;
                purses.scan(&world);
                prop_assert_eq!(purses.count(&world, &requests), FUNDS.iter().sum::<u64>());
                sent.append(&mut block);
            }
            invariants(&world, &requests)?;
        }
        // Deadlines, and every window that can follow one another.
        let mut blocks = 0;
        while galen_ledger::Application::waits_for_blocks(&world.chain.app, &world.chain.state) {
            world.chain.pass(1);
            blocks += 1;
            prop_assert!(blocks < 2000, "the requests never settle");
        }
        invariants(&world, &requests)?;
        let report = AuditReport::of(&world.chain.state);
        prop_assert_eq!(&report.broken, &Vec::<String>::new());
        prop_assert_eq!(report.settled, 2);
        purses.scan(&world);
        prop_assert_eq!(purses.count(&world, &requests), FUNDS.iter().sum::<u64>());
        // Each refund to the unit: what was locked less what was paid.
        let records: u32 = requests.iter().map(|id| world.record(id).paid.get()).sum();
        prop_assert_eq!(u64::from(records), report.records_paid);
        let refunds = purses.wallets[0].notes().filter(|held| matches!(held.record.origin, Origin::Refunded { .. }));
        let refunded: u64 = refunds.map(Held::amount).sum();
        prop_assert_eq!(refunded, PRICE * (60 + 25 - report.records_paid));
        let paid = purses.wallets.iter().skip(2).flat_map(Wallet::notes);
        let paid = paid.filter(|held| matches!(held.record.origin, Origin::Paid { .. })).map(Held::amount);
        prop_assert_eq!(paid.sum::<u64>(), PRICE * report.records_paid);
        prop_assert_eq!(purses.wallets.iter().flat_map(Wallet::unread).count(), 0);
    }
}
