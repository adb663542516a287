//! Says to some what it does not say to others.

use super::{Adversary, Mail, Scene};

/// Sends each message to some of those it is for.
pub struct Selective;

impl Adversary for Selective {
    fn send(&mut self, scene: &mut Scene<'_>, mail: Mail) -> Vec<Mail> {
        vec![Mail { to: scene.some(&mail.to), ..mail }]
    }
}
