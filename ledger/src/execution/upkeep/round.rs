//! A round of the beacon, as blocks drive it.
//!
//! A round counts if f + 1 members have committed in its first window, so that at least one honest secret is in it;
//! otherwise it gives nothing. It gives its output with the block that brings the last secret. If secrets are still
//! unknown at its end, which takes members that withhold *and* all the blocks of the last window from members that leave
//! honest shares out, it gives nothing either. The next round begins with the next block in any case.

use super::{Session, keys, read, reject};
use crate::{
    application::{Beacon, Event},
    beacon::{
        BeaconMessage, Dealing, Secret, Share, SignedDealing, Window, combine, output, output::SecretPoint,
    },
    chain::Committee,
    codec::{Decode, DecodeError, Encode, Reader, put_list},
    consensus::Rejection,
    credit::Tally,
    state::StateRead,
    types::{Cycle, Height, MemberIndex, Round},
};

/// So many dealings of a hundred members are checked in a seventh of a second.
const FEW_DEALINGS: usize = 16;

/// The state of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoundRecord {
    /// Its number in the cycle.
    pub round: Round,
    /// Who committed, in the order of their numbers.
    pub dealers: Vec<MemberIndex>,
    /// Who disclosed.
    pub disclosed: Vec<MemberIndex>,
    /// Whose secrets were put together from shares.
    pub restored: Vec<MemberIndex>,
    /// Whether it has given its output.
    pub complete: bool,
    /// Rounds of this cycle, with this one, that counted.
    pub counted: u32,
}

/// An output of the beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputRecord {
    /// The cycle.
    pub cycle: Cycle,
    /// The round.
    pub round: Round,
    /// Height of the block that completed it.
    pub height: Height,
    /// The random bytes.
    pub value: [u8; 32],
}

impl RoundRecord {
    /// Whether enough members committed.
    pub fn counts(&self, committee: &Committee) -> bool {
        self.dealers.len() > committee.faults()
    }

    /// Whether a member's secret is known.
    pub fn knows(&self, dealer: MemberIndex) -> bool {
        self.disclosed.contains(&dealer) || self.restored.contains(&dealer)
    }

    /// Whose secrets are not known yet.
    pub fn unknown(&self) -> impl Iterator<Item = MemberIndex> {
        self.dealers.iter().copied().filter(|dealer| !self.knows(*dealer))
    }
}

fn insert(list: &mut Vec<MemberIndex>, member: MemberIndex) {
    if let Err(place) = list.binary_search(&member) {
        list.insert(place, member);
    }
}

impl Session<'_> {
    fn round(&self) -> RoundRecord {
        self.read(keys::ROUND).unwrap_or_default()
    }

    /// With the first block of a round, forgets the one before.
    pub(super) fn begin_round(&mut self) {
        let schedule = self.genesis.schedule();
        let Some((round, _)) = schedule.window(self.at.height) else { return };
        if schedule.first(self.committee.cycle(), round) != self.at.height {
            return;
        }
        let counted = if round == Round::new(0) { 0 } else { self.round().counted };
        [keys::DEALINGS, keys::SECRETS, keys::SHARES].iter().for_each(|prefix| self.clear(prefix));
        self.write(keys::ROUND, &RoundRecord { round, counted, ..RoundRecord::default() });
    }

    /// A message of the beacon.
    pub(super) fn hear(&mut self, message: &BeaconMessage) -> Result<(), Rejection> {
        let window = self.genesis.schedule().window(self.at.height);
        let window = window.filter(|(round, _)| *round == message.round()).map(|(_, window)| window);
        let Some(window) = window else { return Err(reject("the round is another, or none")) };
        match message {
            BeaconMessage::Commit(signed) if window == Window::Commitment => self.hear_commit(signed),
            BeaconMessage::Disclose { dealer, secret, .. } if window != Window::Commitment => {
                self.hear_secret(*dealer, secret)
            }
            BeaconMessage::Share { dealer, holder, share, .. } if window == Window::ExtraDisclosure => {
                self.hear_share(*dealer, *holder, share)
            }
            _ => Err(reject("the window is another")),
        }
    }

    fn hear_commit(&mut self, signed: &SignedDealing) -> Result<(), Rejection> {
        let (mut record, dealer) = (self.round(), signed.dealer);
        let Some(key) = self.committee.key(dealer) else { return Err(reject("the dealer has no seat")) };
        if record.dealers.contains(&dealer) {
            return Err(reject("the dealer has committed already"));
        }
        if self.dealings >= self.dealings_limit() {
            return Err(reject("there are enough dealings in this block"));
        }
        if self.verify {
            signed.verify(&self.committee.dealing(record.round, dealer), key).map_err(reject)?;
        }
        self.dealings += 1;
        insert(&mut record.dealers, dealer);
        self.write(&keys::dealing(dealer), &signed.dealing);
        self.write(keys::ROUND, &record);
        Ok(())
    }

    /// So many that a window has room for all twice over, and a block does not take long to check.
    pub(super) fn dealings_limit(&self) -> usize {
        let window = usize::try_from(self.genesis.parameters.beacon_interval / 3).unwrap_or(usize::MAX);
        FEW_DEALINGS.max((2 * self.committee.size()).div_ceil(window.max(1)))
    }

    /// The dealing behind a secret that is to become known.
    fn awaited(&self, record: &RoundRecord, dealer: MemberIndex) -> Result<Dealing, Rejection> {
        if !record.counts(self.committee) {
            return Err(reject("too few have committed"));
        }
        let dealing = self.read(&keys::dealing(dealer)).filter(|_| !record.knows(dealer));
        dealing.ok_or_else(|| reject("the secret is known already, or was never committed to"))
    }

    fn hear_secret(&mut self, dealer: MemberIndex, secret: &Secret) -> Result<(), Rejection> {
        let mut record = self.round();
        let dealing = self.awaited(&record, dealer)?;
        let point = secret.open(&dealing).map_err(reject)?;
        insert(&mut record.disclosed, dealer);
        self.learn(&record, dealer, &point);
        self.tally(dealer, |tally| tally.disclosed += 1);
        Ok(())
    }

    fn learn(&mut self, record: &RoundRecord, dealer: MemberIndex, point: &SecretPoint) {
        self.write(&keys::secret(dealer), point);
        self.write(keys::ROUND, record);
        self.clear(&keys::shares(dealer));
    }

    fn hear_share(
        &mut self,
        dealer: MemberIndex,
        holder: MemberIndex,
        share: &Share,
    ) -> Result<(), Rejection> {
        let mut record = self.round();
        let dealing = self.awaited(&record, dealer)?;
        let key = keys::share(dealer, holder);
        if self.state.get(&key).is_some() {
            return Err(reject("the share is known already"));
        }
        if !self.committee.contains(holder) {
            return Err(reject("the holder has no seat"));
        }
        if self.verify {
            let context = self.committee.dealing(record.round, dealer);
            share.verify(&dealing, &context, holder).map_err(reject)?;
        }
        self.write(&key, share);
        let shares = self.shares_of(dealer);
        if shares.len() > self.committee.faults() {
            let point = combine(&shares).map_err(reject)?;
            insert(&mut record.restored, dealer);
            self.learn(&record, dealer, &point);
            self.tell(Event::new("ledger.secret_restored").with("member", dealer));
        }
        Ok(())
    }

    fn shares_of(&self, dealer: MemberIndex) -> Vec<(MemberIndex, Share)> {
        let entries = self.state.prefix(&keys::shares(dealer));
        entries
            .filter_map(|(key, value)| Some((keys::member_of(&key)?, Share::from_bytes(&value).ok()?)))
            .collect()
    }

    /// What a block completes of its round: the count of the commitments, the output, who withheld.
    pub(super) fn end_round(&mut self) {
        let (schedule, height) = (self.genesis.schedule(), self.at.height);
        if schedule.window(height).is_none() {
            return;
        }
        let mut record = self.round();
        if !record.counts(self.committee) {
            return;
        }
        if schedule.ends(height, Window::Commitment) {
            record.counted += 1;
            self.write(keys::ROUND, &record);
        }
        let closed = schedule.window(height).is_some_and(|(_, window)| window != Window::Commitment);
        if closed && !record.complete && record.unknown().next().is_none() {
            self.complete(record.clone());
        }
        if schedule.ends(height, Window::ExtraDisclosure) {
            for dealer in record.dealers.iter().filter(|dealer| !record.disclosed.contains(dealer)) {
                self.tally(*dealer, |tally: &mut Tally| tally.withheld += 1);
            }
        }
    }

    fn complete(&mut self, mut record: RoundRecord) {
        let secret = |dealer: &MemberIndex| Some((*dealer, self.read(&keys::secret(*dealer))?));
        let secrets: Vec<(MemberIndex, SecretPoint)> = record.dealers.iter().filter_map(secret).collect();
        let (scope, round, height) = (self.committee.scope(), record.round, self.at.height);
        let value = output(&scope, round, secrets.iter().map(|(dealer, secret)| (*dealer, secret)));
        self.write(keys::OUTPUT, &OutputRecord { cycle: scope.cycle, round, height, value });
        record.complete = true;
        self.write(keys::ROUND, &record);
        // Nobody knew the output before the round's secrets were disclosed; what was settled before it began could not
        // even be arranged while they were committed to.
        let first = self.genesis.schedule().first(scope.cycle, round);
        self.upkept.beacon = Some(Beacon { value, after: Height::new(first.get().saturating_sub(1)) });
        let event = Event::new("ledger.beacon").with("cycle", scope.cycle).with("round", round);
        self.tell(event.with("secrets", secrets.len()));
    }
}

/// The running round and the dealing of a member in it, for those who look at the state.
pub(super) fn dealing_in(state: &dyn StateRead, dealer: MemberIndex) -> Option<Dealing> {
    read(state, &keys::dealing(dealer))
}

impl Encode for RoundRecord {
    fn encode(&self, out: &mut Vec<u8>) {
        self.round.encode(out);
        put_list(out, &self.dealers);
        put_list(out, &self.disclosed);
        put_list(out, &self.restored);
        self.complete.encode(out);
        self.counted.encode(out);
    }
}

impl Decode for RoundRecord {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        use crate::chain::genesis::MAX_MEMBERS;
        Ok(Self {
            round: Decode::decode(reader)?,
            dealers: reader.list(MAX_MEMBERS, "dealers")?,
            disclosed: reader.list(MAX_MEMBERS, "dealers")?,
            restored: reader.list(MAX_MEMBERS, "dealers")?,
            complete: Decode::decode(reader)?,
            counted: Decode::decode(reader)?,
        })
    }
}

impl Encode for OutputRecord {
    fn encode(&self, out: &mut Vec<u8>) {
        self.cycle.encode(out);
        self.round.encode(out);
        self.height.encode(out);
        self.value.encode(out);
    }
}

impl Decode for OutputRecord {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            cycle: Decode::decode(reader)?,
            round: Decode::decode(reader)?,
            height: Decode::decode(reader)?,
            value: Decode::decode(reader)?,
        })
    }
}
