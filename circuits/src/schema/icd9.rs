//! ICD-9-CM as a hierarchy: chapter ⊃ block ⊃ three-digit code, with the fourth and fifth digits of diabetes (250).
//!
//! The list is complete and the same for every hospital, whatever its data holds: 000–999, V01–V91, E000–E999,
//! whether assigned or not. Other decimals count as their three-digit code (`365.44` as `365`). `250` without
//! decimals is a value of its own, *250 and nothing finer*; `250.*` is all of diabetes. Files that kept codes as
//! numbers lost zeros on both sides: `8` reads as `008`, `250.1` as `250.10`.

use super::outline::{Node, OutlineFault, number};

/// A chapter: its family, first and last code, title, and the first code and title of each of its blocks.
struct Chapter(&'static str, u16, u16, &'static str, &'static [(u16, &'static str)]);

/// Diabetes mellitus, the code whose decimals are told apart.
const DIABETES: u16 = 250;

/// Every chapter and block; a block ends where the next one starts.
const CHAPTERS: &[Chapter] = &[
    Chapter(
        "",
        0,
        139,
        "Infectious and parasitic diseases",
        &[
            (0, "Reserved"),
            (1, "Intestinal infectious diseases"),
            (10, "Tuberculosis"),
            (20, "Zoonotic bacterial diseases"),
            (30, "Other bacterial diseases"),
            (42, "Human immunodeficiency virus"),
            (45, "Poliomyelitis and other non-arthropod-borne viral diseases of the central nervous system"),
            (50, "Viral diseases accompanied by exanthem"),
            (60, "Arthropod-borne viral diseases"),
            (70, "Other diseases due to viruses and chlamydiae"),
            (80, "Rickettsioses and other arthropod-borne diseases"),
            (90, "Syphilis and other venereal diseases"),
            (100, "Other spirochetal diseases"),
            (110, "Mycoses"),
            (120, "Helminthiases"),
            (130, "Other infectious and parasitic diseases"),
            (137, "Late effects of infectious and parasitic diseases"),
        ],
    ),
    Chapter(
        "",
        140,
        239,
        "Neoplasms",
        &[
            (140, "Malignant neoplasm of lip, oral cavity and pharynx"),
            (150, "Malignant neoplasm of digestive organs and peritoneum"),
            (160, "Malignant neoplasm of respiratory and intrathoracic organs"),
            (170, "Malignant neoplasm of bone, connective tissue, skin and breast"),
            (179, "Malignant neoplasm of genitourinary organs"),
            (190, "Malignant neoplasm of other and unspecified sites"),
            (200, "Malignant neoplasm of lymphatic and hematopoietic tissue"),
            (209, "Neuroendocrine tumors"),
            (210, "Benign neoplasms"),
            (230, "Carcinoma in situ"),
            (235, "Neoplasms of uncertain behavior"),
            (239, "Neoplasms of unspecified nature"),
        ],
    ),
    Chapter(
        "",
        240,
        279,
        "Endocrine, nutritional and metabolic diseases, and immunity disorders",
        &[
            (240, "Disorders of thyroid gland"),
            (249, "Diseases of other endocrine glands"),
            (260, "Nutritional deficiencies"),
            (270, "Other metabolic and immunity disorders"),
        ],
    ),
    Chapter("", 280, 289, "Diseases of the blood and blood-forming organs", &[]),
    Chapter(
        "",
        290,
        319,
        "Mental disorders",
        &[
            (290, "Organic psychotic conditions"),
            (295, "Other psychoses"),
            (300, "Neurotic, personality and other nonpsychotic mental disorders"),
            (317, "Intellectual disabilities"),
        ],
    ),
    Chapter(
        "",
        320,
        389,
        "Diseases of the nervous system and sense organs",
        &[
            (320, "Inflammatory diseases of the central nervous system"),
            (327, "Organic sleep disorders"),
            (330, "Hereditary and degenerative diseases of the central nervous system"),
            (338, "Pain"),
            (339, "Other headache syndromes"),
            (340, "Other disorders of the central nervous system"),
            (350, "Disorders of the peripheral nervous system"),
            (360, "Disorders of the eye and adnexa"),
            (380, "Diseases of the ear and mastoid process"),
        ],
    ),
    Chapter(
        "",
        390,
        459,
        "Diseases of the circulatory system",
        &[
            (390, "Acute rheumatic fever"),
            (393, "Chronic rheumatic heart disease"),
            (401, "Hypertensive disease"),
            (410, "Ischemic heart disease"),
            (415, "Diseases of pulmonary circulation"),
            (420, "Other forms of heart disease"),
            (430, "Cerebrovascular disease"),
            (440, "Diseases of arteries, arterioles and capillaries"),
            (451, "Diseases of veins and lymphatics, and other diseases of circulatory system"),
        ],
    ),
    Chapter(
        "",
        460,
        519,
        "Diseases of the respiratory system",
        &[
            (460, "Acute respiratory infections"),
            (470, "Other diseases of the upper respiratory tract"),
            (480, "Pneumonia and influenza"),
            (490, "Chronic obstructive pulmonary disease and allied conditions"),
            (500, "Pneumoconioses and other lung diseases due to external agents"),
            (510, "Other diseases of respiratory system"),
        ],
    ),
    Chapter(
        "",
        520,
        579,
        "Diseases of the digestive system",
        &[
            (520, "Diseases of oral cavity, salivary glands and jaws"),
            (530, "Diseases of esophagus, stomach and duodenum"),
            (540, "Appendicitis"),
            (550, "Hernia of abdominal cavity"),
            (555, "Noninfectious enteritis and colitis"),
            (560, "Other diseases of intestines and peritoneum"),
            (570, "Other diseases of digestive system"),
        ],
    ),
    Chapter(
        "",
        580,
        629,
        "Diseases of the genitourinary system",
        &[
            (580, "Nephritis, nephrotic syndrome and nephrosis"),
            (590, "Other diseases of urinary system"),
            (600, "Diseases of male genital organs"),
            (610, "Disorders of breast"),
            (614, "Inflammatory disease of female pelvic organs"),
            (617, "Other disorders of female genital tract"),
        ],
    ),
    Chapter(
        "",
        630,
        679,
        "Complications of pregnancy, childbirth and the puerperium",
        &[
            (630, "Ectopic and molar pregnancy, and other pregnancy with abortive outcome"),
            (640, "Complications mainly related to pregnancy"),
            (650, "Normal delivery and other indications for care"),
            (660, "Complications in the course of labor and delivery"),
            (670, "Complications of the puerperium"),
            (678, "Other maternal and fetal complications"),
        ],
    ),
    Chapter(
        "",
        680,
        709,
        "Diseases of the skin and subcutaneous tissue",
        &[
            (680, "Infections of skin and subcutaneous tissue"),
            (690, "Other inflammatory conditions of skin and subcutaneous tissue"),
            (700, "Other diseases of skin and subcutaneous tissue"),
        ],
    ),
    Chapter(
        "",
        710,
        739,
        "Diseases of the musculoskeletal system and connective tissue",
        &[
            (710, "Arthropathies and related disorders"),
            (720, "Dorsopathies"),
            (725, "Rheumatism, excluding the back"),
            (730, "Osteopathies, chondropathies and acquired musculoskeletal deformities"),
        ],
    ),
    Chapter("", 740, 759, "Congenital anomalies", &[]),
    Chapter(
        "",
        760,
        779,
        "Conditions originating in the perinatal period",
        &[
            (760, "Maternal causes of perinatal morbidity and mortality"),
            (764, "Other conditions originating in the perinatal period"),
        ],
    ),
    Chapter(
        "",
        780,
        799,
        "Symptoms, signs and ill-defined conditions",
        &[
            (780, "Symptoms"),
            (790, "Nonspecific abnormal findings"),
            (797, "Ill-defined and unknown causes of morbidity and mortality"),
        ],
    ),
    Chapter(
        "",
        800,
        999,
        "Injury and poisoning",
        &[
            (800, "Fracture of skull"),
            (805, "Fracture of neck and trunk"),
            (810, "Fracture of upper limb"),
            (820, "Fracture of lower limb"),
            (830, "Dislocation"),
            (840, "Sprains and strains of joints and adjacent muscles"),
            (850, "Intracranial injury, excluding those with skull fracture"),
            (860, "Internal injury of thorax, abdomen and pelvis"),
            (870, "Open wound of head, neck and trunk"),
            (880, "Open wound of upper limb"),
            (890, "Open wound of lower limb"),
            (900, "Injury to blood vessels"),
            (905, "Late effects of injuries, poisonings and other external causes"),
            (910, "Superficial injury"),
            (920, "Contusion with intact skin surface"),
            (925, "Crushing injury"),
            (930, "Effects of foreign body entering through a body orifice"),
            (940, "Burns"),
            (950, "Injury to nerves and spinal cord"),
            (958, "Certain traumatic complications and unspecified injuries"),
            (960, "Poisoning by drugs, medicinals and biological substances"),
            (980, "Toxic effects of substances chiefly nonmedicinal as to source"),
            (990, "Other and unspecified effects of external causes"),
            (996, "Complications of surgical and medical care"),
        ],
    ),
    Chapter(
        "V",
        1,
        91,
        "Factors influencing health status and contact with health services",
        &[
            (1, "Potential health hazards related to communicable diseases"),
            (7, "Isolation, other hazards and prophylactic measures"),
            (10, "Potential health hazards related to personal and family history"),
            (20, "Health services related to reproduction and development"),
            (30, "Liveborn infants according to type of birth"),
            (40, "Conditions influencing health status"),
            (50, "Specific procedures and aftercare"),
            (60, "Health services in other circumstances"),
            (70, "Persons without reported diagnosis"),
            (83, "Genetics"),
            (85, "Body mass index"),
            (86, "Estrogen receptor status"),
            (87, "Other personal exposures and history"),
            (88, "Acquired absence of organs"),
            (89, "Other suspected conditions not found"),
            (90, "Retained foreign body"),
            (91, "Multiple gestation placenta status"),
        ],
    ),
    Chapter(
        "E",
        0,
        999,
        "External causes of injury and poisoning",
        &[
            (0, "External cause status and activity"),
            (31, "Reserved"),
            (800, "Railway accidents"),
            (810, "Motor vehicle traffic accidents"),
            (820, "Motor vehicle nontraffic accidents"),
            (826, "Other road vehicle accidents"),
            (830, "Water transport accidents"),
            (840, "Air and space transport accidents"),
            (846, "Vehicle accidents not elsewhere classifiable, and place of occurrence"),
            (850, "Accidental poisoning by drugs and medicinal substances"),
            (860, "Accidental poisoning by other substances"),
            (870, "Misadventures to patients during surgical and medical care"),
            (878, "Abnormal reaction to surgical and medical procedures"),
            (880, "Accidental falls"),
            (890, "Accidents caused by fire and flames"),
            (900, "Accidents due to natural and environmental factors"),
            (910, "Accidents caused by submersion, suffocation and foreign bodies"),
            (916, "Other accidents"),
            (929, "Late effects of accidental injury"),
            (930, "Adverse effects of drugs and biologicals in therapeutic use"),
            (950, "Suicide and self-inflicted injury"),
            (960, "Homicide and injury purposely inflicted by others"),
            (970, "Legal intervention"),
            (980, "Injury undetermined whether accidentally or purposely inflicted"),
            (990, "Injury resulting from operations of war"),
        ],
    ),
];

/// The hierarchy.
///
/// # Errors
/// None in practice: the table is fixed.
pub fn nodes() -> Result<Vec<Node>, OutlineFault> {
    let mut lines = Vec::new();
    for Chapter(family, first, last, title, blocks) in CHAPTERS {
        lines.push((0, span(family, *first, *last), Some((*title).to_owned())));
        if blocks.is_empty() {
            (*first..=*last).for_each(|code| lines.push((1, name(family, code), None)));
        }
        for (i, (start, title)) in blocks.iter().enumerate() {
            let end = blocks.get(i + 1).map_or(*last, |(next, _)| next - 1);
            lines.push((1, span(family, *start, end), Some((*title).to_owned())));
            for code in *start..=end {
                lines.push((2, name(family, code), None));
                if family.is_empty() && code == DIABETES {
                    lines.extend(diabetes());
                }
            }
        }
    }
    number(lines)
}

/// The decimals of diabetes: 250 itself, then ten kinds of complication, each with four types.
fn diabetes() -> impl Iterator<Item = (usize, String, Option<String>)> {
    let kinds = (0..10).flat_map(|kind| {
        let types = (0..4).map(move |form| (4, format!("{DIABETES}.{kind}{form}"), None));
        std::iter::once((3, format!("{DIABETES}.{kind}"), None)).chain(types)
    });
    std::iter::once((3, DIABETES.to_string(), None)).chain(kinds)
}

fn name(family: &str, code: u16) -> String {
    if family == "V" { format!("V{code:02}") } else { format!("{family}{code:03}") }
}

/// A group of one code is called like it, and shown with a star.
fn span(family: &str, first: u16, last: u16) -> String {
    if first == last {
        name(family, first)
    } else {
        format!("{}-{}", name(family, first), name(family, last))
    }
}

/// The listed code that a written one counts as, in lower case; none when it is not written as an ICD-9 code.
pub fn normalise(key: &str) -> Option<String> {
    let (whole, fraction) = key.split_once('.').unwrap_or((key, ""));
    let (family, digits) = match whole.as_bytes().first()? {
        b'v' => ("v", &whole[1..]),
        b'e' => ("e", &whole[1..]),
        _ => ("", whole),
    };
    let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let longest = if family == "v" { 2 } else { 3 };
    if digits.is_empty()
        || digits.len() > longest
        || fraction.len() > 2
        || !numeric(digits)
        || !numeric(fraction)
    {
        return None;
    }
    let code: u16 = digits.parse().ok()?;
    let listed = match fraction.as_bytes() {
        [kind] if family.is_empty() && code == DIABETES => format!("{code}.{}0", char::from(*kind)),
        [_, form] if family.is_empty() && code == DIABETES && *form <= b'3' => format!("{code}.{fraction}"),
        _ => name(family, code).to_lowercase(),
    };
    Some(listed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Category, Codes, category::CategoryParts};

    fn category() -> Category {
        Category::try_from(CategoryParts { codes: Codes::Icd9Cm, ordered: true, truncate: false }).unwrap()
    }

    #[test]
    fn every_code_has_its_own_number_and_subtrees_are_ranges() {
        let icd = category();
        assert_eq!(icd.size(), 1000 + 40 + 91 + 1000);
        let (lo, hi) = icd.subtree("250.*").unwrap();
        assert_eq!(hi - lo, 40);
        assert_eq!(icd.label(lo, hi), "250.*");
        assert_eq!(icd.encode("250").unwrap(), lo);
        assert_eq!(icd.encode("250.93").unwrap(), hi);
        let block = icd.subtree("249-259").unwrap();
        assert!(block.0 < lo && hi < block.1);
        assert_eq!(icd.subtree("diseases of other endocrine glands"), Some(block));
        assert_eq!(icd.label(icd.encode("401").unwrap(), icd.encode("429").unwrap()), "401-429");
    }

    #[test]
    fn codes_that_lost_zeros_or_are_finer_than_the_list_read_as_their_parent() {
        let icd = category();
        let same = |a: &str, b: &str| assert_eq!(icd.encode(a).unwrap(), icd.encode(b).unwrap(), "{a} {b}");
        same("8", "008");
        same("38.9", "038");
        same("365.44", "365");
        same("v45.81", "V45");
        same("E812.0", "E812");
        same("250.1", "250.10");
        same("250.07", "250");
        for wrong in ["", "?", "1000", "V92", "V", "E", "25a", "250.1x", "250.123", "E1000", "-5", "é"] {
            assert!(icd.encode(wrong).is_err(), "{wrong}");
        }
        assert_ne!(icd.encode("250"), icd.encode("250.00"));
    }
}
