//! Two machines with one key that know nothing of each other.

use std::collections::BTreeMap;

use galen_ledger::MemberIndex;

use super::{Adversary, Mail, Scene};
use crate::{network::chance, node::DELTA};

/// One of the two. Each is heard by some of the others for a while, then by different ones, so that the two lead
/// different lives and speak for one member.
#[derive(Default)]
pub struct Twin {
    heard_by: BTreeMap<MemberIndex, bool>,
    until: u64,
}

impl Adversary for Twin {
    fn send(&mut self, scene: &mut Scene<'_>, mail: Mail) -> Vec<Mail> {
        if scene.now >= self.until {
            self.heard_by = scene.others().into_iter().map(|to| (to, chance(scene.rng, 0.6))).collect();
            self.until = scene.now + 5 * DELTA;
        }
        let to = mail.to.iter().copied().filter(|to| self.heard_by.get(to) == Some(&true)).collect();
        vec![Mail { to, ..mail }]
    }
}
