//! Random histories: whatever comes, in whatever order, no money is made or lost, no request pays too much, nothing is
//! counted twice, and in the end everything is settled.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::actors::{PRICE, World};
use crate::amount::Records;
use crate::audit::AuditReport;
use crate::id::{ContributionId, Nullifier, RequestId};
use crate::money;
use crate::query;
use crate::record::{Phase, Status};
use crate::transaction::Transaction;

#[derive(Clone, Debug)]
enum Step {
    Contribute { hospital: usize, request: usize, rows: u32 },
    Open { pick: usize },
    Repeat { pick: usize },
    Pass { blocks: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0usize..6, 0usize..2, 1u32..40).prop_map(|(hospital, request, rows)| Step::Contribute { hospital, request, rows }),
        4 => any::<usize>().prop_map(|pick| Step::Open { pick }),
        1 => any::<usize>().prop_map(|pick| Step::Repeat { pick }),
        2 => (1u64..12).prop_map(|blocks| Step::Pass { blocks }),
    ]
}

/// Everything that holds after every block.
fn invariants(world: &World, requests: &[RequestId]) -> Result<(), TestCaseError> {
    let state = &world.chain.state;
    let supply = money::supply(state);
    prop_assert!(supply.is_conserved(), "{supply:?}");
    prop_assert_eq!(supply.issued, 1_000_000);
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
            (Phase::Settled { refunded, .. }, None) => {
                prop_assert_eq!(record.reserved, Records::ZERO);
                let unpaid = record.request.max_records.get() - record.paid.get();
                prop_assert_eq!(refunded.get(), PRICE * u64::from(unpaid));
            }
            (_, escrow) => {
                let unpaid = record.request.max_records.get() - record.paid.get();
                prop_assert_eq!(escrow.map(|e| e.records.get()), Some(unpaid));
            }
        }
    }
    Ok(())
}

fn payouts(world: &World, requests: &[RequestId]) -> BTreeMap<ContributionId, u64> {
    let of = |id| query::contributions_of(&world.chain.state, id);
    let paid = |c: &query::ContributionView| money::balance(&world.chain.state, &c.record.payout).get();
    requests.iter().flat_map(of).map(|c| (c.id, paid(&c))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_history_conserves_money_and_settles(steps in prop::collection::vec(step(), 1..40), batch in 1usize..4) {
        let mut world = World::new(11, 6);
        let requests = [world.post(60, 30), world.post(25, 12)];
        let mut sent: Vec<Transaction> = Vec::new();
        let mut block: Vec<Transaction> = Vec::new();
        for step in steps {
            let known: Vec<ContributionId> = world.kept.keys().copied().collect();
            match step {
                Step::Contribute { hospital, request, rows } => {
                    block.push(world.contribute(hospital, &requests[request], rows));
                }
                Step::Open { pick } if !known.is_empty() => block.push(world.open(&known[pick % known.len()])),
                Step::Repeat { pick } if !sent.is_empty() => block.push(sent[pick % sent.len()].clone()),
                Step::Pass { blocks } => world.chain.pass(blocks),
                Step::Open { .. } | Step::Repeat { .. } => {}
            }
            if block.len() >= batch {
                world.chain.block(&block.iter().collect::<Vec<_>>());
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
        prop_assert_eq!(report.amount_paid, report.records_paid * PRICE);
        let paid: u64 = payouts(&world, &requests).values().sum();
        prop_assert_eq!(paid, report.amount_paid);
        let left = money::balance(&world.chain.state, &world.researcher.account.key()).get();
        prop_assert_eq!(left + paid, 1_000_000);
    }
}
