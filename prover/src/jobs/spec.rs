//! A job as it rests on disk and travels to a prover: a plan without what can be worked out again.
//!
//! Public inputs follow from statement, header and states; the ciphertext follows from rows and key. What is left is the
//! statement, the header, and what only the seller knows of each proof: the rows of the run, and no other row of the
//! dataset. The form is JSON, the same on disk (sealed) and on the wire.

mod ephemeral;
mod fault;
mod forms;

use std::fmt;

use galen_circuits::contribution::{Challenge, Header, Statement, blob_bytes, chain};
use galen_circuits::field::F;
use galen_circuits::jubjub::Sealed;
use galen_circuits::release::{ReleaseCircuit, ReleasePrivate, cipher};
use galen_circuits::scan::{ScanCircuit, ScanPrivate};
use galen_circuits::seal::SealCircuit;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use fault::SpecFault;
use forms::{Element, HeaderForm, ReleaseForm, ScanForm, SealForm};

use crate::plan::Plan;

/// The only form there is so far.
const VERSION: u32 = 1;

/// A job to prove. Holds raw rows and secrets: `Debug` shows counts only, and secrets are erased when it is dropped.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSpec {
    version: u32,
    statement: Statement,
    header: HeaderForm,
    states: Vec<Element>,
    scans: Vec<ScanForm>,
    releases: Vec<ReleaseForm>,
    seal: SealForm,
    encapsulation: Sealed,
}

impl fmt::Debug for JobSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobSpec({} scans, {} releases)", self.scans.len(), self.releases.len())
    }
}

impl JobSpec {
    /// The job of proving `plan`, which was made for `statement`.
    pub fn new(statement: &Statement, plan: &Plan) -> Self {
        Self {
            version: VERSION,
            statement: statement.clone(),
            header: HeaderForm::from(&plan.header),
            states: plan.states.iter().copied().map(Element).collect(),
            scans: plan.scans.iter().map(|scan| ScanForm::from(&scan.private)).collect(),
            releases: plan.releases.iter().map(|release| ReleaseForm::from(&release.private)).collect(),
            seal: SealForm::from(&plan.seal.private),
            encapsulation: plan.encapsulation,
        }
    }

    /// How many proofs the job asks for.
    pub fn proofs(&self) -> usize {
        self.scans.len() + self.releases.len() + 1
    }

    /// The JSON, erased when dropped.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        // Reserved in one piece: a vector that grows leaves copies of secrets behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.most_bytes()));
        serde_json::to_writer(&mut *bytes, self).expect("strings and numbers always have a JSON form");
        bytes
    }

    /// More bytes than the JSON of this spec has.
    fn most_bytes(&self) -> usize {
        let header = self.header.blocks() + self.states.len();
        (64 << 10) + 256 * header + self.scans.len() * (12 << 10) + self.releases.len() * (32 << 10)
    }

    /// Reads the JSON and checks it with [`Self::check`].
    ///
    /// # Errors
    /// [`SpecFault`]; it names places, never values.
    pub fn from_json(bytes: &[u8]) -> Result<Self, SpecFault> {
        let spec: Self = serde_json::from_slice(bytes).map_err(|error| SpecFault::json(&error))?;
        spec.check()?;
        Ok(spec)
    }

    /// What the job claims, in public.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    pub(super) fn header(&self) -> Header {
        self.header.open()
    }

    pub(super) fn states(&self) -> Vec<F> {
        self.states.iter().map(|element| element.0).collect()
    }

    /// The plan again.
    ///
    /// # Errors
    /// [`SpecFault`] where the spec is not what [`Self::check`] accepts.
    pub(super) fn open(&self) -> Result<Plan, SpecFault> {
        self.check()?;
        let header = self.header();
        let challenge = Challenge::draw(&self.statement, &header);
        let states = self.states();
        let links = chain(&states, header.totals);
        let mut links = links.iter().zip(links.iter().skip(1)).map(|(before, after)| [*before, *after]);
        let seal = self.seal.open()?;
        let scans = (0u64..)
            .zip(&self.scans)
            .zip(links.by_ref())
            .map(|((index, form), link)| {
                let public = header.scan(&self.statement, &challenge, index, link);
                let terms = self.statement.terms.clone();
                let ScanForm { wrapped, words, path, state, blind_in, blind_out } = form;
                let private = ScanPrivate {
                    terms,
                    run: seal.run,
                    wrapped: *wrapped,
                    words: words.iter().map(|word| word.0).collect(),
                    path: path.open(),
                    state: state.open(),
                    blind_in: blind_in.0,
                    blind_out: blind_out.0,
                };
                ScanCircuit { public, private }
            })
            .collect();
        let mut releases = Vec::with_capacity(self.releases.len());
        for ((index, form), link) in self.releases.iter().enumerate().zip(links) {
            let public = header.release(&self.statement, &challenge, index, link).ok_or(SpecFault::Counts)?;
            let ReleaseForm { rows, rows_blind, state, blind_in, blind_out } = form;
            let private = ReleasePrivate {
                terms: self.statement.terms.clone(),
                key: seal.key,
                key_blind: seal.key_blind,
                rows: rows.iter().map(forms::BlockRowForm::open).collect(),
                rows_blind: rows_blind.0,
                state: state.open(),
                blind_in: blind_in.0,
                blind_out: blind_out.0,
            };
            releases.push(ReleaseCircuit { public, private });
        }
        let blob = blob(&self.statement, seal.key, &releases);
        let seal = SealCircuit { public: header.seal(&self.statement, &challenge), private: seal };
        Ok(Plan { header, challenge, states, scans, releases, seal, blob, encapsulation: self.encapsulation })
    }
}

fn blob(statement: &Statement, key: F, releases: &[ReleaseCircuit]) -> Vec<u8> {
    let plaintext = |release: &ReleaseCircuit| cipher::plaintext(&statement.terms, &release.private.rows);
    let blocks: Vec<Vec<F>> = (0u64..)
        .zip(releases)
        .map(|(index, release)| cipher::encrypt(key, index, &plaintext(release)))
        .collect();
    blob_bytes(&blocks)
}
