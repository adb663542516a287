//! Posting: once, however often, and whatever breaks in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use galen_ledger::blobs::Part;
use galen_ledger::chain::{Committee, Genesis};
use galen_ledger::execution::upkeep::{MemberRecord, OutputRecord};
use galen_ledger::{BlobHash, Height, LightProof, MemberIndex, Position, StateRead, Submitted, TxHash};

use super::town::{FUNDS, Town, draft};
use crate::chain::{Answer, Chain, ChainError, SeenBlock};
use crate::desk::researcher::fault::DeskFault;
use crate::desk::researcher::store::Name;
use crate::wallet::Patience;
use crate::web::parts::money;

/// What goes wrong with the next submission.
const NOTHING: u8 = 0;
const LOST_BEFORE: u8 = 1;
const LOST_AFTER: u8 = 2;

/// A chain whose answers get lost.
struct Flaky {
    chain: Arc<dyn Chain>,
    lose: AtomicU8,
}

impl Chain for Flaky {
    fn genesis(&self) -> &Arc<Genesis> {
        self.chain.genesis()
    }

    fn read_with(&self, read: &mut dyn FnMut(&dyn StateRead, &Position)) -> Result<(), ChainError> {
        self.chain.read_with(read)
    }

    fn position(&self) -> Position {
        self.chain.position()
    }

    fn beyond(&self, height: Height) -> Answer<'_, Height> {
        self.chain.beyond(height)
    }

    fn block(&self, height: Height) -> Answer<'_, Option<SeenBlock>> {
        self.chain.block(height)
    }

    fn receipt(&self, tx: &TxHash) -> Result<Option<Submitted>, ChainError> {
        self.chain.receipt(tx)
    }

    fn submit(&self, tx: Vec<u8>) -> Answer<'_, Submitted> {
        Box::pin(async move {
            let lose = self.lose.load(Ordering::SeqCst);
            if lose == LOST_BEFORE {
                return Err(ChainError::Away("cut off".into()));
            }
            let done = self.chain.submit(tx).await?;
            if lose == LOST_AFTER { Err(ChainError::Away("cut off".into())) } else { Ok(done) }
        })
    }

    fn blob(&self, hash: BlobHash) -> Answer<'_, Option<Vec<u8>>> {
        self.chain.blob(hash)
    }

    fn blob_part(&self, hash: BlobHash, offset: u64, length: usize) -> Answer<'_, Option<Part>> {
        self.chain.blob_part(hash, offset, length)
    }

    fn put_blob(&self, bytes: Vec<u8>) -> Answer<'_, BlobHash> {
        self.chain.put_blob(bytes)
    }

    fn committee(&self) -> Arc<Committee> {
        self.chain.committee()
    }

    fn member(&self, member: MemberIndex) -> Result<Option<MemberRecord>, ChainError> {
        self.chain.member(member)
    }

    fn beacon(&self) -> Result<Option<OutputRecord>, ChainError> {
        self.chain.beacon()
    }

    fn light_proof(&self, keys: &[Vec<u8>]) -> Result<Option<LightProof>, ChainError> {
        self.chain.light_proof(keys)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_is_cut_off_anywhere_posts_one_request() {
    let town = Town::new(1).await;
    for lose in [LOST_BEFORE, LOST_AFTER] {
        let flaky = Arc::new(Flaky { chain: town.chain(), lose: AtomicU8::new(lose) });
        let before = town.desk().requests(true).unwrap().len();
        let desk = town.desk_on(Arc::clone(&flaky) as Arc<dyn Chain>, town.seed);
        let id = desk.begin("Ada", draft()).unwrap().id;
        let fault = desk.post(&id).await.unwrap_err();
        assert!(matches!(fault, DeskFault::Chain(ChainError::Away(_))), "{fault}");
        assert!(matches!(desk.change(&id, draft()), Err(DeskFault::Signed(_))));
        assert!(matches!(desk.delete(&id), Err(DeskFault::Signed(_))));
        drop(desk);

        let desk = town.desk();
        if lose == LOST_AFTER {
            assert!(desk.drafts().unwrap().is_empty(), "the desk sees by itself that it is posted");
        } else {
            assert!(desk.is_signed(&id).unwrap());
        }
        let request = desk.post(&id).await.unwrap();
        assert_eq!(desk.post(&id).await.unwrap(), request);
        let own = desk.requests(true).unwrap();
        assert_eq!(own.len(), before + 1);
        assert_eq!(own[0].id, request.to_string());
        assert_eq!(desk.draft(&id).unwrap().posted, Some(request));
    }
    let desk = town.desk();
    let funds = desk.funds().unwrap();
    assert_eq!(funds.balance, FUNDS - 2 * 125 * 40, "locked twice, for two requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_lapsed_is_made_anew_and_a_refused_one_is_not_before() {
    let town = Town::new(1).await;
    let flaky = Arc::new(Flaky { chain: town.chain(), lose: AtomicU8::new(LOST_BEFORE) });
    let desk = town.desk_on(Arc::clone(&flaky) as Arc<dyn Chain>, town.seed);
    let id = desk.begin("Ada", draft()).unwrap().id;
    desk.post(&id).await.unwrap_err();
    town.consortium.advance(25).await.unwrap();
    flaky.lose.store(NOTHING, Ordering::SeqCst);
    let request = desk.post(&id).await.unwrap();
    assert_eq!(desk.requests(true).unwrap().len(), 1);
    let detail = desk.request(&request).await.unwrap();
    assert_eq!((detail.own, detail.by.as_str()), (true, "Institute <b>R</b>"));
    assert_eq!(detail.money.unwrap().locked, 125 * 40);
    assert_eq!(detail.timeline[0].what, "posted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_little_money_is_said_in_words_and_nothing_is_signed() {
    let town = Town::new(1).await;
    let desk = town.desk();
    let mut dear = draft();
    dear.price = Some(FUNDS);
    let cost = desk.cost(&desk.check(&dear).unwrap().unwrap()).unwrap();
    assert_eq!((cost.escrow, cost.balance, cost.enough), (40 * FUNDS, FUNDS, false));
    let id = desk.begin("Ada", dear).unwrap().id;
    let fault = desk.post(&id).await.unwrap_err();
    assert!(matches!(fault, DeskFault::Insufficient { missing, .. } if missing == 39 * FUNDS), "{fault}");
    assert!(fault.to_string().contains("missing") && fault.remedy().contains("treasury"), "{fault}");
    assert!(!desk.is_signed(&id).unwrap());
    desk.delete(&id).unwrap();
    assert!(desk.drafts().unwrap().is_empty());
    desk.restore(&id).unwrap();
    assert_eq!(desk.drafts().unwrap().len(), 1);
    assert_eq!(money(123_456_789), "1,234,567.89");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_of_one_name_is_made_once() {
    let town = Town::new(1).await;
    let (desk, other) = (town.desk(), town.desk_on(town.chain(), [8; 32]));
    let (id, to) = (Name::fresh(), other.funds().unwrap().address);
    let before = other.funds().unwrap().balance;
    let paid = desk.pay(&id, (&to, 500), Patience::Now).await.unwrap();
    assert_eq!(desk.pay(&id, (&to, 500), Patience::Now).await.unwrap().tx, paid.tx);
    assert!(matches!(desk.pay(&id, (&to, 501), Patience::Now).await, Err(DeskFault::Fields(_))));
    assert!(matches!(desk.pay(&Name::fresh(), ("00", 1), Patience::Now).await, Err(DeskFault::Fields(_))));
    assert_eq!(other.funds().unwrap().balance, before + 500);
    assert_eq!(desk.funds().unwrap().balance, FUNDS - 500);
}
