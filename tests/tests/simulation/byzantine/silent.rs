//! Says nothing.

use super::{Adversary, Mail, Scene};

/// Says nothing.
pub struct Silent;

impl Adversary for Silent {
    fn send(&mut self, _scene: &mut Scene<'_>, _mail: Mail) -> Vec<Mail> {
        Vec::new()
    }
}
