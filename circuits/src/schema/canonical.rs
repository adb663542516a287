//! The bytes that a schema is known by.
//!
//! Integers little-endian; texts with their length in 4 bytes before them; a category by its numbered names, however
//! it was written, so that two ways of writing the same codes have one digest and any change of a code changes it.

use super::{Category, Class, Column, Kind, Schema};

/// Version of this encoding, its first byte.
const VERSION: u8 = 1;
/// Domain of the digest.
const CONTEXT: &str = "galen 2026 schema canonical bytes v1";

impl Schema {
    /// The canonical bytes.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut out = Bytes(vec![VERSION]);
        out.text(self.name());
        out.u32(self.version());
        out.u16(self.k_floor());
        out.u16(self.l_floor());
        out.u16(self.alpha_ceiling());
        out.u32(self.min_chunks());
        out.u32(self.columns().len() as u32);
        self.columns().iter().for_each(|column| out.column(column));
        out.0
    }

    /// 512 bits of BLAKE3 over the canonical bytes, to be reduced to a field element.
    pub fn digest_bytes(&self) -> [u8; 64] {
        let mut digest = [0; 64];
        blake3::Hasher::new_derive_key(CONTEXT)
            .update(&self.canonical_bytes())
            .finalize_xof()
            .fill(&mut digest);
        digest
    }
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    fn u16(&mut self, value: u16) {
        self.0.extend(value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.0.extend(value.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.u32(text.len() as u32);
        self.0.extend(text.as_bytes());
    }

    fn column(&mut self, column: &Column) {
        self.text(&column.name);
        self.u8(match column.class {
            Class::QuasiIdentifier => 0,
            Class::Sensitive => 1,
            Class::Plain => 2,
            Class::NeverReleased => 3,
        });
        self.u16(column.weight);
        self.kind(&column.kind);
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Number(number) => {
                let parts = number.parts();
                self.u8(0);
                self.i64(parts.min);
                self.i64(parts.max);
                self.i64(parts.step);
                self.u8(parts.decimals);
            }
            Kind::Date(span) => {
                self.u8(1);
                self.i64(span.parts().origin.number().into());
                self.i64(span.parts().last.number().into());
            }
            Kind::Category(category) => self.category(category),
        }
    }

    fn category(&mut self, category: &Category) {
        self.u8(2);
        self.u8(u8::from(category.ordered()));
        self.u8(u8::from(category.parts().truncate));
        self.u32(category.nodes().len() as u32);
        for node in category.nodes() {
            self.u8(node.depth as u8);
            self.u8(u8::from(node.leaf));
            self.text(&node.name);
            self.text(node.title.as_deref().unwrap_or_default());
        }
    }
}
