//! Keeps to itself what others need.

use galen_ledger::{beacon::BeaconMessage, chain::Upkeep, consensus::Message};

use super::{Adversary, Mail, Scene};

/// Shows its proposals to some, answers no request for a block, and never discloses its secrets to others.
pub struct Withholder;

impl Adversary for Withholder {
    fn send(&mut self, scene: &mut Scene<'_>, mail: Mail) -> Vec<Mail> {
        match &mail.message {
            Message::Propose(_) => vec![Mail { to: scene.some(&mail.to), ..mail }],
            Message::Block(_) => Vec::new(),
            Message::Upkeep { item: Upkeep::Beacon(BeaconMessage::Disclose { .. }), .. } => Vec::new(),
            _ => vec![mail],
        }
    }
}
