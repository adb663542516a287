//! What each role can see of price and payouts, and what not; and what the audit authority opens, when it is ordered to.

use anyhow::{Context, ensure};
use galen_market::action::disclose::{Disclose, Subject};
use galen_market::money::{Origin, notes_of_kind};
use galen_market::notes::logarithm::LogTable;
use galen_market::record::Status;
use galen_market::wallet::Patience;
use galen_market::{Action, Amount, ContributionId, RequestId, Signer, Transaction, query};
use rand::rngs::OsRng;

use super::purse::{self, money};
use super::setup::{Hospital, Stage};

/// Redeemed by the first hospital, in minor units: one of few amounts, so that it says nothing.
const CASHED: u64 = 20_000;

/// What the authority opened.
pub struct Opened {
    /// What a contribution was paid.
    pub amount: u64,
    /// Who made it.
    pub seller: String,
}

/// A contribution that was paid.
struct Paid {
    id: ContributionId,
    note: u32,
    records: u32,
}

fn paid(stage: &Stage<'_>, request: &RequestId) -> anyhow::Result<Vec<Paid>> {
    let all = stage.read(|state, _| query::contributions_of(state, request))?;
    let paid = all.into_iter().filter_map(|view| match view.record.status {
        Status::Paid { note, .. } => Some(Paid { id: view.id, note, records: view.record.records().get() }),
        _ => None,
    });
    Ok(paid.collect())
}

/// Prints what the researcher, two hospitals, a competitor and everybody else see.
///
/// # Errors
/// When the state cannot be read, or somebody sees what is not its own.
pub fn show(stage: &Stage<'_>, request: &RequestId, hospitals: &[Hospital]) -> anyhow::Result<()> {
    let console = stage.console;
    console.chapter("Everybody", "what each can see of price and payouts");
    let view = stage.read(|state, _| query::request(state, request))?;
    let view = view.context("the request is not on the ledger")?;
    let chain = &stage.consortium.chain;
    let paid = paid(stage, request)?;
    let records: u32 = paid.iter().map(|paid| paid.records).sum();

    let keys = stage.cast.researcher();
    let price =
        keys.price(chain, &view.record.request).context("the researcher cannot open its own price")?;
    let times = |records: u32| amount(price.amount * u64::from(records)).map(money);
    let balance = purse::researchers(stage, &keys)?.balance();
    console.fact(
        "the researcher",
        format!("price {} a record; paid {} for {records}", times(1)?, times(records)?),
    );
    let deadline = view.record.request.deadline;
    let back = times(view.escrow.get())?;
    console.say(format!(
        "  has {} left; {back} are locked, and come back by themselves after block {deadline}",
        money(balance)
    ));

    for hospital in hospitals.iter().take(2) {
        let keys = &hospital.keys;
        let opened = stage.read(|state, _| keys.price(state, chain, request))?;
        let opened = opened.with_context(|| format!("{} cannot open the price", hospital.name()))?;
        let earned = purse::hospitals(stage, keys)?;
        let own: Vec<u32> = earned.notes().map(|held| held.position).collect();
        let price = money(amount(opened.amount)?);
        console.fact(&hospital.name(), format!("price {price} a record; earned {}", money(earned.balance())));
        let others = paid.iter().filter(|paid| !own.contains(&paid.note)).count();
        console.say(format!("  of {others} other payouts it can reckon the amount, as it knows the price, and not whose they are"));
    }

    let competitor = stage.cast.competitor();
    let found = purse::researchers(stage, &competitor)?;
    let pried = competitor.price(chain, &view.record.request);
    ensure!(pried.is_none(), "a competitor opened the price");
    ensure!(
        found.notes().all(|held| paid.iter().all(|paid| paid.note != held.position)),
        "a competitor found a payout"
    );
    let places: Vec<String> = paid.iter().map(|paid| paid.note.to_string()).collect();
    console.fact("a competitor", "price sealed: 32 bytes that open for accredited hospitals");
    let notes = places.join(", ");
    console.say(format!(
        "  payouts sealed: notes {notes}, of unknown amounts, to keys that were never seen before"
    ));
    console.fact("a member", "the same as a competitor; and that no money was made or lost, by the proofs");
    console.fact("the auditor", "that all of it is right, and no name or amount");
    Ok(())
}

fn amount(minor: u64) -> anyhow::Result<Amount> {
    Ok(Amount::new(minor)?)
}

/// The first hospital has part of what it earned paid out: through a transfer to itself, as what a payout is worth is known to
/// every hospital that knows the price, and what is paid out to everybody.
///
/// # Errors
/// When it is refused.
pub async fn cash(stage: &Stage<'_>, hospitals: &[Hospital]) -> anyhow::Result<()> {
    let console = stage.console;
    let Some(hospital) = hospitals.first() else { return Ok(()) };
    console.chapter(&hospital.name(), "has money paid out");
    let wallet = purse::hospitals(stage, &hospital.keys)?;
    let cashed = amount(CASHED)?;
    let begun = wallet.notes().any(|held| held.spent.is_some());
    if !begun && wallet.balance() < cashed {
        console.say("it earned less than the least amount that this story pays out");
        return Ok(());
    }
    let send = || {
        let all = wallet.balance();
        let sent =
            purse::spend(stage, |at| wallet.send(at, &wallet.address(), all, Patience::Now, &mut OsRng))??;
        Ok(Transaction::Transfer(sent))
    };
    stage.once("send to itself", send).await?;
    let wallet = purse::hospitals(stage, &hospital.keys)?;
    let redeem = || {
        let redeem = purse::spend(stage, |at| wallet.redeem(at, cashed, Patience::Now, &mut OsRng))??;
        Ok(Action::Redeem(redeem))
    };
    stage.order_once("redeem", &[&stage.cast.treasury()], redeem).await?;
    console.fact("first, to itself", "what it earned, in a transfer that names nobody");
    console.fact("the treasury pays", format!("{}, to whom it was told outside", money(cashed)));
    console.fact("the ledger shows", "each time, that one of sixteen notes was spent, and not which");
    console.say(
        "  it did not wait, as its market is young: a wallet waits by default until its notes hide better",
    );
    let payouts = stage.read(|state, _| notes_of_kind(state, Origin::PAID))?;
    if payouts < 16 {
        let few =
            format!("only {payouts} notes are payouts: a market as small as this shows much all the same");
        console.warn(few);
    }
    Ok(())
}

/// The governance orders, and the audit authority opens, one amount and one identity.
///
/// # Errors
/// When an order is refused, or what is opened is not what it should be.
pub async fn open(stage: &Stage<'_>, request: &RequestId) -> anyhow::Result<Opened> {
    let console = stage.console;
    console.chapter("Audit authority", "opens one amount and one identity, on the governance's order");
    let Some(paid) = paid(stage, request)?.into_iter().next() else {
        anyhow::bail!("nothing was paid, so there is nothing to open")
    };
    let board: Vec<Signer> = stage.governors();
    let board: Vec<&Signer> = board.iter().collect();
    let reason = "spot check of a sale, as the demonstration's story wants it";
    let keys = stage.cast.authority();
    let early = stage.read(|state, _| keys.identity(state, &paid.id))?;
    if let Err(fault) = early {
        console.fact("before the order", fault);
    }
    for (what, subject) in [
        ("order to open an amount", Subject::Amount(paid.note)),
        ("order to open an identity", Subject::Identity(paid.id)),
    ] {
        let disclose = Disclose { subject, reason: reason.into() };
        stage.order_once(what, &board, || Ok(Action::Disclose(disclose))).await?;
    }
    let table = tokio::task::spawn_blocking(LogTable::new).await?;
    let (order, opened) = stage.read(|state, _| keys.amount(state, &table, paid.note, &mut OsRng))??;
    console.fact("orders", format!("on the ledger since block {}: {:?}", order.height, order.reason));
    console.fact(
        &format!("note {}", paid.note),
        format!("{}, with a proof that it is so", money(amount(opened.amount)?)),
    );
    let note = stage.read(|state, _| query::note(state, paid.note))?.context("the note is not there")?.note;
    ensure!(
        opened.holds(stage.authority(), &note.commitment, &note.handle),
        "the opened amount is not the note's"
    );
    let identity = stage.read(|state, _| keys.identity(state, &paid.id))??;
    console.fact("its seller", &identity.participant.name);
    Ok(Opened { amount: opened.amount, seller: identity.participant.name })
}
