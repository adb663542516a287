//! Spending: which notes, in which rings, for what.

use curve25519_dalek::{RistrettoPoint, Scalar};
use galen_ledger::{ChainId, StateRead};
use rand::{CryptoRng, RngCore};

use super::patience::{Aim, Patience, choose};
use super::{Held, Wallet, decoys};
use crate::action::Redeem;
use crate::amount::{Amount, Records};
use crate::fault::MoneyFault;
use crate::id::RequestId;
use crate::money::{self, Origin};
use crate::notes::group::Point;
use crate::notes::keys::Address;
use crate::notes::note::Opening;
use crate::notes::transfer::{Input, MAX_INPUTS, Purpose, Spend, Transfer, TransferFault, nothing};

/// Where something is spent.
#[derive(Clone, Copy)]
pub struct At<'a> {
    /// The state that the wallet has scanned.
    pub state: &'a dyn StateRead,
    /// The chain.
    pub chain: &'a ChainId,
    /// K.
    pub authority: &'a Point,
}

/// A wallet cannot spend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WalletFault {
    /// Not enough.
    #[error("the wallet holds {held} minor units and {needed} are needed")]
    Insufficient {
        /// What it holds.
        held: Amount,
        /// What is needed.
        needed: u64,
    },
    /// Enough, in too many notes.
    #[error(
        "the amount lies in more than {MAX_INPUTS} notes: send some of it to yourself first, which joins them"
    )]
    Scattered,
    /// Enough, and too new to hide well.
    #[error(
        "the wallet holds enough, but part of it is too new to hide well: not before {more} more notes of its kind are on the \
         ledger; wait, or spend now and be hidden less"
    )]
    Early {
        /// So many more notes of one kind must come.
        more: u32,
    },
    /// Enough to redeem, but others know what it is worth.
    #[error(
        "the wallet holds enough, but in payouts, refunds or issued notes, whose worth others know: send it to yourself first, \
         and redeem that; or redeem now and be hidden less"
    )]
    Known,
    /// Too few notes on the ledger to hide among.
    #[error("the ledger has too few notes for a ring")]
    Young,
    /// An amount above all that there can be.
    #[error("no more than 2^40 minor units are ever issued")]
    Cap,
    /// What cannot be redeemed.
    #[error(transparent)]
    Money(#[from] MoneyFault),
    /// The transfer.
    #[error(transparent)]
    Transfer(#[from] TransferFault),
}

/// What a transfer is for, besides paying.
struct For {
    of: [u8; 32],
    locked: Opening,
    point: RistrettoPoint,
}

impl Wallet {
    /// Pays somebody; the rest comes back.
    ///
    /// # Errors
    /// [`WalletFault`].
    pub fn send(
        &self,
        at: At<'_>,
        to: &Address,
        amount: Amount,
        patience: Patience,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Transfer, WalletFault> {
        let (point, locked) = nothing();
        let chosen = self.choose(at, amount.get(), (Aim::Send, patience))?;
        self.spend(at, For { of: money::PLAIN, locked, point }, &chosen, (to, amount), rng)
    }

    /// Locks the money of a request, whose price the buyer can open: well hidden notes if they are enough, otherwise any, as a
    /// request has a deadline.
    ///
    /// # Errors
    /// [`WalletFault`].
    pub fn fund(
        &self,
        at: At<'_>,
        request: &RequestId,
        (price, records): (Opening, Records),
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Transfer, WalletFault> {
        let n = records.get();
        let amount = price.amount.checked_mul(n.into()).ok_or(WalletFault::Cap)?;
        let locked = Opening { amount, blinding: Scalar::from(n) * price.blinding };
        let of = For { of: request.to_bytes(), locked, point: locked.commit() };
        let chosen = self.choose(at, amount, (Aim::Fund, Patience::Now))?;
        self.spend(at, of, &chosen, (&self.address(), Amount::ZERO), rng)
    }

    /// Asks the treasury to take an amount out and pay it outside. The treasury signs it.
    ///
    /// What is taken out everybody sees, and what a payout, a refund or an issued note is worth somebody else knows: few of a
    /// ring hold enough, and one of them best. So whoever waits redeems only money that came by a transfer, and who does not,
    /// such money first: whoever sends its earnings to itself before it redeems them shows much less.
    ///
    /// # Errors
    /// [`WalletFault`].
    pub fn redeem(
        &self,
        at: At<'_>,
        amount: Amount,
        patience: Patience,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Redeem, WalletFault> {
        let amount = amount.get();
        money::check_denomination(amount)?;
        let locked = Opening { amount, blinding: Scalar::ZERO };
        let of = For { of: money::REDEEMED, locked, point: money::redeemed(amount) };
        let chosen = self.choose(at, amount, (Aim::Redeem, patience))?;
        let transfer = self.spend(at, of, &chosen, (&self.address(), Amount::ZERO), rng)?;
        Ok(Redeem { amount, transfer })
    }

    /// Among how many notes of its kind the least hidden note of a transfer of this wallet's hides: sixteen, once the ledger
    /// has so many.
    pub fn hides_among(&self, state: &dyn StateRead, transfer: &Transfer) -> usize {
        let own = |input: &Input| self.notes().find(|held| held.image == input.signature.image);
        let alike = |input: &Input| {
            let kind = own(input)?.record.origin.kind();
            let of = input.ring.iter().filter_map(|at| money::note(state, *at));
            Some(of.filter(|record| record.origin.kind() == kind).count())
        };
        transfer.inputs.iter().filter_map(alike).min().unwrap_or(0)
    }

    /// How many more notes of a kind would have to come before all notes that a transfer of this wallet's spends were
    /// dealt; none for one that waited.
    pub fn until_dealt(&self, state: &dyn StateRead, transfer: &Transfer) -> u32 {
        let own = |input: &Input| self.notes().find(|held| held.image == input.signature.image);
        let spent = transfer.inputs.iter().filter_map(own);
        spent.map(|held| decoys::until_dealt(state, &held.record)).max().unwrap_or(0)
    }

    /// Whether a transfer of this wallet's spends a note whose worth somebody else knows: payouts and refunds by the price,
    /// issued notes by the treasury.
    pub fn is_known_to_others(&self, state: &dyn StateRead, transfer: &Transfer) -> bool {
        let own = |input: &Input| self.notes().find(|held| held.image == input.signature.image);
        let spent = transfer.inputs.iter().filter_map(own);
        spent
            .filter_map(|held| money::note(state, held.position))
            .any(|note| note.origin != Origin::Transferred)
    }

    fn spend(
        &self,
        at: At<'_>,
        For { of, locked, point }: For,
        chosen: &[&Held],
        (to, amount): (&Address, Amount),
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Transfer, WalletFault> {
        let mut spends = Vec::new();
        for held in chosen {
            let ring = decoys::draw(at.state, held.position, &held.record, &held.owned.secret)
                .ok_or(WalletFault::Young)?;
            spends.push(Spend { ring: ring.members, place: ring.place, owned: held.owned });
        }
        let purpose = Purpose { chain: at.chain, authority: at.authority, of: &of, locked: &point };
        Ok(Transfer::new(purpose, &spends, (to, amount), &self.address(), locked, rng)?)
    }

    fn choose(
        &self,
        at: At<'_>,
        needed: u64,
        (aim, patience): (Aim, Patience),
    ) -> Result<Vec<&Held>, WalletFault> {
        let unspent: Vec<&Held> = self.notes().filter(|held| held.spent.is_none()).collect();
        choose(at.state, &unspent, needed, (aim, patience))
    }
}
