//! The policy that stands above the buyer: what a schema permits a request to ask for.

use super::{Class, Schema};
use crate::shape::{CONSENT_CELL, QUASI_IDENTIFIERS};

/// Why a schema does not permit a request. Columns are indices of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFault {
    /// k is below the floor.
    #[error("k = {asked} is below the schema's floor of {floor}")]
    K {
        /// What was asked.
        asked: u16,
        /// The floor.
        floor: u16,
    },
    /// l is below the floor.
    #[error("l = {asked} is below the schema's floor of {floor}")]
    L {
        /// What was asked.
        asked: u16,
        /// The floor.
        floor: u16,
    },
    /// α is above the ceiling.
    #[error("alpha = {asked} per mille is above the schema's ceiling of {ceiling}")]
    Alpha {
        /// What was asked.
        asked: u16,
        /// The ceiling.
        ceiling: u16,
    },
    /// l or α can hold in no class at all.
    #[error(
        "no class can hold l = {l} distinct values among the column's {values}, or a share of at most {alpha} per mille"
    )]
    Unattainable {
        /// l asked.
        l: u16,
        /// α asked.
        alpha: u16,
        /// Values of the sensitive column, missing included.
        values: u32,
    },
    /// A column that the schema does not have.
    #[error("the schema has no column {0}")]
    NoColumn(u8),
    /// The consent mask was asked for.
    #[error("the consent mask is never released")]
    Consent,
    /// A column is named twice.
    #[error("column {0} is named twice")]
    Repeated(u8),
    /// More quasi-identifiers than can be proven.
    #[error("a request has at most {QUASI_IDENTIFIERS} quasi-identifiers, this one has {0}")]
    TooManyQuasiIdentifiers(usize),
    /// A quasi-identifier of the schema is not among the request's.
    #[error("column {0} is a quasi-identifier of the schema and must be one of the request's")]
    LeftOut(u8),
    /// A quasi-identifier is released as it is.
    #[error("column {0} is a quasi-identifier and may be released as a range only")]
    Raw(u8),
    /// A column that may never be released.
    #[error("column {0} may never be released")]
    NeverReleased(u8),
    /// The sensitive column of the request is not sensitive in the schema.
    #[error("column {0} is not a sensitive column of the schema")]
    NotSensitive(u8),
    /// A sensitive column stands among the quasi-identifiers.
    #[error("column {0} is sensitive and cannot be a quasi-identifier")]
    SensitiveQuasiIdentifier(u8),
    /// A second sensitive column is released; only one is proven to be diverse.
    #[error("column {0} is sensitive, and only the request's own sensitive column is proven to be diverse")]
    Unprotected(u8),
}

impl Schema {
    /// Whether a request may be made under this schema: floors, ceiling, and what each column may be used as.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn permits(
        &self,
        k: u16,
        l: u16,
        alpha: u16,
        quasi_identifiers: &[u8],
        sensitive: u8,
        released: &[u8],
    ) -> Result<(), PolicyFault> {
        self.permits_thresholds(k, l, alpha)?;
        if self.class(sensitive)? != Class::Sensitive {
            return Err(PolicyFault::NotSensitive(sensitive));
        }
        self.permits_values(l, alpha, sensitive)?;
        self.permits_quasi_identifiers(quasi_identifiers)?;
        self.permits_released(quasi_identifiers, sensitive, released)
    }

    fn permits_thresholds(&self, k: u16, l: u16, alpha: u16) -> Result<(), PolicyFault> {
        if k < self.k_floor() {
            return Err(PolicyFault::K { asked: k, floor: self.k_floor() });
        }
        if l < self.l_floor() {
            return Err(PolicyFault::L { asked: l, floor: self.l_floor() });
        }
        if alpha > self.alpha_ceiling() {
            return Err(PolicyFault::Alpha { asked: alpha, ceiling: self.alpha_ceiling() });
        }
        Ok(())
    }

    /// A class has at most as many values as the column, and its longest share is at least one by that number.
    fn permits_values(&self, l: u16, alpha: u16, sensitive: u8) -> Result<(), PolicyFault> {
        let values = self.column(sensitive).map_or(0, |c| u32::from(c.kind.size()) + 1);
        let attainable = u32::from(l) <= values && u32::from(alpha) * values >= 1000;
        if attainable { Ok(()) } else { Err(PolicyFault::Unattainable { l, alpha, values }) }
    }

    fn permits_quasi_identifiers(&self, quasi_identifiers: &[u8]) -> Result<(), PolicyFault> {
        if quasi_identifiers.len() > QUASI_IDENTIFIERS {
            return Err(PolicyFault::TooManyQuasiIdentifiers(quasi_identifiers.len()));
        }
        unrepeated(quasi_identifiers)?;
        for column in quasi_identifiers {
            match self.class(*column)? {
                Class::NeverReleased => return Err(PolicyFault::NeverReleased(*column)),
                Class::Sensitive => return Err(PolicyFault::SensitiveQuasiIdentifier(*column)),
                Class::QuasiIdentifier | Class::Plain => {}
            }
        }
        let missed =
            self.of_class(Class::QuasiIdentifier).into_iter().find(|c| !quasi_identifiers.contains(c));
        missed.map_or(Ok(()), |column| Err(PolicyFault::LeftOut(column)))
    }

    fn permits_released(&self, quasi: &[u8], sensitive: u8, released: &[u8]) -> Result<(), PolicyFault> {
        unrepeated(released)?;
        for column in released {
            match self.class(*column)? {
                Class::NeverReleased => return Err(PolicyFault::NeverReleased(*column)),
                Class::QuasiIdentifier => return Err(PolicyFault::Raw(*column)),
                _ if quasi.contains(column) => return Err(PolicyFault::Raw(*column)),
                Class::Sensitive if *column != sensitive => return Err(PolicyFault::Unprotected(*column)),
                Class::Sensitive | Class::Plain => {}
            }
        }
        Ok(())
    }

    fn class(&self, column: u8) -> Result<Class, PolicyFault> {
        if usize::from(column) == CONSENT_CELL {
            return Err(PolicyFault::Consent);
        }
        self.column(column).map(|c| c.class).ok_or(PolicyFault::NoColumn(column))
    }
}

fn unrepeated(columns: &[u8]) -> Result<(), PolicyFault> {
    let repeated = columns.iter().enumerate().find(|(i, column)| columns[..*i].contains(column));
    repeated.map_or(Ok(()), |(_, column)| Err(PolicyFault::Repeated(*column)))
}
