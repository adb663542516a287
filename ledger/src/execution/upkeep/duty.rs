//! What a member owes the beacon, as of the newest final block.
//!
//! A member discloses only when the block that closes the window of commitments is final: then the output is fixed.
//! It commits as soon as the round before has closed that window, so that short windows suffice.

use super::{RoundRecord, keys, read, round::dealing_in};
use crate::{
    beacon::{BeaconMessage, Dealing, Share, SignedDealing, Window},
    chain::{Committee, Genesis},
    crypto::SecretKey,
    state::StateRead,
    types::{Cycle, Height, MemberIndex, Round},
};

/// Something that a member owes the beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// Commit to a secret.
    Commit(Cycle, Round),
    /// Disclose it.
    Disclose(Cycle, Round),
    /// Decrypt the share of another's secret.
    Share(Cycle, Round, MemberIndex),
}

impl Duty {
    /// The cycle in which it is owed.
    pub fn cycle(&self) -> Cycle {
        match self {
            Self::Commit(cycle, _) | Self::Disclose(cycle, _) | Self::Share(cycle, _, _) => *cycle,
        }
    }
}

/// What `me` owes after the block at `tip`.
pub fn duties(
    genesis: &Genesis,
    committee: &Committee,
    state: &dyn StateRead,
    tip: Height,
    me: MemberIndex,
) -> Vec<Duty> {
    let (schedule, cycle) = (genesis.schedule(), committee.cycle());
    if !committee.contains(me) || schedule.cycle(tip.next()) != cycle {
        return Vec::new();
    }
    let Some((round, window)) = schedule.window(tip.next()) else { return Vec::new() };
    let running: Option<RoundRecord> = read(state, keys::ROUND).filter(|of: &RoundRecord| of.round == round);
    let record = running.unwrap_or_else(|| RoundRecord { round, ..RoundRecord::default() });
    let mut duties = Vec::new();
    if window == Window::Commitment {
        if !record.dealers.contains(&me) {
            duties.push(Duty::Commit(cycle, round));
        }
        return duties;
    }
    if record.counts(committee) {
        let known = record.knows(me) || !record.dealers.contains(&me);
        duties.extend((!known).then_some(Duty::Disclose(cycle, round)));
        if window == Window::ExtraDisclosure {
            let given = |dealer: &MemberIndex| state.get(&keys::share(*dealer, me)).is_some();
            let withheld = record.unknown().filter(|dealer| *dealer != me && !given(dealer));
            duties.extend(withheld.map(|dealer| Duty::Share(cycle, round, dealer)));
        }
    }
    let following = schedule.first(cycle, round.next());
    if schedule.cycle(following) == cycle && schedule.window(following).is_some() {
        duties.push(Duty::Commit(cycle, round.next()));
    }
    duties
}

/// Does a duty; nothing if it is none of this cycle, or the dealing is not there.
pub fn perform(
    duty: Duty,
    committee: &Committee,
    state: &dyn StateRead,
    me: MemberIndex,
    key: &SecretKey,
) -> Option<BeaconMessage> {
    let secret = key.beacon();
    match duty {
        Duty::Commit(cycle, round) if cycle == committee.cycle() => {
            let context = committee.dealing(round, me);
            let dealing = Dealing::deal(&context, &secret).ok()?;
            Some(BeaconMessage::Commit(SignedDealing::sign(&context, dealing, key)))
        }
        Duty::Disclose(cycle, round) if cycle == committee.cycle() => {
            let secret = Dealing::secret(&committee.dealing(round, me), &secret);
            Some(BeaconMessage::Disclose { round, dealer: me, secret })
        }
        Duty::Share(cycle, round, dealer) if cycle == committee.cycle() => {
            let context = committee.dealing(round, dealer);
            let share = Share::decrypt(&dealing_in(state, dealer)?, &context, me, &secret).ok()?;
            Some(BeaconMessage::Share { round, dealer, holder: me, share })
        }
        Duty::Commit(..) | Duty::Disclose(..) | Duty::Share(..) => None,
    }
}
