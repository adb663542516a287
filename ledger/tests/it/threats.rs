//! What bad members can say to a good one, and why it is in vain: the attacks of docs/security.md on one core, fed by hand.

use std::sync::Arc;

use galen_ledger::{
    ChainId, Height, MemberIndex, View,
    chain::{Block, Candidate, Certificate, Evidence, Statement, Vote},
    consensus::{Effect, Input, Message, Proposal, Rejection, Timer},
    crypto::SecretKey,
    types::{BlockHash, Cycle, TxHash},
};

use crate::rules::{Bench, cast, executes, finalize, notarize, nullify, outcome};

fn accusation(effects: &[Effect]) -> Option<&Evidence> {
    effects.iter().find_map(|effect| match effect {
        Effect::Evidence(evidence) => Some(evidence),
        _ => None,
    })
}

/// Whom blocks are asked of.
fn asked(effects: &[Effect]) -> Vec<(u16, BlockHash)> {
    let fetch = |effect: &Effect| match effect {
        Effect::Send(to, Message::Fetch(block)) => Some((to.get(), *block)),
        _ => None,
    };
    effects.iter().filter_map(fetch).collect()
}

fn reason(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| match effect {
        Effect::Halt(reason) => Some(reason.as_str()),
        _ => None,
    })
}

/// A block of view 1 with a quorum's certificate of finality: there is no way back.
fn with_a_final_block(bench: &mut Bench) -> Arc<Block> {
    let block = bench.on_genesis(1, "a");
    bench.propose(&block);
    bench.executed(&block, 1);
    bench.certify(finalize(1, &block, 1), &[1, 2, 3]);
    block
}

#[test]
fn t50_a_leader_with_two_blocks_gets_one_vote_and_is_caught_with_proof() {
    let mut bench = Bench::new();
    let (first, second) = (bench.on_genesis(1, "a"), bench.on_genesis(1, "b"));
    bench.propose(&first);
    let effects = bench.propose(&second);
    let evidence = accusation(&effects).expect("caught");
    assert_eq!(
        (evidence.accused(), evidence.verify(&bench.committee)),
        (first.header.proposer, Ok(())),
        "anybody can check it"
    );
    assert_eq!(cast(&bench.executed(&first, 1)), [notarize(1, &first)]);
    assert_eq!(cast(&bench.executed(&second, 1)), []);
    // A certificate for the other block, which f bad members and f + 1 deceived ones may bring about, is followed.
    bench.certify(notarize(1, &second), &[1, 2, 3]);
    assert_eq!(bench.core.view(), View::new(2));
}

/// Rubbish that a leader signs counts as its proposal: with the next one it is caught, and nobody looks at a third.
#[test]
fn t50_a_leader_that_signs_rubbish_and_more_is_caught_with_proof() {
    let mut bench = Bench::new();
    let rubbish = |tx: &str| {
        let mut block = Block::clone(&bench.on_genesis(1, tx));
        block.txs.push(b"not of its root".to_vec());
        Arc::new(block)
    };
    let (first, second, good) = (rubbish("a"), rubbish("b"), bench.on_genesis(1, "c"));
    assert_eq!(accusation(&bench.propose(&first)), None);
    let effects = bench.propose(&second);
    let evidence = accusation(&effects).expect("caught");
    assert_eq!((evidence.accused(), evidence.verify(&bench.committee)), (first.header.proposer, Ok(())));
    let effects = bench.propose(&good);
    assert!(executes(&effects).is_empty(), "{effects:?}");
}

#[test]
fn t50_two_votes_of_one_member_count_once_and_are_evidence() {
    let mut bench = Bench::new();
    let (first, second) = (bench.on_genesis(1, "a"), bench.on_genesis(1, "b"));
    bench.propose(&first);
    bench.executed(&first, 1);
    assert_eq!(accusation(&bench.vote(3, notarize(1, &second))), None);
    let effects = bench.vote(3, notarize(1, &first));
    let evidence = accusation(&effects).expect("caught");
    assert_eq!((evidence.accused().get(), evidence.verify(&bench.committee)), (3, Ok(())));
    bench.vote(1, notarize(1, &second));
    assert_eq!(bench.core.view(), View::new(1), "neither block has three votes: 0 and 3, and 1 and 3");
    // Nobody can be accused of what it did not sign.
    let Evidence::Votes(one, mut other) = evidence.clone() else { panic!("votes") };
    other.voter = MemberIndex::new(2);
    assert!(Evidence::Votes(one, other).verify(&bench.committee).is_err());
}

#[test]
fn t50_a_block_that_its_leader_hides_is_had_from_those_who_voted_for_it() {
    let mut bench = Bench::new();
    let hidden = bench.on_genesis(1, "a");
    let first = asked(&bench.certify(notarize(1, &hidden), &[1, 2, 3]));
    assert_eq!(
        first,
        [(1, hidden.hash())],
        "of whoever vouches for it; this one is the leader that hides it"
    );
    let mut next: Vec<u16> = Vec::new();
    for _ in 0..2 {
        let effects = bench.core.step(Input::Timer(Timer::Fetch(hidden.hash())));
        next.extend(asked(&effects).iter().map(|(to, _)| *to));
    }
    assert_eq!(next, [2, 3], "the others, one after the other");
    let other = bench.on_genesis(1, "other");
    assert_eq!(executes(&bench.say(2, Message::Block(other))), [], "not what was asked for");
    assert_eq!(executes(&bench.say(2, Message::Block(Arc::clone(&hidden)))), [(hidden.hash(), false)]);
    assert_eq!(cast(&bench.executed(&hidden, 1)), [finalize(1, &hidden, 1)]);
}

#[test]
fn t50_rubbish_of_a_leader_is_dropped_and_its_view_given_up() {
    let mut bench = Bench::new();
    bench.core.step(Input::Work(true));
    let good = bench.on_genesis(1, "a");
    type Spoil = fn(&mut Block);
    let rubbish: [(&str, Spoil); 8] = [
        ("another chain", |block| block.header.chain_id = ChainId::from_bytes([9; 32])),
        ("another cycle", |block| block.header.cycle = Cycle::new(1)),
        ("another proposer", |block| block.header.proposer = MemberIndex::new(2)),
        ("a view before its parent's", |block| block.header.parent_view = View::new(1)),
        ("other transactions", |block| block.txs.push(b"more".to_vec())),
        ("a transaction twice", |block| {
            block.txs.push(block.txs[0].clone());
            let hashes: Vec<_> = block.txs.iter().map(|tx| TxHash::of(tx)).collect();
            block.header.tx_root = galen_ledger::chain::block::tx_root(&hashes);
        }),
        ("affairs that the header does not name", |block| {
            let item = galen_ledger::chain::Upkeep::Beacon(crate::codecs::BEACON[1].clone());
            block.upkeep.push(item);
        }),
        ("no view of its own", |block| block.header.view = View::new(0)),
    ];
    for (what, spoil) in rubbish {
        let mut block = Block::clone(&good);
        spoil(&mut block);
        let proposal = Proposal::sign(View::new(1), Arc::new(block), &bench.scope(), &bench.keys[1]);
        assert_eq!(executes(&bench.say(1, Message::Propose(proposal))), [], "{what}");
    }
    let unsigned = Proposal::sign(View::new(1), Arc::clone(&good), &bench.scope(), &bench.keys[2]);
    assert_eq!(executes(&bench.say(2, Message::Propose(unsigned))), [], "in the leader's name");
    assert_eq!(bench.core.held(), 0, "nothing of it is kept");
    // What only executing shows to be rubbish is given up at once, the rest when its time is over.
    let mut other = Bench::new();
    other.propose(&good);
    let result = Err(Rejection("the outcome of the parent is another".into()));
    let effects = other.core.step(Input::Executed { block: good.hash(), result });
    assert_eq!(cast(&effects), [nullify(1)]);
    assert_eq!(cast(&bench.fire(Timer::Proposal, 1)), [nullify(1)]);
}

#[test]
fn t50_a_leader_that_stalls_loses_its_view_and_nothing_else() {
    let mut bench = Bench::new();
    bench.core.step(Input::Work(true));
    assert_eq!(cast(&bench.fire(Timer::Proposal, 1)), [nullify(1)], "2Δ for a proposal");
    bench.vote(2, nullify(1));
    assert_eq!(bench.core.view(), View::new(1));
    bench.vote(3, nullify(1));
    assert_eq!(bench.core.view(), View::new(2), "the next on turn");
    let block = bench.on_genesis(2, "a");
    assert_eq!(executes(&bench.propose(&block)), [(block.hash(), true)]);
    assert_eq!(cast(&bench.executed(&block, 1)), [notarize(2, &block)]);
    bench.certify(notarize(2, &block), &[0, 2, 3]);
    assert_eq!(bench.core.view(), View::new(3));
}

/// More than f bad members can make certificates of anything. What was final stays, and the node stops and says why.
#[test]
fn t52_a_quorum_that_contradicts_itself_changes_nothing_that_is_final() {
    let mut bench = Bench::new();
    let block = with_a_final_block(&mut bench);
    let fork = bench.on_genesis(2, "b");
    let effects = bench.certify(finalize(2, &fork, 1), &[1, 2, 3]);
    assert!(
        reason(&effects).is_none(),
        "perhaps it descends from what is final: the block must be seen first"
    );
    assert_eq!(asked(&effects), [(1, fork.hash())]);
    let effects = bench.say(1, Message::Block(Arc::clone(&fork)));
    let reason = reason(&effects).expect("stops");
    assert!(reason.contains("forks the final chain") && reason.contains("view 2"), "{reason}");
    assert_eq!((bench.core.tip().block, bench.core.tip().height), (block.hash(), Height::new(1)));
    assert_eq!(bench.core.step(Input::Work(true)), [], "it says nothing more");
}

#[test]
fn t52_half_of_the_members_decide_nothing() {
    let mut bench = Bench::new();
    let block = bench.on_genesis(1, "a");
    bench.propose(&block);
    bench.executed(&block, 1);
    for statement in [notarize(1, &block), finalize(1, &block, 1)] {
        bench.vote(1, statement);
        bench.certify(statement, &[0, 1]);
    }
    bench.vote(1, nullify(1));
    assert_eq!((bench.core.view(), bench.core.tip().height), (View::new(1), Height::new(0)));
}

/// A vote says in which view, cycle and chain it is meant, and of which kind it is: elsewhere it is no vote.
#[test]
fn t56_a_vote_is_worth_nothing_elsewhere() {
    let mut bench = Bench::new();
    let block = bench.on_genesis(1, "a");
    let (view, hash) = (View::new(1), block.hash());
    let signed = |statement| Vote::sign(statement, MemberIndex::new(1), &bench.scope(), &bench.keys[1]);
    let honest = signed(Statement::Notarize { view, block: hash });
    let replayed = [
        (
            "in another view",
            Vote { statement: Statement::Notarize { view: View::new(2), block: hash }, ..honest.clone() },
        ),
        (
            "for another block",
            Vote {
                statement: Statement::Notarize { view, block: BlockHash::from_bytes([1; 32]) },
                ..honest.clone()
            },
        ),
        (
            "as one of finality",
            Vote {
                statement: Statement::Finalize { view, block: hash, outcome: outcome(1).hash() },
                ..honest.clone()
            },
        ),
        ("against its view", Vote { statement: Statement::Nullify { view }, ..honest.clone() }),
        ("as another member's", Vote { voter: MemberIndex::new(2), ..honest.clone() }),
        ("in another cycle", Vote { cycle: Cycle::new(1), ..honest.clone() }),
    ];
    for (how, vote) in &replayed {
        let verified = vote.verify(&bench.committee);
        assert!(verified.is_err(), "{how}");
        let certificate = Certificate::new(
            vote.cycle,
            vote.statement,
            [0u16, 1, 2].map(|member| (MemberIndex::new(member), vote.signature)),
        );
        assert!(certificate.verify(&bench.committee).is_err(), "{how}, in a certificate");
    }
    for (_, vote) in replayed {
        let effects = bench.say(1, Message::Vote(vote));
        assert!(
            effects.iter().all(|effect| matches!(effect, Effect::Send(_, Message::Status(_)))),
            "{effects:?}"
        );
    }
    assert_eq!(bench.core.view(), View::new(1));
    assert_eq!(honest.verify(&bench.committee), Ok(()));
}

/// Signatures are not added up, so no key can be made that cancels others'. Whoever wants a seat must show that it has the
/// secrets of both keys all the same, for this chain and under this name.
#[test]
fn t56_keys_without_their_secrets_get_no_seat() {
    let chain = ChainId::from_bytes([1; 32]);
    let [own, others] = [("rogue", 1), ("honest", 2)]
        .map(|(name, seed)| Candidate::new(name, &SecretKey::from_bytes(&[seed; 32]), Some(&chain)));
    assert_eq!(own.verify(Some(&chain)), Ok(()));
    let mut voting = own.clone();
    voting.keys.voting = others.keys.voting;
    let mut beacon = own.clone();
    beacon.keys.beacon = others.keys.beacon;
    let stolen = Candidate { name: "rogue".into(), ..others.clone() };
    let mixed = Candidate { keys: others.keys, ..own.clone() };
    for (what, candidate) in [("voting", voting), ("beacon", beacon), ("a name", stolen), ("both", mixed)] {
        assert!(candidate.verify(Some(&chain)).is_err(), "{what}");
    }
    assert!(others.verify(Some(&ChainId::from_bytes([2; 32]))).is_err(), "for another chain");
    assert!(others.verify(None).is_err(), "for a founding");
}
