//! A hospital's answer to a request, before anything is proven: the run that the ledger drew, its rows in classes, the plan.
//!
//! Nothing here is random: the same request, dataset and root of standing give the same plan, so that work that was
//! killed ends in the same contribution.

use galen_circuits::contribution::{Payout as HeaderPayout, Statement};
use galen_circuits::dataset::Dataset;
use galen_circuits::field::{F, from_wide, to_bytes};
use galen_circuits::row::{Handle, Row};
use galen_circuits::schema::Schema;
use galen_prover::anonymize::{AnonymizeError, Anonymized, Params, Quasi, anonymize};
use galen_prover::import::HospitalSecret;
use galen_prover::plan::{Class, Grouping, Plan, PlanFault, Run, Seller, plan};
use zeroize::Zeroize;

use super::HospitalKeys;
use crate::id::RequestId;
use crate::query::Offer;

/// What a hospital would answer. Holds raw rows: `Debug` shows counts only.
pub struct Answer {
    /// The run.
    pub run: Run,
    /// Rows scanned.
    pub scanned: usize,
    /// Rows that match and whose patients consent, in order.
    pub selected: Vec<Row>,
    /// Their classes, with utility and risk.
    pub anonymized: Anonymized,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({} of {} rows)", self.selected.len(), self.scanned)
    }
}

impl HospitalKeys {
    /// The key of its patients' handles.
    pub fn handles(&self) -> HospitalSecret {
        HospitalSecret::new(blake3::derive_key("galen 2026 hospital patient handles", &self.seed))
    }

    /// The salt of a dataset's body; another name, another salt, so that equal rows can be committed to again.
    pub fn salt(&self, dataset: &[u8]) -> F {
        self.element("galen 2026 hospital dataset salt", &[dataset])
    }

    /// What its proofs know, of a dataset with this salt.
    pub fn seller(&self, salt: F) -> Seller {
        Seller { secret: self.seller_secret(), salt, key_seed: self.key_seed() }
    }

    /// The key of the files that it keeps.
    pub fn vault_key(&self) -> galen_prover::vault::VaultKey {
        galen_prover::vault::VaultKey::new(blake3::derive_key("galen 2026 hospital sealed files", &self.seed))
    }

    /// Blinds a contribution: other bytes for another request, and for another root of standing.
    fn entropy(&self, request: &RequestId, recent: F) -> [u8; 32] {
        let mut entropy = [0; 32];
        blake3::Hasher::new_derive_key("galen 2026 hospital contribution entropy")
            .update(&self.seed)
            .update(&request.to_bytes())
            .update(&to_bytes(&recent))
            .finalize_xof()
            .fill(&mut entropy);
        entropy
    }

    /// Blinds a run.
    fn run_blind(&self, request: &RequestId, recent: F) -> F {
        self.element("galen 2026 hospital run blind", &[&request.to_bytes(), &to_bytes(&recent)])
    }

    fn element(&self, context: &str, parts: &[&[u8]]) -> F {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        hasher.update(&self.seed);
        parts.iter().for_each(|part| {
            hasher.update(part);
        });
        let mut wide = [0; 64];
        hasher.finalize_xof().fill(&mut wide);
        let element = from_wide(&wide);
        wide.zeroize();
        element
    }

    /// Looks at the run that the ledger drew, and puts its rows into classes. Nothing is written or sent.
    ///
    /// # Errors
    /// Why the rows cannot be anonymized as asked, and what would help.
    pub fn answer(
        &self,
        offer: &Offer,
        dataset: &Dataset,
        schema: &Schema,
    ) -> Result<Answer, AnonymizeError> {
        let statement = &offer.statement;
        let request = RequestId::new(statement.request_id);
        let blind = self.run_blind(&request, offer.standing.recent);
        let run = Run::draw(statement, dataset, self.seller_secret(), blind);
        let selected = run.selected(dataset, &statement.terms);
        let scanned =
            (0..u64::from(statement.sample)).map(|index| run.chunk(dataset, index).rows().len()).sum();
        let anonymized = group(statement, schema, &selected)?;
        Ok(Answer { run, scanned, selected, anonymized })
    }

    /// Lays out every proof of an answer that was looked at.
    ///
    /// # Errors
    /// [`PlanFault`] for rows or classes that the circuits would refuse.
    pub fn plan(
        &self,
        offer: &Offer,
        dataset: &Dataset,
        salt: F,
        answer: &Answer,
        payee: HeaderPayout,
    ) -> Result<Plan, PlanFault> {
        let request = RequestId::new(offer.statement.request_id);
        let entropy = self.entropy(&request, offer.standing.recent);
        let (seller, grouping) = (self.seller(salt), answer.grouping());
        plan(&offer.statement, dataset, &seller, &offer.standing, &answer.run, &grouping, payee, &entropy)
    }
}

impl Answer {
    fn grouping(&self) -> Grouping {
        let classes = self.anonymized.classes.iter();
        let classes = classes.map(|class| Class { bounds: class.bounds.clone(), rows: class.rows.clone() });
        Grouping { classes: classes.collect(), suppressed: self.anonymized.suppressed.clone() }
    }

    /// The patients that would be released, by handle.
    pub fn released(&self) -> impl Iterator<Item = Handle> + '_ {
        let rows = self.anonymized.classes.iter().flat_map(|class| &class.rows);
        rows.filter_map(|index| self.selected.get(*index)).map(|row| row.handle)
    }

    /// A digest of all that would leave the hospital: another one where a row, a class or a term is another. Keyed, as it
    /// stands in files and addresses.
    pub fn digest(&self, keys: &HospitalKeys, statement: &Statement) -> [u8; 32] {
        let key = blake3::derive_key("galen 2026 hospital answer digest", &keys.seed);
        let mut hasher = blake3::Hasher::new_keyed(&key);
        // Names, numbers and lists always have a JSON form.
        hasher.update(&serde_json::to_vec(statement).unwrap_or_default());
        hasher.update(&to_bytes(&self.run.opening.root));
        hasher.update(&self.run.opening.start.to_le_bytes());
        let word = |row: &Row| to_bytes(&row.word());
        let rows = |hasher: &mut blake3::Hasher, indices: &[usize]| {
            hasher.update(&(indices.len() as u64).to_le_bytes());
            for row in indices.iter().filter_map(|index| self.selected.get(*index)) {
                hasher.update(&word(row));
            }
        };
        for class in &self.anonymized.classes {
            for (lo, hi) in &class.bounds {
                hasher.update(&lo.to_le_bytes()).update(&hi.to_le_bytes());
            }
            rows(&mut hasher, &class.rows);
        }
        rows(&mut hasher, &self.anonymized.suppressed);
        *hasher.finalize().as_bytes()
    }
}

fn group(statement: &Statement, schema: &Schema, rows: &[Row]) -> Result<Anonymized, AnonymizeError> {
    let (terms, limits) = (&statement.terms, &statement.limits);
    let quasi: Vec<Quasi> =
        terms.quasi_identifiers.iter().filter_map(|q| Quasi::of(schema, q.column, q.weight)).collect();
    let params = Params {
        k: terms.k,
        l: terms.l,
        alpha: terms.alpha,
        max_suppression_per_mille: limits.max_suppressed_per_mille,
        max_loss: limits.max_loss_per_row,
    };
    anonymize(rows, &quasi, terms.sensitive, &params)
}
