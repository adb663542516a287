//! Requests, by what becomes of them.

use galen_ledger::{Height, StateRead};
use galen_market::action::PostRequest;
use galen_market::record::RequestRecord;
use galen_market::wallet::{At, Wallet};
use galen_market::{Action, Records, RequestId, query};
use galen_tests::marketplace::wish;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::cast::Cast;
use super::chain::Chain;
use crate::listeners::Failure;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All that was offered is paid.
    Served,
    /// More was offered than it pays for: the rest is not served.
    Crowded,
    /// Half of what was offered is never opened, and lapses.
    Lapsing,
    /// It is open, half paid.
    Open,
    /// It is open, all reserved, and as much waits.
    Waiting,
    /// Its deadline is over, and half is reserved.
    Closing,
}

/// A request that was posted.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Its id.
    pub id: RequestId,
    /// What becomes of it.
    pub fate: Fate,
    /// Contributions that it gets.
    pub answers: u32,
}

impl Fate {
    /// Rows of a contribution.
    pub fn rows(self, number: u32) -> u32 {
        match self {
            // So that what is paid for is a whole number of contributions.
            Self::Crowded | Self::Waiting => 10,
            _ => 5 + number % 11,
        }
    }

    /// Whether a contribution is opened, if records are reserved for it.
    pub fn opens(self, number: u32) -> bool {
        match self {
            Self::Served | Self::Crowded => true,
            Self::Lapsing | Self::Open | Self::Closing => number.is_multiple_of(2),
            Self::Waiting => false,
        }
    }

    /// Most records that it pays for, with so many contributions.
    fn records(self, answers: u32) -> u32 {
        let offered: u32 = (0..answers).map(|number| self.rows(number)).sum();
        match self {
            Self::Crowded => answers * 6 / 10 * 10,
            Self::Waiting => (answers / 2).max(1) * 10,
            // Room for what goes on coming while the site is measured.
            Self::Open => (8 * offered).max(200_000),
            _ => offered,
        }
    }
}

/// Posts requests one after the other, as their money comes from one wallet.
pub struct Asking<'a> {
    chain: &'a Chain,
    cast: &'a Cast,
    wallet: Wallet,
    rng: ChaCha20Rng,
    posted: u64,
}

impl<'a> Asking<'a> {
    /// Nothing is posted yet.
    pub fn new(chain: &'a Chain, cast: &'a Cast) -> Self {
        let wallet = Wallet::new(cast.researcher.wallet.clone());
        Self { chain, cast, wallet, rng: ChaCha20Rng::seed_from_u64(4), posted: 0 }
    }

    /// Posts so many requests that live for so many blocks, and waits until their samples are drawn.
    ///
    /// # Errors
    /// When the ledger refuses one.
    pub async fn post(
        &mut self,
        count: u32,
        fate: Fate,
        answers: u32,
        life: u64,
    ) -> Result<Vec<Asked>, Failure> {
        let mut posted = Vec::new();
        for _ in 0..count {
            let (id, tx) = self.posting(fate, answers, life)?;
            self.chain.submit(vec![tx]).await?;
            posted.push(Asked { id, fate, answers });
        }
        while let Some(last) = posted.last()
            && self
                .chain
                .read(|state| RequestRecord::load(state, &last.id))?
                .and_then(|record| record.drawn)
                .is_none()
        {
            self.chain.pass_to(self.chain.node().height().get() + 1).await?;
        }
        Ok(posted)
    }

    fn posting(&mut self, fate: Fate, answers: u32, life: u64) -> Result<(RequestId, Vec<u8>), Failure> {
        let (chain, height) = (self.chain.node().genesis().chain_id(), self.chain.node().height());
        let (key, researcher) = (&self.chain.config.auditor.amounts.key, &self.cast.researcher);
        let mut wish = wish(1, Height::new(height.get() + life));
        wish.max_records = Records::new(fate.records(answers))?;
        self.posted += 1;
        wish.title = format!("Cohort {} of patients after a first finding", self.posted);
        let (wallet, rng) = (&mut self.wallet, &mut self.rng);
        let own = |state: &dyn StateRead, request: &RequestId| {
            researcher.price(&chain, &RequestRecord::load(state, request)?.request)
        };
        let made = self.chain.node().read(|state, _| -> Result<_, Failure> {
            let request = researcher.request(&chain, key, &query::sellers(state), wish, rng)?;
            wallet.scan(state, &own);
            let price = researcher.price(&chain, &request).ok_or("a price that cannot be opened")?;
            let id = request.id(&chain);
            let at = At { state, chain: &chain, authority: key };
            let funding = wallet.fund(at, &id, (price, request.max_records), rng)?;
            Ok((id, PostRequest { request, funding }))
        })?;
        let (id, posting) = made?;
        let action = (Action::PostRequest(posting), self.posted);
        Ok((id, self.cast.order(&chain, action, height, &[&researcher.account]).to_bytes()))
    }
}
