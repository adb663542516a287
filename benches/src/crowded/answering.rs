//! Contributions: all that the ledger looks at is in order, signatures and limits included; the proofs are of something else.

use std::sync::Arc;

use galen_circuits::contribution::{BlockHeader, Contribution, Header, Statement};
use galen_circuits::field::F;
use galen_circuits::groth16::Proof;
use galen_circuits::jubjub::{Coordinates, Sealed};
use galen_circuits::state::Totals;
use galen_market::agent::hospital::{HospitalKeys, Sale};
use galen_market::notes::group::Point;
use galen_market::record::{ContributionRecord, RequestRecord, Status};
use galen_market::transaction::Opening;
use galen_market::{ContributionId, RequestId, Transaction, query};
use rayon::prelude::*;

use super::asking::Asked;
use super::cast::Cast;
use super::chain::Chain;
use crate::listeners::Failure;

/// Contributions that are made at a time, but for requests that have more.
const AT_ONCE: u32 = 2000;
/// Bytes of the ciphertext, which is the same one for all.
const BLOB_BYTES: usize = 4096;

/// What contributions are made with.
#[derive(Clone)]
pub struct Making {
    chain: galen_ledger::ChainId,
    authority: Point,
    hospitals: Arc<Vec<HospitalKeys>>,
    proof: Proof,
    blob: Arc<Vec<u8>>,
}

/// A request as contributions to it see it.
struct Offer {
    request: RequestId,
    statement: Statement,
    recent: F,
}

/// A contribution, and what opens it.
pub struct Made {
    /// The contribution.
    pub tx: Vec<u8>,
    /// Its id.
    pub id: ContributionId,
    /// The opening, once records are reserved.
    pub opening: Vec<u8>,
    opens: bool,
}

impl Making {
    /// With any proof that is well-formed.
    ///
    /// # Errors
    /// When the ciphertext cannot be kept.
    pub fn new(chain: &Chain, cast: &Cast, proof: Proof) -> Result<Self, Failure> {
        let blob = vec![7; BLOB_BYTES];
        chain.blobs().store(&blob)?;
        Ok(Self {
            chain: chain.node().genesis().chain_id(),
            authority: chain.config.auditor.amounts.key,
            hospitals: Arc::new(cast.hospitals.clone()),
            proof,
            blob: Arc::new(blob),
        })
    }

    /// Contributions with these numbers to a request.
    ///
    /// # Errors
    /// When the request takes none.
    pub fn some(
        &self,
        chain: &Chain,
        asked: Asked,
        numbers: std::ops::Range<u32>,
    ) -> Result<Vec<Made>, Failure> {
        let offer = self.offer(chain, asked.id)?;
        Ok(numbers.into_par_iter().map(|number| self.one(&offer, asked, number)).collect())
    }

    fn offer(&self, chain: &Chain, request: RequestId) -> Result<Offer, Failure> {
        let offer = chain.read(|state| {
            let statement = RequestRecord::load(state, &request)?.statement(&self.chain, &chain.config)?;
            let recent = query::recent_roots(state).first()?.root;
            Some(Offer { request, statement, recent })
        })?;
        offer.ok_or_else(|| "a request whose sample is not drawn".into())
    }

    fn one(&self, offer: &Offer, asked: Asked, number: u32) -> Made {
        let keys = &self.hospitals[number as usize % self.hospitals.len()];
        let payout = keys.payout(&self.chain, &self.authority, &offer.request, number);
        let element = |what: u64| F::from(u64::from(number) * 16 + what);
        let sealed = |what: u64| Sealed {
            ephemeral: Coordinates { x: element(what), y: element(what + 1) },
            masked: offer.request.field(),
        };
        let totals = Totals { released: asked.fate.rows(number), suppressed: 0, loss: 40 };
        let blocks = Header::blocks_for(&totals);
        let block = BlockHeader { rows: element(0), ciphertext: element(1) };
        let header = Header {
            recent: offer.recent,
            run: element(2),
            nullifier: element(3),
            blocks: vec![block; blocks],
            totals,
            key_commitment: element(4),
            encapsulation: sealed(5).digest(),
            identity: sealed(7),
            payout: payout.header(),
        };
        let scans = offer.statement.sample as usize;
        let contribution = Contribution {
            header,
            states: vec![element(9); scans + blocks - 1],
            scans: vec![self.proof.clone(); scans],
            releases: vec![self.proof.clone(); blocks],
            seal: self.proof.clone(),
        };
        let (blob, encapsulation) = (self.blob.as_slice(), sealed(5));
        let sale = Sale::new(
            &self.chain,
            offer.request,
            &offer.statement,
            contribution,
            blob,
            encapsulation,
            &payout,
        );
        let opening = Opening { contribution: sale.id, encapsulation };
        Made {
            tx: sale.transaction.to_bytes(),
            id: sale.id,
            opening: Transaction::Open(opening).to_bytes(),
            opens: asked.fate.opens(number),
        }
    }
}

/// Gives these requests their contributions, and opens those that are to be opened.
///
/// # Errors
/// When the ledger refuses one.
pub async fn answer(chain: &Arc<Chain>, making: &Making, asked: &[Asked]) -> Result<(), Failure> {
    let mut groups = vec![Vec::new()];
    let mut planned = 0;
    for request in asked {
        if planned + request.answers > AT_ONCE && planned > 0 {
            groups.push(Vec::new());
            planned = 0;
        }
        planned += request.answers;
        groups.last_mut().ok_or("no group")?.push(*request);
    }
    let mut ahead = None;
    for group in groups.into_iter().map(Some).chain([None]) {
        // While the ledger works on one group the next is made.
        let (chain_of_next, making) = (Arc::clone(chain), making.clone());
        let next =
            group.map(|group| tokio::task::spawn_blocking(move || all(&chain_of_next, &making, &group)));
        if let Some(made) = ahead.take() {
            hand_in(chain, made).await?;
        }
        ahead = match next {
            Some(next) => Some(next.await??),
            None => None,
        };
    }
    Ok(())
}

fn all(chain: &Chain, making: &Making, asked: &[Asked]) -> Result<Vec<Made>, Failure> {
    let mut made = Vec::new();
    for request in asked {
        made.extend(making.some(chain, *request, 0..request.answers)?);
    }
    Ok(made)
}

async fn hand_in(chain: &Chain, made: Vec<Made>) -> Result<(), Failure> {
    let (mut txs, mut openings) = (Vec::new(), Vec::new());
    for Made { tx, id, opening, opens } in made {
        txs.push(tx);
        if opens {
            openings.push((id, opening));
        }
    }
    chain.submit(txs).await?;
    let reserved = chain.read(|state| {
        let is_reserved = |id: &ContributionId| {
            let record = ContributionRecord::load(state, id);
            record.is_some_and(|record| matches!(record.status, Status::Reserved { .. }))
        };
        openings.into_iter().filter(|(id, _)| is_reserved(id)).map(|(_, opening)| opening).collect()
    })?;
    chain.submit(reserved).await
}
