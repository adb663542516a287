//! Verdicts on proofs, remembered.
//!
//! A contribution is checked when it is submitted, when it is proposed, by each member that votes, and when it is
//! executed. Its verdict depends on the statement and the contribution's bytes alone, so it is worked out once.

use std::collections::BTreeMap;

use galen_circuits::contribution::{Contribution, ContributionFault, Statement, Verifier, Which};
use galen_circuits::field::F;
use galen_circuits::jubjub::PublicKey;
use galen_circuits::knowledge::Knowledge;

use crate::memory::Memory;

/// Verdicts that are remembered.
const REMEMBERED: usize = 8192;

/// What proofs are checked with. [`Verifier`] is the only implementation outside of tests of the state machine.
pub trait ProofCheck: Send + Sync + 'static {
    /// A verdict for each contribution under its statement: counts, limits, seal, and all other proofs.
    fn verify_all(&self, items: &[(&Statement, &Contribution)]) -> Vec<Result<(), ContributionFault>>;

    /// Whether the secret behind a name is shown to be known, in this context.
    fn knows(&self, shown: &Knowledge, context: &[u8], name: F, auditor: &PublicKey) -> bool;
}

impl ProofCheck for Verifier {
    fn verify_all(&self, items: &[(&Statement, &Contribution)]) -> Vec<Result<(), ContributionFault>> {
        Verifier::verify_all(self, items).into_iter().map(|verdict| verdict.map(|_| ())).collect()
    }

    fn knows(&self, shown: &Knowledge, context: &[u8], name: F, auditor: &PublicKey) -> bool {
        shown.verify(self, context, name, auditor).is_ok()
    }
}

/// What is to be made of a contribution's proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All hold.
    Sound,
    /// The seal holds, so an accredited seller with this nullifier made it; and another proof does not.
    False(ContributionFault),
    /// Anything else: nobody can be blamed for it.
    Unsound(ContributionFault),
}

impl Verdict {
    fn of(verdict: Result<(), ContributionFault>) -> Self {
        match verdict {
            Ok(()) => Self::Sound,
            Err(ContributionFault::Proofs(which)) if !which.is_empty() && !which.contains(&Which::Seal) => {
                Self::False(ContributionFault::Proofs(which))
            }
            Err(fault) => Self::Unsound(fault),
        }
    }
}

/// Names a pair of statement and contribution.
pub type Content = [u8; 32];

/// Proof checks with a memory.
#[derive(Debug)]
pub struct Verdicts<C> {
    check: C,
    known: Memory<Verdict>,
}

/// The name of what is verified. Everything that a verdict depends on enters it.
pub fn content(statement: &Statement, contribution: &Contribution) -> Content {
    use crate::codec::{Canonical, write_bytes};
    let mut bytes = Vec::new();
    write_bytes(&mut bytes, statement.chain_id.as_bytes());
    statement.request_id.write(&mut bytes);
    statement.terms.write(&mut bytes);
    statement.min_chunks.write(&mut bytes);
    statement.anchor.write(&mut bytes);
    statement.beacon.write(&mut bytes);
    statement.sample.write(&mut bytes);
    statement.buyer.write(&mut bytes);
    statement.auditor.write(&mut bytes);
    statement.limits.write(&mut bytes);
    contribution.write(&mut bytes);
    blake3::derive_key("galen 2026 market verdict v1", &bytes)
}

impl<C: ProofCheck> Verdicts<C> {
    /// What proofs are checked with.
    pub fn check(&self) -> &C {
        &self.check
    }

    /// Nothing known yet.
    pub fn new(check: C) -> Self {
        Self { check, known: Memory::new(REMEMBERED) }
    }

    /// The verdicts, in order; unknown ones are worked out in one batch.
    pub fn of_all(&self, items: &[(&Statement, &Contribution)]) -> Vec<Verdict> {
        let names: Vec<Content> = items.iter().map(|(statement, item)| content(statement, item)).collect();
        let mut verdicts: BTreeMap<Content, Verdict> = BTreeMap::new();
        let mut unknown: BTreeMap<Content, (&Statement, &Contribution)> = BTreeMap::new();
        for (name, item) in names.iter().zip(items) {
            match self.known.get(name) {
                Some(verdict) => drop(verdicts.insert(*name, verdict)),
                None => drop(unknown.insert(*name, *item)),
            }
        }
        let asked: Vec<(&Statement, &Contribution)> = unknown.values().copied().collect();
        let answers = if asked.is_empty() { Vec::new() } else { self.check.verify_all(&asked) };
        for (name, answer) in unknown.into_keys().zip(answers) {
            let verdict = Verdict::of(answer);
            self.known.keep(name, verdict.clone(), 1);
            verdicts.insert(name, verdict);
        }
        let verdict =
            |name| verdicts.get(name).cloned().unwrap_or(Verdict::Unsound(ContributionFault::Empty));
        names.iter().map(verdict).collect()
    }

    /// The verdict on one that was looked at, or believed, before.
    pub fn known(&self, statement: &Statement, contribution: &Contribution) -> Option<Verdict> {
        self.known.get(&content(statement, contribution))
    }

    /// Takes a contribution for sound without looking, on the word of others. Who has looked itself knows better.
    pub fn trust(&self, statement: &Statement, contribution: &Contribution) -> Verdict {
        let name = content(statement, contribution);
        self.known.get(&name).unwrap_or_else(|| {
            self.known.keep(name, Verdict::Sound, 1);
            Verdict::Sound
        })
    }

    /// The verdict on one.
    pub fn of(&self, statement: &Statement, contribution: &Contribution) -> Verdict {
        let verdict = self.of_all(&[(statement, contribution)]).pop();
        verdict.unwrap_or(Verdict::Unsound(ContributionFault::Empty))
    }
}
