//! A market with a hundred thousand contributions, and its public site: what the site is loaded with.
//!
//! One node with its log, its state in sled, its Merkle tree: everything that a member has, in a consortium of one. Blocks are
//! ordered and executed by the ledger, transactions checked and executed by the market; only the proofs of contributions are
//! taken on trust ([`trusting`]). While the site is served, a contribution and the opening of the one before come every
//! 250 ms ([`pulse`]), so that there are blocks to tell of, and nothing that is remembered stays as it is.

pub mod answering;
pub mod asking;
pub mod cast;
pub mod chain;
pub mod founding;
pub mod pulse;
pub mod sights;
pub mod trusting;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use galen_circuits::groth16::Proof;
use galen_market::chain::OwnChain;
use galen_market::explorer::{self, Explorer};
use galen_market::web::limit::Rates;
use galen_market::web::page::SiteName;
use galen_market::web::site::{self, Site};
use galen_prover::engine::Assignment;
use galen_tests::keys::Proving;
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::answering::{Making, answer};
use self::asking::{Asked, Asking, Fate};
use self::cast::{Cast, OPEN_WINDOW};
use self::chain::Chain;
use crate::listeners::Failure;

/// Blocks that a request lives which nobody waits for.
const LONG: u64 = 90_000;
/// A file that is there when a folder's market is complete: the request that goes on getting contributions.
const COMPLETE: &str = "complete";

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Requests.
    pub requests: u32,
    /// Contributions.
    pub contributions: u32,
}

/// A crowded market.
pub struct Crowd {
    /// Its node.
    pub chain: Arc<Chain>,
    /// What contributions are made with.
    pub making: Making,
    /// The request that goes on getting contributions.
    pub busy: Asked,
}

impl Crowd {
    /// The market of a folder, which is made if it is not there. `tell` is told how far that is.
    ///
    /// # Errors
    /// When the node does not start, or refuses something.
    pub async fn open(folder: &Path, size: Size, tell: impl Fn(String)) -> Result<Self, Failure> {
        let cast = Cast::new();
        let chain = Arc::new(Chain::start(folder, cast.config())?);
        let making = Making::new(&chain, &cast, proof(&chain, &cast)?)?;
        let complete = folder.join(COMPLETE);
        let busy = match std::fs::read_to_string(&complete) {
            Ok(id) => Asked { id: id.trim().parse()?, fate: Fate::Open, answers: 0 },
            Err(_) if chain.node().height().get() > 0 => {
                return Err("the folder has half a market: remove it, and begin again".into());
            }
            Err(_) => {
                let busy = populate(&chain, &cast, &making, size, tell).await?;
                std::fs::write(&complete, busy.id.to_string())?;
                busy
            }
        };
        Ok(Self { chain, making, busy })
    }

    /// Serves the public site on this address until told to stop; where it listens.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn serve(
        &self,
        listen: SocketAddr,
        stop: watch::Receiver<bool>,
    ) -> Result<SocketAddr, Failure> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let rates = Rates { per_second: NonZeroU32::MAX, burst: NonZeroU32::MAX, at_a_time: 512 };
        let chain = OwnChain::new(self.chain.node().clone(), Arc::clone(self.chain.blobs()));
        let site = Site::public(SiteName::Explorer, rates);
        let router = site.around(explorer::routes(Explorer::start(Arc::new(chain), None)));
        tokio::spawn(site::serve(listener, router, site.connections, stop));
        Ok(address)
    }
}

/// A proof of something: well-formed, and of no contribution.
fn proof(chain: &Chain, cast: &Cast) -> Result<Proof, Failure> {
    let keys = cast.hospitals.first().ok_or("no hospital")?;
    let seal = keys.knowledge(&chain.node().genesis().chain_id(), &cast.authority.public());
    Ok(Proving::load().try_seal(Assignment::of(seal)?)?)
}

async fn populate(
    chain: &Arc<Chain>,
    cast: &Cast,
    making: &Making,
    size: Size,
    tell: impl Fn(String),
) -> Result<Asked, Failure> {
    let begun = Instant::now();
    let say = |what: &str| {
        let (seconds, height) = (begun.elapsed().as_secs(), chain.node().height());
        tell(format!("{seconds:>5} s, block {height}: {what}"));
    };
    founding::found(chain, cast).await?;
    founding::disclose(chain, cast).await?;
    say("founded");
    let mut asking = Asking::new(chain, cast);
    // One of twenty contributions goes to one request: there are always some that everybody answers.
    let many = size.contributions / 20;
    let each = (size.contributions - many) / size.requests.max(1);
    let part = |of_hundred: u32| (size.requests * of_hundred / 100).max(1);
    let group = |fate, of_hundred, life| (fate, part(of_hundred), life);
    let mut lapsed = 0;
    for (fate, count, life) in [
        group(Fate::Lapsing, 10, OPEN_WINDOW),
        group(Fate::Served, 50, LONG),
        group(Fate::Crowded, 10, LONG),
        group(Fate::Open, 12, LONG),
        group(Fate::Waiting, 6, LONG),
    ] {
        if fate == Fate::Open {
            // What lapses is let lapse, a bounded number in each block.
            chain.pass_to(chain.node().height().get().max(lapsed)).await?;
            say("lapsed");
        }
        let asked = asking.post(count, fate, each, life).await?;
        answer(chain, making, &asked).await?;
        if fate == Fate::Lapsing {
            lapsed = chain.node().height().get() + OPEN_WINDOW + u64::from(size.contributions / 2000) + 10;
        }
        say(&format!("{count} requests, {fate:?}"));
    }
    let busy = asking.post(1, Fate::Open, many, LONG).await?;
    answer(chain, making, &busy).await?;
    let closing = asking.post(part(12), Fate::Closing, each, 1000).await?;
    let posted = chain.node().height().get();
    answer(chain, making, &closing).await?;
    chain.pass_to(posted + 1000).await?;
    say("all");
    busy.first().copied().ok_or_else(|| "no request".into())
}
