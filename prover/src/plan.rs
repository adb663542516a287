//! Planning: from a committed dataset and a request to the assignments of every proof.
//!
//! In order: [`Run::draw`] finds the run that the ledger drew and the rows that it selects; somebody groups them into
//! classes ([`Grouping`]); [`plan`] lays them out in blocks, fixes the header, draws γ, and walks the chain of states with
//! the native twins. Nothing here is random but by `entropy`: the same inputs give the same plan, so that a job that was
//! killed goes on with the proofs that it has.

mod blocks;
mod run;

use galen_circuits::contribution::{
    BlockHeader, Challenge, Contribution, Header, Payout, Statement, blob_bytes,
};
use galen_circuits::dataset::Dataset;
use galen_circuits::field::{F, from_wide, to_bytes};
use galen_circuits::groth16::Proof;
use galen_circuits::jubjub::{Ephemeral, Sealed};
use galen_circuits::merkle::Path;
use galen_circuits::registry;
use galen_circuits::release::{
    self, BlockRow, ReleaseCircuit, ReleaseFault, ReleasePrivate, cipher, rows_commitment,
};
use galen_circuits::scan::{self, ScanCircuit, ScanFault, ScanPrivate};
use galen_circuits::seal::{SealCircuit, SealPrivate, TO_AUDITOR, TO_BUYER};
use galen_circuits::state::{State, fresh_blind};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

pub use blocks::{Class, Grouping, LayoutFault};
pub use run::Run;

/// What a hospital needs to sell, besides its rows.
pub struct Seller {
    /// The seller's secret.
    pub secret: F,
    /// Salt of the committed body.
    pub salt: F,
    /// Seed of data keys: never leaves the hospital.
    pub key_seed: [u8; 32],
}

impl std::fmt::Debug for Seller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seller(..)")
    }
}

/// Where the ledger has the seller: paths to the request's anchor and to the recent tree of standing.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Path of the dataset's leaf in the anchor.
    pub dataset_path: Path,
    /// Root of the recent tree of standing.
    pub recent: F,
    /// Path of the standing leaf.
    pub standing_path: Path,
}

/// Why nothing can be planned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanFault {
    /// The run's chunks are not in order.
    #[error("chunk {index} of the run: {fault}")]
    Scan {
        /// Index in the run.
        index: usize,
        /// What the scan found.
        fault: ScanFault,
    },
    /// A block that no circuit would accept.
    #[error("release block {index}: {fault}")]
    Release {
        /// Index of the block.
        index: usize,
        /// What the release found.
        fault: ReleaseFault,
    },
    /// The grouping is not of the rows that the run selects.
    #[error(transparent)]
    Layout(#[from] LayoutFault),
    /// The dataset has a chunk outside its tree.
    #[error(transparent)]
    Tree(#[from] galen_circuits::merkle::OutsideTree),
}

/// Every assignment of a contribution, and what is published with the proofs.
#[derive(Debug)]
pub struct Plan {
    /// The header that γ is drawn from.
    pub header: Header,
    /// γ and the contribution's id.
    pub challenge: Challenge,
    /// Commitments to the states between proofs.
    pub states: Vec<F>,
    /// The scans, in order.
    pub scans: Vec<ScanCircuit>,
    /// The releases, in order.
    pub releases: Vec<ReleaseCircuit>,
    /// The seal.
    pub seal: SealCircuit,
    /// The ciphertext of all blocks.
    pub blob: Vec<u8>,
    /// The encapsulation to the buyer: to be shown once the contribution is accepted, never before.
    pub encapsulation: Sealed,
}

impl Plan {
    /// Number of proofs.
    pub fn proofs(&self) -> usize {
        self.scans.len() + self.releases.len() + 1
    }

    /// The contribution with its proofs, in the order of the circuits.
    pub fn contribution(&self, scans: Vec<Proof>, releases: Vec<Proof>, seal: Proof) -> Contribution {
        Contribution { header: self.header.clone(), states: self.states.clone(), scans, releases, seal }
    }
}

/// Plans a contribution. `entropy` blinds it and must be secret and fresh for each contribution.
///
/// # Errors
/// [`PlanFault`] for rows, classes or order that the circuits would refuse.
pub fn plan(
    statement: &Statement,
    dataset: &Dataset,
    seller: &Seller,
    standing: &Standing,
    run: &Run,
    grouping: &Grouping,
    payout: Payout,
    entropy: &[u8; 32],
) -> Result<Plan, PlanFault> {
    let blocks = blocks::lay_out(&statement.terms, &run.selected(dataset, &statement.terms), grouping)?;
    let plaintexts: Vec<Vec<F>> =
        blocks.iter().map(|block| cipher::plaintext(&statement.terms, block)).collect();
    let key = data_key(&seller.key_seed, statement, &plaintexts);
    let mut rng = bound_rng(entropy, statement, key);

    let key_blind = fresh_blind(&mut rng);
    let rows_blinds: Vec<F> = blocks.iter().map(|_| fresh_blind(&mut rng)).collect();
    let ciphertexts: Vec<Vec<F>> =
        (0u64..).zip(&plaintexts).map(|(index, plaintext)| cipher::encrypt(key, index, plaintext)).collect();
    let to_buyer = Ephemeral::generate(&mut rng);
    let to_auditor = Ephemeral::generate(&mut rng);
    let encapsulation = to_buyer.seal(TO_BUYER, &statement.buyer, key);
    let name = registry::seller(seller.secret);
    let totals = walk_totals(statement, &blocks)?;
    let header = Header {
        recent: standing.recent,
        run: run.opening.commitment(),
        nullifier: registry::nullifier(seller.secret, statement.request_id),
        blocks: blocks
            .iter()
            .zip(&rows_blinds)
            .zip(&ciphertexts)
            .map(|((rows, blind), ciphertext)| BlockHeader {
                rows: rows_commitment(rows, *blind),
                ciphertext: cipher::ciphertext_hash(ciphertext),
            })
            .collect(),
        totals,
        key_commitment: cipher::key_commitment(key, key_blind),
        encapsulation: encapsulation.digest(),
        identity: to_auditor.seal(TO_AUDITOR, &statement.auditor, name),
        payout,
    };
    let challenge = Challenge::draw(statement, &header);

    let mut walk = Walk::new(&mut rng, statement.sample as usize + blocks.len());
    let scans = walk.scans(statement, &header, &challenge, dataset, run)?;
    let secrets = BlockSecrets { key, key_blind, rows_blinds };
    let releases = walk.releases(statement, &header, &challenge, blocks, &secrets)?;
    let seal = SealCircuit {
        public: header.seal(statement, &challenge),
        private: SealPrivate {
            seller_secret: seller.secret,
            salt: seller.salt,
            run: run.opening,
            quotient: run.draw.quotient,
            draw: run.draw.bits.clone(),
            dataset_path: standing.dataset_path.clone(),
            standing_path: standing.standing_path.clone(),
            key,
            key_blind,
            to_buyer,
            to_auditor,
        },
    };
    let states = walk.between();
    Ok(Plan {
        header,
        challenge,
        states,
        scans,
        releases,
        seal,
        blob: blob_bytes(&ciphertexts),
        encapsulation,
    })
}

/// The data key: a pseudo-random function of the seller's seed over request and all plaintext. Other content, other key.
fn data_key(seed: &[u8; 32], statement: &Statement, plaintexts: &[Vec<F>]) -> F {
    let mut hasher = blake3::Hasher::new_keyed(seed);
    hasher.update(b"galen data key v1").update(&to_bytes(&statement.request_id));
    plaintexts.iter().flatten().for_each(|element| {
        hasher.update(&to_bytes(element));
    });
    let mut wide = [0u8; 64];
    hasher.finalize_xof().fill(&mut wide);
    from_wide(&wide)
}

/// Randomness that no other request and no other content shares, whatever `entropy` is.
fn bound_rng(entropy: &[u8; 32], statement: &Statement, key: F) -> ChaCha20Rng {
    let mut hasher = blake3::Hasher::new_keyed(entropy);
    hasher.update(b"galen plan v1").update(&to_bytes(&statement.request_id)).update(&to_bytes(&key));
    ChaCha20Rng::from_seed(*hasher.finalize().as_bytes())
}

fn walk_totals(
    statement: &Statement,
    blocks: &[Vec<BlockRow>],
) -> Result<galen_circuits::state::Totals, PlanFault> {
    // Totals do not depend on γ: any challenge that is no word will do.
    let gamma = -F::from(1u64);
    let mut state = State::first();
    for (index, rows) in blocks.iter().enumerate() {
        let last = index + 1 == blocks.len();
        state = release::step(&statement.terms, gamma, &state, rows, last)
            .map_err(|fault| PlanFault::Release { index, fault })?;
    }
    Ok(state.totals)
}

struct BlockSecrets {
    key: F,
    key_blind: F,
    rows_blinds: Vec<F>,
}

/// The chain of states while proofs are laid along it.
struct Walk {
    state: State,
    /// One blinding factor for each state, the first and the last 0.
    blinds: Vec<F>,
    commitments: Vec<F>,
}

impl Walk {
    fn new(rng: &mut ChaCha20Rng, proofs: usize) -> Self {
        let mut blinds = vec![F::from(0u64)];
        blinds.extend((1..proofs).map(|_| fresh_blind(rng)));
        blinds.push(F::from(0u64));
        let state = State::first();
        Self { state, blinds, commitments: vec![state.commit_in_the_clear()] }
    }

    /// Moves to `next`; gives the state before, both blinding factors and both commitments.
    fn advance(&mut self, next: State) -> (State, [F; 2], [F; 2]) {
        let at = self.commitments.len() - 1;
        let commitment = next.commit(self.blinds[at + 1]);
        let before = std::mem::replace(&mut self.state, next);
        let links = [self.commitments[at], commitment];
        self.commitments.push(commitment);
        (before, [self.blinds[at], self.blinds[at + 1]], links)
    }

    fn between(self) -> Vec<F> {
        let inner = self.commitments.len() - 1;
        self.commitments.into_iter().take(inner).skip(1).collect()
    }

    fn scans(
        &mut self,
        statement: &Statement,
        header: &Header,
        challenge: &Challenge,
        dataset: &Dataset,
        run: &Run,
    ) -> Result<Vec<ScanCircuit>, PlanFault> {
        let mut scans = Vec::with_capacity(statement.sample as usize);
        for index in 0..u64::from(statement.sample) {
            let (position, wrapped) = run.opening.position(index);
            let chunk = run.chunk(dataset, index);
            let next = scan::step(&statement.terms, challenge.gamma, &self.state, position, chunk.rows())
                .map_err(|fault| PlanFault::Scan { index: index as usize, fault })?;
            let (state, [blind_in, blind_out], links) = self.advance(next);
            scans.push(ScanCircuit {
                public: header.scan(statement, challenge, index, links),
                private: ScanPrivate {
                    terms: statement.terms.clone(),
                    run: run.opening,
                    wrapped,
                    words: chunk.words().to_vec(),
                    path: dataset.path(position)?,
                    state,
                    blind_in,
                    blind_out,
                },
            });
        }
        Ok(scans)
    }

    fn releases(
        &mut self,
        statement: &Statement,
        header: &Header,
        challenge: &Challenge,
        blocks: Vec<Vec<BlockRow>>,
        secrets: &BlockSecrets,
    ) -> Result<Vec<ReleaseCircuit>, PlanFault> {
        let count = blocks.len();
        let mut releases = Vec::with_capacity(count);
        for (index, (rows, rows_blind)) in blocks.into_iter().zip(&secrets.rows_blinds).enumerate() {
            let next =
                release::step(&statement.terms, challenge.gamma, &self.state, &rows, index + 1 == count)
                    .map_err(|fault| PlanFault::Release { index, fault })?;
            let (state, [blind_in, blind_out], links) = self.advance(next);
            let public = header
                .release(statement, challenge, index, links)
                .expect("the header was made of these blocks");
            releases.push(ReleaseCircuit {
                public,
                private: ReleasePrivate {
                    terms: statement.terms.clone(),
                    key: secrets.key,
                    key_blind: secrets.key_blind,
                    rows,
                    rows_blind: *rows_blind,
                    state,
                    blind_in,
                    blind_out,
                },
            });
        }
        Ok(releases)
    }
}
