//! The weights that patients are drawn by, per mille of the cohort.

/// Decades of age by their first year, from 20 on (adults only).
pub(super) const DECADES: [(i32, u32); 8] =
    [(20, 17), (30, 38), (40, 96), (50, 171), (60, 223), (70, 259), (80, 170), (90, 26)];

/// Sex.
pub(super) const SEX: [(&str, u32); 2] = [("female", 538), ("male", 462)];

/// Kind of admission.
pub(super) const ADMISSION: [(&str, u32); 4] =
    [("emergency", 530), ("urgent", 182), ("elective", 185), ("", 103)];

/// Days in hospital, 1 to 14.
pub(super) const DAYS: [(i32, u32); 14] = [
    (1, 140),
    (2, 169),
    (3, 174),
    (4, 137),
    (5, 98),
    (6, 74),
    (7, 58),
    (8, 43),
    (9, 29),
    (10, 23),
    (11, 18),
    (12, 14),
    (13, 12),
    (14, 11),
];

/// Main diagnoses other than diabetes, ICD-10.
pub(super) const DIAGNOSES: [(&str, u32); 34] = [
    ("I50", 75),
    ("I25", 72),
    ("I21", 40),
    ("I48", 34),
    ("I63", 36),
    ("I10", 12),
    ("I70", 18),
    ("I26", 10),
    ("J18", 42),
    ("J44", 38),
    ("J96", 22),
    ("J45", 14),
    ("K92", 18),
    ("K85", 12),
    ("K80", 14),
    ("K56", 12),
    ("K57", 14),
    ("N17", 24),
    ("N18", 16),
    ("N39", 24),
    ("S72", 16),
    ("T81", 24),
    ("S32", 8),
    ("M17", 26),
    ("M48", 14),
    ("C34", 8),
    ("C18", 8),
    ("C50", 6),
    ("L03", 30),
    ("A41", 24),
    ("R07", 46),
    ("R55", 14),
    ("E86", 16),
    ("F32", 14),
];

/// Complications of diabetes, fourth character of E10 and E11.
pub(super) const COMPLICATIONS: [(char, u32); 8] =
    [('9', 450), ('6', 150), ('2', 120), ('4', 90), ('5', 70), ('1', 60), ('3', 40), ('0', 20)];

/// What patients consent to.
pub(super) const CONSENT: [(&str, u32); 4] = [("HMB", 800), ("GRU", 60), ("DS", 70), ("", 70)];
