//! Encodings: canonical, bounded, and fixed.

use std::{collections::BTreeMap, sync::Arc};

use galen_ledger::{
    Event, Height, MemberIndex, Position, Receipt, View,
    beacon::{BeaconMessage, Dealing, Share, SignedDealing},
    blobs::{BlobChunk, BlobRequest},
    chain::{
        Action, Block, BlockResult, Candidate, Certificate, Change, Committee, Evidence, Genesis, Header,
        SignedChange, Statement, Upkeep, Vote, block::tx_root, upkeep::upkeep_root,
    },
    codec::{Decode, DecodeError, Encode},
    consensus::{Bundle, CompactProposal, Message, Proposal, Receipts, SignState, message::Status},
    crypto::{Scope, SecretKey},
    execution::upkeep::{MemberRecord, OutputRecord, RoundRecord},
    lanes::{Lane, LaneHeader, MiniBlock, lane::Omitted},
    storage::FinalRecord,
    types::{BlobHash, BlockHash, Cycle, MiniHash, Round, Turn, TxHash},
};
use proptest::prelude::*;

use crate::rules::{outcome, world};

fn statement() -> impl Strategy<Value = Statement> {
    let view = any::<u64>().prop_map(View::new);
    (0..3, view, any::<[u8; 32]>()).prop_map(|(kind, view, bytes)| {
        let block = BlockHash::from_bytes(bytes);
        match kind {
            0 => Statement::Notarize { view, block },
            1 => Statement::Nullify { view },
            _ => Statement::Finalize { view, block, outcome: outcome(bytes[0]).hash() },
        }
    })
}

fn certificate() -> impl Strategy<Value = Certificate> {
    (statement(), prop::collection::btree_set(0u16..100, 0..8)).prop_map(|(statement, members)| {
        let signature = galen_ledger::crypto::Signature::from_bytes([7; 64]);
        Certificate::new(
            Cycle::new(3),
            statement,
            members.into_iter().map(|member| (MemberIndex::new(member), signature)),
        )
    })
}

fn vote() -> impl Strategy<Value = Vote> {
    let signature = galen_ledger::crypto::Signature::from_bytes([9; 64]);
    (statement(), 0u16..100).prop_map(move |(statement, voter)| Vote {
        cycle: Cycle::new(2),
        statement,
        voter: MemberIndex::new(voter),
        signature,
    })
}

fn change() -> Change {
    let (genesis, keys) = world(4);
    let chain_id = genesis.chain_id();
    let candidate = Candidate::new("ward", &keys[0], Some(&chain_id));
    let action = Action::Admit { member: MemberIndex::new(4), candidate };
    Change { chain_id, last: Cycle::new(7), nonce: 5, action }
}

fn beacon() -> [BeaconMessage; 3] {
    let (genesis, keys) = world(4);
    let committee = genesis.committee();
    let (round, dealer, holder) = (Round::new(1), MemberIndex::new(1), MemberIndex::new(2));
    let context = committee.dealing(round, dealer);
    let dealing = Dealing::deal(&context, &keys[1].beacon()).expect("good keys");
    let share = Share::decrypt(&dealing, &context, holder, &keys[2].beacon()).expect("has a share");
    let secret = Dealing::secret(&context, &keys[1].beacon());
    [
        BeaconMessage::Commit(SignedDealing::sign(&context, dealing, &keys[1])),
        BeaconMessage::Disclose { round, dealer, secret },
        BeaconMessage::Share { round, dealer, holder, share },
    ]
}

pub static BEACON: std::sync::LazyLock<[BeaconMessage; 3]> = std::sync::LazyLock::new(beacon);
static CHANGE: std::sync::LazyLock<Change> = std::sync::LazyLock::new(change);

fn upkeep() -> impl Strategy<Value = Upkeep> {
    let signature = galen_ledger::crypto::Signature::from_bytes([8; 64]);
    let member = MemberIndex::new;
    prop_oneof![
        (0usize..3).prop_map(|which| Upkeep::Beacon(BEACON[which].clone())),
        (vote(), vote()).prop_map(|(one, other)| Upkeep::Evidence(Evidence::Votes(one, other))),
        any::<[u8; 32]>().prop_map(move |bytes| {
            let blocks =
                [(BlockHash::from_bytes(bytes), signature), (BlockHash::from_bytes([1; 32]), signature)];
            let (cycle, view) = (Cycle::new(1), View::new(u64::from(bytes[0])));
            Upkeep::Evidence(Evidence::Proposals { cycle, view, proposer: member(3), blocks })
        }),
        prop::collection::btree_set(0u16..9, 0..4).prop_map(move |members| {
            let approvals = members.into_iter().map(|index| (member(index), signature));
            Upkeep::Change(SignedChange::new(CHANGE.clone(), approvals))
        }),
    ]
}

fn block() -> impl Strategy<Value = Block> {
    let txs = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..5);
    (any::<u64>(), any::<[u8; 32]>(), txs, prop::collection::vec(upkeep(), 0..3)).prop_map(
        |(number, bytes, txs, upkeep)| {
            let hashes: Vec<_> = txs.iter().map(|tx| TxHash::of(tx)).collect();
            let header = Header {
                chain_id: galen_ledger::ChainId::from_bytes([5; 32]),
                cycle: Cycle::new(number / 3),
                height: Height::new(number),
                view: View::new(number),
                proposer: MemberIndex::new(u16::from(bytes[0])),
                parent: BlockHash::from_bytes(bytes),
                parent_view: View::new(number / 2),
                time_ms: number,
                parent_outcome: outcome(bytes[1]),
                tx_root: tx_root(&hashes),
                upkeep_root: upkeep_root(&upkeep),
                lanes_root: galen_ledger::lanes::lanes_root(&[]),
            };
            Block { header, upkeep, lanes: vec![], txs }
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let signature = galen_ledger::crypto::Signature::from_bytes([9; 64]);
    prop_oneof![
        (block(), any::<u64>()).prop_map(move |(block, view)| {
            Message::Propose(Proposal { view: View::new(view), block: Arc::new(block), signature })
        }),
        block().prop_map(|block| Message::Block(Arc::new(block))),
        vote().prop_map(Message::Vote),
        certificate().prop_map(Message::Certificate),
        (any::<u64>(), upkeep()).prop_map(|(cycle, item)| Message::Upkeep { cycle: Cycle::new(cycle), item }),
        any::<[u64; 5]>().prop_map(|[cycle, view, height, finalized, missing]| Message::Status(Status {
            turn: Turn { cycle: Cycle::new(cycle), view: View::new(view) },
            height: Height::new(height),
            finalized: View::new(finalized),
            missing_from: View::new(missing),
        })),
        any::<[u8; 32]>().prop_map(|bytes| Message::Fetch(BlockHash::from_bytes(bytes))),
        prop::collection::vec(any::<u8>(), 0..50).prop_map(|tx| Message::Tx(tx.into())),
        (any::<[u8; 32]>(), any::<u32>(), 1u8..=8).prop_map(|(bytes, first, count)| {
            Message::FetchBlob(BlobRequest { blob: BlobHash::from_bytes(bytes), first, count })
        }),
        (any::<[u8; 32]>(), prop::collection::vec(any::<u8>(), 0..50)).prop_map(|(blob, bytes)| {
            let (blob, size) = (BlobHash::from_bytes(blob), bytes.len() as u32);
            Message::BlobChunk(BlobChunk { blob, size, index: 0, bytes })
        }),
        any::<[u8; 32]>().prop_map(|bytes| Message::NoBlob(BlobHash::from_bytes(bytes))),
        prop::collection::btree_map(0u16..100, vote(), 1..8).prop_map(|votes| {
            let first = votes.values().next().expect("at least one").statement;
            let votes: Vec<_> = votes
                .into_iter()
                .map(|(voter, vote)| Vote { voter: MemberIndex::new(voter), statement: first, ..vote })
                .collect();
            Message::Bundle(Bundle::new(&votes).expect("for one statement"))
        }),
        any::<u64>().prop_map(|height| Message::FetchSnapshot(Height::new(height))),
        (any::<u64>(), any::<[u8; 32]>())
            .prop_map(|(height, bytes)| Message::Snapshot(Height::new(height), BlobHash::from_bytes(bytes))),
        (block(), any::<u64>()).prop_map(|(mut block, view)| {
            let (genesis, keys) = world(4);
            let scope = genesis.committee().scope();
            block.lanes = vec![lane(&scope, &keys)];
            let proposal = Proposal::sign(View::new(view), Arc::new(block), &scope, &keys[0]);
            Message::Compact(CompactProposal::of(&proposal))
        }),
        (prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..4), any::<u64>()).prop_map(
            |(txs, number)| {
                let (genesis, keys) = world(4);
                let txs = txs.into_iter().map(Into::into).collect();
                let scope = genesis.committee().scope();
                Message::MiniBlock(Arc::new(MiniBlock::sign(
                    &scope,
                    (0, MemberIndex::new(1)),
                    number,
                    txs,
                    &keys[1],
                )))
            }
        ),
        any::<[u8; 32]>().prop_map(|bytes| Message::FetchMinis(vec![MiniHash::from_bytes(bytes); 2])),
        any::<[u8; 32]>().prop_map(|bytes| {
            let (genesis, keys) = world(4);
            let scope = genesis.committee().scope();
            let signed = lane(&scope, &keys).receipts;
            Message::Receipts(Receipts { cycle: scope.cycle, mini: MiniHash::from_bytes(bytes), signed })
        }),
    ]
}

proptest! {
    #[test]
    fn messages_survive_and_have_one_encoding(message in message(), flip in any::<prop::sample::Index>(), mask in 1u8..) {
        let bytes = message.to_bytes();
        prop_assert_eq!(Message::from_bytes(&bytes), Ok(message.clone()));
        let mut other = bytes.clone();
        other[flip.index(bytes.len())] ^= mask;
        // What still decodes is another message, and re-encodes to the very bytes.
        if let Ok(decoded) = Message::from_bytes(&other) {
            prop_assert_ne!(&decoded, &message);
            prop_assert_eq!(decoded.to_bytes(), other);
        }
        for end in 0..bytes.len() {
            prop_assert!(Message::from_bytes(&bytes[..end]).is_err());
        }
        prop_assert_eq!(Message::from_bytes(&[&bytes[..], &[0]].concat()), Err(DecodeError::Trailing(1)));
    }

    #[test]
    fn junk_never_panics_and_never_decodes_to_something_else(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        macro_rules! canonical {
            ($($kind:ty),*) => {$(
                if let Ok(value) = <$kind>::from_bytes(&bytes) {
                    prop_assert_eq!(value.to_bytes(), bytes.clone());
                }
            )*};
        }
        canonical!(Message, Block, Certificate, Vote, Genesis, Receipt, BlockResult, SignState, FinalRecord, Position);
        canonical!(MiniBlock, Lane, Upkeep, Committee, Evidence, SignedChange, BeaconMessage, MemberRecord, RoundRecord, OutputRecord);
    }

    #[test]
    fn receipts_survive(code in ".{0,8}", data in prop::collection::vec(any::<u8>(), 0..9), names in prop::collection::btree_map("[a-c]{0,2}", ".{0,4}", 0..4)) {
        let event = Event { kind: code.clone(), attributes: names };
        let receipt = Receipt { accepted: true, code, message: "m".into(), events: vec![event.clone()], data };
        prop_assert_eq!(Receipt::from_bytes(&receipt.to_bytes()), Ok(receipt.clone()));
        let result = BlockResult { begin: vec![event], receipts: vec![receipt], end: vec![] };
        prop_assert_eq!(BlockResult::from_bytes(&result.to_bytes()), Ok(result));
    }
}

#[test]
fn t57_a_huge_length_allocates_nothing() {
    let mut bytes = vec![7];
    bytes.extend_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(Message::from_bytes(&bytes), Err(DecodeError::TooLong { .. })));
}

/// What a block says of a mini-block of three transactions, the middle one of which is left out.
fn lane(scope: &Scope, keys: &[SecretKey]) -> Lane {
    let header = LaneHeader {
        cycle: scope.cycle,
        group: 0,
        author: MemberIndex::new(1),
        number: 9,
        txs: 3,
        root: [5; 32],
    };
    let mini = header.hash(&scope.chain_id);
    let receipt = |signer: usize| {
        let receipt =
            galen_ledger::lanes::Receipt::sign(&mini, MemberIndex::new(signer as u16), scope, &keys[signer]);
        (receipt.signer, receipt.signature)
    };
    let omitted = vec![Omitted { place: 1, tx: TxHash::of(b"known") }];
    Lane { header, signature: header.sign(scope, &keys[1]), receipts: vec![receipt(0), receipt(2)], omitted }
}

fn block_mini(scope: &Scope, lane: &Lane) -> MiniHash {
    lane.hash(&scope.chain_id)
}

fn hash(value: &impl Encode) -> String {
    blake3::hash(&value.to_bytes()).to_hex()[..16].to_owned()
}

/// A change here is a change of what is on disks and wires: raise the version, and read the old one.
#[test]
fn encodings_are_what_they_were() {
    let (genesis, keys) = world(4);
    let committee = genesis.committee();
    let scope = committee.scope();
    let view = View::new(5);
    let block_hash = BlockHash::from_bytes([3; 32]);
    let statements = [
        Statement::Notarize { view, block: block_hash },
        Statement::Nullify { view },
        Statement::Finalize { view, block: block_hash, outcome: outcome(1).hash() },
    ];
    let votes = statements.map(|statement| Vote::sign(statement, MemberIndex::new(2), &scope, &keys[2]));
    let sign = |key: usize| {
        let vote = Vote::sign(statements[2], MemberIndex::new(key as u16), &scope, &keys[key]);
        (vote.voter, vote.signature)
    };
    let certificate = Certificate::new(scope.cycle, statements[2], (0..3).map(sign));
    let txs = vec![b"one".to_vec(), b"two".to_vec()];
    let evidence = Evidence::Votes(votes[1].clone(), votes[2].clone());
    let approved = SignedChange::new(CHANGE.clone(), [CHANGE.approve(MemberIndex::new(0), &keys[0])]);
    let [commit, disclose, share] = BEACON.clone().map(Upkeep::Beacon);
    let upkeep = vec![commit.clone(), Upkeep::Evidence(evidence.clone())];
    let header = Header {
        chain_id: scope.chain_id,
        cycle: scope.cycle,
        height: Height::new(4),
        view,
        proposer: MemberIndex::new(1),
        parent: block_hash,
        parent_view: View::new(3),
        time_ms: 77,
        parent_outcome: outcome(2),
        tx_root: tx_root(&[TxHash::of(b"one"), TxHash::of(b"two")]),
        upkeep_root: upkeep_root(&upkeep),
        lanes_root: galen_ledger::lanes::lanes_root(&[]),
    };
    let block = Arc::new(Block { header, upkeep, lanes: vec![], txs });
    let proposal = Proposal::sign(view, Arc::clone(&block), &scope, &keys[1]);
    let event = Event { kind: "set".into(), attributes: BTreeMap::from([("a".into(), "1".into())]) };
    let receipt = Receipt::accepted_with(vec![event.clone()], vec![1, 2]);
    let mut signed = SignState::default();
    assert!(signed.vote(scope.cycle, &statements[0]));
    let record = FinalRecord {
        height: Height::new(4),
        block: block_hash,
        outcome: outcome(2),
        certificate: Some(certificate.clone()),
    };
    let status = Message::Status(Status {
        turn: Turn { cycle: Cycle::new(1), view },
        height: Height::new(4),
        finalized: View::new(2),
        missing_from: View::new(3),
    });
    let lane = lane(&scope, &keys);
    let mini = MiniBlock::sign(&scope, (0, MemberIndex::new(2)), 7, vec![b"tx".as_slice().into()], &keys[2]);
    let compact = CompactProposal::of(&proposal);
    let receipts =
        Receipts { cycle: scope.cycle, mini: block_mini(&scope, &lane), signed: lane.receipts.clone() };
    let found = [
        ("lane", hash(&lane)),
        ("mini-block", hash(&Message::MiniBlock(Arc::new(mini)))),
        ("compact", hash(&Message::Compact(compact))),
        ("receipts", hash(&Message::Receipts(receipts))),
        ("fetch mini-blocks", hash(&Message::FetchMinis(vec![block_mini(&scope, &lane)]))),
        ("double mini-block", hash(&Evidence::MiniBlocks([(lane.header, lane.signature); 2]))),
        ("genesis", hash(&*genesis)),
        ("notarize", hash(&votes[0])),
        ("nullify", hash(&votes[1])),
        ("finalize", hash(&votes[2])),
        ("certificate", hash(&certificate)),
        ("block", hash(&*block)),
        ("block hash", block.hash().to_string()[..16].to_owned()),
        ("propose", hash(&Message::Propose(proposal))),
        ("status", hash(&status)),
        ("fetch", hash(&Message::Fetch(block_hash))),
        ("block message", hash(&Message::Block(block))),
        ("tx", hash(&Message::Tx(b"tx".as_slice().into()))),
        ("receipt", hash(&receipt)),
        ("result", hash(&BlockResult { begin: vec![event], receipts: vec![receipt], end: vec![] })),
        ("sign state", hash(&signed)),
        ("final record", hash(&record)),
        ("position", hash(&Position::default())),
        ("committee", hash(&committee)),
        ("commit", hash(&commit)),
        ("disclose", hash(&disclose)),
        ("share", hash(&share)),
        ("evidence", hash(&evidence)),
        ("change", hash(&approved)),
        ("member", hash(&MemberRecord::seated(&genesis.members[1]))),
    ];
    let found = found.map(|(name, hash)| format!("{name} {hash}"));
    assert_eq!(found.join("\n"), include_str!("golden.txt").trim());
}
