//! What members say to each other, and what the state holds.

use galen_ledger::{
    BlobHash, Height, Position, Receipt, StateProof, View,
    beacon::BeaconMessage,
    chain::{
        Block, BlockResult, Certificate, Committee, Evidence, Genesis, SignedChange, Statement, Upkeep, Vote,
    },
    codec::Encode,
    consensus::{Message, SignState},
    execution::{
        Executor, MemoryStore,
        upkeep::{MemberRecord, OutputRecord, RoundRecord},
    },
    lanes::{Numbering, Numbers},
    links::{
        Channel, Limits, PeerId,
        control::{Control, Hello},
        wire::{decode_frames, encode_frame},
    },
    snapshot::{Chunk, Manifest},
    storage::FinalRecord,
    types::Cycle,
};

use super::{
    Target, checked, decoded,
    files::Plain,
    way,
    world::{WORLD, outcome},
};

/// The decoders of messages, blocks and records, and the checks that bytes from outside reach without a valid signature.
pub fn targets() -> Vec<Target> {
    vec![
        Target::new("message", |bytes| decoded(bytes, message), || encoded(WORLD.messages())),
        Target::new(
            "block",
            |bytes| decoded(bytes, block),
            || encoded([WORLD.first(vec![]), WORLD.first(WORLD.upkeep()), WORLD.laned(vec![])]),
        ),
        Target::new(
            "vote",
            |bytes| decoded(bytes, |vote: Vote| checked(vote.verify(&WORLD.committee))),
            || encoded(WORLD.statements().map(|statement| WORLD.vote(2, statement))),
        ),
        Target::new("certificate", |bytes| decoded(bytes, certificate), certificates),
        Target::new("genesis", |bytes| decoded(bytes, genesis), || vec![WORLD.genesis.to_bytes()]),
        Target::new("committee", |bytes| decoded(bytes, committee), || vec![WORLD.committee.to_bytes()]),
        Target::new("change", |bytes| decoded(bytes, change), || vec![WORLD.change().to_bytes()]),
        Target::new("evidence", |bytes| decoded(bytes, evidence), || encoded(WORLD.evidence())),
        Target {
            mutations: 1000,
            ..Target::new("beacon", |bytes| decoded(bytes, beacon), || encoded(WORLD.beacon()))
        },
        Target::new("records", records, record_seeds),
        Target::new("state_proof", |bytes| decoded(bytes, state_proof), proofs),
        Target::new("hello", hello, hellos),
        Target { memory: 8, ..Target::new("frames", frames, streams) },
    ]
}

fn encoded<T: Encode>(values: impl IntoIterator<Item = T>) -> Vec<Vec<u8>> {
    values.into_iter().map(|value| value.to_bytes()).collect()
}

fn message(message: Message) -> String {
    let cycle = message.cycle().is_some();
    let frame = message.to_bytes();
    let channel = Channel::of(&frame).expect("every message has a channel");
    if let Message::Propose(proposal) = message {
        return format!("{channel}, signed: {}", proposal.is_signed(&WORLD.committee));
    }
    format!("{channel}, of a cycle: {cycle}")
}

fn block(block: Block) -> String {
    checked(block.validate(&WORLD.genesis, &WORLD.committee))
}

fn certificates() -> Vec<Vec<u8>> {
    let each = WORLD.statements().map(|statement| WORLD.certificate(statement, &[0, 1, 3]));
    encoded(each.into_iter().chain([WORLD.certificate(Statement::Nullify { view: View::new(9) }, &[2])]))
}

fn certificate(certificate: Certificate) -> String {
    let signers = certificate.signers().count();
    format!("{signers} signers, {}", checked(certificate.verify(&WORLD.committee)))
}

fn genesis(genesis: Genesis) -> String {
    let valid = checked(genesis.validate());
    if valid == "holds" {
        assert!(genesis.committee().quorum() > 0);
    }
    valid
}

/// A committee comes from the state alone, and a node's own disk is not its enemy; but it must not panic either.
fn committee(committee: Committee) -> String {
    let leader = committee.leader(View::new(u64::MAX)).is_some();
    format!("{} seats, led: {leader}, quorum {}", committee.size(), committee.quorum())
}

fn change(change: SignedChange) -> String {
    let possession = change.change.action.candidate().map(|candidate| {
        let chain = WORLD.genesis.chain_id();
        checked(candidate.verify(Some(&chain)))
    });
    format!("{possession:?}, {}", checked(change.verify(&WORLD.committee)))
}

fn evidence(evidence: Evidence) -> String {
    checked(evidence.verify(&WORLD.committee))
}

fn beacon(message: BeaconMessage) -> String {
    let context = WORLD.committee.dealing(message.round(), message.author());
    match message {
        BeaconMessage::Commit(dealing) => checked(dealing.verify(&context, &WORLD.keys[1].public())),
        BeaconMessage::Disclose { secret, .. } => {
            let BeaconMessage::Commit(committed) = &WORLD.beacon()[0] else { return "no dealing".into() };
            secret.open(&committed.dealing).map_or_else(|fault| way(&fault), |_| "opens".into())
        }
        BeaconMessage::Share { .. } => "a share".into(),
    }
}

/// The first byte says of what kind.
fn records(bytes: &[u8]) -> String {
    let Some((kind, bytes)) = bytes.split_first() else { return "nothing".into() };
    match kind % 12 {
        0 => decoded(bytes, |_: FinalRecord| String::new()),
        1 => decoded(bytes, |_: SignState| String::new()),
        2 => decoded(bytes, |_: Position| String::new()),
        3 => decoded(bytes, |_: Receipt| String::new()),
        4 => decoded(bytes, |_: BlockResult| String::new()),
        5 => decoded(bytes, |_: MemberRecord| String::new()),
        6 => decoded(bytes, |_: RoundRecord| String::new()),
        7 => decoded(bytes, |_: OutputRecord| String::new()),
        8 => decoded(bytes, |_: Upkeep| String::new()),
        9 => decoded(bytes, numbers),
        10 => decoded(bytes, |_: Manifest| String::new()),
        _ => decoded(bytes, |_: Chunk| String::new()),
    }
}

/// Whatever is reserved, no number below it is given.
fn numbers(numbers: Numbers) -> String {
    let mut numbering = Numbering::after(numbers, 0);
    let [one, two] = [0, 1].map(|_| numbering.next(Cycle::new(u64::MAX)));
    match (one, two) {
        (Some((one, _)), Some((two, _))) => {
            assert!(one < two, "a number twice");
            "numbers".into()
        }
        _ => "no more numbers".into(),
    }
}

fn record_seeds() -> Vec<Vec<u8>> {
    let [.., finalize] = WORLD.statements();
    let record = FinalRecord {
        height: Height::new(1),
        block: WORLD.first(vec![]).hash(),
        outcome: outcome(1),
        certificate: Some(WORLD.certificate(finalize, &[0, 1, 2])),
    };
    let receipt = Receipt::accepted_with(vec![galen_ledger::Event::new("set").with("key", "a")], vec![1, 2]);
    let result = BlockResult { receipts: vec![receipt.clone()], ..BlockResult::default() };
    let mut sign_state = SignState::default();
    assert!(sign_state.vote(WORLD.committee.cycle(), &finalize));
    let mut seeds: Vec<(u8, Vec<u8>)> = vec![
        (0, record.to_bytes()),
        (1, sign_state.to_bytes()),
        (2, Position::default().to_bytes()),
        (3, receipt.to_bytes()),
        (4, result.to_bytes()),
    ];
    let executor = executor();
    seeds.extend(
        executor.member(super::world::member(1)).expect("memory").map(|record| (5, record.to_bytes())),
    );
    seeds.extend(executor.round().expect("memory").map(|record| (6, record.to_bytes())));
    seeds.extend(WORLD.upkeep().iter().map(|item| (8, item.to_bytes())));
    let (_, reserved) = Numbering::after(Numbers::default(), 0).next(Cycle::new(3)).expect("the first");
    seeds.extend(reserved.map(|numbers| (9, numbers.to_bytes())));
    let chunk = BlobHash::of(b"chunk");
    let manifest = Manifest { chain_id: WORLD.genesis.chain_id(), steps: vec![], chunks: vec![chunk; 2] };
    let chunk = Chunk {
        entries: vec![(b"key".to_vec(), vec![1, 2]), (b"other".to_vec(), vec![])],
        right: vec![3; 5],
    };
    seeds.extend([(10, manifest.to_bytes()), (11, chunk.to_bytes())]);
    seeds.into_iter().map(|(kind, bytes)| [&[kind][..], &bytes].concat()).collect()
}

fn executor() -> Executor {
    let store = std::sync::Arc::new(MemoryStore::new());
    Executor::open(Plain::shared(), std::sync::Arc::clone(&WORLD.genesis), store).expect("opens")
}

fn proofs() -> Vec<Vec<u8>> {
    let executor = executor();
    ["config", "nothing", "z"]
        .iter()
        .map(|key| executor.prove(key.as_bytes()).expect("proves").to_bytes())
        .collect()
}

/// Whoever sends a proof chooses everything in it, but the root.
fn state_proof(proof: StateProof) -> String {
    let root = executor().tip().outcome.app_hash;
    let own = checked(proof.verify(&proof.app_hash, b"config"));
    let true_root = checked(proof.verify(&root, b"config"));
    if true_root == "holds" {
        assert_eq!(proof.value.as_deref(), Some(&b"config"[..]), "a forged proof");
    }
    format!("{own}, {true_root}")
}

fn hello(bytes: &[u8]) -> String {
    let control = decoded(bytes, |control: Control| match control {
        Control::Hello(hello) => checked(own_hello().check(&hello, PeerId::new(1))),
        _ => "another".into(),
    });
    let hello = Hello::from_frame(bytes).map_or_else(|fault| way(&fault), |_| "a hello".into());
    format!("{control}, {hello}")
}

fn own_hello() -> Hello {
    let (chain_id, genesis) = (WORLD.genesis.chain_id(), WORLD.genesis.block_hash());
    Hello { chain_id, genesis, peer: PeerId::new(1), incarnation: 7 }
}

fn hellos() -> Vec<Vec<u8>> {
    encoded([Control::Hello(own_hello()), Control::Ping(1), Control::Pong(2)])
}

/// What a link reads, whole or cut anywhere: never more frames than bytes.
fn frames(bytes: &[u8]) -> String {
    let limits = Limits::for_blocks(&WORLD.genesis.parameters);
    match decode_frames(&limits, bytes) {
        Ok(frames) => {
            assert!(frames.iter().map(|(_, frame)| frame.len()).sum::<usize>() <= bytes.len());
            let again: Vec<u8> =
                frames.iter().flat_map(|(channel, frame)| encode_frame(*channel, frame)).collect();
            let same = decode_frames(&limits, &again).expect("what is encoded decodes");
            assert!(same == frames, "other frames");
            format!("{} frames", frames.len().min(9))
        }
        Err(fault) => way(&fault),
    }
}

fn streams() -> Vec<Vec<u8>> {
    let each = WORLD.messages().into_iter().map(|message| {
        let frame = message.to_bytes();
        encode_frame(Channel::of(&frame).expect("has a channel"), &frame)
    });
    let each: Vec<_> = each.collect();
    let ping = encode_frame(Channel::Control, &Control::Ping(4).to_bytes());
    let two = [&ping[..], &each[3]].concat();
    each.into_iter().take(6).chain([two, ping]).collect()
}
