//! Verifying a contribution: cheap checks, then the seal, then all other proofs in one batch.

use super::{Challenge, Contribution, Header, Statement, blob_elements, chain};
use crate::field::F;
use crate::groth16::{Batch, BatchError, Prepared, Proof, VerifyError};
use crate::keys::VerifyingKeys;
use crate::release::cipher::ciphertext_hash;
use crate::{release, scan, seal};

/// Which proof of a contribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The i-th scan.
    Scan(usize),
    /// The j-th release.
    Release(usize),
    /// The seal.
    Seal,
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scan(i) => write!(f, "scan {i}"),
            Self::Release(j) => write!(f, "release {j}"),
            Self::Seal => f.write_str("the seal"),
        }
    }
}

/// Why a contribution is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContributionFault {
    /// Not one scan for each chunk of the sample.
    #[error("the request samples {expected} chunks, the contribution has {found} scans")]
    Scans {
        /// The request's sample.
        expected: usize,
        /// Scans given.
        found: usize,
    },
    /// The number of blocks is not what the totals need, or not one proof a block.
    #[error("{rows} rows need {expected} release blocks, the contribution has {found}")]
    Blocks {
        /// Rows released and suppressed.
        rows: u64,
        /// Blocks that they need.
        expected: usize,
        /// Blocks given.
        found: usize,
    },
    /// Not one state between each two proofs.
    #[error("the chain of states has {found} links between proofs instead of {expected}")]
    States {
        /// Links needed.
        expected: usize,
        /// Links given.
        found: usize,
    },
    /// Nothing is released.
    #[error("the contribution releases no row")]
    Empty,
    /// Too many rows are suppressed.
    #[error("{suppressed} of {rows} rows are suppressed, more than {limit} per mille")]
    Suppression {
        /// Rows suppressed.
        suppressed: u32,
        /// Rows released and suppressed.
        rows: u64,
        /// The request's limit.
        limit: u16,
    },
    /// The boxes are too wide.
    #[error("the loss of {loss} over {released} rows is above the limit of {limit} a row")]
    Loss {
        /// Σ weight · width.
        loss: u64,
        /// Rows released.
        released: u32,
        /// The request's limit.
        limit: u64,
    },
    /// The ciphertext is not what the header commits to.
    #[error("the ciphertext does not hash to the contribution's blocks")]
    Ciphertext,
    /// Proofs that do not hold.
    #[error("{} does not hold", list(.0))]
    Proofs(Vec<Which>),
}

fn list(which: &[Which]) -> String {
    match which {
        [] => "no proof".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

impl Header {
    /// The checks that need no proof: counts and limits.
    ///
    /// # Errors
    /// The first [`ContributionFault`].
    pub fn check(&self, statement: &Statement) -> Result<(), ContributionFault> {
        let totals = &self.totals;
        if totals.released == 0 {
            return Err(ContributionFault::Empty);
        }
        let rows = u64::from(totals.released) + u64::from(totals.suppressed);
        let expected = Self::blocks_for(totals);
        if self.blocks.len() != expected {
            return Err(ContributionFault::Blocks { rows, expected, found: self.blocks.len() });
        }
        let limits = &statement.limits;
        if 1000 * u64::from(totals.suppressed) > u64::from(limits.max_suppressed_per_mille) * rows {
            return Err(ContributionFault::Suppression {
                suppressed: totals.suppressed,
                rows,
                limit: limits.max_suppressed_per_mille,
            });
        }
        if u128::from(totals.loss) > u128::from(limits.max_loss_per_row) * u128::from(totals.released) {
            return Err(ContributionFault::Loss {
                loss: totals.loss,
                released: totals.released,
                limit: limits.max_loss_per_row,
            });
        }
        Ok(())
    }

    /// Whether a blob is this contribution's ciphertext.
    ///
    /// # Errors
    /// [`ContributionFault::Ciphertext`].
    pub fn check_blob(&self, blob: &[u8]) -> Result<Vec<Vec<F>>, ContributionFault> {
        let blocks = blob_elements(blob, self.blocks.len()).ok_or(ContributionFault::Ciphertext)?;
        let same = blocks
            .iter()
            .zip(&self.blocks)
            .all(|(block, header)| ciphertext_hash(block) == header.ciphertext);
        if same { Ok(blocks) } else { Err(ContributionFault::Ciphertext) }
    }
}

/// The three verifying keys, made ready.
#[derive(Debug)]
pub struct Verifier {
    scan: Prepared<{ scan::PUBLIC_INPUTS }>,
    release: Prepared<{ release::PUBLIC_INPUTS }>,
    seal: Prepared<{ seal::PUBLIC_INPUTS }>,
}

impl Verifier {
    /// Makes keys ready.
    pub fn new(keys: &VerifyingKeys) -> Self {
        Self {
            scan: Prepared::new(&keys.scan),
            release: Prepared::new(&keys.release),
            seal: Prepared::new(&keys.seal),
        }
    }

    /// Verifies a contribution: counts, limits, the seal, then all other proofs together. Does not look at the ledger:
    /// whether the request is open, the nullifier unused and `recent` good is for the caller, and so is the blob.
    ///
    /// # Errors
    /// The first [`ContributionFault`]; for proofs, all that do not hold.
    pub fn verify(
        &self,
        statement: &Statement,
        contribution: &Contribution,
    ) -> Result<Challenge, ContributionFault> {
        let results = self.verify_all(&[(statement, contribution)]);
        results.into_iter().next().unwrap_or(Err(ContributionFault::Empty))
    }

    /// Verifies one seal by itself.
    ///
    /// # Errors
    /// When it does not hold.
    pub fn verify_seal(&self, public: &seal::SealPublic, proof: &Proof) -> Result<(), VerifyError> {
        self.seal.verify(&public.inputs(), proof)
    }

    /// Verifies many contributions with one batch for all their proofs; each gets its own verdict.
    pub fn verify_all(
        &self,
        items: &[(&Statement, &Contribution)],
    ) -> Vec<Result<Challenge, ContributionFault>> {
        let mut batch = Batch::new();
        let mut owners: Vec<(usize, Which)> = Vec::new();
        let mut verdicts: Vec<Result<Challenge, ContributionFault>> = Vec::new();
        for (index, (statement, contribution)) in items.iter().enumerate() {
            let challenge = Challenge::draw(statement, &contribution.header);
            let sound = contribution.check_counts(statement).and_then(|()| {
                // The seal alone first: it costs its sender a secret, and keeps junk from costing us a batch.
                let inputs = contribution.header.seal(statement, &challenge).inputs();
                self.seal
                    .verify(&inputs, &contribution.seal)
                    .map_err(|_| ContributionFault::Proofs(vec![Which::Seal]))
            });
            if sound.is_ok() {
                self.push(&mut batch, &mut owners, index, statement, contribution, &challenge);
            }
            verdicts.push(sound.map(|()| challenge));
        }
        if let Err(BatchError::Refused(culprits)) = batch.verify() {
            for (index, which) in culprits.into_iter().filter_map(|culprit| owners.get(culprit).copied()) {
                match &mut verdicts[index] {
                    Err(ContributionFault::Proofs(list)) => list.push(which),
                    verdict => *verdict = Err(ContributionFault::Proofs(vec![which])),
                }
            }
        }
        verdicts
    }

    fn push<'k>(
        &'k self,
        batch: &mut Batch<'k>,
        owners: &mut Vec<(usize, Which)>,
        index: usize,
        statement: &Statement,
        contribution: &Contribution,
        challenge: &Challenge,
    ) {
        let header = &contribution.header;
        let states = chain(&contribution.states, header.totals);
        let mut links = states.windows(2).map(|pair| [pair[0], pair[1]]);
        for ((i, proof), link) in contribution.scans.iter().enumerate().zip(links.by_ref()) {
            let inputs = header.scan(statement, challenge, i as u64, link).inputs();
            batch.push(&self.scan, &inputs, proof);
            owners.push((index, Which::Scan(i)));
        }
        for ((j, proof), link) in contribution.releases.iter().enumerate().zip(links) {
            if let Some(public) = header.release(statement, challenge, j, link) {
                batch.push(&self.release, &public.inputs(), proof);
                owners.push((index, Which::Release(j)));
            }
        }
    }
}

impl Contribution {
    /// Counts and limits.
    fn check_counts(&self, statement: &Statement) -> Result<(), ContributionFault> {
        self.header.check(statement)?;
        let (expected, found) = (statement.sample as usize, self.scans.len());
        if expected != found {
            return Err(ContributionFault::Scans { expected, found });
        }
        let (expected, found) = (self.header.blocks.len(), self.releases.len());
        if expected != found {
            let totals = &self.header.totals;
            let rows = u64::from(totals.released) + u64::from(totals.suppressed);
            return Err(ContributionFault::Blocks { rows, expected, found });
        }
        let expected = (self.scans.len() + self.releases.len()).saturating_sub(1);
        if self.states.len() != expected {
            return Err(ContributionFault::States { expected, found: self.states.len() });
        }
        Ok(())
    }
}
