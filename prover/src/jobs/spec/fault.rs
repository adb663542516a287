//! Specs that no honest planner makes.

use galen_circuits::contribution::ContributionFault;
use galen_circuits::request::TermsFault;
use galen_circuits::seal::SealPrivate;
use galen_circuits::shape::{BLOCK_ROWS, CHUNK_ROWS, DATASET_DEPTH, REGISTRY_DEPTH};

use super::{JobSpec, VERSION};

/// Bits of a draw.
const DRAW_BITS: usize = 255;

/// Why a spec is refused. Names places, never values: a JSON parser's own message would quote a cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecFault {
    /// Not JSON, or not of this form.
    #[error("not a job: {reason} at line {line}, column {column}")]
    Json {
        /// Syntax, form or early end.
        reason: &'static str,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A form of another version.
    #[error("a job of version {found}; this prover reads version {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// Terms that no circuit can open.
    #[error("the request's terms: {0}")]
    Terms(#[from] TermsFault),
    /// A header that the ledger would refuse whatever the proofs say.
    #[error("{0}")]
    Header(#[from] ContributionFault),
    /// Not one scan for each chunk of the sample, or one release for each block, or one state between each two proofs.
    #[error("scans, releases and states are not as many as the statement and the header ask for")]
    Counts,
    /// A list inside a proof of the wrong length.
    #[error("{which}: {list} has {found} entries instead of {expected}")]
    Length {
        /// Which proof.
        which: &'static str,
        /// Which list.
        list: &'static str,
        /// Entries that it needs.
        expected: usize,
        /// Entries that it has.
        found: usize,
    },
    /// Values of a proof that cannot be what they stand for.
    #[error("{which}: {value} is out of range")]
    Range {
        /// Which proof.
        which: &'static str,
        /// Which value.
        value: &'static str,
    },
    /// The encapsulation is not the one in the header.
    #[error("the encapsulation is not the one that the header commits to")]
    Encapsulation,
}

impl SpecFault {
    pub(super) fn json(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        let reason = match error.classify() {
            Category::Syntax => "the JSON is malformed",
            Category::Eof => "the JSON ends early",
            Category::Data | Category::Io => "a field is missing, unknown, or not of its form",
        };
        Self::Json { reason, line: error.line(), column: error.column() }
    }
}

fn length(which: &'static str, list: &'static str, found: usize, expected: usize) -> Result<(), SpecFault> {
    if found == expected { Ok(()) } else { Err(SpecFault::Length { which, list, expected, found }) }
}

impl JobSpec {
    /// Checks everything that decides whether the circuits can be built at all, and what the ledger checks before it looks
    /// at proofs. Whether the statements are true is found when they are proven.
    ///
    /// # Errors
    /// The first [`SpecFault`].
    pub fn check(&self) -> Result<(), SpecFault> {
        if self.version != VERSION {
            return Err(SpecFault::Version { found: self.version });
        }
        self.statement.terms.check()?;
        let header = self.header();
        header.check(&self.statement)?;
        let counts = self.scans.len() == self.statement.sample as usize
            && !self.scans.is_empty()
            && self.releases.len() == header.blocks.len()
            && self.states.len() + 1 == self.scans.len() + self.releases.len();
        if !counts {
            return Err(SpecFault::Counts);
        }
        for scan in &self.scans {
            length("a scan", "words", scan.words.len(), CHUNK_ROWS)?;
            length("a scan", "path", scan.path.len(), DATASET_DEPTH)?;
        }
        for release in &self.releases {
            length("a release", "rows", release.rows.len(), BLOCK_ROWS)?;
        }
        check_seal(&self.seal.open()?)?;
        if self.encapsulation.digest() != header.encapsulation {
            return Err(SpecFault::Encapsulation);
        }
        Ok(())
    }
}

fn check_seal(seal: &SealPrivate) -> Result<(), SpecFault> {
    length("the seal", "draw", seal.draw.len(), DRAW_BITS)?;
    length("the seal", "dataset path", seal.dataset_path.siblings.len(), REGISTRY_DEPTH)?;
    length("the seal", "standing path", seal.standing_path.siblings.len(), REGISTRY_DEPTH)?;
    let chunks = 1..=1 << DATASET_DEPTH;
    if !chunks.contains(&seal.run.chunks) || seal.run.start >= seal.run.chunks {
        return Err(SpecFault::Range { which: "the seal", value: "the run" });
    }
    Ok(())
}
