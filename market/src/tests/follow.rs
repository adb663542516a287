//! A chain that is followed over a gateway's HTTP API: what is believed, and that nothing else is.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use galen_ledger::{
    AppError, Application, BlobHash, Blobs, BlockContext, ChainId, Consortium, ConsortiumSettings, Height,
    Receipt, Refusal, StateRead, StateWrite,
};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::chain::{Chain as Books, Marked};
use crate::action::Action;
use crate::action::accredit_auditor::AccreditAuditor;
use crate::application::Market;
use crate::chain::{Chain, ChainError, OwnChain};
use crate::explorer::feed;
use crate::follow::{FollowError, FollowStatus, FollowedChain, Gateway};
use crate::query;
use crate::sign::Signer;
use crate::transaction::{Order, Transaction};
use crate::web::limit::Rates;
use crate::web::page::SiteName;
use crate::web::site::{self, Site};

const PATIENCE: Duration = Duration::from_secs(120);

async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what}: not in time"))
}

/// A gateway's public site. It lies when told to.
struct Served {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Between {
    /// Answers under this path are changed.
    lie: Arc<Mutex<Option<&'static str>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Changes a byte in the middle of an answer.
async fn between(State(between): State<Between>, request: Request, next: Next) -> Response {
    let asked = request.uri().to_string();
    let lies = between.lie.lock().unwrap().is_some_and(|path| asked.starts_with(path));
    if request.method() == axum::http::Method::GET {
        between.asked.lock().unwrap().push(asked);
    }
    let response = next.run(request).await;
    if !lies {
        return response;
    }
    let (parts, body) = response.into_parts();
    let mut bytes = body.collect().await.unwrap().to_bytes().to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    Response::from_parts(parts, Body::from(Bytes::from(bytes)))
}

impl Served {
    async fn start(consortium: &Consortium) -> (Self, Arc<Mutex<Option<&'static str>>>) {
        let node = consortium.nodes().remove(0);
        let chain: Arc<dyn Chain> = Arc::new(OwnChain::new(node, Arc::clone(consortium.blobs())));
        let (routes, _) = feed::routes(chain).split_for_parts();
        let between_ = Between { lie: Arc::default(), asked: Arc::default() };
        let (lie, asked) = (Arc::clone(&between_.lie), Arc::clone(&between_.asked));
        let many = 10_000.try_into().unwrap();
        let site = Site::public(SiteName::Explorer, Rates { per_second: many, burst: many, at_a_time: 64 });
        let router = site.around(routes).layer(middleware::from_fn_with_state(between_, between));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, told) = watch::channel(false);
        let task = tokio::spawn(site::serve(listener, router, 64, told));
        (Self { url, asked, stop, task }, lie)
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.unwrap();
    }
}

fn settings(dir: &Path, config: Vec<u8>) -> ConsortiumSettings {
    let mut settings = ConsortiumSettings::new(dir, config);
    settings.idle_interval = Duration::from_millis(50);
    settings
}

/// A market with real members, whose proofs are stood in for.
struct World {
    consortium: Consortium,
    books: Books,
}

impl World {
    fn start(dir: &Path, seed: u64) -> Self {
        println!("seed {seed}");
        let books = Books::new(seed);
        let config = books.app.config().clone();
        let bytes = config.to_json();
        let consortium = Consortium::start(settings(dir, bytes.clone()), move |_, blobs| {
            Arc::new(Market::with_check(config.clone(), bytes.clone(), blobs, Marked))
        });
        Self { consortium: consortium.expect("starts"), books }
    }

    fn id(&self) -> ChainId {
        self.consortium.genesis().chain_id()
    }

    fn accreditation(&self, auditor: &Signer, height: Height, governors: usize) -> Transaction {
        let action = Action::AccreditAuditor(AccreditAuditor { account: auditor.key(), name: "A".into() });
        let valid_until = Height::new(height.get() + 20);
        let signers: Vec<&Signer> = self.books.governors.iter().take(governors).collect();
        Order { action, nonce: height.get(), valid_until }.sign(&self.id(), &signers)
    }

    async fn follow(&self, folder: &Path, url: &str) -> Result<FollowedChain, FollowError> {
        let config = self.books.app.config().clone();
        let gateway = Gateway::new(url, self.id());
        FollowedChain::open_with(folder, gateway, move |_, blobs| {
            let bytes = config.to_json();
            Ok(Arc::new(Market::with_check(config, bytes, blobs, Marked)) as Arc<dyn Application>)
        })
        .await
    }
}

async fn until(chain: &FollowedChain, what: &str, is: impl FnMut(&FollowStatus) -> bool) -> FollowStatus {
    let mut status = chain.status();
    soon(what, status.wait_for(is)).await.expect("it is followed").clone()
}

fn auditors(chain: &FollowedChain) -> usize {
    let chain: &dyn Chain = chain;
    chain.read(|state, _| query::participants(state).len()).expect("reads")
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_go_through_a_gateway_and_are_believed_when_they_are_in_the_verified_chain() {
    let dir = tempfile::tempdir().expect("dir");
    let world = World::start(&dir.path().join("members"), 501);
    let (gateway, _) = Served::start(&world.consortium).await;
    let folder = dir.path().join("desk");
    let chain = world.follow(&folder, &gateway.url).await.expect("follows");
    let before = auditors(&chain);
    let auditor = Signer::generate(&mut world.books.rng.clone());
    let order = world.accreditation(&auditor, chain.position().height, 2).to_bytes();
    let settled = soon("submits", chain.submit(order.clone())).await.expect("final");
    assert!(settled.receipt.accepted, "{settled:?}");
    assert!(chain.position().height >= settled.height);
    assert_eq!(auditors(&chain), before + 1);
    let node = world.consortium.nodes().remove(0);
    assert_eq!(node.receipt(&settled.tx).expect("reads").as_ref(), Some(&settled));
    let seen = soon("reads", chain.block(settled.height)).await.expect("reads").expect("is kept");
    let (there, _) = node.block(settled.height).await.expect("reads").expect("is there");
    assert_eq!((seen.block, seen.result), (there, node.result(settled.height).expect("reads")));
    assert_eq!(soon("submits again", chain.submit(order)).await.expect("the same"), settled);
    // What the rules refuse is refused in the words of the rules here.
    let thin = world.accreditation(&Signer::generate(&mut world.books.rng.clone()), settled.height, 1);
    let refused = soon("submits", chain.submit(thin.to_bytes())).await.expect_err("refused");
    let own = world.consortium.submit(thin.to_bytes()).await.expect_err("refused");
    assert_eq!(refused.to_string(), ChainError::from(own).to_string());
    assert!(matches!(refused, ChainError::Refused { .. }), "{refused:?}");
    let kept = chain.position();
    chain.close().await;
    drop(chain);
    gateway.stop().await;

    // Opened again without anybody there, it is where it was.
    let away = world.follow(&folder, "http://127.0.0.1:9").await.expect("opens");
    assert!(away.position().height >= kept.height);
    assert_eq!(away.receipt(&settled.tx).expect("reads"), Some(settled));
    let status = until(&away, "says so", |status| status.fault.is_some()).await;
    assert!(!status.reached && status.fault.is_some_and(|fault| fault.contains("cannot be reached")));
    let refused =
        soon("submits", away.submit(world.accreditation(&auditor, kept.height, 3).to_bytes())).await;
    assert!(matches!(refused, Err(ChainError::Away(_))), "{refused:?}");
    let left = away.position().height;
    away.close().await;
    drop(away);

    // And with somebody there it goes on from that height, not from the first.
    let (gateway, _) = Served::start(&world.consortium).await;
    let chain = world.follow(&folder, &gateway.url).await.expect("follows");
    until(&chain, "goes on", |status| status.reached).await;
    let asked = gateway.asked.lock().unwrap().clone();
    let first = asked.iter().find(|asked| asked.starts_with("/v1/feed")).expect("asked");
    assert!(first.starts_with(&format!("/v1/feed?from={}&", left.next())), "{first}");
    assert!(!asked.iter().any(|asked| asked.contains("genesis")), "it is kept");
    chain.close().await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t58_a_gateway_that_changes_a_byte_or_serves_another_chain_is_named_and_not_believed() {
    let dir = tempfile::tempdir().expect("dir");
    let world = World::start(&dir.path().join("members"), 502);
    let auditor = Signer::generate(&mut world.books.rng.clone());
    let order = world.accreditation(&auditor, Height::new(0), 2);
    world.consortium.submit(order.to_bytes()).await.expect("final");
    let (gateway, lie) = Served::start(&world.consortium).await;
    *lie.lock().unwrap() = Some("/v1/genesis");
    let folder = dir.path().join("desk");
    let refused = world.follow(&folder, &gateway.url).await.expect_err("another genesis");
    assert!(matches!(refused, FollowError::OtherChain { .. }), "{refused}");
    *lie.lock().unwrap() = Some("/v1/feed");
    let chain = world.follow(&folder, &gateway.url).await.expect("opens");
    let status = until(&chain, "is found", |status| status.fault.is_some()).await;
    let fault = status.fault.expect("there is one");
    assert!(fault.contains(&gateway.url) && fault.contains("is not believed"), "{fault}");
    assert_eq!((status.height, chain.position().height), (Height::new(0), Height::new(0)));
    // The truth is followed when it comes.
    *lie.lock().unwrap() = None;
    let node = world.consortium.nodes().remove(0);
    let height = node.height();
    until(&chain, "follows", |status| status.height >= height && status.fault.is_none()).await;
    chain.close().await;
    drop(chain);

    let other = World::start(&dir.path().join("others"), 503);
    let order = other.accreditation(&auditor, Height::new(0), 2);
    other.consortium.submit(order.to_bytes()).await.expect("final");
    let (foreign, _) = Served::start(&other.consortium).await;
    let refused = world.follow(&dir.path().join("new"), &foreign.url).await.expect_err("another chain");
    assert!(refused.to_string().contains(&other.id().to_string()), "{refused}");
    // With the genesis of the right one kept, there are still its blocks.
    let short = dir.path().join("short");
    std::fs::create_dir_all(&short).expect("makes");
    std::fs::copy(folder.join("genesis"), short.join("genesis")).expect("copies");
    let chain = world.follow(&short, &foreign.url).await.expect("opens");
    let status = until(&chain, "is found", |status| status.fault.is_some()).await;
    let fault = status.fault.expect("there is one");
    assert!(fault.contains(&foreign.url) && fault.contains("another chain"), "{fault}");
    assert_eq!(chain.position().height, Height::new(0));
    chain.close().await;
    gateway.stop().await;
    foreign.stop().await;
}

/// Transactions are hashes of blobs, which must be there.
struct Shelf(Arc<dyn Blobs>);

impl Shelf {
    fn named(tx: &[u8]) -> Option<BlobHash> {
        Some(BlobHash::from_bytes(tx.try_into().ok()?))
    }
}

impl Application for Shelf {
    fn genesis(&self, state: &mut dyn StateWrite, config: &[u8]) -> Result<(), AppError> {
        state.put(b"config", config.to_vec());
        Ok(())
    }

    fn check(&self, _: &dyn StateRead, _: &BlockContext, tx: &[u8]) -> Result<(), Refusal> {
        let here = Self::named(tx).is_some_and(|blob| self.0.has(&blob).unwrap_or(false));
        if here { Ok(()) } else { Err(Refusal::new("blob", "the blob is not here")) }
    }

    fn execute(&self, state: &mut dyn StateWrite, _: &BlockContext, tx: &[u8]) -> Receipt {
        state.put(tx, vec![1]);
        Receipt::accepted(Vec::new())
    }

    fn attachments(&self, tx: &[u8]) -> Vec<BlobHash> {
        Self::named(tx).into_iter().collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ciphertexts_are_handed_in_and_fetched_with_the_blocks_that_name_them() {
    let dir = tempfile::tempdir().expect("dir");
    let settings = settings(&dir.path().join("members"), b"shelf".to_vec());
    let consortium = Consortium::start(settings, |_, blobs| Arc::new(Shelf(blobs))).expect("starts");
    let (gateway, lie) = Served::start(&consortium).await;
    let follow = async |folder: &str| {
        let asked = Gateway::new(&gateway.url, consortium.genesis().chain_id());
        let path = dir.path().join(folder);
        let opened = FollowedChain::open_with(&path, asked, |_, blobs| {
            Ok(Arc::new(Shelf(blobs)) as Arc<dyn Application>)
        });
        opened.await.expect("opens")
    };
    let seller = follow("seller").await;
    // Larger than one part.
    let ciphertext: Vec<u8> = (0..700_000u32).map(|number| number.to_le_bytes()[1]).collect();
    let hash = soon("hands in", seller.put_blob(ciphertext.clone())).await.expect("kept");
    assert_eq!(consortium.blobs().get(&hash).expect("reads").as_deref(), Some(ciphertext.as_slice()));
    let settled = soon("submits", seller.submit(hash.as_bytes().to_vec())).await.expect("final");

    *lie.lock().unwrap() = Some("/v1/blobs/");
    let reader = follow("reader").await;
    let status = until(&reader, "is found", |status| status.fault.is_some()).await;
    let fault = status.fault.expect("there is one");
    assert!(fault.contains("is not believed") && fault.contains(&hash.to_string()), "{fault}");
    assert!(reader.position().height < settled.height);
    assert!(reader.blob(hash).await.expect("reads").is_none());
    *lie.lock().unwrap() = None;
    until(&reader, "follows", |status| status.height >= settled.height).await;
    assert_eq!(reader.blob(hash).await.expect("reads"), Some(ciphertext));
    assert_eq!(reader.receipt(&settled.tx).expect("reads"), Some(settled));
    let unknown = BlobHash::of(b"nobody has it");
    let refused = soon("submits", reader.submit(unknown.as_bytes().to_vec())).await;
    assert!(matches!(refused, Err(ChainError::Refused { ref code, .. }) if code == "blob"), "{refused:?}");
    seller.close().await;
    reader.close().await;
    gateway.stop().await;
}

/// T71: what is fetched, and in which order, is the chain's: the gateway does not learn what the desk's owner looks at. That it
/// learns what the owner hands in is said in the documents.
#[tokio::test(flavor = "multi_thread")]
async fn t71_a_gateway_sees_all_fetched_in_the_order_of_the_chain_and_nothing_of_what_is_looked_at() {
    let dir = tempfile::tempdir().expect("dir");
    let settings = settings(&dir.path().join("members"), b"shelf".to_vec());
    let consortium = Consortium::start(settings, |_, blobs| Arc::new(Shelf(blobs))).expect("starts");
    let (gateway, _) = Served::start(&consortium).await;
    let mut kept = Vec::new();
    for text in ["one", "two", "three"] {
        let hash = consortium.blobs().store(text.as_bytes()).expect("stores");
        kept.push((hash, consortium.submit(hash.as_bytes().to_vec()).await.expect("final")));
    }
    let (wanted, settled) = kept.pop().expect("three");
    let asked = Gateway::new(&gateway.url, consortium.genesis().chain_id());
    let folder = dir.path().join("reader");
    let opened = FollowedChain::open_with(&folder, asked, |_, blobs| {
        Ok(Arc::new(Shelf(blobs)) as Arc<dyn Application>)
    });
    let reader = opened.await.expect("opens");
    until(&reader, "follows", |status| status.height >= settled.height).await;
    let but_the_feed = || {
        let asked = gateway.asked.lock().unwrap().clone();
        asked.into_iter().filter(|asked| !asked.starts_with("/v1/feed")).collect::<Vec<_>>()
    };
    let blobs = kept.iter().map(|(hash, _)| *hash).chain([wanted]);
    let all: Vec<_> =
        ["/v1/genesis".to_owned()].into_iter().chain(blobs.map(|hash| format!("/v1/blobs/{hash}"))).collect();
    assert_eq!(but_the_feed(), all);

    assert!(reader.blob(wanted).await.expect("reads").is_some());
    assert!(reader.blob_part(wanted, 1, 2).await.expect("reads").is_some());
    assert!(reader.block(settled.height).await.expect("reads").is_some());
    assert_eq!(reader.receipt(&settled.tx).expect("reads"), Some(settled));
    assert!(reader.light_proof(&[b"a".to_vec()]).expect("reads").is_some());
    assert!(reader.blob(BlobHash::of(b"nobody has it")).await.expect("reads").is_none());
    assert_eq!(but_the_feed(), all, "looking asks nobody");
    reader.close().await;
    gateway.stop().await;
}
