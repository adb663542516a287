//! The researcher: asks, and reads what was bought.

use curve25519_dalek::Scalar;
use galen_circuits::contribution::{Limits, blob_elements};
use galen_circuits::field::F;
use galen_circuits::jubjub::{KeyFault, SecretKey};
use galen_circuits::release::cipher::{DeliveredRow, NotARow, decrypt};
use galen_circuits::request::Terms;
use galen_circuits::seal::TO_BUYER;
use galen_ledger::{BlobError, Blobs, ChainId, Height, StateRead};
use rand::{CryptoRng, RngCore};

use crate::agent::hospital::Payout;
use crate::amount::{Amount, Records};
use crate::id::{ContributionId, RequestId};
use crate::notes::group::{Point, hash_to_scalar};
use crate::notes::keys::OwnerKeys;
use crate::notes::note::Opening as PriceOpening;
use crate::notes::price::{PriceFault, SealedPrice};
use crate::query::contributions_of;
use crate::record::{ContributionRecord, RequestRecord, Status};
use crate::registry::sellers::PriceSeller;
use crate::request::{Request, possession_context, price_context};
use crate::sign::Signer;

/// A researcher's secrets, all from one seed.
pub struct ResearcherKeys {
    /// The account that is accredited, pays and signs.
    pub account: Signer,
    /// What data keys are encapsulated to.
    pub buyer: SecretKey,
    /// The keys of its wallet.
    pub wallet: OwnerKeys,
    /// What prices are sealed with.
    prices: [u8; 32],
}

impl std::fmt::Debug for ResearcherKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ResearcherKeys({})", self.account.key())
    }
}

/// What a researcher decides about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What it is about, for people.
    pub title: String,
    /// Who and what.
    pub terms: Terms,
    /// Chunks scanned of each seller.
    pub sample: u32,
    /// Limits on suppression and loss.
    pub limits: Limits,
    /// Price of one record.
    pub price: Amount,
    /// Most records paid for.
    pub max_records: Records,
    /// The last height that takes contributions.
    pub deadline: Height,
}

impl ResearcherKeys {
    /// Fresh secrets.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Self::from_seed(&seed)
    }

    /// The secrets of a seed: 32 uniform bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let mut wide = [0; 64];
        blake3::Hasher::new_derive_key("galen 2026 researcher buyer key")
            .update(seed)
            .finalize_xof()
            .fill(&mut wide);
        let account = Signer::from_seed(blake3::derive_key("galen 2026 researcher account", seed));
        let wallet = OwnerKeys::from_seed(&blake3::derive_key("galen 2026 researcher wallet", seed));
        let prices = blake3::derive_key("galen 2026 researcher prices", seed);
        Self { account, buyer: SecretKey::from_wide(&wide), wallet, prices }
    }

    /// The request for a wish on a chain, with its price sealed to these sellers; what is not spent comes back to this
    /// researcher's wallet.
    ///
    /// # Errors
    /// [`PriceFault`], for a price that is none.
    pub fn request(
        &self,
        chain: &ChainId,
        authority: &Point,
        sellers: &[PriceSeller],
        wish: Wish,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Request, PriceFault> {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        let account = self.account.key();
        let context = price_context(chain, &account, &nonce);
        let sellers: Vec<Point> = sellers.iter().map(|seller| seller.key).collect();
        let (price, _) = SealedPrice::new(
            &context,
            authority,
            wish.price.get(),
            &self.price_secret(&nonce),
            &sellers,
            rng,
        )?;
        let refund = Payout::new(chain, authority, &self.wallet, rng).payee;
        let Wish { title, terms, sample, limits, price: _, max_records, deadline } = wish;
        Ok(Request {
            account,
            title,
            terms,
            sample,
            limits,
            price,
            max_records,
            deadline,
            buyer: self.buyer.public(),
            possession: self.buyer.prove_possession(&possession_context(chain, &account)),
            refund,
            nonce,
        })
    }

    /// y of a request with this nonce.
    fn price_secret(&self, nonce: &[u8; 32]) -> Scalar {
        hash_to_scalar("galen 2026 researcher price v1", &[&self.prices, nonce])
    }

    /// The price of a request of this researcher's, and its opening.
    pub fn price(&self, chain: &ChainId, request: &Request) -> Option<PriceOpening> {
        request.price.reopen(&request.price_context(chain), &self.price_secret(&request.nonce))
    }
}

/// What one contribution delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The contribution.
    pub contribution: ContributionId,
    /// What the ledger keeps of it.
    pub record: ContributionRecord,
    /// Its released rows, in order.
    pub rows: Vec<DeliveredRow>,
}

/// What was bought cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectFault {
    /// No such request.
    #[error("request {0} is not known")]
    NoRequest(RequestId),
    /// The encapsulation is no point, or for another key.
    #[error("the data key of contribution {0} cannot be opened: {1}")]
    Key(ContributionId, KeyFault),
    /// The ciphertext is not here (yet).
    #[error("the ciphertext of contribution {0} is not here")]
    Missing(ContributionId),
    /// The store failed.
    #[error("the ciphertext of contribution {0} cannot be read: {1}")]
    Store(ContributionId, BlobError),
    /// The ciphertext has the wrong size, or an element that is not canonical.
    #[error("the ciphertext of contribution {0} is damaged")]
    Damaged(ContributionId),
    /// The key opens nothing that was proven: it is another buyer's.
    #[error("contribution {0}: {1}")]
    NotARow(ContributionId, NotARow),
    /// Fewer or more rows than were proven and paid.
    #[error("contribution {contribution} delivered {found} rows instead of {expected}")]
    Count {
        /// The contribution.
        contribution: ContributionId,
        /// Rows read.
        found: usize,
        /// Rows paid for.
        expected: u32,
    },
}

/// Reads everything of a request that was opened and paid.
///
/// # Errors
/// The first [`CollectFault`].
pub fn collect(
    state: &(impl StateRead + ?Sized),
    blobs: &dyn Blobs,
    buyer: &SecretKey,
    request: &RequestId,
) -> Result<Vec<Delivery>, CollectFault> {
    let terms = RequestRecord::load(state, request).ok_or(CollectFault::NoRequest(*request))?.request.terms;
    let mut deliveries = Vec::new();
    for view in contributions_of(state, request) {
        if let Status::Paid { encapsulation, .. } = view.record.status {
            let key =
                buyer.open(TO_BUYER, &encapsulation).map_err(|fault| CollectFault::Key(view.id, fault))?;
            let rows = read(&terms, blobs, key, &view.id, &view.record)?;
            deliveries.push(Delivery { contribution: view.id, record: view.record, rows });
        }
    }
    Ok(deliveries)
}

fn read(
    terms: &Terms,
    blobs: &dyn Blobs,
    key: F,
    id: &ContributionId,
    record: &ContributionRecord,
) -> Result<Vec<DeliveredRow>, CollectFault> {
    let blob = blobs.get(&record.blob).map_err(|fault| CollectFault::Store(*id, fault))?;
    let blob = blob.ok_or(CollectFault::Missing(*id))?;
    let blocks = blob_elements(&blob, record.blocks()).ok_or(CollectFault::Damaged(*id))?;
    let mut rows = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        rows.extend(decrypt(terms, key, index, block).map_err(|fault| CollectFault::NotARow(*id, fault))?);
    }
    let (found, expected) = (rows.len(), record.totals.released);
    if found == expected as usize {
        Ok(rows)
    } else {
        Err(CollectFault::Count { contribution: *id, found, expected })
    }
}
