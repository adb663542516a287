//! The hospital: what it keeps secret, what it signs, and when it opens.

mod answer;
mod kept;
mod register;

use galen_circuits::contribution::{Challenge, Contribution, Payout as HeaderPayout, Statement};
use galen_circuits::field::{F, from_wide};
use galen_circuits::jubjub::{PublicKey, Sealed};
use galen_circuits::knowledge::{self, Knowledge};
use galen_circuits::registry::{nullifier, seller};
use galen_circuits::seal::SealCircuit;
use galen_ledger::{BlobHash, ChainId, StateRead};
use rand::{CryptoRng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::action::accredit_hospital::knowledge_context;
use crate::action::{AccreditHospital, Action, CommitDataset};
use crate::id::{ContributionId, Nullifier, RequestId, SchemaId, SellerName};
use crate::notes::group::Point;
use crate::notes::keys::OwnerKeys;
use crate::notes::note::Opening as PriceOpening;
use crate::notes::payee::{Payee, PayeeSecret};
use crate::notes::price::SealingSecret;
use crate::record::{ContributionRecord, RequestRecord, Status};
use crate::sign::Signer;
use crate::transaction::{Opening, SignedContribution, Transaction};

pub use answer::Answer;
pub use kept::{Damaged, KeptSale};
pub use register::Register;

/// A hospital's secrets, all from one seed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HospitalKeys {
    seed: [u8; 32],
}

impl std::fmt::Debug for HospitalKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HospitalKeys({})", self.account().key())
    }
}

impl HospitalKeys {
    /// Fresh secrets.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Self { seed }
    }

    /// The secrets of a seed: 32 uniform bytes that never leave the hospital.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed }
    }

    /// The account that is accredited and signs commitments.
    pub fn account(&self) -> Signer {
        Signer::from_seed(blake3::derive_key("galen 2026 hospital account", &self.seed))
    }

    /// The secret behind the seller's name.
    pub fn seller_secret(&self) -> F {
        let mut wide = [0; 64];
        blake3::Hasher::new_derive_key("galen 2026 hospital seller secret")
            .update(&self.seed)
            .finalize_xof()
            .fill(&mut wide);
        let secret = from_wide(&wide);
        wide.zeroize();
        secret
    }

    /// The seller's public name.
    pub fn seller_name(&self) -> SellerName {
        SellerName::new(seller(self.seller_secret()))
    }

    /// The seed of data keys.
    pub fn key_seed(&self) -> [u8; 32] {
        blake3::derive_key("galen 2026 hospital data keys", &self.seed)
    }

    /// The hospital's one use of a request.
    pub fn nullifier(&self, request: &RequestId) -> Nullifier {
        Nullifier::new(nullifier(self.seller_secret(), request.field()))
    }

    /// The keys of its wallet.
    pub fn wallet(&self) -> OwnerKeys {
        OwnerKeys::from_seed(&blake3::derive_key("galen 2026 hospital wallet", &self.seed))
    }

    /// What it reads prices with.
    pub fn sealing(&self) -> SealingSecret {
        SealingSecret::from_seed(&blake3::derive_key("galen 2026 hospital price key", &self.seed))
    }

    /// The price of a request, and its opening. None for a request that was posted before this hospital was among the sellers.
    pub fn price(
        &self,
        state: &(impl StateRead + ?Sized),
        chain: &ChainId,
        id: &RequestId,
    ) -> Option<PriceOpening> {
        let record = RequestRecord::load(state, id)?;
        let place = record.sellers.iter().position(|seller| *seller == self.account().key())?;
        record.request.price.open(&record.request.price_context(chain), &self.sealing(), place)
    }

    /// Who is paid for a contribution; `attempt` counts what was refused before.
    pub fn payout(&self, chain: &ChainId, authority: &Point, request: &RequestId, attempt: u32) -> Payout {
        let mut seed = [0; 32];
        blake3::Hasher::new_derive_key("galen 2026 hospital payout key")
            .update(&self.seed)
            .update(&request.to_bytes())
            .update(&attempt.to_le_bytes())
            .finalize_xof()
            .fill(&mut seed);
        Payout::new(chain, authority, &self.wallet(), &mut ChaCha20Rng::from_seed(seed))
    }

    /// The seal that shows, at accreditation, that this hospital knows the secret behind its name.
    pub fn knowledge(&self, chain: &ChainId, auditor: &PublicKey) -> SealCircuit {
        let context = knowledge_context(chain, &self.account().key());
        knowledge::circuit(&context, self.seller_secret(), auditor)
    }

    /// What governance is asked to sign, with this hospital's account. `knowledge` is proven from [`Self::knowledge`].
    pub fn accreditation(
        &self,
        chain: &ChainId,
        name: &str,
        schemas: Vec<SchemaId>,
        knowledge: Knowledge,
    ) -> Action {
        Action::AccreditHospital(AccreditHospital {
            account: self.account().key(),
            name: name.to_owned(),
            seller: self.seller_name(),
            schemas,
            knowledge,
            sealing: self.sealing().key(&knowledge_context(chain, &self.account().key())),
        })
    }

    /// A commitment to a dataset's body.
    pub fn commitment(&self, schema: SchemaId, body: F) -> Action {
        Action::CommitDataset(CommitDataset { account: self.account().key(), schema, body })
    }
}

/// Who is paid for one contribution, with the secrets that sign it and spend what it is paid.
#[derive(Clone, Copy, Debug)]
pub struct Payout {
    /// Goes into the transaction.
    pub payee: Payee,
    /// Stays.
    pub secret: PayeeSecret,
}

impl Payout {
    /// A payee of somebody's keys. `rng` decides the one-time key: the same one, the same payee.
    pub fn new(
        chain: &ChainId,
        authority: &Point,
        keys: &OwnerKeys,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Self {
        loop {
            let payee = Payee::new(chain, authority, &keys.address(), rng);
            let secret = payee.and_then(|payee| payee.secret(keys));
            // All but certain the first time.
            if let (Some(payee), Some(secret)) = (payee, secret) {
                return Self { payee, secret };
            }
        }
    }

    /// What the header of its contribution holds.
    pub fn header(&self) -> HeaderPayout {
        HeaderPayout { key: *self.payee.owner.key.as_bytes(), memo: self.payee.digest() }
    }
}

/// A contribution that is ready to be sent, and what opens it later.
#[derive(Clone, Debug)]
pub struct Sale {
    /// The transaction. Send it, and the blob, through a member drawn at random, never one's own.
    pub transaction: Transaction,
    /// The contribution's name.
    pub id: ContributionId,
    /// To be shown once the contribution is reserved, and not before: keep it.
    pub encapsulation: Sealed,
}

impl Sale {
    /// Signs a contribution with its payout key.
    pub fn new(
        chain: &ChainId,
        request: RequestId,
        statement: &Statement,
        contribution: Contribution,
        blob: &[u8],
        encapsulation: Sealed,
        payout: &Payout,
    ) -> Self {
        let id = ContributionId::from_bytes(Challenge::draw(statement, &contribution.header).id);
        let signed = SignedContribution::new(
            chain,
            request,
            contribution,
            BlobHash::of(blob),
            (&payout.payee, &payout.secret),
        );
        Self { transaction: Transaction::Contribute(signed), id, encapsulation }
    }

    /// What to do about it now.
    pub fn advice(&self, state: &(impl StateRead + ?Sized), height: u64, open_window: u64) -> Advice {
        advise(state, &self.id, self.encapsulation, height, open_window)
    }
}

/// What to do about a contribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The ledger has not accepted it (yet).
    Unknown,
    /// It waits; do not open.
    Wait,
    /// Send this to f + 1 members at once, over fresh connections.
    Open(Transaction),
    /// Less than half the window is left: an opening might be seen and not be paid. The lapse is recorded; after it, an
    /// opening is paid only while the escrow is free, so showing the key is a risk of one's own.
    TooLate,
    /// Paid.
    Paid,
    /// It will not be paid.
    Lost,
}

/// What to do about a contribution, given what opens it.
pub fn advise(
    state: &(impl StateRead + ?Sized),
    id: &ContributionId,
    encapsulation: Sealed,
    height: u64,
    open_window: u64,
) -> Advice {
    let Some(record) = ContributionRecord::load(state, id) else { return Advice::Unknown };
    match record.status {
        Status::Waiting => Advice::Wait,
        Status::Paid { .. } => Advice::Paid,
        Status::Lapsed { .. } | Status::Unserved { .. } => Advice::Lost,
        Status::Reserved { until } if until.saturating_sub(height) < open_window / 2 => Advice::TooLate,
        Status::Reserved { .. } => {
            Advice::Open(Transaction::Open(Opening { contribution: *id, encapsulation }))
        }
    }
}
