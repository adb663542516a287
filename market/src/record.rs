//! What the ledger keeps of requests and contributions.

use galen_circuits::contribution::Statement;
use galen_circuits::field::{F, hex_serde};
use galen_circuits::jubjub::Sealed;
use galen_circuits::shape::BLOCK_ROWS;
use galen_circuits::state::Totals;
use galen_ledger::{BlobHash, ChainId, StateRead, TxHash};
use serde::Serialize;

use crate::amount::Records;
use crate::codec::{Canonical, CodecFault, Reader, canonical};
use crate::config::MarketConfig;
use crate::id::{AccountKey, ContributionId, Nullifier, RequestId};
use crate::notes::payee::Payee;
use crate::request::Request;
use crate::state::load;
use crate::state_key;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum Phase {
    /// Until the deadline.
    Open,
    /// After the deadline, while reservations are open.
    Closing,
    /// The money that was left went back.
    Settled {
        /// In which block.
        height: u64,
    },
}

canonical!(enum Phase { 0 => Open, 1 => Closing, 2 => Settled { height } });

/// The sampling beacon of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// Its value, as circuits see it.
    #[serde(with = "hex_serde")]
    pub value: F,
    /// The block in which it became known.
    pub height: u64,
}

canonical!(struct Drawn { value, height });

/// A request on the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestRecord {
    /// As posted.
    pub request: Request,
    /// Who can read its price, in the order of its shares.
    pub sellers: Vec<AccountKey>,
    /// Least chunks of a dataset, from the schema.
    pub min_chunks: u32,
    /// The block that it was posted in.
    pub posted: u64,
    /// That block's time.
    pub posted_ms: u64,
    /// Root of the registry of datasets before that block.
    #[serde(with = "hex_serde")]
    pub anchor: F,
    /// The height after whose block the registry had that root.
    pub anchor_height: u64,
    /// The sampling beacon, once it is known.
    pub drawn: Option<Drawn>,
    /// Where it stands.
    pub phase: Phase,
    /// Records paid.
    pub paid: Records,
    /// Records reserved.
    pub reserved: Records,
    /// Records that wait: at most twice what the request pays for.
    pub waiting: u32,
    /// Contributions accepted so far.
    pub contributions: u32,
}

canonical!(struct RequestRecord {
    request, sellers, min_chunks, posted, posted_ms, anchor, anchor_height, drawn, phase, paid, reserved, waiting, contributions,
});

/// What became of a contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum Status {
    /// It waits for records to become free.
    Waiting,
    /// Its records are kept for it; it may be opened.
    Reserved {
        /// The last height at which it can be opened with certainty.
        until: u64,
    },
    /// It was not opened in time.
    Lapsed {
        /// When.
        height: u64,
    },
    /// Opened and paid.
    Paid {
        /// When.
        height: u64,
        /// The place of the note that pays for it.
        note: u32,
        /// The data key, sealed to the buyer.
        encapsulation: Sealed,
    },
    /// The request was settled before its turn came.
    Unserved {
        /// When.
        height: u64,
    },
}

canonical!(enum Status {
    0 => Waiting,
    1 => Reserved { until },
    2 => Lapsed { height },
    3 => Paid { height, note, encapsulation },
    4 => Unserved { height },
});

/// A contribution on the ledger. The transaction holds its proofs; this is what the market works with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContributionRecord {
    /// The request.
    pub request: RequestId,
    /// Its number among the request's, from 0.
    pub number: u32,
    /// The transaction with all proofs.
    pub tx: TxHash,
    /// The block that accepted it.
    pub height: u64,
    /// The seller's one use of the request.
    pub nullifier: Nullifier,
    /// Who is paid.
    pub payee: Payee,
    /// Rows released and suppressed, and the loss.
    pub totals: Totals,
    /// Digest of the encapsulation to the buyer.
    #[serde(with = "hex_serde")]
    pub encapsulation: F,
    /// The seller's name, sealed to the audit authority.
    pub identity: Sealed,
    /// The ciphertext.
    pub blob: BlobHash,
    /// What became of it.
    pub status: Status,
}

canonical!(struct ContributionRecord {
    request, number, tx, height, nullifier, payee, totals, encapsulation, identity, blob, status,
});

/// What lists show of a contribution. It is read without its payee, whose points take longer to check than all the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContributionGlance {
    /// Its number among the request's, from 0.
    pub number: u32,
    /// The block that accepted it.
    pub height: u64,
    /// Rows released and suppressed, and the loss.
    pub totals: Totals,
    /// What became of it.
    pub status: Status,
}

/// A seller's use of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Spent on a contribution.
    Contributed(ContributionId),
    /// Lost by signing a false proof.
    Muted(ContributionId),
}

canonical!(enum Use { 0 => Contributed(id), 1 => Muted(id) });

/// A lapse on record: repeated ones cost good standing, once the audit authority has opened the identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lapse {
    /// When.
    pub height: u64,
    /// The seller's name, sealed to the audit authority.
    pub identity: Sealed,
}

canonical!(struct Lapse { height, identity });

impl RequestRecord {
    /// The record of a request.
    pub fn load(state: &(impl StateRead + ?Sized), id: &RequestId) -> Option<Self> {
        load(state, &state_key::request(id))
    }

    /// Records that are neither paid nor reserved.
    pub fn left(&self) -> Records {
        let taken = self.request.max_records.minus(self.paid).and_then(|rest| rest.minus(self.reserved));
        taken.expect("no more than max_records are paid and reserved")
    }

    /// What every contribution to it proves; `None` until the sample is drawn.
    pub fn statement(&self, chain: &ChainId, config: &MarketConfig) -> Option<Statement> {
        let request = &self.request;
        Some(Statement {
            chain_id: chain.to_string(),
            request_id: request.id(chain).field(),
            terms: request.terms.clone(),
            min_chunks: u64::from(self.min_chunks),
            anchor: self.anchor,
            beacon: self.drawn?.value,
            sample: request.sample,
            buyer: request.buyer,
            auditor: config.auditor.key,
            limits: request.limits,
        })
    }
}

impl ContributionGlance {
    /// A glance at the record of a contribution.
    pub fn load(state: &(impl StateRead + ?Sized), id: &ContributionId) -> Option<Self> {
        let bytes = state.get(&state_key::contribution(id))?;
        Some(Self::read(&mut Reader::new(&bytes)).expect("the state holds only what this program wrote"))
    }

    /// Reads a [`ContributionRecord`], field by field.
    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        RequestId::read(reader)?;
        let number = u32::read(reader)?;
        TxHash::read(reader)?;
        let height = u64::read(reader)?;
        Nullifier::read(reader)?;
        reader.take(Payee::BYTES)?;
        let totals = Totals::read(reader)?;
        F::read(reader)?;
        Sealed::read(reader)?;
        BlobHash::read(reader)?;
        Ok(Self { number, height, totals, status: Status::read(reader)? })
    }
}

impl From<&ContributionRecord> for ContributionGlance {
    fn from(record: &ContributionRecord) -> Self {
        let ContributionRecord { number, height, totals, status, .. } = *record;
        Self { number, height, totals, status }
    }
}

impl ContributionRecord {
    /// The record of a contribution.
    pub fn load(state: &(impl StateRead + ?Sized), id: &ContributionId) -> Option<Self> {
        load(state, &state_key::contribution(id))
    }

    /// Records that it sells.
    pub fn records(&self) -> Records {
        Records::new(self.totals.released).expect("an accepted contribution fits its request")
    }

    /// Release blocks, one proof each.
    pub fn blocks(&self) -> usize {
        (self.totals.released as usize + self.totals.suppressed as usize).div_ceil(BLOCK_ROWS)
    }
}
