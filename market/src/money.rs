//! Money on the ledger: which notes there are, which are spent, and what is locked for requests. How amounts stay hidden, and
//! why none is made or lost, is in [`crate::notes`].
//!
//! Every function checks everything before it writes. Nobody can add up the notes, as nobody sees their amounts: that no money
//! is made rests on the proofs of each transfer and issue, and on a note's image, which is recorded when it is spent.
//!
//! | money | is |
//! |---|---|
//! | a note | `v·B + r·B̃`, at its place, for ever; spent or not cannot be told |
//! | an escrow | `n·C_p`: the records that can still be paid, and the sealed price in the request |
//! | a payout | the note `n·C_p + S` for the payee in the contribution |
//! | a refund | the same, of what is left, for the payee in the request |

mod checked;

use curve25519_dalek::RistrettoPoint;
use curve25519_dalek::traits::Identity;
use galen_ledger::{StateRead, StateWrite};
use serde::{Serialize, Serializer};

pub use checked::Checked;

use crate::action::Env;
use crate::amount::Records;
use crate::codec::{Canonical, canonical};
use crate::fault::MoneyFault;
use crate::id::{ContributionId, RequestId};
use crate::notes::group::{Point, bases};
use crate::notes::issue::Issuance;
use crate::notes::note::{Note, NoteId};
use crate::notes::payee::Payee;
use crate::notes::price::SealedPrice;
use crate::notes::ring::Member;
use crate::notes::transfer::{Purpose, Transfer, TransferFault};
use crate::state::{load, store};
use crate::state_key;

/// Issues before transfers begin: each has notes for a ring, and it is the treasury's part that they are not of one owner.
const LEAST_ISSUES: u32 = 2;

/// Where a note comes from. Everybody sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Origin {
    /// The treasury issued it.
    Issued,
    /// A transfer made it.
    Transferred,
    /// It pays for a contribution.
    Paid {
        /// Which.
        contribution: ContributionId,
    },
    /// It is what was left of a request's escrow.
    Refunded {
        /// Of which.
        request: RequestId,
    },
}

canonical!(enum Origin { 0 => Issued, 1 => Transferred, 2 => Paid { contribution }, 3 => Refunded { request } });

impl Origin {
    /// The kind of notes that pay for contributions.
    pub const PAID: u8 = 2;

    /// The kind of note, as a number.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Issued => 0,
            Self::Transferred => 1,
            Self::Paid { .. } => Self::PAID,
            Self::Refunded { .. } => 3,
        }
    }
}

/// A note on the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NoteRecord {
    /// Its name.
    #[serde(serialize_with = "hex_id")]
    pub id: NoteId,
    /// The note.
    pub note: Note,
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: Origin,
    /// Its place among the notes of its kind.
    pub number: u32,
    /// The block that made it.
    pub height: u64,
}

canonical!(struct NoteRecord { id, note, origin, number, height });

fn hex_id<S: Serializer>(id: &NoteId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(id))
}

/// What is locked for a request: at the price in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Escrow {
    /// Records that can still be paid.
    pub records: Records,
}

canonical!(struct Escrow { records });

/// All issues together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Issued {
    /// The sum of all commitments; none before the first issue.
    sum: Option<Point>,
    issues: u32,
}

canonical!(struct Issued { sum, issues });

/// How many notes there are.
pub fn notes(state: &(impl StateRead + ?Sized)) -> u32 {
    load(state, &state_key::notes()).unwrap_or(0)
}

/// How many issues there were.
pub fn issues(state: &(impl StateRead + ?Sized)) -> u32 {
    load::<Issued>(state, &state_key::issued()).map_or(0, |issued| issued.issues)
}

/// The note at a place.
pub fn note(state: &(impl StateRead + ?Sized), position: u32) -> Option<NoteRecord> {
    load(state, &state_key::note(position))
}

/// How many notes there are of a kind.
pub fn notes_of_kind(state: &(impl StateRead + ?Sized), kind: u8) -> u32 {
    load(state, &state_key::notes_of_kind(kind)).unwrap_or(0)
}

/// The place of a note among all, by its place among those of its kind.
pub fn note_of_kind(state: &(impl StateRead + ?Sized), kind: u8, number: u32) -> Option<u32> {
    load(state, &state_key::note_of_kind(kind, number))
}

/// In which block a note with this image was spent.
pub fn spent(state: &(impl StateRead + ?Sized), image: &Point) -> Option<u64> {
    load(state, &state_key::image(image.as_bytes()))
}

/// A request's escrow, while it is there.
pub fn escrow(state: &(impl StateRead + ?Sized), request: &RequestId) -> Option<Escrow> {
    load(state, &state_key::escrow(request))
}

/// The sum of the commitments of all issues; the identity before the first.
pub fn issued(state: &(impl StateRead + ?Sized)) -> RistrettoPoint {
    let issued: Option<Issued> = load(state, &state_key::issued());
    issued.and_then(|issued| issued.sum).map_or(RistrettoPoint::identity(), |sum| *sum.get())
}

/// The note at a place as a member of a ring.
pub fn member(state: &(impl StateRead + ?Sized), position: u32) -> Option<Member> {
    let NoteRecord { id, note, .. } = note(state, position)?;
    Some(Member { position, id, key: note.owner.key, commitment: note.commitment })
}

/// The name of a note, on this chain: on another one the same note has another name, and so another image.
fn name(env: Env, source: &str, what: &[u8], index: u32) -> NoteId {
    let mut hasher = blake3::Hasher::new_derive_key("galen 2026 money note id v1");
    hasher
        .update(env.block.chain_id.as_bytes())
        .update(source.as_bytes())
        .update(&[0])
        .update(what)
        .update(&index.to_le_bytes());
    *hasher.finalize().as_bytes()
}

fn add(
    state: &mut (impl StateWrite + ?Sized),
    env: Env,
    id: NoteId,
    note: Note,
    origin: Origin,
) -> Result<u32, MoneyFault> {
    let (position, number) = (notes(state), notes_of_kind(state, origin.kind()));
    let next = position.checked_add(1).ok_or(MoneyFault::Full)?;
    let record = NoteRecord { id, note, origin, number, height: env.height() };
    store(state, &state_key::note(position), &record);
    store(state, &state_key::notes(), &next);
    store(state, &state_key::note_of_kind(origin.kind(), number), &position);
    store(state, &state_key::notes_of_kind(origin.kind()), &(number + 1));
    Ok(position)
}

/// Makes money.
///
/// # Errors
/// [`MoneyFault`].
pub fn issue(
    state: &mut (impl StateWrite + ?Sized),
    env: Env,
    issuance: &Issuance,
) -> Result<(), MoneyFault> {
    let before = issued(state);
    let content = [before.compress().as_bytes().as_slice(), &issuance.to_canonical()].concat();
    let (chain, key) = (&env.block.chain_id, env.authority());
    env.checked.once("issue", &content, || issuance.check(chain, key, &before).map(drop))?;
    let mut issued = load(state, &state_key::issued()).unwrap_or(Issued { sum: None, issues: 0 });
    let source = issued.issues.to_le_bytes();
    for (index, note) in (0u32..).zip(&issuance.notes) {
        issued.sum = plus(issued.sum, note.commitment);
        add(state, env, name(env, "issue", &source, index), *note, Origin::Issued)?;
    }
    issued.issues += 1;
    store(state, &state_key::issued(), &issued);
    Ok(())
}

fn plus(sum: Option<Point>, next: Point) -> Option<Point> {
    sum.map_or(Some(next), |sum| Point::new(sum.get() + next.get()))
}

/// Spends notes and makes new ones, and takes `locked` out of the notes besides, for whatever `of` stands for.
///
/// # Errors
/// [`MoneyFault`].
pub fn transfer(
    state: &mut (impl StateWrite + ?Sized),
    env: Env,
    transfer: &Transfer,
    of: &[u8; 32],
    locked: &RistrettoPoint,
) -> Result<(), MoneyFault> {
    if !transfer.has_shape() {
        return Err(TransferFault::Shape.into());
    }
    if issues(state) < LEAST_ISSUES {
        return Err(MoneyFault::Young { least: LEAST_ISSUES });
    }
    if transfer.inputs.iter().any(|input| spent(state, &input.signature.image).is_some()) {
        return Err(MoneyFault::Spent);
    }
    let first = transfer.inputs.first().ok_or(TransferFault::Shape)?;
    let mut rings = Vec::with_capacity(transfer.inputs.len());
    for input in &transfer.inputs {
        let found = |position: &u32| member(state, *position).ok_or(MoneyFault::NoNote(*position));
        rings.push(input.ring.iter().map(found).collect::<Result<Vec<_>, _>>()?);
    }
    // The notes themselves, and not their places alone: above a block that does not become final others may lie there.
    let mut content = [of.as_slice(), locked.compress().as_bytes(), &transfer.to_canonical()].concat();
    for Member { id, key, commitment, .. } in rings.iter().flatten() {
        content.extend([id, key.as_bytes(), commitment.as_bytes()].into_iter().flatten());
    }
    let purpose = Purpose { chain: &env.block.chain_id, authority: env.authority(), of, locked };
    env.checked.once("transfer", &content, || transfer.verify(purpose, &rings))?;
    for input in &transfer.inputs {
        store(state, &state_key::image(input.signature.image.as_bytes()), &env.height());
    }
    for (index, note) in (0u32..).zip(&transfer.outputs) {
        let id = name(env, "transfer", first.signature.image.as_bytes(), index);
        add(state, env, id, *note, Origin::Transferred)?;
    }
    Ok(())
}

/// Locks the money of a request: so many records at its price.
///
/// # Errors
/// [`MoneyFault`].
pub fn lock(
    state: &mut (impl StateWrite + ?Sized),
    env: Env,
    request: &RequestId,
    (price, records): (&SealedPrice, Records),
    funding: &Transfer,
) -> Result<(), MoneyFault> {
    let key = state_key::escrow(request);
    if state.get(&key).is_some() {
        return Err(MoneyFault::Escrow);
    }
    transfer(state, env, funding, &request.to_bytes(), &price.times(records.get()))?;
    store(state, &key, &Escrow { records });
    Ok(())
}

/// Pays for the records of a contribution out of its request's escrow.
///
/// # Errors
/// [`MoneyFault`].
pub fn pay(
    state: &mut (impl StateWrite + ?Sized),
    env: Env,
    (request, price): (&RequestId, &SealedPrice),
    (contribution, payee): (&ContributionId, &Payee),
    records: Records,
) -> Result<u32, MoneyFault> {
    let Escrow { records: held } = escrow(state, request).ok_or(MoneyFault::Escrow)?;
    let left = held.minus(records).ok_or(MoneyFault::Exhausted)?;
    let note = payee.note(price, records.get()).ok_or(MoneyFault::Payee)?;
    let id = name(env, "payout", contribution.as_bytes(), 0);
    let position = add(state, env, id, note, Origin::Paid { contribution: *contribution })?;
    store(state, &state_key::escrow(request), &Escrow { records: left });
    Ok(position)
}

/// Gives back what an escrow still holds, and ends it. Gives the records that were left.
///
/// # Errors
/// [`MoneyFault::Escrow`], [`MoneyFault::Full`].
pub fn refund(
    state: &mut (impl StateWrite + ?Sized),
    env: Env,
    request: &RequestId,
    (price, payee): (&SealedPrice, &Payee),
) -> Result<Records, MoneyFault> {
    let Escrow { records } = escrow(state, request).ok_or(MoneyFault::Escrow)?;
    if records != Records::ZERO {
        let note = payee.note(price, records.get()).ok_or(MoneyFault::Payee)?;
        let id = name(env, "refund", &request.to_bytes(), 0);
        add(state, env, id, note, Origin::Refunded { request: *request })?;
    }
    state.delete(&state_key::escrow(request));
    Ok(records)
}

/// Takes money out of the notes, for the treasury to pay outside.
///
/// # Errors
/// [`MoneyFault`].
pub fn redeem(
    state: &mut (impl StateWrite + ?Sized),
    env: Env,
    spent: &Transfer,
    amount: u64,
) -> Result<(), MoneyFault> {
    check_denomination(amount)?;
    transfer(state, env, spent, &REDEEMED, &redeemed(amount))
}

/// What a redemption's transfer is for.
pub const REDEEMED: [u8; 32] = *b"galen 2026 money redemption v1  ";
/// What a plain transfer is for.
pub const PLAIN: [u8; 32] = *b"galen 2026 money plain transfer ";

/// What a redemption locks: an amount that everybody sees, with no blinding.
pub fn redeemed(amount: u64) -> RistrettoPoint {
    curve25519_dalek::Scalar::from(amount) * bases().B
}

/// Whether an amount is one that can be redeemed at once: then it says little about whose it is.
///
/// # Errors
/// [`MoneyFault::Denomination`].
pub fn check_denomination(amount: u64) -> Result<(), MoneyFault> {
    let mut rest = amount;
    while rest != 0 && rest.is_multiple_of(10) {
        rest /= 10;
    }
    let fits = matches!(rest, 1 | 2 | 5) && amount < crate::amount::ISSUE_CAP;
    if fits { Ok(()) } else { Err(MoneyFault::Denomination(amount)) }
}
