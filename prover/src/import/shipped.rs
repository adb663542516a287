//! Sources that come with the program.

use super::spec::{ImportSpec, SpecError};

/// Diabetes 130-US hospitals 1999–2008 (UCI 296).
pub const DIABETES130: &str = include_str!("../../schemas/diabetes130.toml");
/// The synthetic cohort of [`crate::cohort`].
pub const DIABETES_SYNTHETIC: &str = include_str!("../../schemas/diabetes-synthetic.toml");
/// The Adult census extract (UCI 2), for measurements.
pub const ADULT: &str = include_str!("../../schemas/adult.toml");

/// Names and texts of all of them.
pub const ALL: [(&str, &str); 3] =
    [("diabetes130", DIABETES130), ("diabetes-synthetic", DIABETES_SYNTHETIC), ("adult", ADULT)];

/// The shipped source of this name.
///
/// # Errors
/// [`SpecError`] never for a name in [`ALL`].
pub fn shipped(name: &str) -> Option<Result<ImportSpec, SpecError>> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, text)| ImportSpec::from_toml(text))
}
