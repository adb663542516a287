//! Changes of the membership, as files that go from operator to operator: one proposes, a quorum approves with voting keys,
//! anybody hands in.
//!
//! The file is JSON. What counts is the change's canonical bytes in it; the words beside them are for reading, and are made
//! anew from the bytes before anybody signs.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use galen_ledger::MemberIndex;
use galen_ledger::chain::{Action, Candidate, Change, SignedChange};
use galen_ledger::codec::{Decode, Encode};
use galen_ledger::crypto::Signature;
use serde::{Deserialize, Serialize};

use super::config::Config;
use super::home::Home;
use crate::demo::folder::write_private;

/// An application for membership, as a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// For reading.
    pub name: String,
    /// The candidate's canonical bytes, in hex.
    pub candidate: String,
}

impl Application {
    /// Of a candidate.
    pub fn of(candidate: &Candidate) -> Self {
        Self { name: candidate.name.clone(), candidate: hex::encode(candidate.to_bytes()) }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there, or no application.
    pub fn load(path: &Path) -> anyhow::Result<Candidate> {
        let file: Self = read(path)?;
        let none = || format!("{} is no application for membership", path.display());
        Candidate::from_bytes(&hex::decode(&file.candidate).with_context(none)?).with_context(none)
    }
}

/// A change with the approvals so far, as a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// For reading.
    pub what: String,
    /// The change's canonical bytes, in hex.
    pub change: String,
    /// Approvals so far.
    pub approvals: Vec<Approval>,
}

/// One member's approval.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The member.
    pub member: MemberIndex,
    /// Its signature, in hex.
    pub signature: String,
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

/// Writes something as a file of JSON.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    Ok(write_private(path, &serde_json::to_vec_pretty(value)?)?)
}

/// A candidate's voting key in full: a name alone could be anybody's. With it the candidate has signed its name and its other
/// key.
pub fn voting_key(candidate: &Candidate) -> String {
    hex::encode(candidate.keys.voting.as_bytes())
}

/// A change in words.
fn words(change: &Change) -> String {
    let member = change.action.member();
    let what = match &change.action {
        Action::Admit { candidate, .. } => {
            format!(
                "admit {:?} as member {member}, with the voting key {}",
                candidate.name,
                voting_key(candidate)
            )
        }
        Action::Remove(_) => format!("remove member {member}"),
        Action::Rotate { candidate, .. } => {
            format!(
                "change the keys of member {member}, {:?}, to the voting key {}",
                candidate.name,
                voting_key(candidate)
            )
        }
        Action::Readmit(_) => format!("let member {member} propose again"),
    };
    format!("{what}; to be in a block by the end of cycle {}", change.last)
}

impl Proposal {
    /// A change that nobody has approved yet.
    pub fn new(change: &Change) -> Self {
        Self { what: words(change), change: hex::encode(change.to_bytes()), approvals: Vec::new() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there, or no proposal.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        read(path)
    }

    /// The change, from its bytes.
    ///
    /// # Errors
    /// When they are none.
    pub fn change(&self) -> anyhow::Result<Change> {
        let bytes = hex::decode(&self.change).context("the change is not hex")?;
        let change = Change::from_bytes(&bytes).context("the change is damaged")?;
        ensure!(
            self.what == words(&change),
            "the file says {:?}, but its change is to {}: do not approve it",
            self.what,
            words(&change)
        );
        Ok(change)
    }

    /// Adds this node's approval.
    ///
    /// # Errors
    /// When the change is of another chain, or this node has no voting key.
    pub fn approve(&mut self, home: &Home, config: &Config) -> anyhow::Result<()> {
        let change = self.change()?;
        ensure!(
            config.node.chain == Some(change.chain_id),
            "the change is for chain {}, not for that of {}",
            change.chain_id,
            home.folder().display()
        );
        let keys = home.voting_keys(config.node.role)?;
        let Some(key) = keys.first() else { bail!("a gateway has no vote") };
        let (member, signature) = change.approve(MemberIndex::new(config.node.number), key);
        self.approvals.retain(|approval| approval.member != member);
        self.approvals.push(Approval { member, signature: hex::encode(signature.to_bytes()) });
        Ok(())
    }

    /// The change with its approvals, as the ledger takes it.
    ///
    /// # Errors
    /// When something in the file is damaged.
    pub fn signed(&self) -> anyhow::Result<SignedChange> {
        let mut approvals = Vec::new();
        for Approval { member, signature } in &self.approvals {
            let damaged = || format!("the approval of member {member} is damaged");
            let mut bytes = [0; 64];
            hex::decode_to_slice(signature, &mut bytes).with_context(damaged)?;
            approvals.push((*member, Signature::from_bytes(bytes)));
        }
        Ok(SignedChange::new(self.change()?, approvals))
    }
}

#[cfg(test)]
mod tests {
    use galen_ledger::ChainId;
    use galen_ledger::crypto::SecretKey;
    use galen_ledger::types::Cycle;

    use super::*;

    /// A change by the voting key of whose application nothing but the seed differs.
    fn admission(seed: u8) -> Change {
        let chain_id = ChainId::from_bytes([7; 32]);
        let candidate = Candidate::new("St. Mary", &SecretKey::from_bytes(&[seed; 32]), Some(&chain_id));
        let action = Action::Admit { member: MemberIndex::new(4), candidate };
        Change { chain_id, last: Cycle::new(9), nonce: 0, action }
    }

    #[test]
    fn words_tell_two_candidates_of_one_name_apart() {
        let [one, other] = [1, 2].map(|seed| Proposal::new(&admission(seed)));
        assert_ne!(one.what, other.what);
        let key = hex::encode(SecretKey::from_bytes(&[1; 32]).public().as_bytes());
        assert!(one.what.contains(&key) && one.what.contains("St. Mary"), "{}", one.what);
        let exchanged = Proposal { what: one.what, ..other };
        assert!(exchanged.change().expect_err("refused").to_string().contains("do not approve it"));
    }
}
