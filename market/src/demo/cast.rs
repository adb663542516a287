//! Everybody's secrets in a demonstration, from one seed.
//!
//! In life each party draws its own and shows it to nobody; here one seed lets a run that was killed go on.

use galen_market::Signer;
use galen_market::agent::authority::AuthorityKeys;
use galen_market::agent::hospital::HospitalKeys;
use galen_market::agent::researcher::ResearcherKeys;
use galen_market::notes::keys::OwnerKeys;

/// The seeds that everything is derived from.
pub struct Cast {
    /// Of the story.
    seed: [u8; 32],
    /// Of those who run the consortium; another when it runs elsewhere.
    board: [u8; 32],
}

impl Cast {
    /// The cast of a seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { seed, board: seed }
    }

    /// The cast of a story on a network that others run, who are of another seed.
    pub fn on(board: [u8; 32], seed: [u8; 32]) -> Self {
        Self { seed, board }
    }

    /// Those who run the consortium.
    fn board(&self) -> Self {
        Self::new(self.board)
    }

    /// 32 bytes for a purpose.
    pub fn bytes(&self, what: &str) -> [u8; 32] {
        blake3::keyed_hash(&self.seed, what.as_bytes()).into()
    }

    /// A governance key of the consortium.
    pub fn governor(&self, index: usize) -> Signer {
        Signer::from_seed(self.board().bytes(&format!("governor {index}")))
    }

    /// The seeds of those who run the consortium, each with its owner's name.
    pub fn board_seeds(&self, governors: u16) -> Vec<(String, [u8; 32])> {
        let board = self.board();
        let governors =
            (0..governors).map(|at| (format!("governor-{at}"), board.bytes(&format!("governor {at}"))));
        governors.chain(["treasury", "authority"].map(|name| (name.to_owned(), board.bytes(name)))).collect()
    }

    /// The audit office.
    pub fn auditor(&self) -> Signer {
        Signer::from_seed(self.bytes("auditor"))
    }

    /// The treasury.
    pub fn treasury(&self) -> Signer {
        Signer::from_seed(self.board().bytes("treasury"))
    }

    /// Somebody who would like to be paid for another's work.
    pub fn thief(&self) -> OwnerKeys {
        OwnerKeys::from_seed(&self.bytes("thief"))
    }

    /// The audit authority's keys.
    pub fn authority(&self) -> AuthorityKeys {
        AuthorityKeys::from_seed(&self.board().bytes("authority"))
    }

    /// Another institute, which would like to know what the researcher pays.
    pub fn competitor(&self) -> ResearcherKeys {
        ResearcherKeys::from_seed(&self.bytes("competitor"))
    }

    /// The researcher.
    pub fn researcher(&self) -> ResearcherKeys {
        ResearcherKeys::from_seed(&self.bytes("researcher"))
    }

    /// A hospital.
    pub fn hospital(&self, index: u32) -> HospitalKeys {
        HospitalKeys::from_seed(self.bytes(&format!("hospital {index} seed")))
    }
}
