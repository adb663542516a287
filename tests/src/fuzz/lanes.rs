//! Mini-blocks, their receipts, and proposals without their bodies.

use galen_ledger::{
    codec::{Decode, Encode},
    consensus::{CompactProposal, Message, Receipts},
    lanes::{Lane, LaneLimits, MiniBlock, Receipt, lane::verify_lanes, lanes_root},
};

use super::{
    Target, checked, decoded, way,
    world::{WORLD, World},
};

/// What members say of lanes.
pub fn targets() -> Vec<Target> {
    vec![
        Target::new("mini_block", |bytes| decoded(bytes, mini_block), || encoded(WORLD.minis())),
        Target { mutations: 4000, ..Target::new("lanes", lanes, || vec![lanes_of(&WORLD)]) },
        Target::new("compact", |bytes| message(bytes, COMPACT), || vec![untagged(compact_of(&WORLD))]),
        Target::new(
            "receipts",
            |bytes| message(bytes, RECEIPTS),
            || WORLD.minis().map(|mini| untagged(Message::Receipts(WORLD.receipts(&mini)))).to_vec(),
        ),
    ]
}

const COMPACT: u8 = 9;
const RECEIPTS: u8 = 12;

fn encoded<T: Encode>(values: impl IntoIterator<Item = T>) -> Vec<Vec<u8>> {
    values.into_iter().map(|value| value.to_bytes()).collect()
}

fn compact_of(world: &World) -> Message {
    Message::Compact(CompactProposal::of(&world.proposal(1, world.laned(vec![]))))
}

fn lanes_of(world: &World) -> Vec<u8> {
    let Message::Compact(compact) = compact_of(world) else { return vec![] };
    encoded(compact.lanes).concat()
}

fn untagged(message: Message) -> Vec<u8> {
    message.to_bytes().split_off(1)
}

/// A message of one kind, so that changes of an input are spent on that kind.
fn message(bytes: &[u8], tag: u8) -> String {
    let bytes = [&[tag][..], bytes].concat();
    decoded(&bytes, |message: Message| match message {
        Message::Compact(proposal) => compact(proposal),
        Message::Receipts(message) => receipts(&message),
        _ => panic!("tag {tag} means something else now"),
    })
}

/// What verifies has the transactions that it was signed for.
fn mini_block(mini: MiniBlock) -> String {
    let verified = mini.verify(LaneLimits::of(&WORLD.genesis.parameters), &WORLD.committee);
    if let Ok(hashes) = &verified {
        assert_eq!(hashes.len(), mini.header.txs as usize, "another number than its author signed");
        assert!(WORLD.minis().contains(&mini), "a forged mini-block");
    }
    checked(verified.map(drop))
}

/// As many as the bytes are, of a leader that lies about them: the transactions of its block are those of whole mini-blocks.
fn lanes(mut bytes: &[u8]) -> String {
    let mut lanes = Vec::new();
    while !bytes.is_empty() && lanes.len() < 8 {
        let mut reader = galen_ledger::codec::Reader::new(bytes);
        match Lane::decode(&mut reader) {
            Ok(lane) => {
                let read = bytes.len() - reader.left();
                assert!(lane.to_bytes() == bytes[..read], "decodes, but encodes to other bytes");
                lanes.push(lane);
                bytes = &bytes[read..];
            }
            Err(error) => return way(&error),
        }
    }
    let block = WORLD.laned(vec![]);
    let verified = verify_lanes(&lanes, &block.tx_hashes(), &WORLD.genesis.parameters, &WORLD.committee);
    if verified.is_ok() {
        let known = |lane: &Lane| WORLD.minis().iter().any(|mini| mini.header == lane.header);
        assert!(lanes.iter().all(known), "a forged mini-block");
    }
    format!("{} lanes, {}", lanes.len(), checked(verified.map_err(|(_, fault)| fault)))
}

/// As it comes; then as a leader could have sent it who signs anything: with the digests that belong to it, put together
/// with mini-blocks that are there.
fn compact(mut proposal: CompactProposal) -> String {
    let signed = proposal.is_signed(&WORLD.committee);
    assert!(!signed || proposal.lanes == WORLD.laned(vec![]).lanes, "a forged proposal");
    proposal.header.lanes_root = lanes_root(&proposal.lanes);
    let (txs, sent, minis) = (proposal.txs(), proposal.clone(), WORLD.minis());
    let whole = proposal.whole(&minis);
    let valid = whole.block.validate(&WORLD.genesis, &WORLD.committee);
    if valid.is_ok() {
        assert_eq!(whole.block.txs.len(), txs, "another number of transactions");
        assert!(CompactProposal::of(&whole) == sent, "what is put together comes apart differently");
    }
    format!("signed: {signed}, {}", checked(valid))
}

fn receipts(message: &Receipts) -> String {
    let receipts =
        message.signed.iter().map(|(signer, signature)| Receipt { signer: *signer, signature: *signature });
    let hold = receipts.filter(|receipt| receipt.verify(&message.mini, &WORLD.committee).is_ok()).count();
    format!("{} receipts, {} hold", message.signed.len().min(9), hold.min(9))
}
