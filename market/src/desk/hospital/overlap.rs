//! Overlap: patients of a release who were released before. Two releases of the same patient under different classes tell more
//! together than each does, and no proof looks at that: the steward must.

use std::collections::BTreeSet;

use galen_circuits::row::Handle;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HospitalDesk;
use crate::agent::hospital::Register;
use crate::id::RequestId;

/// Whom a contribution releases. Written before it is sent.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Released {
    pub(super) handles: Vec<Handle>,
    pub(super) register: Register,
}

/// An earlier release with patients in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EarlierRelease {
    /// Its request.
    pub request: String,
    /// Patients in common.
    pub patients: usize,
}

/// How many of a release's patients were released before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Overlap {
    /// Patients of this release.
    pub patients: usize,
    /// Of them, patients who were released before, in whatever request.
    pub before: usize,
    /// In which requests.
    pub earlier: Vec<EarlierRelease>,
}

impl HospitalDesk {
    /// The overlap of a release with those of other requests.
    pub(super) fn overlap(&self, request: &RequestId, release: &BTreeSet<Handle>) -> Overlap {
        let state = self.state();
        let others = || state.released.iter().filter(|(other, _)| *other != request);
        let in_common = |other: &BTreeSet<Handle>| other.intersection(release).count();
        let earlier = others().map(|(other, handles)| (other, in_common(handles)));
        let earlier: Vec<EarlierRelease> = earlier
            .filter(|(_, patients)| *patients > 0)
            .map(|(other, patients)| EarlierRelease { request: other.to_string(), patients })
            .collect();
        let before =
            release.iter().filter(|handle| others().any(|(_, other)| other.contains(handle))).count();
        Overlap { patients: release.len(), before, earlier }
    }
}
