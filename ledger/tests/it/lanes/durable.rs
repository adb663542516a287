//! What an author and those that give receipts keep, wherever they die.

use std::collections::BTreeMap;

use galen_ledger::{
    consensus::SignState,
    lanes::{MiniBlock, Numbering},
    storage::{FaultyStorage, Journal, MemoryStorage, NumberFile, Storage},
    types::MiniHash,
};

use super::{World, member};
use crate::rules::outcome;

/// Makes mini-blocks as a member does, until the disk fails; notes what it would have sent.
fn live(
    world: &World,
    (numbers, log): (Box<dyn Storage>, Box<dyn Storage>),
    life: usize,
    sent: &mut BTreeMap<u64, MiniHash>,
) -> Option<()> {
    let scope = world.committee().scope();
    let (mut file, before) = NumberFile::open(numbers).ok()?;
    let (mut journal, _) = Journal::open(log, &world.genesis, outcome(0), SignState::default()).ok()?;
    let mut numbering = Numbering::after(before, 0);
    for round in 0..3 {
        let (number, reserve) = numbering.next(scope.cycle)?;
        if let Some(reserve) = reserve {
            file.write(&reserve).ok()?;
        }
        let tx = format!("set life {life}-{round}").into_bytes().into();
        let mini = MiniBlock::sign(&scope, (0, member(1)), number, vec![tx], &world.keys[1]);
        journal.persist_mini(&mini).ok()?;
        journal.sync().ok()?;
        let twice = sent.insert(number, mini.header.hash(&scope.chain_id));
        assert_eq!(twice, None, "number {number} is used twice");
    }
    Some(())
}

#[test]
fn an_author_that_dies_at_any_write_uses_no_number_twice_and_keeps_what_it_sent() {
    let world = World::new(4, 1);
    let chain_id = world.genesis.chain_id();
    let (mut deaths, mut most) = (0, 0);
    for (numbers, log) in (0..8).flat_map(|numbers| (0..20).map(move |log| (numbers, log))) {
        for kept in [0, 13, 10_000] {
            let (disk, mut sent) = (MemoryStorage::new(), BTreeMap::new());
            let numbers = FaultyStorage::new(disk.clone(), numbers);
            let log = FaultyStorage::new(disk.clone(), log);
            deaths += usize::from(live(&world, (Box::new(numbers), Box::new(log)), 0, &mut sent).is_none());
            let disk = disk.after_power_cut(kept);
            live(&world, (Box::new(disk.clone()), Box::new(disk.clone())), 1, &mut sent)
                .expect("a good disk");
            let disk = disk.after_power_cut(0);
            let opened = Journal::open(Box::new(disk), &world.genesis, outcome(0), SignState::default());
            let minis = opened.expect("opens").0.take_minis();
            let there: Vec<_> = minis.iter().map(|mini| mini.header.hash(&chain_id)).collect();
            assert!(
                sent.values().all(|name| there.contains(name)),
                "{} sent, {} there",
                sent.len(),
                there.len()
            );
            most = most.max(sent.len());
        }
    }
    assert!(deaths > 100 && most == 6, "{deaths} deaths, {most} mini-blocks at most");
}
