//! The part of a request that rules a release, opened from its digest.

use ark_ff::Zero;

use crate::field::{F, power_of_two};
use crate::gadget::{Bit, Builder, Choice, Wire};
use crate::request::{ALPHA_BITS, COLUMN_BITS, REQUEST, Terms};
use crate::shape::{CONSENT_CELL, QUASI_IDENTIFIERS};

/// A slot of the box.
pub struct Slot {
    /// Which cell it reads; none where the slot is unused.
    pub column: Choice,
    /// Weight of its width.
    pub weight: Wire,
}

/// Thresholds and columns.
pub struct ReleaseTerms {
    /// Cells released as they are: one bit each.
    pub released: Vec<Bit>,
    /// The seven slots.
    pub slots: Vec<Slot>,
    /// The sensitive cell.
    pub sensitive: Choice,
    /// Least rows.
    pub k: Wire,
    /// Least distinct sensitive values.
    pub l: Wire,
    /// Greatest share, per mille.
    pub alpha: Wire,
}

impl ReleaseTerms {
    /// Opens `digest`; the conditions stay closed.
    pub fn open(b: &mut Builder, terms: &Terms, digest: &Wire) -> Self {
        b.section("release.request");
        let released: Vec<Bit> = b.low_bits(F::from(terms.released_mask()), CONSENT_CELL);
        let slots: Vec<Slot> = (0..QUASI_IDENTIFIERS).map(|index| open_slot(b, terms, index)).collect();
        let opened = Self {
            released,
            slots,
            sensitive: b.choice(usize::from(terms.sensitive)),
            k: number(b, terms.k, 16),
            l: number(b, terms.l, 16),
            alpha: number(b, terms.alpha, ALPHA_BITS),
        };
        opened.enforce_no_raw_quasi_identifier(b);
        let schema = b.witness(terms.schema);
        let [first, second, selection, _] = terms.packed();
        let [first, second, selection] = [first, second, selection].map(|element| b.witness(element));
        let request = b.hash(REQUEST, &[schema, first, second, selection, opened.packed()]);
        b.enforce_equal(&request, digest);
        opened
    }

    /// A column that is a quasi-identifier is not released as it is, and is one slot's only.
    fn enforce_no_raw_quasi_identifier(&self, b: &mut Builder) {
        b.section("release.request.columns");
        for (column, released) in self.released.iter().enumerate() {
            let mut uses = released.wire().clone();
            for slot in &self.slots {
                uses.add_scaled(F::from(1u64), slot.column.bit(column).wire());
            }
            b.enforce_bit(&uses);
        }
    }

    fn packed(&self) -> Wire {
        let mut sum = Bit::number(&self.released);
        let mut shift = CONSENT_CELL;
        let mut put = |width: usize, wire: &Wire| {
            sum.add_scaled(power_of_two(shift), wire);
            shift += width;
        };
        for slot in &self.slots {
            put(COLUMN_BITS, &slot.column.number(1));
            put(16, &slot.weight);
        }
        put(COLUMN_BITS, &self.sensitive.number(0));
        put(16, &self.k);
        put(16, &self.l);
        put(ALPHA_BITS, &self.alpha);
        sum
    }
}

fn open_slot(b: &mut Builder, terms: &Terms, index: usize) -> Slot {
    let slot = terms.quasi_identifiers.get(index);
    let column = b.optional_choice(slot.map(|q| usize::from(q.column)));
    let weight = slot.map_or_else(F::zero, |q| F::from(q.weight));
    Slot { column, weight: Bit::number(&b.low_bits(weight, 16)) }
}

fn number(b: &mut Builder, value: u16, bits: usize) -> Wire {
    Bit::number(&b.low_bits(F::from(value), bits))
}
