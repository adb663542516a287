//! Before anybody asks: schemas, participants, money, hospitals with datasets.

use galen_circuits::field::F;
use galen_circuits::knowledge::Knowledge;
use galen_market::action::{AccreditAuditor, AccreditResearcher, Disclose, Issue, RegisterSchema, disclose};
use galen_market::agent::hospital::HospitalKeys;
use galen_market::notes::issue::{Book, Issuance, split};
use galen_market::notes::keys::OwnerKeys;
use galen_market::{Action, Amount, SchemaId, Signer};
use galen_prover::engine::Assignment;
use galen_tests::keys::Proving;
use galen_tests::marketplace::schema;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::cast::Cast;
use super::chain::Chain;
use crate::listeners::Failure;

/// Schemas besides the one that is asked for.
const SCHEMAS: u64 = 30;
/// Researchers and auditors besides the one who asks.
const OTHERS: u64 = 60;
/// Money of the researcher, in three issues, and of somebody else.
const FUNDS: [u64; 4] = [100_000_000_000, 100_000_000_000, 100_000_000_000, 1_000_000];

/// Founds the market.
///
/// # Errors
/// When the ledger refuses something.
pub async fn found(chain: &Chain, cast: &Cast) -> Result<(), Failure> {
    let mut actions = vec![Action::RegisterSchema(RegisterSchema { schema: schema("cohort") })];
    actions.extend((0..SCHEMAS).map(|number| {
        Action::RegisterSchema(RegisterSchema { schema: schema(&format!("cohort {number}")) })
    }));
    let account = cast.researcher.account.key();
    actions.push(Action::AccreditResearcher(AccreditResearcher { account, name: "Research office".into() }));
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    for number in 0..OTHERS {
        let account = Signer::generate(&mut rng).key();
        actions.push(match number % 5 {
            0 => Action::AccreditAuditor(AccreditAuditor { account, name: format!("Auditor {number}") }),
            _ => Action::AccreditResearcher(AccreditResearcher { account, name: format!("Office {number}") }),
        });
    }
    let (id, at) = (chain.node().genesis().chain_id(), chain.node().height());
    let orders = actions.into_iter().zip(0..).map(|action| cast.governed(&id, action, at, &[]).to_bytes());
    chain.submit(orders.collect()).await?;
    issue(chain, cast, &mut rng).await?;
    let mut orders = Vec::new();
    for (number, keys) in (0..).zip(&cast.hospitals) {
        let action = accreditation(chain, cast, keys, number)?;
        orders.push(cast.governed(&id, (action, number), at, &[&keys.account()]).to_bytes());
    }
    chain.submit(orders).await?;
    let commit = |(number, keys): (u64, &HospitalKeys)| {
        let action = keys.commitment(SchemaId::of(&schema("cohort")), F::from(number + 1000));
        cast.order(&id, (action, number), at, &[&keys.account()]).to_bytes()
    };
    chain.submit((0..).zip(&cast.hospitals).map(commit).collect()).await?;
    // From the next boundary on there are sellers that prices are sealed to.
    let interval = chain.config.windows.recent_interval;
    chain.pass_to((chain.node().height().get() / interval + 1) * interval + 1).await
}

async fn issue(chain: &Chain, cast: &Cast, rng: &mut ChaCha20Rng) -> Result<(), Failure> {
    let (id, key) = (chain.node().genesis().chain_id(), &chain.config.auditor.amounts.key);
    let somebody = OwnerKeys::from_seed(&[8; 32]).address();
    let mut book = Book::default();
    for (number, amount) in (0..).zip(FUNDS) {
        let to = if number == 3 { somebody } else { cast.researcher.wallet.address() };
        let parts = split(Amount::new(amount)?, rng);
        let (issuance, after) = Issuance::new(&id, key, &book, &to, &parts, rng)?;
        book = after;
        let action = (Action::Issue(Issue { issuance }), number);
        let order = cast.order(&id, action, chain.node().height(), &[cast.treasury()]);
        chain.submit(vec![order.to_bytes()]).await?;
    }
    Ok(())
}

fn accreditation(chain: &Chain, cast: &Cast, keys: &HospitalKeys, number: u64) -> Result<Action, Failure> {
    let id = chain.node().genesis().chain_id();
    let seal = keys.knowledge(&id, &cast.authority.public());
    let proof = Proving::load().try_seal(Assignment::of(seal.clone())?)?;
    let schemas = vec![SchemaId::of(&schema("cohort"))];
    let knowledge = Knowledge::new(&seal.public, proof);
    Ok(keys.accreditation(&id, &format!("Hospital {number}"), schemas, knowledge))
}

/// Orders some notes to be opened, so that there is a list of such orders.
///
/// # Errors
/// When the ledger refuses one.
pub async fn disclose(chain: &Chain, cast: &Cast) -> Result<(), Failure> {
    let (id, at) = (chain.node().genesis().chain_id(), chain.node().height());
    let order = |position: u32| {
        let subject = disclose::Subject::Amount(position);
        let action =
            Action::Disclose(Disclose { subject, reason: format!("case {position}, by court order") });
        cast.governed(&id, (action, position.into()), at, &[]).to_bytes()
    };
    chain.submit((0..40).map(order).collect()).await
}
