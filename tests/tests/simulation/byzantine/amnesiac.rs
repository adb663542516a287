//! Breaks R6: forgets what it has signed.

use super::{Adversary, Mail, Scene};
use crate::network::chance;

/// Starts again without its votes every now and then, and votes as if for the first time. It says different things to
/// different members between two lives, as its mail reaches only some.
pub struct Amnesiac;

impl Adversary for Amnesiac {
    fn send(&mut self, scene: &mut Scene<'_>, mail: Mail) -> Vec<Mail> {
        let to = if chance(scene.rng, 0.5) { scene.some(&mail.to) } else { mail.to };
        vec![Mail { to, ..mail }]
    }

    fn forgets(&mut self, scene: &mut Scene<'_>) -> bool {
        chance(scene.rng, 0.02)
    }
}
