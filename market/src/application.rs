//! The market as the ledger's application.

mod order;

use std::sync::Arc;

use curve25519_dalek::RistrettoPoint;
use curve25519_dalek::traits::Identity;
use galen_circuits::contribution::{Contribution, ContributionFault, Statement, Verifier};
use galen_ledger::{
    AppError, Application, BlobHash, Blobs, BlockContext, Event, Overlay, Receipt, Refusal, StateRead,
    StateWrite, TxHash,
};
use rayon::prelude::*;

use crate::action::contribute;
use crate::action::{Env, open, withdraw_dataset};
use crate::config::{ConfigFault, MarketConfig};
use crate::fault::Fault;
use crate::memory::{Decoded, Memory};
use crate::money::{self, Checked};
use crate::notes::transfer::Transfer;
use crate::registry::recent;
use crate::role::Governors;
use crate::settle;
use crate::state::store;
use crate::state_key;
use crate::transaction::{SignedContribution, Transaction};
use crate::verdict::{ProofCheck, Verdict, Verdicts};

/// Contributions of which it is remembered that their ciphertext fits.
const FITTING: usize = 8192;

/// The market. Holds the configuration, the prepared verifying keys, the blobs and a memory of verdicts; no state.
pub struct Market<C = Verifier> {
    config: MarketConfig,
    config_bytes: Vec<u8>,
    blobs: Arc<dyn Blobs>,
    verdicts: Verdicts<C>,
    decoded: Decoded,
    /// Contributions whose ciphertext was read, and is the one that was proven.
    fitting: Memory<()>,
    /// Proofs of money that hold.
    checked: Checked,
}

impl<C> std::fmt::Debug for Market<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Market({})", self.config.name)
    }
}

/// A transaction whose cheap rules hold.
enum Cheap {
    /// Nothing more to check.
    Done,
    /// Proofs are to be checked, and of a contribution the ciphertext.
    Proofs(Box<ToProve>),
}

/// A contribution whose proofs are to be checked.
struct ToProve {
    signed: SignedContribution,
    statement: Statement,
    /// Whether it is offered, or held against its seller.
    wanted: Wanted,
}

#[derive(Clone, Copy)]
enum Wanted {
    Sound,
    False,
}

impl Market<Verifier> {
    /// The market of a genesis: `config` is the application's part of it, byte for byte.
    ///
    /// # Errors
    /// [`ConfigFault`].
    pub fn new(config: &[u8], blobs: Arc<dyn Blobs>) -> Result<Self, ConfigFault> {
        let (parsed, keys) = MarketConfig::from_json(config)?;
        Ok(Self::with_check(parsed, config.to_vec(), blobs, Verifier::new(&keys)))
    }
}

impl<C: ProofCheck> Market<C> {
    /// The market with a proof check of one's own, and a configuration that was checked.
    pub(crate) fn with_check(
        config: MarketConfig,
        config_bytes: Vec<u8>,
        blobs: Arc<dyn Blobs>,
        check: C,
    ) -> Self {
        Self {
            config,
            config_bytes,
            blobs,
            verdicts: Verdicts::new(check),
            decoded: Decoded::new(),
            fitting: Memory::new(FITTING),
            checked: Checked::default(),
        }
    }

    /// The configuration.
    pub fn config(&self) -> &MarketConfig {
        &self.config
    }

    /// The store of ciphertexts.
    pub fn blobs(&self) -> &Arc<dyn Blobs> {
        &self.blobs
    }

    fn env<'a>(&'a self, block: &'a BlockContext) -> Env<'a> {
        Env { config: &self.config, block, proofs: self.verdicts.check(), checked: &self.checked }
    }

    /// Everything but proofs and ciphertext.
    fn check_cheap(&self, state: &dyn StateRead, block: &BlockContext, tx: &[u8]) -> Result<Cheap, Fault> {
        let env = self.env(block);
        let tx = self.decoded.read(tx)?;
        match &*tx {
            Transaction::Order(order) => {
                order::check_stateless(order, env)?;
                order::check_and_execute(&mut Overlay::new(state), order, env)?;
                Ok(Cheap::Done)
            }
            Transaction::Open(opening) => {
                open::check_and_execute(&mut Overlay::new(state), opening, env)?;
                Ok(Cheap::Done)
            }
            Transaction::Transfer(transfer) => {
                move_money(&mut Overlay::new(state), env, transfer)?;
                Ok(Cheap::Done)
            }
            Transaction::Contribute(signed) => self.to_prove(state, env, signed, Wanted::Sound),
            Transaction::Mute(signed) => self.to_prove(state, env, signed, Wanted::False),
        }
    }

    fn to_prove(
        &self,
        state: &dyn StateRead,
        env: Env,
        signed: &SignedContribution,
        wanted: Wanted,
    ) -> Result<Cheap, Fault> {
        contribute::check_stateless(signed, env)?;
        let statement = contribute::check_rules(state, signed, env)?;
        contribute::check_arrival(&signed.blob, self.blobs.as_ref())?;
        Ok(Cheap::Proofs(Box::new(ToProve { signed: signed.clone(), statement, wanted })))
    }

    /// Whether a contribution with this verdict may enter a block, as what it is offered as. A ciphertext is read once.
    fn check_proven(&self, tx: &[u8], item: &ToProve, verdict: &Verdict) -> Result<(), Fault> {
        if matches!(item.wanted, Wanted::False) {
            return Ok(contribute::check_evidence(verdict)?);
        }
        contribute::check_sound(verdict)?;
        let hash = *TxHash::of(tx).as_bytes();
        if self.fitting.get(&hash).is_none() {
            contribute::check_ciphertext(&item.signed, self.blobs.as_ref())?;
            self.fitting.keep(hash, (), 1);
        }
        Ok(())
    }

    fn try_execute(
        &self,
        state: &mut dyn StateWrite,
        block: &BlockContext,
        tx: &[u8],
    ) -> Result<Receipt, Fault> {
        let env = self.env(block);
        match &*self.decoded.read(tx)? {
            Transaction::Order(order) => {
                order::check_stateless(order, env)?;
                Ok(Receipt::accepted(order::check_and_execute(state, order, env)?))
            }
            Transaction::Open(opening) => {
                Ok(Receipt::accepted(open::check_and_execute(state, opening, env)?))
            }
            Transaction::Transfer(transfer) => Ok(Receipt::accepted(move_money(state, env, transfer)?)),
            Transaction::Contribute(contribution) => {
                contribute::check_stateless(contribution, env)?;
                let statement = contribute::check_rules(state, contribution, env)?;
                let verdict = self.verdicts.of(&statement, &contribution.contribution);
                let hash = TxHash::of(tx);
                let events = contribute::execute(state, contribution, hash, &statement, &verdict, env)?;
                Ok(Receipt::accepted(events))
            }
            Transaction::Mute(contribution) => {
                contribute::check_stateless(contribution, env)?;
                let statement = contribute::check_rules(state, contribution, env)?;
                let verdict = self.verdicts.of(&statement, &contribution.contribution);
                Ok(Receipt::accepted(contribute::mute(state, contribution, &statement, &verdict)?))
            }
        }
    }
}

/// Events of the beginning or end of a block at most. The ledger has a bound of its own, and no block could follow one that is
/// above it.
const EVENTS: usize = 2048;

/// As many events as may be told: the state has all that happened.
pub(crate) fn bounded(mut events: Vec<Event>) -> Vec<Event> {
    if let Some(more) = events.len().checked_sub(EVENTS).filter(|more| *more > 0) {
        events.truncate(EVENTS);
        events.push(Event::new("events.left_out").with("count", more));
    }
    events
}

fn move_money(state: &mut dyn StateWrite, env: Env, transfer: &Transfer) -> Result<Vec<Event>, Fault> {
    let nothing = RistrettoPoint::identity();
    money::transfer(state, env, transfer, &money::PLAIN, &nothing)?;
    Ok(vec![Event::new("money.transferred").with("inputs", transfer.inputs.len())])
}

impl<C: ProofCheck> Application for Market<C> {
    fn genesis(&self, state: &mut dyn StateWrite, config: &[u8]) -> Result<(), AppError> {
        if config != self.config_bytes {
            return Err(AppError(
                "the genesis holds another configuration than this market was set up with".into(),
            ));
        }
        state.put(&state_key::config(), config.to_vec());
        store(state, &state_key::governance(), &Governors::of(&self.config.governance));
        recent::begin(state);
        Ok(())
    }

    fn check(&self, state: &dyn StateRead, context: &BlockContext, tx: &[u8]) -> Result<(), Refusal> {
        let mut verdicts = self.check_batch(state, context, &[tx]);
        verdicts.pop().unwrap_or_else(|| Err(Refusal::new("tx.encoding", "no transaction")))
    }

    fn check_batch(
        &self,
        state: &dyn StateRead,
        context: &BlockContext,
        txs: &[&[u8]],
    ) -> Vec<Result<(), Refusal>> {
        let cheap: Vec<Result<Cheap, Fault>> =
            txs.par_iter().map(|tx| self.check_cheap(state, context, tx)).collect();
        let to_prove = cheap.iter().filter_map(|result| match result {
            Ok(Cheap::Proofs(item)) => Some((&item.statement, &item.signed.contribution)),
            _ => None,
        });
        let to_prove: Vec<(&Statement, &Contribution)> = to_prove.collect();
        let mut verdicts = self.verdicts.of_all(&to_prove).into_iter();
        let with_verdict = cheap.iter().map(|result| match result {
            Ok(Cheap::Proofs(item)) => {
                let verdict = verdicts.next().unwrap_or(Verdict::Unsound(ContributionFault::Empty));
                Ok(Some((item.as_ref(), verdict)))
            }
            Ok(Cheap::Done) => Ok(None),
            Err(fault) => Err(fault.clone()),
        });
        let with_verdict: Vec<_> = with_verdict.collect();
        let finish = |tx: &[u8], result: Result<Option<(&ToProve, Verdict)>, Fault>| match result? {
            Some((item, verdict)) => self.check_proven(tx, item, &verdict),
            None => Ok(()),
        };
        let each = txs.par_iter().zip(with_verdict);
        each.map(|(tx, result)| finish(tx, result).map_err(Refusal::from)).collect()
    }

    /// The proofs of a contribution are believed, and so is that its ciphertext fits; what depends on the state is not. Proofs
    /// of a muting are checked: what others vouch for is that a contribution is sound.
    fn check_vouched(&self, state: &dyn StateRead, context: &BlockContext, tx: &[u8]) -> Result<(), Refusal> {
        match self.check_cheap(state, context, tx)? {
            Cheap::Done => Ok(()),
            Cheap::Proofs(item) => match item.wanted {
                Wanted::Sound => {
                    let verdict = self.verdicts.trust(&item.statement, &item.signed.contribution);
                    Ok(contribute::check_sound(&verdict).map_err(Fault::from)?)
                }
                Wanted::False => self.check(state, context, tx),
            },
        }
    }

    /// A contribution with a true seal and a false proof, held against its seller.
    fn evidence(&self, state: &dyn StateRead, context: &BlockContext, refused: &[u8]) -> Option<Vec<u8>> {
        // No proof is looked at for this that was not looked at before.
        let Ok(Cheap::Proofs(item)) = self.check_cheap(state, context, refused) else { return None };
        let verdict = self.verdicts.known(&item.statement, &item.signed.contribution)?;
        contribute::check_evidence(&verdict).ok()?;
        matches!(item.wanted, Wanted::Sound).then(|| Transaction::Mute(item.signed).to_bytes())
    }

    fn begin_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        bounded(settle::beacon::draw(state, self.env(context)))
    }

    fn execute(&self, state: &mut dyn StateWrite, context: &BlockContext, tx: &[u8]) -> Receipt {
        self.try_execute(state, context, tx).unwrap_or_else(|fault| Refusal::from(fault).into())
    }

    fn end_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        let env = self.env(context);
        let mut events = settle::end_block(state, env);
        events.extend(withdraw_dataset::expire(state, env.height()));
        events.extend(recent::end_block(state, env.height(), self.config.windows.recent_interval));
        order::forget(state, env.height());
        bounded(events)
    }

    fn waits_for_blocks(&self, state: &dyn StateRead) -> bool {
        settle::waits(state)
    }

    fn conflict_key(&self, tx: &[u8]) -> Option<Vec<u8>> {
        self.decoded.read(tx).ok().map(|tx| tx.conflict_key())
    }

    fn attachments(&self, tx: &[u8]) -> Vec<BlobHash> {
        match self.decoded.read(tx).as_deref() {
            Ok(Transaction::Contribute(contribution) | Transaction::Mute(contribution)) => {
                vec![contribution.blob]
            }
            _ => Vec::new(),
        }
    }
}
