//! Encodings: canonical, bounded, and fixed.

use std::{collections::BTreeMap, sync::Arc};

use galen_ledger::{
    Event, Height, MemberIndex, Position, Receipt, View,
    chain::{
        Block, BlockResult, Certificate, Genesis, Header, Statement, Vote,
        block::{anchor_root, tx_root},
    },
    codec::{Decode, DecodeError, Encode},
    consensus::{Message, Proposal, SignState},
    storage::FinalRecord,
    types::{BlockHash, TxHash},
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
        Certificate::new(statement, members.into_iter().map(|member| (MemberIndex::new(member), signature)))
    })
}

fn block() -> impl Strategy<Value = Block> {
    let txs = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..5);
    (any::<u64>(), any::<[u8; 32]>(), txs, prop::option::of(certificate())).prop_map(
        |(number, bytes, txs, anchor)| {
            let (genesis, _) = world(4);
            let hashes: Vec<_> = txs.iter().map(|tx| TxHash::of(tx)).collect();
            let header = Header {
                chain_id: genesis.chain_id(),
                cycle: genesis.scope().cycle,
                height: Height::new(number),
                view: View::new(number),
                proposer: MemberIndex::new(u16::from(bytes[0])),
                parent: BlockHash::from_bytes(bytes),
                parent_view: View::new(number / 2),
                time_ms: number,
                parent_outcome: outcome(bytes[1]),
                tx_root: tx_root(&hashes),
                anchor_root: anchor_root(anchor.as_ref()),
            };
            Block { header, anchor, txs }
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let signature = galen_ledger::crypto::Signature::from_bytes([9; 64]);
    prop_oneof![
        block().prop_map(move |block| Message::Propose(Proposal { block: Arc::new(block), signature })),
        block().prop_map(|block| Message::Block(Arc::new(block))),
        (statement(), 0u16..100).prop_map(move |(statement, voter)| {
            Message::Vote(Vote { statement, voter: MemberIndex::new(voter), signature })
        }),
        certificate().prop_map(Message::Certificate),
        any::<[u64; 3]>().prop_map(|[view, finalized, missing]| Message::Status {
            view: View::new(view),
            finalized: View::new(finalized),
            missing_from: View::new(missing),
        }),
        any::<[u8; 32]>().prop_map(|bytes| Message::Fetch(BlockHash::from_bytes(bytes))),
        prop::collection::vec(any::<u8>(), 0..50).prop_map(|tx| Message::Tx(tx.into())),
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
fn a_huge_length_allocates_nothing() {
    let mut bytes = vec![7];
    bytes.extend_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(Message::from_bytes(&bytes), Err(DecodeError::TooLong { .. })));
}

fn hash(value: &impl Encode) -> String {
    blake3::hash(&value.to_bytes()).to_hex()[..16].to_owned()
}

/// A change here is a change of what is on disks and wires: raise the version, and read the old one.
#[test]
fn encodings_are_what_they_were() {
    let (genesis, keys) = world(4);
    let scope = genesis.scope();
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
    let certificate = Certificate::new(statements[2], (0..3).map(sign));
    let txs = vec![b"one".to_vec(), b"two".to_vec()];
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
        anchor_root: anchor_root(Some(&certificate)),
    };
    let block = Arc::new(Block { header, anchor: Some(certificate.clone()), txs });
    let proposal = Proposal::sign(Arc::clone(&block), &scope, &keys[1]);
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
    let status = Message::Status { view, finalized: View::new(2), missing_from: View::new(3) };
    let found = [
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
    ];
    let found = found.map(|(name, hash)| format!("{name} {hash}"));
    assert_eq!(found.join("\n"), include_str!("golden.txt").trim());
}
