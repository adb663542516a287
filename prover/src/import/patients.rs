//! One row a patient.

use std::collections::BTreeMap;

use galen_circuits::row::{Handle, Row};
use galen_circuits::shape::{CELLS, CHUNK_ROWS, DATASET_DEPTH};

use super::handle::{HospitalSecret, Pseudonym};
use super::report::Repeated;
use super::spec::Keep;
use super::{ImportSpec, Options, Problem};

/// Patients that a dataset can hold.
const MOST_PATIENTS: usize = CHUNK_ROWS << DATASET_DEPTH;

struct Kept {
    pseudonym: Pseudonym,
    cells: [u16; CELLS],
    order: i64,
    line: u64,
}

/// The patients so far, by handle.
pub(super) struct Patients<'a> {
    secret: &'a HospitalSecret,
    keep: &'a Keep,
    options: Options,
    kept: BTreeMap<Handle, Kept>,
    repeated: Repeated,
}

impl<'a> Patients<'a> {
    pub(super) fn new(secret: &'a HospitalSecret, spec: &'a ImportSpec, options: Options) -> Self {
        Self {
            secret,
            keep: &spec.patient.keep,
            options,
            kept: BTreeMap::new(),
            repeated: Repeated::default(),
        }
    }

    /// The pseudonym of a patient who belongs to the share.
    pub(super) fn admit(&self, id: &str) -> Option<Pseudonym> {
        self.options.share.is_none_or(|share| share.holds(id)).then(|| self.secret.pseudonym(id))
    }

    /// Adds a row, or keeps the better of a patient's two.
    pub(super) fn add(
        &mut self,
        pseudonym: Pseudonym,
        cells: [u16; CELLS],
        order: Option<i64>,
        line: u64,
    ) -> Result<(), Problem> {
        let order = order.unwrap_or(line as i64);
        let new = Kept { pseudonym, cells, order, line };
        let full = self.kept.len() == MOST_PATIENTS;
        match self.kept.get_mut(&pseudonym.handle) {
            None if full => return Err(Problem::TooMany(MOST_PATIENTS)),
            None => {
                self.kept.insert(pseudonym.handle, new);
            }
            Some(old) if old.pseudonym != pseudonym => return Err(Problem::Collision(old.line)),
            Some(old) => {
                self.repeated.note(line);
                let better = match self.keep {
                    Keep::First | Keep::Refuse | Keep::Least(_) => new.order < old.order,
                    Keep::Last | Keep::Greatest(_) => new.order > old.order,
                };
                if better {
                    *old = new;
                }
            }
        }
        Ok(())
    }

    /// The rows, handles increasing, and what was dropped for them.
    pub(super) fn into_rows(self) -> (Vec<Row>, Repeated) {
        let refused = matches!(self.keep, Keep::Refuse) && !self.options.allow.duplicates;
        let rows = self.kept.into_iter().map(|(handle, kept)| Row { handle, cells: kept.cells }).collect();
        (rows, Repeated { refused, ..self.repeated })
    }
}
