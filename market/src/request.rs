//! A request: what is asked, of how many chunks, for how much, until when.

use galen_circuits::contribution::Limits;
use galen_circuits::field::from_wide;
use galen_circuits::jubjub::{Possession, PublicKey};
use galen_circuits::request::Terms;
use galen_circuits::schema::Schema;
use galen_ledger::{ChainId, Height};
use serde::{Deserialize, Serialize};

use crate::amount::Records;
use crate::codec::{Canonical, canonical};
use crate::fault::RequestFault;
use crate::id::{AccountKey, RequestId, SchemaId};
use crate::notes::group::Point;
use crate::notes::payee::Payee;
use crate::notes::price::SealedPrice;

/// Longest title, in bytes.
pub const MAX_TITLE: usize = 200;
/// Most chunks of a sample: a contribution to it then stays within the largest transaction, however many rows match.
/// (A chunk costs 224 bytes of scan and, at worst, 64/56 blocks of 288 bytes.)
pub const MAX_SAMPLE: u32 = 448;

/// All of a request. Its digest is the request's id, which γ and every nullifier contain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The researcher's account: signs, pays, and is accredited.
    pub account: AccountKey,
    /// What it is about, for people.
    pub title: String,
    /// What circuits see.
    pub terms: Terms,
    /// Chunks scanned of each seller.
    pub sample: u32,
    /// Limits on suppression and loss.
    pub limits: Limits,
    /// Price of one record, which the sellers of [`crate::registry::sellers`] read.
    pub price: SealedPrice,
    /// Most records paid for.
    pub max_records: Records,
    /// The last height that takes contributions.
    pub deadline: Height,
    /// Key that data keys are encapsulated to.
    pub buyer: PublicKey,
    /// That somebody knows its secret, for [`possession_context`].
    pub possession: Possession,
    /// Who gets back what was not spent.
    pub refund: Payee,
    /// Makes two equal requests two.
    pub nonce: [u8; 32],
}

canonical!(struct Request {
    account, title, terms, sample, limits, price, max_records, deadline, buyer, possession, refund, nonce,
});

/// What a buyer's proof of possession is for: this chain and this account, so that no one can lend it.
pub fn possession_context(chain: &ChainId, account: &AccountKey) -> Vec<u8> {
    [b"galen 2026 request buyer key".as_slice(), chain.as_bytes(), account.as_bytes()].concat()
}

/// What a sealed price is bound to: this chain, this account, and this one of its requests.
pub fn price_context(chain: &ChainId, account: &AccountKey, nonce: &[u8; 32]) -> [u8; 32] {
    let bytes = [chain.as_bytes().as_slice(), account.as_bytes(), nonce].concat();
    blake3::derive_key("galen 2026 request price context v1", &bytes)
}

impl Request {
    /// The request's name on a chain.
    pub fn id(&self, chain: &ChainId) -> RequestId {
        let mut wide = [0; 64];
        blake3::Hasher::new_derive_key("galen 2026 market request id v1")
            .update(chain.as_bytes())
            .update(&self.to_canonical())
            .finalize_xof()
            .fill(&mut wide);
        RequestId::new(from_wide(&wide))
    }

    /// Its schema's name.
    pub fn schema(&self) -> SchemaId {
        SchemaId::new(self.terms.schema)
    }

    /// What the sealed price is bound to.
    pub fn price_context(&self, chain: &ChainId) -> [u8; 32] {
        price_context(chain, &self.account, &self.nonce)
    }

    /// What can be said of a request without the ledger's state. K is the authority's.
    ///
    /// # Errors
    /// The first [`RequestFault`].
    pub fn check(&self, chain: &ChainId, authority: &Point) -> Result<(), RequestFault> {
        let visible = self.title.trim().len();
        if visible == 0 || self.title.len() > MAX_TITLE || self.title.chars().any(char::is_control) {
            return Err(RequestFault::Title);
        }
        self.terms.check()?;
        if self.sample == 0 || self.sample > MAX_SAMPLE {
            return Err(RequestFault::Sample { sample: self.sample, most: MAX_SAMPLE });
        }
        if self.limits.max_suppressed_per_mille > 1000 {
            return Err(RequestFault::Suppression(self.limits.max_suppressed_per_mille));
        }
        if self.max_records == Records::ZERO {
            return Err(RequestFault::Records);
        }
        self.possession.verify(&self.buyer, &possession_context(chain, &self.account))?;
        if self.refund.holds(chain, authority) { Ok(()) } else { Err(RequestFault::Refund) }
    }

    /// Whether a schema permits it: its floors and ceilings, what may be released, and a quarter of a dataset at most.
    ///
    /// # Errors
    /// The first [`RequestFault`].
    pub fn check_policy(&self, schema: &Schema) -> Result<(), RequestFault> {
        let terms = &self.terms;
        let quasi: Vec<u8> = terms.quasi_identifiers.iter().map(|q| q.column).collect();
        schema.permits(terms.k, terms.l, terms.alpha, &quasi, terms.sensitive, &terms.released)?;
        terms.predicate.check(schema)?;
        let most = schema.min_chunks() / 4;
        if self.sample > most {
            return Err(RequestFault::Sample { sample: self.sample, most });
        }
        self.check_weights(schema)
    }

    /// The loss must count what the schema counts: with smaller weights, boxes as wide as the domain would be free.
    fn check_weights(&self, schema: &Schema) -> Result<(), RequestFault> {
        let light = self.terms.quasi_identifiers.iter().find(|q| {
            let least = schema.column(q.column).map_or(0, |column| column.weight);
            q.weight < least.max(1)
        });
        light.map_or(Ok(()), |q| Err(RequestFault::Weight(q.column)))
    }
}
