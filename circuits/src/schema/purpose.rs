//! What data may be used for: sixteen purposes, named by the codes of GA4GH's Data Use Ontology (DUO).
//!
//! A patient's consent is a mask with one bit a purpose; the circuits check the one bit of the request's purpose and
//! know of no hierarchy. So a consent that is wider than one purpose must be written out when it is recorded:
//! [`Purpose::consent`] gives the bits that a consent to a purpose implies.

use serde::{Deserialize, Serialize};

use crate::shape::PURPOSES;

/// A research purpose: the index of its bit in the consent mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purpose(u8);

/// A name or number that is no purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown purpose: give a DUO code such as DUO:0000006, its short name such as HMB, or a number from 0 to 15"
)]
pub struct UnknownPurpose;

struct Term {
    code: &'static str,
    short: &'static str,
    name: &'static str,
    implied: u16,
}

const fn term(code: &'static str, short: &'static str, name: &'static str, implied: u16) -> Term {
    Term { code, short, name, implied }
}

/// Bits of the biomedical investigations: biomedical, genetic, drug development, disease category.
const BIOMEDICAL: u16 = 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15;

/// Index = bit. The order is part of the format: new meanings need a new schema version.
const TERMS: [Term; PURPOSES] = [
    term("DUO:0000004", "NRES", "no restriction: any use", 0xffff),
    term("DUO:0000042", "GRU", "general research use", !(1 | 1 << 5)),
    term("DUO:0000006", "HMB", "health, medical or biomedical research", BIOMEDICAL | 1 << 3),
    term("DUO:0000007", "DS", "disease-specific research", 1 << 15),
    term("DUO:0000011", "POA", "population origins or ancestry research", 1 << 7 | 1 << 8),
    term("DUO:0000043", "CC", "clinical care", 0),
    term("DUO:0000031", "MDS", "method development", 0),
    term("DUO:0000032", "POP", "population research", 0),
    term("DUO:0000033", "ANC", "ancestry research", 0),
    term("DUO:0000034", "AGE", "age category research", 0),
    term("DUO:0000035", "GENDER", "gender category research", 0),
    term("DUO:0000036", "CONTROL", "research control", 0),
    term("DUO:0000037", "BIO", "biomedical research", BIOMEDICAL),
    term("DUO:0000038", "GENETIC", "genetic research", 0),
    term("DUO:0000039", "DRUG", "drug development research", 0),
    term("DUO:0000040", "DISEASE", "disease category research", 0),
];

impl Purpose {
    /// Disease-specific research, the purpose of most requests.
    pub const DISEASE_SPECIFIC: Self = Self(3);

    /// The purpose of this bit, below 16.
    ///
    /// # Errors
    /// [`UnknownPurpose`] from 16 on.
    pub fn new(bit: u8) -> Result<Self, UnknownPurpose> {
        if usize::from(bit) < PURPOSES { Ok(Self(bit)) } else { Err(UnknownPurpose) }
    }

    /// All purposes, by bit.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..PURPOSES as u8).map(Self)
    }

    /// Its bit's index, below 16.
    pub fn bit(self) -> u8 {
        self.0
    }

    /// The mask with only its bit.
    pub fn mask(self) -> u16 {
        1 << self.0
    }

    /// The consent mask of a patient who consents to this purpose: its bit and those of the purposes within it.
    pub fn consent(self) -> u16 {
        self.mask() | self.term().implied
    }

    /// Whether a consent mask covers this purpose.
    pub fn covered_by(self, consent: u16) -> bool {
        consent & self.mask() != 0
    }

    /// Its DUO code.
    pub fn code(self) -> &'static str {
        self.term().code
    }

    /// Its short name.
    pub fn short(self) -> &'static str {
        self.term().short
    }

    /// Its name in words.
    pub fn name(self) -> &'static str {
        self.term().name
    }

    fn term(self) -> &'static Term {
        &TERMS[usize::from(self.0)]
    }
}

impl std::str::FromStr for Purpose {
    type Err = UnknownPurpose;
    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        let text = text.trim();
        let named = |p: &Self| [p.code(), p.short(), p.name()].iter().any(|n| n.eq_ignore_ascii_case(text));
        Self::all()
            .find(named)
            .or_else(|| text.parse().ok().and_then(|bit| Self::new(bit).ok()))
            .ok_or(UnknownPurpose)
    }
}

impl std::fmt::Display for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name(), self.code())
    }
}

impl TryFrom<String> for Purpose {
    type Error = UnknownPurpose;
    fn try_from(text: String) -> Result<Self, UnknownPurpose> {
        text.parse()
    }
}

impl From<Purpose> for String {
    fn from(purpose: Purpose) -> Self {
        purpose.code().into()
    }
}
