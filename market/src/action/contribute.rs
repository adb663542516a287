//! Contributing: every rule of verification, then a reservation or a place in the queue; and muting a seller.
//!
//! A contribution whose payout key signed it, whose seal holds, and of whose other proofs one does not, is *evidence*: only
//! the accredited seller behind the nullifier can have made it, as the seal needs its secret and the signature covers all
//! of it. Nobody takes it into a block as a contribution; whoever was offered it may hand it in as
//! [`Transaction::Mute`](crate::Transaction::Mute), which mutes the nullifier for the request. So muting lies on the ledger,
//! is the same at every member and for every auditor, and a seller can burden those that it offers to with false proofs once
//! a request. Whatever else is wrong is held against nobody: above all a missing or different ciphertext, which a relay may
//! have caused.
//!
//! That a contribution in a block is sound, and nothing else, is what lets a member take it from others who have checked it:
//! of a muting it always checks the proofs itself.

use galen_circuits::contribution::{Challenge, Statement};
use galen_ledger::{BlobHash, Blobs, Event, StateRead, StateWrite, TxHash};

use super::Env;
use crate::amount::Records;
use crate::fault::{ContributeFault, Fault};
use crate::id::{ContributionId, Nullifier, RequestId};
use crate::record::{ContributionRecord, Phase, RequestRecord, Status, Use};
use crate::registry::recent;
use crate::settle::{Room, reserve, room, wait};
use crate::state::{load, store};
use crate::state_key;
use crate::transaction::SignedContribution;
use crate::verdict::Verdict;

/// What is checked without the state: the payout key's signature over everything, and who it pays.
///
/// # Errors
/// The first fault.
pub fn check_stateless(tx: &SignedContribution, env: Env) -> Result<(), Fault> {
    tx.check_signature(&env.block.chain_id)?;
    let payout = &tx.contribution.header.payout;
    if payout.key != *tx.payee.owner.key.as_bytes() || payout.memo != tx.payee.digest() {
        return Err(ContributeFault::Memo.into());
    }
    if tx.payee.holds(&env.block.chain_id, env.authority()) {
        Ok(())
    } else {
        Err(ContributeFault::Payee.into())
    }
}

/// The rules of the ledger, all that are cheap; gives the statement that its proofs must show.
///
/// # Errors
/// The first fault.
pub fn check_rules(
    state: &(impl StateRead + ?Sized),
    tx: &SignedContribution,
    env: Env,
) -> Result<Statement, ContributeFault> {
    let request = RequestRecord::load(state, &tx.request).ok_or(ContributeFault::NoRequest(tx.request))?;
    if request.phase != Phase::Open || env.height() > request.request.deadline.get() {
        return Err(ContributeFault::Closed);
    }
    let header = &tx.contribution.header;
    let nullifier = Nullifier::new(header.nullifier);
    match load(state, &state_key::nullifier(&tx.request, &nullifier)) {
        Some(Use::Contributed(_)) => return Err(ContributeFault::Used(nullifier)),
        Some(Use::Muted(_)) => return Err(ContributeFault::Muted(nullifier)),
        None => {}
    }
    let statement = request.statement(&env.block.chain_id, env.config).ok_or(ContributeFault::NoBeacon)?;
    if !recent::is_good(state, header.recent) {
        return Err(ContributeFault::NotRecent);
    }
    header.check(&statement)?;
    let records = Records::new(header.totals.released).ok();
    let records = records.filter(|records| *records <= request.request.max_records);
    let records = records.ok_or(ContributeFault::TooMany { records: header.totals.released })?;
    if room(&request, records) == Room::None { Err(ContributeFault::Full) } else { Ok(statement) }
}

/// Whether the ciphertext is here. Asked before any proof is looked at, and of evidence as well: whoever wants to burden the
/// members with a proof must deliver something, and every contribution in a block can be exported with its attachment.
///
/// # Errors
/// [`ContributeFault::BlobMissing`], [`ContributeFault::BlobUnreadable`].
pub fn check_arrival(hash: &BlobHash, blobs: &dyn Blobs) -> Result<(), ContributeFault> {
    match blobs.has(hash) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ContributeFault::BlobMissing(*hash)),
        Err(_) => Err(ContributeFault::BlobUnreadable(*hash)),
    }
}

/// Whether the ciphertext is the one that was proven.
///
/// # Errors
/// The first fault.
pub fn check_ciphertext(tx: &SignedContribution, blobs: &dyn Blobs) -> Result<(), ContributeFault> {
    let blob = blobs.get(&tx.blob).map_err(|_| ContributeFault::BlobUnreadable(tx.blob))?;
    let blob = blob.ok_or(ContributeFault::BlobMissing(tx.blob))?;
    tx.contribution.header.check_blob(&blob)?;
    Ok(())
}

/// Whether a contribution with this verdict on its proofs may enter a block.
///
/// # Errors
/// What is wrong with it.
pub fn check_sound(verdict: &Verdict) -> Result<(), ContributeFault> {
    match verdict {
        Verdict::Sound => Ok(()),
        Verdict::False(fault) | Verdict::Unsound(fault) => Err(fault.clone().into()),
    }
}

/// Whether a contribution with this verdict may be held against its seller.
///
/// # Errors
/// [`ContributeFault::NoEvidence`].
pub fn check_evidence(verdict: &Verdict) -> Result<(), ContributeFault> {
    if matches!(verdict, Verdict::False(_)) { Ok(()) } else { Err(ContributeFault::NoEvidence) }
}

/// Executes a contribution whose rules were just checked, with the verdict on its proofs. Does not look at the ciphertext:
/// a quorum had it before the block was voted for, and a member that comes later must come to the same state without it.
///
/// # Errors
/// [`ContributeFault::Unsound`].
pub fn execute(
    state: &mut dyn StateWrite,
    tx: &SignedContribution,
    hash: TxHash,
    statement: &Statement,
    verdict: &Verdict,
    env: Env,
) -> Result<Vec<Event>, ContributeFault> {
    check_sound(verdict)?;
    let header = &tx.contribution.header;
    let id = id_of(statement, tx);
    store(
        state,
        &state_key::nullifier(&tx.request, &Nullifier::new(header.nullifier)),
        &Use::Contributed(id),
    );
    accept(state, tx, hash, id, env).map(|event| vec![event])
}

/// Executes a muting whose rules were just checked, with the verdict on the contribution's proofs.
///
/// # Errors
/// [`ContributeFault::NoEvidence`].
pub fn mute(
    state: &mut dyn StateWrite,
    tx: &SignedContribution,
    statement: &Statement,
    verdict: &Verdict,
) -> Result<Vec<Event>, ContributeFault> {
    check_evidence(verdict)?;
    let (id, nullifier) = (id_of(statement, tx), Nullifier::new(tx.contribution.header.nullifier));
    store(state, &state_key::nullifier(&tx.request, &nullifier), &Use::Muted(id));
    Ok(vec![Event::new("contribution.muted").with("request", tx.request).with("contribution", id)])
}

fn id_of(statement: &Statement, tx: &SignedContribution) -> ContributionId {
    ContributionId::from_bytes(Challenge::draw(statement, &tx.contribution.header).id)
}

fn accept(
    state: &mut dyn StateWrite,
    tx: &SignedContribution,
    hash: TxHash,
    id: ContributionId,
    env: Env,
) -> Result<Event, ContributeFault> {
    let mut request =
        RequestRecord::load(state, &tx.request).ok_or(ContributeFault::NoRequest(tx.request))?;
    let mut contribution = record(tx, hash, request.contributions, env.height());
    store(state, &state_key::contribution_of(&tx.request, request.contributions), &id);
    request.contributions += 1;
    let event = match room(&request, contribution.records()) {
        Room::Now => {
            let until = env.height() + env.config.windows.open_window;
            reserve(state, &mut request, &id, &mut contribution, until)
        }
        Room::Later => wait(state, &mut request, &id, &mut contribution),
        Room::None => return Err(ContributeFault::Full),
    };
    save(state, &tx.request, &request);
    Ok(event)
}

fn record(tx: &SignedContribution, hash: TxHash, number: u32, height: u64) -> ContributionRecord {
    let header = &tx.contribution.header;
    ContributionRecord {
        request: tx.request,
        number,
        tx: hash,
        height,
        nullifier: Nullifier::new(header.nullifier),
        payee: tx.payee,
        totals: header.totals,
        encapsulation: header.encapsulation,
        identity: header.identity,
        blob: tx.blob,
        status: Status::Waiting,
    }
}

fn save(state: &mut dyn StateWrite, id: &RequestId, request: &RequestRecord) {
    store(state, &state_key::request(id), request);
}
