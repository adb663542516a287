//! Who takes part: the governance keys and the accredited participants.

use galen_ledger::{StateRead, StateWrite};
use serde::Serialize;

use crate::codec::canonical;
use crate::config::Governance;
use crate::fault::{Fault, RoleFault};
use crate::id::{AccountKey, SellerName};
use crate::notes::group::Point;
use crate::sign::is_key;
use crate::state::{load, store};
use crate::state_key;

/// Longest name of a participant, in bytes.
pub const MAX_NAME: usize = 200;

/// What an account is accredited as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Commits datasets and sells from them.
    Hospital {
        /// Its name inside circuits.
        seller: SellerName,
        /// The key that prices are sealed to.
        sealing: Point,
    },
    /// Posts requests.
    Researcher,
    /// Re-checks everything; needs no right on the ledger.
    Auditor,
}

canonical!(enum Role { 0 => Hospital { seller, sealing }, 1 => Researcher, 2 => Auditor });

/// An accredited participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Participant {
    /// Its name, for people.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether that was taken away.
    pub suspended: bool,
    /// Since which height.
    pub since: u64,
}

canonical!(struct Participant { name, role, suspended, since });

/// A holder of a governance key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Governor {
    /// The key.
    pub key: AccountKey,
    /// Its name, for people; empty for those of the genesis.
    pub name: String,
}

canonical!(struct Governor { key, name });

/// The governance keys as they are now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Governors {
    /// Who.
    pub members: Vec<Governor>,
    /// How many must sign.
    pub threshold: u16,
}

canonical!(struct Governors { members, threshold });

impl Governors {
    /// The governance of the genesis.
    pub fn of(config: &Governance) -> Self {
        let member = |key: &AccountKey| Governor { key: *key, name: String::new() };
        Self { members: config.keys.iter().map(member).collect(), threshold: config.threshold }
    }

    /// Whether a key is among them.
    pub fn contains(&self, key: &AccountKey) -> bool {
        self.members.iter().any(|member| member.key == *key)
    }
}

/// The governance keys.
pub fn governors(state: &(impl StateRead + ?Sized)) -> Governors {
    load(state, &state_key::governance()).unwrap_or(Governors { members: Vec::new(), threshold: u16::MAX })
}

/// The participant with this account.
pub fn participant(state: &(impl StateRead + ?Sized), account: &AccountKey) -> Option<Participant> {
    load(state, &state_key::participant(account))
}

/// Writes a participant.
pub fn put(state: &mut (impl StateWrite + ?Sized), account: &AccountKey, participant: &Participant) {
    store(state, &state_key::participant(account), participant);
}

/// The seller's name of an active hospital.
///
/// # Errors
/// [`RoleFault::NotA`].
pub fn active_hospital(state: &(impl StateRead + ?Sized), account: &AccountKey) -> Result<SellerName, Fault> {
    match participant(state, account) {
        Some(Participant { role: Role::Hospital { seller, .. }, suspended: false, .. }) => Ok(seller),
        _ => Err(RoleFault::NotA { account: *account, role: "hospital" }.into()),
    }
}

/// Whether an account is an active researcher.
///
/// # Errors
/// [`RoleFault::NotA`].
pub fn active_researcher(state: &(impl StateRead + ?Sized), account: &AccountKey) -> Result<(), Fault> {
    match participant(state, account) {
        Some(Participant { role: Role::Researcher, suspended: false, .. }) => Ok(()),
        _ => Err(RoleFault::NotA { account: *account, role: "researcher" }.into()),
    }
}

/// Checks a participant's name and key as such.
///
/// # Errors
/// [`RoleFault::Name`], [`RoleFault::NotAKey`].
pub fn check_identity(account: &AccountKey, name: &str) -> Result<(), RoleFault> {
    if name.trim().is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(RoleFault::Name);
    }
    if is_key(account) { Ok(()) } else { Err(RoleFault::NotAKey(*account)) }
}

/// Accredits an account for a role that has no more to it; a suspended participant of that role is active again.
///
/// # Errors
/// [`RoleFault::Taken`].
pub fn accredit(
    state: &mut (impl StateWrite + ?Sized),
    account: &AccountKey,
    name: &str,
    role: Role,
    height: u64,
) -> Result<(), RoleFault> {
    match participant(state, account) {
        Some(before) if before.role != role || !before.suspended => return Err(RoleFault::Taken(*account)),
        _ => {
            put(state, account, &Participant { name: name.to_owned(), role, suspended: false, since: height })
        }
    }
    Ok(())
}
