//! One synthetic patient.

use rand::Rng;

use super::marginals::{ADMISSION, COMPLICATIONS, CONSENT, DAYS, DECADES, DIAGNOSES, SEX};
use super::{around, pick};

/// A synthetic patient's stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    sex: &'static str,
    age: i32,
    admission: &'static str,
    discharge: &'static str,
    days: i32,
    main: String,
    diabetes: String,
    /// HbA1c in tenths of a per cent; not always measured.
    hba1c: Option<i32>,
    medications: i32,
    comorbidity: i32,
    readmitted: &'static str,
    consent: &'static str,
}

impl Patient {
    pub(super) fn draw(rng: &mut impl Rng) -> Self {
        let age = pick(rng, &DECADES).unwrap_or(60) + rng.gen_range(0..10);
        let type_one = rng.gen_range(0..1000) < if age < 40 { 350 } else { 40 };
        let comorbidity = around(rng, (age - 20) / 15, 2).clamp(0, 15);
        let days =
            (pick(rng, &DAYS).unwrap_or(3) + (comorbidity + 1) / 4 - 1 + i32::from(age > 80)).clamp(1, 30);
        let diabetes = diabetes(rng, type_one);
        let main = if rng.gen_range(0..1000) < if type_one { 350 } else { 80 } {
            diabetes.clone()
        } else {
            pick(rng, &DIAGNOSES).unwrap_or("I50").to_owned()
        };
        let mean = if type_one { 86 } else { 74 } + if age < 50 { 6 } else { 0 };
        // Measured in one stay of five, more often where diabetes is why the patient came.
        let measured = rng.gen_range(0..1000) < if main == diabetes { 600 } else { 170 };
        let hba1c = measured.then(|| around(rng, mean, 17).clamp(40, 150));
        Self {
            sex: pick(rng, &SEX).unwrap_or("female"),
            age,
            admission: pick(rng, &ADMISSION).unwrap_or(""),
            discharge: discharge(rng, age, comorbidity),
            days,
            main,
            diabetes,
            hba1c,
            medications: around(rng, 10 + days + comorbidity / 2, 6).clamp(1, 80),
            comorbidity,
            readmitted: readmitted(rng, comorbidity, days),
            consent: pick(rng, &CONSENT).unwrap_or(""),
        }
    }

    /// The fields of its CSV line, without the id.
    pub(super) fn fields(&self) -> impl Iterator<Item = String> {
        let hba1c = self.hba1c.map(|tenths| format!("{}.{}", tenths / 10, tenths % 10)).unwrap_or_default();
        [
            self.sex.to_owned(),
            self.age.to_string(),
            self.admission.to_owned(),
            self.discharge.to_owned(),
            self.days.to_string(),
            self.main.clone(),
            self.diabetes.clone(),
            hba1c,
            self.medications.to_string(),
            self.comorbidity.to_string(),
            self.readmitted.to_owned(),
            self.consent.to_owned(),
        ]
        .into_iter()
    }
}

fn diabetes(rng: &mut impl Rng, type_one: bool) -> String {
    let family = match (type_one, rng.gen_range(0..1000)) {
        (true, _) => "E10",
        (false, 0..20) => "E13",
        (false, _) => "E11",
    };
    format!("{family}.{}", pick(rng, &COMPLICATIONS).unwrap_or('9'))
}

fn discharge(rng: &mut impl Rng, age: i32, comorbidity: i32) -> &'static str {
    let frail = (age.max(40) - 40 + 4 * comorbidity) as u32;
    let weights = [
        ("home", 640),
        ("home care", 60 + 2 * frail),
        ("nursing facility", 4 * frail),
        ("rehabilitation", 20 + frail / 3),
        ("other hospital", 30),
        ("against advice", 8),
        ("hospice", frail / 10),
        ("expired", 2 + frail / 3),
    ];
    pick(rng, &weights).unwrap_or("home")
}

fn readmitted(rng: &mut impl Rng, comorbidity: i32, days: i32) -> &'static str {
    let burden = (4 * comorbidity + 2 * days) as u32;
    pick(rng, &[("no", 560), ("late", 300 + 3 * burden), ("early", 60 + 2 * burden)]).unwrap_or("no")
}
