//! Says everything as late as it can without being silent.

use galen_ledger::consensus::Message;
use rand::Rng;

use super::{Adversary, Mail, Scene};
use crate::node::DELTA;

/// Holds back its proposals until most have lost patience, and its votes a little less.
pub struct Staller;

impl Adversary for Staller {
    fn send(&mut self, scene: &mut Scene<'_>, mail: Mail) -> Vec<Mail> {
        let after = match &mail.message {
            Message::Propose(_) => scene.rng.gen_range(DELTA..4 * DELTA),
            Message::Vote(_) | Message::Certificate(_) => scene.rng.gen_range(0..3 * DELTA),
            _ => 0,
        };
        vec![Mail { after, ..mail }]
    }
}
