//! What waits for a block, and what a leader makes of it, when an author breaks the rules.

use std::{sync::Arc, time::Duration};

use galen_ledger::{
    Height, MemberIndex, View,
    chain::{Block, Statement},
    consensus::{Core, Effect, Input, Message, Recovered, Setup, Tip},
    lanes::{Flight, LanePool, MiniBlock, Receipt, Ripening, Taken, lanes_root},
    types::{MiniHash, TxHash},
};

use super::{World, member, network::TIMING};

const LIMITS: (usize, usize) = (64, 1 << 20);
const AT_ONCE: Ripening = Ripening { me: MemberIndex::new(9), now: Duration::ZERO, patience: None };

fn name(world: &World, mini: &MiniBlock) -> MiniHash {
    mini.header.hash(&world.genesis.chain_id())
}

fn take(pool: &mut LanePool, mini: &Arc<MiniBlock>) -> Taken {
    pool.take(Arc::clone(mini), &mini.tx_hashes(), Duration::ZERO)
}

/// Mini-blocks with these numbers, of one transaction that is in the chain: they are kept for a moment only.
fn pass(world: &World, pool: &mut LanePool, numbers: impl Iterator<Item = u64>) {
    for number in numbers {
        let old = world.mini(1, number, &["set old 1"]);
        assert_eq!(take(pool, &old), Taken::New, "{number}");
        pool.close(&old.tx_hashes()[0]);
    }
}

#[test]
fn t51_the_number_of_a_mini_block_that_is_here_is_not_forgotten_however_many_follow() {
    let world = World::new(4, 1);
    let mut pool = LanePool::new(LIMITS, world.committee());
    let empty = pool.room_for(member(1));
    let [one, other] = ["set a 1", "set b 2"].map(|tx| world.mini(1, 0, &[tx]));
    assert_eq!(take(&mut pool, &one), Taken::New);
    pass(&world, &mut pool, 1..=600);
    assert!(pool.knows(&one.header));
    let broken = take(&mut pool, &other);
    assert!(
        matches!(&broken, Taken::Broken(proof) if proof.verify(&world.committee()).is_ok()),
        "{broken:?}"
    );
    let offers = pool.offers(&Flight::default(), AT_ONCE, 100);
    assert_eq!(offers.iter().map(|offer| &offer.mini).collect::<Vec<_>>(), [&one]);
    // Once more, and it is charged once.
    assert_eq!(take(&mut pool, &one), Taken::Known);
    pool.close(&one.tx_hashes()[0]);
    assert!(pool.is_empty() && pool.room_for(member(1)) == empty);
    assert_eq!(take(&mut pool, &one), Taken::Known, "also afterwards");
}

#[test]
fn what_there_is_room_for_is_taken_and_nothing_larger() {
    let world = World::new(4, 1);
    let mut pool = LanePool::new(LIMITS, world.committee());
    let texts: Vec<_> = (0..64).map(|number| format!("set a {number}")).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let mini = |number, txs: usize| world.mini(1, number, &texts[..txs]);
    assert_eq!(take(&mut pool, &world.mini(2, 0, &texts[..30])), Taken::New);
    assert_eq!(take(&mut pool, &mini(0, 9)), Taken::Full, "neither common room nor its share");
    let mut number = 0;
    while pool.room_for(member(1)).0 > 0 {
        let most = mini(number, pool.room_for(member(1)).0);
        assert_eq!(take(&mut pool, &most), Taken::New);
        number += 1;
    }
    assert!(number > 0);
    assert_eq!(take(&mut pool, &mini(number, 1)), Taken::Full);
}

#[test]
fn a_transaction_is_left_to_a_mini_block_only_while_that_may_bring_it_in() {
    let world = World::new(4, 1);
    let mut pool = LanePool::new(LIMITS, world.committee());
    let (mini, tx) = (world.mini(1, 0, &["set a 1"]), TxHash::of(b"set a 1"));
    let (patience, late) = (Duration::from_secs(2), Duration::from_secs(3));
    assert_eq!(take(&mut pool, &mini), Taken::New);
    let carried = |pool: &LanePool| [Duration::ZERO, late].map(|now| pool.carries(&tx, now, patience));
    assert_eq!(carried(&pool), [true, false], "it has no receipts");
    pool.set_complete(&name(&world, &mini), false);
    assert_eq!(carried(&pool), [false, false], "it is not offered");
    pool.set_complete(&name(&world, &mini), true);
    for signer in [0, 2] {
        pool.add(&name(&world, &mini), &world.receipt(&mini, signer));
    }
    assert_eq!(carried(&pool), [true, true], "f + 1 have checked it");
    pool.drop_mini(&name(&world, &mini));
    assert_eq!((carried(&pool), pool.is_empty()), ([false, false], true));
    assert_eq!(take(&mut pool, &mini), Taken::Known);
}

#[test]
fn t51_of_two_mini_blocks_with_one_number_a_leader_takes_one() {
    let mut world = World::new(4, 1);
    let [one, other] = ["set a 1", "set b 2"].map(|tx| world.mini(1, 0, &[tx]));
    let third = world.mini(2, 0, &["set c 3"]);
    let offers = [&one, &other, &third].map(|mini| world.offer(mini, &[]));
    let block = world.build(offers.into(), &[]);
    let taken: Vec<_> = block.lanes.iter().map(|lane| lane.header).collect();
    assert_eq!(taken, [one.header, third.header]);
    world.extend(block);
}

#[test]
fn a_leader_whose_own_block_is_not_valid_gives_up_the_view_and_goes_on() {
    let world = World::new(4, 1);
    let tip = Tip {
        height: Height::new(0),
        view: View::new(0),
        block: world.genesis.block_hash(),
        outcome: world.executor.tip().outcome,
    };
    let setup = Setup {
        genesis: Arc::clone(&world.genesis),
        committee: world.committee(),
        me: member(1),
        keys: vec![world.keys[1].clone()],
        timing: TIMING,
    };
    let (mut core, _) = Core::start(setup, Recovered::fresh(tip));
    let mut block = Block::clone(&world.build(vec![world.offer(&world.mini(1, 0, &["set a 1"]), &[])], &[]));
    block.lanes.push(block.lanes[0].clone());
    block.header.lanes_root = lanes_root(&block.lanes);
    assert!(block.validate(&world.genesis, &world.committee()).is_err());
    let effects = core.step(Input::Built(Arc::new(block)));
    assert!(effects.iter().all(|effect| !matches!(effect, Effect::Halt(_))), "{effects:?}");
    let gives_up = |effect: &Effect| match effect {
        Effect::Broadcast(Message::Vote(vote)) => vote.statement == Statement::Nullify { view: View::new(1) },
        _ => false,
    };
    assert!(effects.iter().any(gives_up), "{effects:?}");
}

#[test]
fn who_believes_receipts_waits_for_them_and_then_checks_itself() {
    // Groups of four: three receipts of eight members, and four of eleven; twelve and more need five of a group of four.
    for (members, groups, waits) in [(8, 2, true), (12, 3, true), (16, 4, false)] {
        let world = World::new(members, groups);
        let mut pool = LanePool::new(LIMITS, world.committee());
        let (faults, mini) = (world.committee().faults(), world.mini(1, 0, &["set a 1"]));
        assert_eq!(take(&mut pool, &mini), Taken::New);
        let patience = Some(Duration::from_secs(1));
        let after = |millis| Ripening { me: member(7), now: Duration::from_millis(millis), patience };
        let may = |pool: &LanePool, ripening| {
            let flight = Flight::default();
            let offered = !pool.offers(&flight, ripening, 100).is_empty();
            assert_eq!(offered, pool.is_pending(&flight, ripening));
            offered
        };
        assert!(may(&pool, AT_ONCE), "nobody waits that believes none");
        assert_eq!(may(&pool, after(0)), !waits, "{members} members in {groups} groups");
        let left = pool.until_impatient(after(400));
        assert_eq!(left, waits.then(|| Duration::from_millis(600)));
        assert!(pool.impatient(after(999)).is_empty());
        let name = name(&world, &mini);
        pool.set_complete(&name, false);
        let held_back = (pool.until_impatient(after(1000)), pool.impatient(after(1000)));
        assert_eq!(held_back, (None, vec![]), "while it lacks something there is nothing to wake up for");
        pool.set_complete(&name, true);
        let mut late = pool.impatient(after(1000));
        late.extend(pool.impatient(after(1000)));
        assert_eq!(late, if waits { vec![(member(1), name)] } else { vec![] }, "checked once, by oneself");
        assert_eq!((may(&pool, after(1000)), pool.until_impatient(after(1000))), (!waits, None));
        let sign = |pool: &mut LanePool, signer: u16| {
            let key = &world.keys[usize::from(signer)];
            pool.add(&name, &Receipt::sign(&name, member(signer), &world.committee().scope(), key));
        };
        for signer in 0..=faults as u16 {
            assert_eq!(may(&pool, after(0)), !waits, "{signer} receipts");
            sign(&mut pool, signer);
        }
        assert!(may(&pool, after(0)), "f + 1 have signed");
        let mut own = LanePool::new(LIMITS, world.committee());
        assert_eq!(take(&mut own, &mini), Taken::New);
        sign(&mut own, 7);
        assert!(may(&own, after(0)), "it has checked it itself");
    }
}
