//! Votes relayed through the leaders of parts: forty members in memory, in virtual time, with real signatures and
//! encodings; leaders that are silent, alter, withhold or repeat; links that lose and delay; cycles.

mod net;

use std::{cell::Cell, collections::BTreeSet};

use galen_ledger::{
    MemberIndex, View,
    chain::{Parameters, Statement, Vote},
    consensus::{Bundle, Effect, Input, Message, Proposal, Recovered, Relay, VoteRelay},
    types::Cycle,
};

use self::net::{DELTA_MS, HOP_MS, Mangle, Net, as_it_is, elected};
use crate::rules::{Bench, outcome, world_with};

/// The first of each group: those who lead.
fn leaders(net: &Net) -> BTreeSet<usize> {
    let committee = net.genesis.committee();
    committee.election().groups.iter().filter_map(|group| group.first()).map(|leader| leader.at()).collect()
}

fn firsts() -> BTreeSet<usize> {
    leaders(&Net::new(40, 6, VoteRelay::Direct, Box::new(as_it_is)))
}

#[test]
fn relayed_votes_make_blocks_with_messages_that_do_not_grow_with_the_members() {
    let mut averages = Vec::new();
    // The first run lasts more than 8Δ, after which members say unasked where they are.
    for (members, groups, blocks) in [(40, 6, 50), (70, 8, 10), (100, 10, 10)] {
        let mut net = Net::new(members, groups, VoteRelay::Auto, Box::new(as_it_is));
        net.run(3, 60_000, |_| true);
        net.sent.iter_mut().for_each(|sent| *sent = (0, 0));
        let took = net.run(3 + blocks, 60_000, |_| true);
        let (average, most) = net.frames(blocks);
        let (members, interval) = (f64::from(members), took / blocks);
        println!(
            "n = {members}: {average:.1} frames a block a member, at most {most:.1}; {interval} ms a block"
        );
        assert!(net.bundles > 0, "nothing was relayed: the test tests nothing");
        assert!(interval <= 4 * HOP_MS + 20, "four hops a block");
        assert!(most < 5.0 * members.sqrt() + 2.0 * members / blocks as f64 + 4.0, "a leader: {most}");
        averages.push(average);
    }
    assert!(averages[0] < 7.5, "{averages:?}");
    assert!(averages[2] < averages[0] * 1.25, "it grows: {averages:?}");
    let mut direct = Net::new(40, 6, VoteRelay::Direct, Box::new(as_it_is));
    let took = direct.run(10, 60_000, |_| true);
    let (average, _) = direct.frames(10);
    println!("n = 40, direct: {average:.1} frames a block a member, {} ms a block", took / 10);
    assert!(average > 8.0 * averages[0]);
    assert!(took / 10 <= 2 * HOP_MS + 20, "two hops a block: {took} ms for 10");
}

#[test]
fn with_all_leaders_silent_members_fall_back_and_go_on() {
    let silent = firsts();
    assert!(silent.len() <= 13, "more than f");
    let quiet = silent.clone();
    let mangle: Mangle =
        Box::new(
            move |from, to, message| {
                if quiet.contains(&from) { Vec::new() } else { as_it_is(from, to, message) }
            },
        );
    let mut net = Net::new(40, 6, VoteRelay::Auto, mangle);
    let took = net.run(30, 200_000, |at| !silent.contains(&at));
    assert_eq!(net.bundles, 0, "somebody relays");
    // All but the turns of the silent, and the few votes that were relayed in vain, take two hops.
    println!("30 blocks in {took} ms of virtual time with {} of 40 silent", silent.len());
    assert!(took < 60 * DELTA_MS, "{took}");
}

#[test]
fn with_a_leader_silent_its_part_is_handed_certificates_by_others() {
    let silent = *firsts().first().expect("there are leaders");
    let mangle: Mangle = Box::new(
        move |from, to, message| {
            if from == silent { Vec::new() } else { as_it_is(from, to, message) }
        },
    );
    let mut net = Net::new(40, 6, VoteRelay::Auto, mangle);
    let took = net.run(30, 100_000, |at| at != silent);
    println!("30 blocks in {took} ms of virtual time with a leader silent");
    assert!(net.bundles > 0, "the others relay no more");
    // Its own turn to propose, at most once in 30, takes 3Δ; finding out that it is silent Δ or a little more.
    assert!(took <= 30 * (4 * HOP_MS + 10) + 8 * HOP_MS + 6 * DELTA_MS, "{took}");
}

/// Changes the signatures of what a leader bundles.
fn altered(bundle: &Bundle) -> Message {
    let votes = bundle.clone().into_votes().map(|vote| {
        let other = MemberIndex::new(vote.voter.get() ^ 1);
        let signature = bundle.clone().into_votes().find(|vote| vote.voter == other);
        Vote { signature: signature.map_or(vote.signature, |vote| vote.signature), ..vote }
    });
    Message::Bundle(Bundle::new(&votes.collect::<Vec<_>>()).expect("as many votes"))
}

#[test]
fn leaders_that_alter_withhold_or_repeat_votes_cost_time_at_most() {
    let bad = firsts();
    for (name, all) in [("alter", true), ("withhold", true), ("repeat", true), ("alter", false)] {
        let bad: BTreeSet<_> = if all { bad.clone() } else { bad.iter().copied().take(2).collect() };
        let set = bad.clone();
        let mangle: Mangle = Box::new(move |from, to, message| match message {
            Message::Bundle(bundle) if set.contains(&from) => match name {
                "alter" => vec![(altered(bundle), 0)],
                "withhold" => Vec::new(),
                _ => (0..5).map(|copy| (message.clone(), copy * 3)).collect(),
            },
            _ => as_it_is(from, to, message),
        });
        let mut net = Net::new(40, 6, VoteRelay::Auto, mangle);
        let took = net.run(12, 200_000, |_| true);
        println!("{} leaders {name}: 12 blocks in {took} ms of virtual time", bad.len());
        let usual = 12 * (4 * HOP_MS + 10) + 8 * HOP_MS;
        assert!(name != "repeat" || took <= usual, "repeating costs time: {took}");
        // Votes that have come to nothing go out directly after Δ.
        assert!(took <= usual + 2 * DELTA_MS, "{took}");
    }
}

/// Bundles are taken only from leaders, of their own members, one vote of a kind and member in a view.
#[test]
fn bundles_of_others_or_for_others_change_nothing() {
    let (_, keys) = world_with(40, Parameters::default());
    let mut net = Net::new(40, 6, VoteRelay::Auto, Box::new(as_it_is));
    let committee = net.genesis.committee();
    let groups = committee.election().groups.clone();
    let (leader, other) = (groups[0][0].at(), groups[1][0]);
    let statement = Statement::Nullify { view: View::new(1) };
    let vote = |member: MemberIndex| Vote::sign(statement, member, &committee.scope(), &keys[member.at()]);
    let bundle = |members: &[MemberIndex]| {
        Message::Bundle(
            Bundle::new(&members.iter().map(|member| vote(*member)).collect::<Vec<_>>()).expect("votes"),
        )
    };
    let quorum: Vec<_> = committee.members().take(committee.quorum()).collect();
    let of = |from: MemberIndex, members: &[MemberIndex]| Input::Message { from, message: bundle(members) };
    for (from, members) in [
        (groups[1][1], &groups[1][..]),
        (other, &groups[2][..]),
        (other, &quorum[..]),
        (groups[0][1], &groups[0][..]),
    ] {
        assert_eq!(net.members[leader].step(of(from, members)), [], "from {from}");
        assert_eq!(net.members[leader].view(), View::new(1));
    }
    // The true ones make the quorum.
    for group in &groups[1..] {
        net.members[leader].step(of(group[0], group));
    }
    assert_eq!(net.members[leader].view(), View::new(2));
}

/// A number that looks random, from a seed and a count.
fn scattered(count: &Cell<u64>) -> u64 {
    count.set(count.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
    let mixed = (count.get() ^ (count.get() >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 31)
}

#[test]
fn with_a_tenth_of_all_messages_lost_blocks_become_final() {
    for seed in 1..4 {
        let count = Cell::new(seed << 40);
        let mangle: Mangle = Box::new(move |from, to, message| {
            if scattered(&count).is_multiple_of(10) { Vec::new() } else { as_it_is(from, to, message) }
        });
        let mut net = Net::new(40, 6, VoteRelay::Auto, mangle);
        let took = net.run(10, 200_000, |_| true);
        println!("seed {seed}: 10 blocks in {took} ms of virtual time");
    }
}

/// Leaders hear of a new cycle after their members have voted in it: what comes early is kept for it.
#[test]
fn cycles_end_and_begin_with_relayed_votes_and_other_leaders() {
    let parameters = Parameters { groups: 6, cycle_blocks: 4, ..Parameters::default() };
    let (genesis, _) = world_with(40, parameters);
    let elections = (1..4).map(|cycle| elected(&genesis, Cycle::new(cycle)));
    let later: BTreeSet<_> =
        elections.flat_map(|election| election.groups).map(|group| group[0].at()).collect();
    let slow = later.clone();
    let mangle: Mangle =
        Box::new(move |_, to, message| vec![(message.clone(), if slow.contains(&to) { 120 } else { 0 })]);
    let mut net = Net::with(40, parameters, VoteRelay::Auto, mangle);
    let before = leaders(&net);
    assert!(later.iter().any(|leader| !before.contains(leader)), "the leaders change");
    let took = net.run(14, 60_000, |_| true);
    assert!(net.members.iter().all(|member| member.committee().cycle() == Cycle::new(3)));
    println!("14 blocks in three cycles and a half: {took} ms of virtual time");
    assert!(net.bundles > 0);
    assert_eq!(net.direct, 0, "votes went to all, as if a leader had failed");
}

#[test]
fn a_proposal_after_views_that_were_given_up_comes_with_what_it_stands_on() {
    let bench = Bench::new();
    let (setup, tip) = bench.start();
    let (mut relay, _) = Relay::start(setup, Recovered::fresh(tip), VoteRelay::Direct);
    let mut say = |input| relay.step(input);
    let from = |from: u16, message| Input::Message { from: MemberIndex::new(from), message };
    let first = bench.on_genesis(1, "a");
    let proposal = Proposal::sign(View::new(1), first.clone(), &bench.scope(), &bench.keys[1]);
    say(from(1, Message::Propose(proposal)));
    say(Input::Executed { block: first.hash(), result: Ok(outcome(0).into()) });
    // The first view was both notarized and given up: a member may have left it by either certificate.
    let notarized = Statement::Notarize { view: View::new(1), block: first.hash() };
    let given_up = [1, 2, 3].map(|view| Statement::Nullify { view: View::new(view) });
    for statement in [notarized].iter().chain(&given_up) {
        say(from(1, Message::Certificate(bench.certificate(*statement, &[1, 2, 3]))));
    }
    let ordered = say(Input::Work(true));
    let order = ordered.iter().find_map(|effect| match effect {
        Effect::Build(order) => Some(order.clone()),
        _ => None,
    });
    assert_eq!(order.map(|order| (order.view, order.parent)), Some((View::new(4), first.hash())));
    let sent = say(Input::Built(bench.block(4, 2, (first.hash(), 1), "b")));
    let sent: Vec<_> = sent
        .iter()
        .filter_map(|effect| match effect {
            Effect::Broadcast(Message::Certificate(certificate)) => Some(Some(*certificate.statement())),
            Effect::Broadcast(Message::Propose(_)) => Some(None),
            _ => None,
        })
        .collect();
    let (proposal, grounds) = sent.split_last().expect("it proposes");
    assert_eq!(*proposal, None, "the proposal comes after what it stands on");
    let mut grounds: Vec<_> = grounds.iter().flatten().copied().collect();
    grounds.sort_by_key(Statement::view);
    assert_eq!(grounds, [notarized, given_up[1], given_up[2]]);
}
