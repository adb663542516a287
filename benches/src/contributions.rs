//! Contributions with real proofs through a consortium whose members check them.
//!
//! They are made once, on a chain in memory, and every consortium that is measured begins with the state of that chain: the
//! market's rules and proofs are the real ones, and no run has to prove again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use galen_ledger::{
    AppError, Application, BlobHash, Blobs, BlockContext, ChainId, Consortium, ConsortiumSettings, Event,
    Height, MemoryState, Receipt, Refusal, StateRead, StateWrite, chain::Parameters, consensus::Timing,
    node::Verify,
};
use galen_market::{Market, RequestId};
use galen_tests::marketplace::Marketplace;
use rayon::ThreadPoolBuilder;
use tokio::task::JoinSet;

use crate::measure::processor_time;

/// Δ of the consortiums that are measured.
const DELTA: Duration = Duration::from_secs(20);

/// Contributions, and the chain that they are for.
pub struct Prepared {
    /// Their transactions.
    pub txs: Vec<Vec<u8>>,
    /// Proofs in all of them.
    pub proofs: usize,
    blobs: Vec<Vec<u8>>,
    config: Vec<u8>,
    start: Start,
}

/// Where a chain stands.
#[derive(Clone)]
struct Start {
    chain_id: ChainId,
    height: u64,
    state: Arc<MemoryState>,
}

/// The market on a chain that goes on where another stood.
struct Continued {
    market: Market,
    start: Start,
}

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub struct Took {
    /// Until all were final.
    pub time: Duration,
    /// Processor time of all members together.
    pub cpu: Duration,
}

impl Prepared {
    /// Contributions of so many hospitals to so many requests: each one scan, one release, one seal.
    ///
    /// # Panics
    /// When one of them is refused.
    pub fn new(hospitals: usize, requests: usize) -> Self {
        let mut market = Marketplace::new(1, hospitals);
        let requests: Vec<RequestId> = (0..requests).map(|_| market.post(market.wish(10_000))).collect();
        let (mut txs, mut blobs, mut proofs) = (Vec::new(), Vec::new(), 0);
        for request in &requests {
            for hospital in 0..hospitals {
                let offered = market.contribute(hospital, request);
                assert_eq!(market.verdict(&offered.sale.transaction), ("ok".into(), String::new()));
                proofs += offered.contribution.scans.len() + offered.contribution.releases.len() + 1;
                txs.push(offered.sale.transaction.to_bytes());
                blobs.push(offered.plan.blob);
            }
        }
        let (chain_id, height) = (market.ledger.chain_id(), market.ledger.height);
        let start = Start { chain_id, height, state: Arc::new(market.ledger.state.clone()) };
        Self { txs, proofs, blobs, config: market.ledger.app.config().to_json(), start }
    }

    fn store(&self, blobs: &dyn Blobs) {
        for blob in &self.blobs {
            blobs.store(blob).expect("there is room");
        }
    }

    fn market(&self, blobs: Arc<dyn Blobs>) -> Market {
        Market::new(&self.config, blobs).expect("the configuration of a market that ran")
    }

    /// Has one member check them all, with so many threads, in batches of so many.
    ///
    /// # Panics
    /// When one is refused.
    pub fn check(&self, threads: usize, batch: usize) -> Duration {
        let blobs = galen_ledger::MemoryBlobs::new();
        self.store(&blobs);
        let market = self.market(Arc::new(blobs));
        let context = context(&self.start, 1);
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let began = Instant::now();
            for txs in self.txs.chunks(batch) {
                let txs: Vec<&[u8]> = txs.iter().map(Vec::as_slice).collect();
                let verdicts = market.check_batch(&*self.start.state, &context, &txs);
                assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
            }
            began.elapsed()
        })
    }

    /// Runs so many members in this process in so many groups, hands all contributions in at once, and waits until the last
    /// one is final.
    ///
    /// # Panics
    /// When one is refused, or the members do not start.
    pub async fn run(&self, (members, groups): (usize, u16), verify: Verify) -> Took {
        let dir = tempfile::tempdir().expect("a folder");
        let mut settings = ConsortiumSettings::new(dir.path(), self.config.clone());
        settings.members = members;
        settings.verify = verify;
        // All members share this machine: what takes each a moment takes all of them as many times longer.
        settings.timing = Timing { delta: DELTA, max_delta: DELTA };
        settings.parameters = Parameters { groups, ..Parameters::default() };
        let (config, start) = (self.config.clone(), self.start.clone());
        let consortium = Consortium::start(settings, move |_, blobs| {
            let market = Market::new(&config, blobs).expect("the configuration of a market that ran");
            Arc::new(Continued { market, start: start.clone() })
        });
        let consortium = Arc::new(consortium.expect("members start"));
        self.store(consortium.blobs().as_ref());
        consortium.advance(1).await.expect("a block");
        let (began, cpu) = (Instant::now(), processor_time());
        let mut waiting = JoinSet::new();
        for tx in self.txs.clone() {
            let consortium = Arc::clone(&consortium);
            waiting.spawn(async move { consortium.submit(tx).await.expect("it is taken").receipt });
        }
        while let Some(receipt) = waiting.join_next().await {
            let receipt = receipt.expect("no panic");
            assert!(receipt.accepted, "{}: {}", receipt.code, receipt.message);
        }
        consortium.settled(consortium.height()).await.expect("all members run");
        let took = Took { time: began.elapsed(), cpu: processor_time().saturating_sub(cpu) };
        consortium.stop().await;
        took
    }
}

fn context(start: &Start, height: u64) -> BlockContext {
    BlockContext {
        chain_id: start.chain_id,
        height: Height::new(start.height + height),
        view: galen_ledger::View::new(start.height + height),
        time_ms: (start.height + height) * 1000,
        beacon: None,
    }
}

impl Continued {
    fn context(&self, block: &BlockContext) -> BlockContext {
        context(&self.start, block.height.get())
    }
}

impl Application for Continued {
    fn genesis(&self, state: &mut dyn StateWrite, _: &[u8]) -> Result<(), AppError> {
        self.start.state.scan(&[], None).for_each(|(key, value)| state.put(&key, value));
        Ok(())
    }

    fn check(&self, state: &dyn StateRead, block: &BlockContext, tx: &[u8]) -> Result<(), Refusal> {
        self.market.check(state, &self.context(block), tx)
    }

    fn check_batch(
        &self,
        state: &dyn StateRead,
        block: &BlockContext,
        txs: &[&[u8]],
    ) -> Vec<Result<(), Refusal>> {
        self.market.check_batch(state, &self.context(block), txs)
    }

    fn check_vouched(&self, state: &dyn StateRead, block: &BlockContext, tx: &[u8]) -> Result<(), Refusal> {
        self.market.check_vouched(state, &self.context(block), tx)
    }

    fn conflict_key(&self, tx: &[u8]) -> Option<Vec<u8>> {
        self.market.conflict_key(tx)
    }

    fn execute(&self, state: &mut dyn StateWrite, block: &BlockContext, tx: &[u8]) -> Receipt {
        self.market.execute(state, &self.context(block), tx)
    }

    fn begin_block(&self, state: &mut dyn StateWrite, block: &BlockContext) -> Vec<Event> {
        self.market.begin_block(state, &self.context(block))
    }

    fn end_block(&self, state: &mut dyn StateWrite, block: &BlockContext) -> Vec<Event> {
        self.market.end_block(state, &self.context(block))
    }

    fn attachments(&self, tx: &[u8]) -> Vec<BlobHash> {
        self.market.attachments(tx)
    }
}
