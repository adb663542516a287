//! Members that do not keep the rules, each a small actor.
//!
//! A bad member has a machine with the real core, as an honest one has. The actor stands between the machine and the
//! links: whatever the machine would send goes through it, it hears what the machine hears, and it has the key.

mod amnesiac;
mod double_voter;
mod equivocator;
mod replayer;
mod rubbish;
mod selective;
mod silent;
mod staller;
mod twins;
mod withholder;

use std::sync::Arc;

use galen_ledger::{
    MemberIndex,
    chain::{Block, Statement, Vote, block::tx_root},
    consensus::{Message, Proposal},
    crypto::SecretKey,
    types::{TxHash, View},
};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;

use super::{network::chance, node::Node};

/// A message on its way out: to whom, what, and how much later.
#[derive(Clone, Debug)]
pub struct Mail {
    /// To whom.
    pub to: Vec<MemberIndex>,
    /// What.
    pub message: Message,
    /// How many milliseconds it is held back.
    pub after: u64,
}

/// What an actor has at hand.
pub struct Scene<'a> {
    /// The machine it speaks for.
    pub node: &'a Node,
    /// Its chances.
    pub rng: &'a mut ChaCha20Rng,
    /// The time.
    pub now: u64,
}

/// A member that does not keep the rules.
pub trait Adversary: Send {
    /// What goes out in place of what the machine would send.
    fn send(&mut self, scene: &mut Scene<'_>, mail: Mail) -> Vec<Mail>;

    /// What goes out in answer to what the machine is told.
    fn hear(&mut self, scene: &mut Scene<'_>, message: &Message) -> Vec<Mail> {
        let _ = (scene, message);
        Vec::new()
    }

    /// Whether the machine forgets all its votes now.
    fn forgets(&mut self, scene: &mut Scene<'_>) -> bool {
        let _ = scene;
        false
    }
}

/// The ways of being bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Proposes two blocks in a view, and votes for both.
    Equivocator,
    /// Votes for whatever it hears of, and gives up every view besides.
    DoubleVoter,
    /// Forgets its votes and votes again.
    Amnesiac,
    /// Keeps bodies and secrets to itself.
    Withholder,
    /// Sends each message to some.
    Selective,
    /// Sends old messages, and signatures of elsewhere.
    Replayer,
    /// Proposes blocks that are wrong in some way.
    Rubbish,
    /// Says everything as late as possible.
    Staller,
    /// Says nothing.
    Silent,
    /// Two machines with one key.
    Twins,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Equivocator,
        Self::DoubleVoter,
        Self::Amnesiac,
        Self::Withholder,
        Self::Selective,
        Self::Replayer,
        Self::Rubbish,
        Self::Staller,
        Self::Silent,
        Self::Twins,
    ];

    /// A member of this kind.
    pub fn actor(self) -> Box<dyn Adversary> {
        match self {
            Self::Equivocator => Box::new(equivocator::Equivocator::default()),
            Self::DoubleVoter => Box::new(double_voter::DoubleVoter::default()),
            Self::Amnesiac => Box::new(amnesiac::Amnesiac),
            Self::Withholder => Box::new(withholder::Withholder),
            Self::Selective => Box::new(selective::Selective),
            Self::Replayer => Box::new(replayer::Replayer::default()),
            Self::Rubbish => Box::new(rubbish::Rubbish),
            Self::Staller => Box::new(staller::Staller),
            Self::Silent => Box::new(silent::Silent),
            Self::Twins => Box::new(twins::Twin::default()),
        }
    }
}

impl Scene<'_> {
    /// Its voting key, while it has a seat.
    pub fn key(&self) -> Option<SecretKey> {
        self.node.key()
    }

    /// All other members.
    pub fn others(&self) -> Vec<MemberIndex> {
        let committee = self.node.core.committee();
        committee.members().filter(|member| *member != self.node.index).collect()
    }

    /// Some of the members, drawn at random.
    pub fn some(&mut self, of: &[MemberIndex]) -> Vec<MemberIndex> {
        of.iter().copied().filter(|_| chance(self.rng, 0.5)).collect()
    }

    /// The members in two halves, drawn at random.
    pub fn halves(&mut self, of: &[MemberIndex]) -> (Vec<MemberIndex>, Vec<MemberIndex>) {
        let mut all = of.to_vec();
        all.shuffle(self.rng);
        let rest = all.split_off(all.len() / 2);
        (all, rest)
    }

    /// Signs a statement, whatever was signed before.
    pub fn vote(&self, statement: Statement) -> Option<Message> {
        let key = self.key()?;
        Some(Message::Vote(Vote::sign(statement, self.node.index, &self.node.core.committee().scope(), &key)))
    }

    /// Signs a block in a view.
    pub fn propose(&self, view: View, block: Block) -> Option<Message> {
        let scope = self.node.core.committee().scope();
        Some(Message::Propose(Proposal::sign(view, Arc::new(block), &scope, &self.key()?)))
    }
}

/// The same block with other transactions.
pub fn with_txs(block: &Block, txs: Vec<Vec<u8>>) -> Block {
    let hashes: Vec<_> = txs.iter().map(|tx| TxHash::of(tx)).collect();
    let mut other = block.clone();
    other.header.tx_root = tx_root(&hashes);
    other.txs = txs;
    other
}

impl Mail {
    /// A message to some, at once.
    pub fn now(to: Vec<MemberIndex>, message: Message) -> Self {
        Self { to, message, after: 0 }
    }
}
