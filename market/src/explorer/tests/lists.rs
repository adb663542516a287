//! Lists and single things: nothing is lost or shown twice while blocks come.

use std::collections::BTreeSet;

use super::rehearsed::{NO_BLOCK, Rehearsed};
use crate::chain::Chain;
use crate::explorer::{
    Index, block, contribution, kind::Kind, member, overview, request, search, transaction,
};
use crate::tests::actors::{World, wish};
use crate::transaction::Transaction;

/// Posts a request in a block of its own.
fn post(world: &mut World, chain: &Rehearsed, title: &str) -> Transaction {
    let mut wish = wish(20, world.chain.height + 40);
    wish.title = title.to_owned();
    let request = world.request(wish);
    let tx = world.post_tx(request);
    assert_eq!(chain.block(world, &[&tx]).remove(0).code, "ok");
    tx
}

async fn titles(chain: &dyn Chain, index: &Index, after: &mut Option<Vec<u8>>) -> Vec<String> {
    let page = request::requests(chain, index, after.as_deref(), 2).await.unwrap();
    *after = page.next.map(|next| hex::decode(next).unwrap());
    page.items.into_iter().map(|line| line.title).collect()
}

#[tokio::test]
async fn requests_are_listed_newest_first_and_those_that_come_meanwhile_disturb_nothing() {
    let mut world = World::new(301, 1);
    let chain = Rehearsed::new(&world);
    let index = Index::default();
    assert_eq!(index.counts(chain.as_ref()).await.unwrap().requests, 0);
    for title in ["one", "two", "three", "four"] {
        post(&mut world, &chain, title);
    }
    let mut after = None;
    assert_eq!(titles(chain.as_ref(), &index, &mut after).await, ["four", "three"]);
    post(&mut world, &chain, "five");
    assert_eq!(titles(chain.as_ref(), &index, &mut after).await, ["two", "one"]);
    assert_eq!(after, None, "the list has ended");
    assert_eq!(titles(chain.as_ref(), &index, &mut None).await, ["five", "four"]);
    let counts = index.counts(chain.as_ref()).await.unwrap();
    assert_eq!((counts.requests, counts.open, counts.settled), (5, 5, 0));
    // Who begins now finds the same by reading the state.
    assert_eq!(Index::default().counts(chain.as_ref()).await.unwrap(), counts);
}

#[tokio::test]
async fn counts_follow_contributions_payments_and_settlement() {
    let mut world = World::new(302, 2);
    let id = world.post(20, 12);
    let chain = Rehearsed::new(&world);
    let index = Index::default();
    assert_eq!(index.counts(chain.as_ref()).await.unwrap().contributions, 0);
    let tx = world.contribute(0, &id, 7);
    assert_eq!(chain.block(&mut world, &[&tx]).remove(0).code, "ok");
    let found = world.id_of(&id, 0);
    let open = world.open(&found);
    assert_eq!(chain.block(&mut world, &[&open]).remove(0).code, "ok");
    let counts = index.counts(chain.as_ref()).await.unwrap();
    assert_eq!((counts.contributions, counts.records_paid, counts.open), (1, 7, 1));
    (0..40).for_each(|_| drop(chain.block(&mut world, &[])));
    let counts = index.counts(chain.as_ref()).await.unwrap();
    assert_eq!((counts.open, counts.settled, counts.records_paid), (0, 1, 7));
    assert_eq!(Index::default().counts(chain.as_ref()).await.unwrap(), counts);
}

#[tokio::test]
async fn what_is_remembered_of_a_request_is_what_the_state_says_after_every_block() {
    let mut world = World::new(306, 3);
    let chain = Rehearsed::new(&world);
    let (index, mut phases) = (Index::default(), BTreeSet::new());
    let until = world.chain.height + 40;
    let asked = world.request(wish(20, until));
    let id = asked.id(&world.chain.id());
    let posting = world.post_tx(asked);
    for step in 0..70 {
        let txs = match step {
            1 => vec![posting.clone()],
            // Two are reserved and one waits; one is paid, the others lapse, the last after the deadline.
            28 => (0..3).map(|hospital| world.contribute(hospital, &id, 9)).collect(),
            30 => vec![world.open(&world.id_of(&id, 0))],
            _ => Vec::new(),
        };
        let receipts = chain.block(&mut world, &txs.iter().collect::<Vec<_>>());
        assert!(receipts.iter().all(|receipt| receipt.accepted), "{receipts:?}");
        let remembered = request::requests(chain.as_ref(), &index, None, 10).await.unwrap();
        let read = request::requests(chain.as_ref(), &Index::default(), None, 10).await.unwrap();
        assert_eq!(remembered, read, "step {step}");
        phases.extend(remembered.items.iter().map(|line| (line.phase, line.reserved, line.paid)));
    }
    let expected = [("open", 18, 0), ("open", 9, 9), ("closing", 9, 9), ("settled", 0, 9)];
    assert!(expected.iter().all(|stage| phases.contains(stage)), "{phases:?}");
}

#[tokio::test]
async fn blocks_go_back_without_a_gap_to_where_this_node_began() {
    let mut world = World::new(303, 1);
    let chain = Rehearsed::new(&world);
    let first = world.chain.height;
    (0..5).for_each(|_| drop(chain.block(&mut world, &[])));
    let lines = block::Lines::default();
    let page = block::blocks(chain.as_ref(), &lines, None, 3).await.unwrap();
    let heights: Vec<u64> = page.items.iter().map(|line| line.height).collect();
    assert_eq!(heights, [first + 5, first + 4, first + 3]);
    chain.block(&mut world, &[]);
    let below = u64::from_be_bytes(hex::decode(page.next.unwrap()).unwrap().try_into().unwrap());
    let page = block::blocks(chain.as_ref(), &lines, Some(below), 10).await.unwrap();
    let heights: Vec<u64> = page.items.iter().map(|line| line.height).collect();
    assert_eq!(heights, [first + 2, first + 1, first]);
    assert_eq!(page.next, None, "earlier blocks are not here");
    for remembered in [&lines, &block::Lines::default()] {
        let newest = block::blocks(chain.as_ref(), remembered, None, 2).await.unwrap();
        let heights: Vec<u64> = newest.items.iter().map(|line| line.height).collect();
        assert_eq!(heights, [first + 6, first + 5], "what is remembered is not what is newest");
    }
    assert_ne!(page.items[0].hash, NO_BLOCK.to_string());
}

#[tokio::test]
async fn one_request_with_its_contribution_is_shown_in_words_and_found_by_every_id() {
    let mut world = World::new(304, 2);
    let id = world.post(20, 30);
    let chain = Rehearsed::new(&world);
    let tx = world.contribute(0, &id, 7);
    chain.block(&mut world, &[&tx]);
    let contributed = world.id_of(&id, 0);
    let height = world.chain.height;
    let view = (chain.as_ref() as &dyn Chain).read(|state, _| request::request(state, &id)).unwrap().unwrap();
    let window = world.chain.app.config().windows.open_window;
    assert_eq!((view.next.who, view.next.until), ("hospitals", Some(height + window)));
    assert_eq!((view.line.reserved, view.left, view.escrow), (7, 13, 20));
    let shown = serde_json::to_string(&view).unwrap();
    assert!(!shown.contains("\"price\""), "a price is sealed, and its sealing is not shown either");
    let at = |state: &dyn galen_ledger::StateRead, at: &galen_ledger::Position| {
        contribution::contribution(state, &at.chain_id, &contributed)
    };
    let sold = (chain.as_ref() as &dyn Chain).read(at).unwrap().unwrap();
    assert_eq!((sold.line.status, sold.line.released, sold.proofs[0].count), ("reserved", 7, 2));
    assert_eq!(sold.statement.as_ref().unwrap().chain, world.chain.id().to_string());
    let seen = transaction::transaction(chain.as_ref(), &tx.hash()).await.unwrap().unwrap();
    assert_eq!((seen.kind, seen.height, seen.signers.len()), (Some(Kind::Contribute), height, 0));
    let account = world.researcher.account.key().to_string();
    let newest = search::Newest::default();
    for (text, kind, link) in [
        (id.to_string(), "request", format!("/requests/{id}")),
        (contributed.to_string(), "contribution", format!("/contributions/{contributed}")),
        (account.clone(), "participant", format!("/participants/{account}")),
        (world.schema().to_string(), "schema", format!("/schemas/{}", world.schema())),
        (tx.hash().to_string(), "transaction", format!("/transactions/{}", tx.hash())),
        (height.to_string(), "block", format!("/blocks/{height}")),
        (chain.position().block.to_string(), "block", format!("/blocks/{height}")),
        (sold.blob.clone(), "ciphertext", format!("/transactions/{}", tx.hash())),
        ("0".to_owned(), "note", "/notes/0".to_owned()),
    ] {
        let found = search::search(chain.as_ref(), &newest, &text).await.unwrap();
        assert_eq!((found[0].kind, &found[0].link), (kind, &link), "{text}");
    }
    for nothing in ["", "zz", "99999999", &"00".repeat(32), &"a".repeat(500)] {
        assert_eq!(search::search(chain.as_ref(), &newest, nothing).await.unwrap(), [], "{nothing}");
    }
    // What comes later is found as well, by who has looked before.
    chain.block(&mut world, &[]);
    let block = chain.position().block.to_string();
    let found = search::search(chain.as_ref(), &newest, &block).await.unwrap();
    assert_eq!(found[0].link, format!("/blocks/{}", height + 1));
}

#[tokio::test]
async fn the_chain_at_a_glance_and_its_members() {
    let world = World::new(305, 1);
    let chain = Rehearsed::new(&world);
    let view = overview::overview(chain.as_ref(), &Index::default()).await.unwrap();
    assert_eq!((view.height, view.issues, view.cycle.quorum), (world.chain.height, 2, 3));
    assert!(view.development);
    let members = member::members(chain.as_ref()).unwrap();
    assert_eq!((members.len(), members[1].name.as_str(), members[1].credit), (4, "member 1", 512));
}
