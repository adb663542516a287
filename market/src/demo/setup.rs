//! Before the first contribution: keys, roles, money, datasets, the request.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use galen_circuits::dataset::Dataset;
use galen_circuits::field::F;
use galen_circuits::groth16::{KeyStore, Trust};
use galen_circuits::keys::Keys;
use galen_circuits::knowledge::Knowledge;
use galen_ledger::{Height, StateRead, SubmitError};
use galen_market::action::{AccreditAuditor, AccreditResearcher, PostRequest, RegisterSchema};
use galen_market::agent::hospital::{HospitalKeys, Payout};
use galen_market::agent::researcher::{Delivery, ResearcherKeys, Wish};
use galen_market::notes::group::Point;
use galen_market::transaction::SignedOrder;
use galen_market::{
    AccountKey, Action, Amount, Order, Records, Request, RequestId, SchemaId, Signer, Transaction, query,
};
use galen_prover::import::{Imported, Options, Share, import_file};
use galen_prover::jobs::ProvingKeys;
use rand::SeedableRng;
use rand::rngs::OsRng;
use rand_chacha::ChaCha20Rng;

use super::cast::Cast;
use super::consortium::Running;
use super::folder::{Folder, private_dir, write_private};
use super::purse::{self, money};
use super::source::Source;
use super::took;
use crate::cli::console::Console;

/// Price of one record, in minor units.
const PRICE: u64 = 1_250;
/// The last block that takes contributions, from where the story began.
const DEADLINE: u64 = 60_000;
/// The last block at which an order may be executed, from where the story began.
const VALID_UNTIL: u64 = 9_000;

/// What every step needs.
pub struct Stage<'a> {
    /// Where to print.
    pub console: &'a Console,
    /// The folder.
    pub folder: &'a Folder,
    /// Everybody's secrets.
    pub cast: &'a Cast,
    /// Patients and request.
    pub source: &'a Source,
    /// The members.
    pub consortium: &'a Running,
    /// Height of the chain when the story began.
    pub began: u64,
    /// The treasury's books.
    pub books: &'a Path,
}

/// A hospital with its committed dataset.
pub struct Hospital {
    /// From 0.
    pub index: u32,
    /// Its secrets.
    pub keys: HospitalKeys,
    /// What it committed to.
    pub dataset: Dataset,
    /// Hides it on the ledger.
    pub salt: F,
}

impl Hospital {
    /// Its name, for people.
    pub fn name(&self) -> String {
        hospital_name(self.index)
    }
}

fn hospital_name(index: u32) -> String {
    format!("Hospital {}", index + 1)
}

impl Stage<'_> {
    /// The schema's name.
    pub fn schema_id(&self) -> SchemaId {
        SchemaId::of(self.source.schema())
    }

    /// The height so many blocks after the story began.
    fn height(&self, blocks: u64) -> Height {
        Height::new(self.began.saturating_add(blocks))
    }

    /// K.
    pub fn authority(&self) -> &Point {
        &self.consortium.config.auditor.amounts.key
    }

    /// All governance keys.
    pub fn governors(&self) -> Vec<Signer> {
        (0..self.consortium.config.governance.keys.len()).map(|index| self.cast.governor(index)).collect()
    }

    /// Who is paid for a hospital's contribution.
    pub fn payout(&self, hospital: &HospitalKeys, request: &RequestId) -> Payout {
        hospital.payout(&self.consortium.chain, self.authority(), request, 0)
    }

    fn sign(&self, what: &str, action: Action, signers: &[&Signer]) -> anyhow::Result<Transaction> {
        let nonce = self.cast.bytes(&format!("order {what}"));
        let nonce = u64::from_le_bytes(*nonce.first_chunk().context("32 bytes hold 8")?);
        let order = Order { action, nonce, valid_until: self.height(VALID_UNTIL) };
        Ok(order.sign(&self.consortium.chain, signers))
    }

    /// Executes an order that cannot be made the same again, as it spends; see [`Self::once`].
    ///
    /// # Errors
    /// When it is refused, or cannot be kept.
    pub async fn order_once(
        &self,
        what: &str,
        signers: &[&Signer],
        make: impl FnOnce() -> anyhow::Result<Action>,
    ) -> anyhow::Result<Transaction> {
        self.once(what, || self.sign(what, make()?, signers)).await
    }

    /// Executes a transaction that cannot be made the same again: it is kept before it is sent, and sent again by a story that
    /// goes on. One that is refused then, as the ledger has moved on, is made anew.
    ///
    /// # Errors
    /// When it is refused, or cannot be kept.
    pub async fn once(
        &self,
        what: &str,
        make: impl FnOnce() -> anyhow::Result<Transaction>,
    ) -> anyhow::Result<Transaction> {
        let folder = self.folder.path("orders");
        private_dir(&folder)?;
        let path = folder.join(format!("{}.hex", what.replace(' ', "-")));
        if path.exists() {
            let damaged = || format!("{} is damaged: delete it", path.display());
            let kept = hex::decode(fs::read_to_string(&path)?).with_context(damaged)?;
            let kept = Transaction::from_bytes(&kept).with_context(damaged)?;
            match self.consortium.members.submit(kept.to_bytes()).await {
                Ok(done) if done.receipt.accepted => {
                    self.consortium.members.settled(done.height).await?;
                    return Ok(kept);
                }
                Ok(_) | Err(SubmitError::Refused(_)) => {}
                // It may be final all the same: another one now could be a second one.
                Err(error) => return Err(error).with_context(|| what.to_owned()),
            }
        }
        let made = make()?;
        write_private(&path, hex::encode(made.to_bytes()).as_bytes())?;
        self.consortium.submit(what, &made).await?;
        Ok(made)
    }

    /// Executes an order. Its bytes are the same each time, so that a repeated order is the order of before.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn order(&self, what: &str, action: Action, signers: &[&Signer]) -> anyhow::Result<()> {
        self.consortium.submit(what, &self.sign(what, action, signers)?).await?;
        Ok(())
    }

    /// A hospital shows that it knows the secret behind its name. The same bytes each time, as the order's.
    fn knowledge(
        &self,
        index: u32,
        hospital: &HospitalKeys,
        keys: &ProvingKeys,
    ) -> anyhow::Result<Knowledge> {
        let seal = hospital.knowledge(&self.consortium.chain, &self.consortium.config.auditor.key);
        let public = seal.public;
        let mut rng = ChaCha20Rng::from_seed(self.cast.bytes(&format!("hospital {index} knowledge")));
        Ok(Knowledge::new(&public, keys.prove_seal(seal, &mut rng)?))
    }

    /// Reads the final state of a member.
    ///
    /// # Errors
    /// When no member runs or the store fails.
    pub fn read<T>(&self, read: impl FnOnce(&dyn StateRead, u64) -> T) -> anyhow::Result<T> {
        let node = self.consortium.members.node()?;
        Ok(node.read(|state, position| read(state, position.height.get()))?)
    }
}

/// The folder of proving keys: `GALEN_KEYS_DIR`, or the user's cache.
pub fn keys_folder() -> PathBuf {
    if let Some(path) = std::env::var_os("GALEN_KEYS_DIR") {
        return path.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    cache.or_else(home).unwrap_or_else(std::env::temp_dir).join("galen").join("keys")
}

/// Loads the proving keys, or makes them on the first run.
///
/// # Errors
/// When they cannot be stored.
pub fn keys(console: &Console) -> anyhow::Result<(Keys, f64)> {
    let began = Instant::now();
    console.chapter("Set-up", "proving keys of the three circuits");
    let folder = keys_folder();
    let store = KeyStore::open(&folder, Trust::Development)
        .with_context(|| format!("the keys' folder {} (GALEN_KEYS_DIR names another)", folder.display()))?;
    let mut rng = ChaCha20Rng::from_entropy();
    let report = |name: &str, index| console.progress(&format!("key of the {name}"), index, 3, None);
    let keys = Keys::load_or_setup_insecure_single_party(&store, &mut rng, report)?;
    console.clear();
    console.fact("keys", folder.display());
    console.fact("constraints", constraints(&keys));
    console.fact("ready after", took(began));
    console.warn("these keys come from a single party, which could forge with them: for demonstrations only");
    Ok((keys, began.elapsed().as_secs_f64()))
}

fn constraints(keys: &Keys) -> String {
    let of = [keys.scan.matrices(), keys.release.matrices(), keys.seal.matrices()].map(|m| m.constraints());
    format!("scan {}, release {}, seal {}", of[0], of[1], of[2])
}

/// Approves the schema, accredits everybody, issues money.
///
/// # Errors
/// When an order is refused.
pub async fn found(stage: &Stage<'_>, keys: &ProvingKeys) -> anyhow::Result<()> {
    let Stage { console, cast, source, .. } = stage;
    console.chapter("Members", "approve the schema, accredit, issue money");
    let governors = stage.governors();
    let board: Vec<&Signer> = governors.iter().collect();
    let known = stage.schema_id();
    if !stage.read(|state, _| query::schema(state, &known).is_some())? {
        let schema = RegisterSchema { schema: source.schema().clone() };
        stage.order("approve the schema", Action::RegisterSchema(schema), &board).await?;
    }
    let schema = source.schema();
    let floors =
        format!("k ≥ {}, l ≥ {}, α ≤ {} ‰", schema.k_floor(), schema.l_floor(), schema.alpha_ceiling());
    console.fact("schema", format!("{} v{}, {floors}", schema.name(), schema.version()));

    for index in 0..source.asked.hospitals {
        let hospital = cast.hospital(index);
        let account = hospital.account();
        let signers: Vec<&Signer> = board.iter().copied().chain([&account]).collect();
        let name = hospital_name(index);
        let knowledge = stage.knowledge(index, &hospital, keys)?;
        let chain = &stage.consortium.chain;
        let action = hospital.accreditation(chain, &name, vec![stage.schema_id()], knowledge);
        stage.order(&format!("accredit {name}"), action, &signers).await?;
    }
    console.fact("hospitals accredited", source.asked.hospitals);
    for (who, keys, name) in [
        ("the researcher", cast.researcher(), "Institute of Research"),
        ("a competitor", cast.competitor(), "Another institute"),
    ] {
        let action = AccreditResearcher { account: keys.account.key(), name: name.into() };
        stage.order(&format!("accredit {who}"), Action::AccreditResearcher(action), &board).await?;
    }
    let auditor = cast.auditor().key();
    let action = AccreditAuditor { account: auditor, name: "Audit office".into() };
    stage.order("accredit the auditor", Action::AccreditAuditor(action), &board).await?;
    let (treasury, amount) = (cast.treasury(), funds(source)?);
    for (who, keys) in [("the researcher", cast.researcher()), ("a competitor", cast.competitor())] {
        let make = || purse::issue(stage, &keys.wallet.address(), amount);
        stage.order_once(&format!("issue to {who}"), &[&treasury], make).await?;
        console
            .fact(&format!("issued to {who}"), format!("{}, in 16 notes that show neither", money(amount)));
    }
    Ok(())
}

/// Each hospital imports its patients and commits to them.
///
/// # Errors
/// When the file is refused or a hospital has too few patients.
pub async fn datasets(stage: &Stage<'_>) -> anyhow::Result<Vec<Hospital>> {
    let Stage { console, source, .. } = stage;
    console.chapter("Hospitals", "import their patients and commit to them");
    if source.is_synthetic() {
        console.warn("the patients are synthetic: generated from a seed, no row stands for a person");
    }
    let file = source.file(stage.folder)?;
    let mut hospitals = Vec::new();
    for index in 0..source.asked.hospitals {
        let began = Instant::now();
        let keys = stage.cast.hospital(index);
        let share = Share::new(index, source.asked.hospitals)?;
        let options = Options { share: Some(share), ..Options::default() };
        let Imported { rows, report } = import_file(&file, &source.spec, &keys.handles(), options)?;
        let chunks = Dataset::chunks_for(rows.len(), source.schema().min_chunks() as usize);
        let dataset = Dataset::new(&rows, chunks)?;
        let salt = keys.salt(b"of the demonstration");
        let hospital = Hospital { index, keys, dataset, salt };
        let action = hospital.keys.commitment(stage.schema_id(), hospital.dataset.body(salt));
        let account = hospital.keys.account();
        stage.order(&format!("commit {}", hospital.name()), action, &[&account]).await?;
        let read = format!(
            "{} rows read, {} patients, {chunks} chunks, {}",
            report.rows_of_share,
            rows.len(),
            took(began)
        );
        console.fact(&hospital.name(), read);
        hospitals.push(hospital);
    }
    console.say("on the ledger: one hash each, which shows neither patients nor how many");
    Ok(hospitals)
}

/// The researcher posts the request, and the ledger draws its sample.
///
/// # Errors
/// When it is refused.
pub async fn request(stage: &Stage<'_>) -> anyhow::Result<RequestId> {
    let Stage { console, source, cast, consortium, .. } = stage;
    console.chapter("Researcher", "asks and locks the money");
    // The roots of standing that proofs refer to are taken at boundaries: let one pass.
    if consortium.members.height()?.get() < consortium.config.windows.recent_interval * 2 {
        consortium.members.advance(consortium.config.windows.recent_interval).await?;
    }
    // Prices are sealed to who was accredited at the last boundary: to all hospitals of the story, then.
    let accounts: Vec<AccountKey> =
        (0..source.asked.hospitals).map(|index| cast.hospital(index).account().key()).collect();
    let missing = || {
        stage.read(|state, _| {
            let sellers: Vec<AccountKey> =
                query::sellers(state).iter().map(|seller| seller.account).collect();
            accounts.iter().any(|account| !sellers.contains(account))
        })
    };
    while missing()? {
        consortium.members.advance(1).await?;
    }
    let keys = cast.researcher();
    let posted = stage.order_once("post the request", &[&keys.account], || posting(stage, &keys)).await?;
    let Transaction::Order(SignedOrder { order: Order { action: Action::PostRequest(posted), .. }, .. }) =
        posted
    else {
        anyhow::bail!("the kept order to post the request is another: delete the folder and start again")
    };
    let request = posted.request;
    let id = request.id(&consortium.chain);
    let terms = &source.terms;
    console.fact("request", id);
    console.fact("patients with", terms.predicate.describe(source.schema()));
    console.fact("classes", format!("k ≥ {}, l ≥ {}, α ≤ {} ‰", terms.k, terms.l, terms.alpha));
    let of = format!("{} chunks of 64 rows from each hospital, drawn by the ledger", source.asked.sample);
    console.fact("sample", of);
    let escrow = format!("{} for up to {} records", money(escrow(source)?), request.max_records.get());
    console.fact("locked", format!("{escrow}; the ledger sees a commitment"));
    while stage.read(|state, _| query::request(state, &id).is_none_or(|view| view.record.drawn.is_none()))? {
        consortium.members.advance(1).await?;
    }
    console.say("the beacon is known: which run of chunks each hospital must scan is now fixed");
    Ok(id)
}

/// The request, and the money for it.
fn posting(stage: &Stage<'_>, keys: &ResearcherKeys) -> anyhow::Result<Action> {
    let request = wish(stage, keys)?;
    let chain = &stage.consortium.chain;
    let price = keys.price(chain, &request).context("the researcher cannot open its own price")?;
    let wallet = purse::researchers(stage, keys)?;
    let (id, what) = (request.id(chain), (price, request.max_records));
    let funding = purse::spend(stage, |at| wallet.fund(at, &id, what, &mut OsRng))??;
    Ok(Action::PostRequest(PostRequest { request, funding }))
}

fn wish(stage: &Stage<'_>, keys: &ResearcherKeys) -> anyhow::Result<Request> {
    let source = stage.source;
    let wish = Wish {
        title: format!("{}: {}", source.schema().name(), source.asked.request).chars().take(150).collect(),
        terms: source.terms.clone(),
        sample: source.asked.sample,
        limits: source.limits(),
        price: Amount::new(PRICE)?,
        max_records: max_records(source)?,
        deadline: stage.height(DEADLINE),
    };
    let mut rng = ChaCha20Rng::from_seed(stage.cast.bytes("request nonce"));
    let sellers = stage.read(|state, _| query::sellers(state))?;
    Ok(keys.request(&stage.consortium.chain, stage.authority(), &sellers, wish, &mut rng)?)
}

/// Every row of every sample: nobody has to wait.
fn max_records(source: &Source) -> anyhow::Result<Records> {
    Ok(Records::new(source.asked.hospitals * source.asked.sample * 64)?)
}

fn escrow(source: &Source) -> anyhow::Result<Amount> {
    let amount = Amount::new(PRICE)?.times(max_records(source)?);
    ensure!(amount.is_some(), "so many hospitals and chunks cost more money than there can be");
    amount.context("checked above")
}

/// What the researcher paid for what it collected.
///
/// # Errors
/// When that is more money than there can be.
pub fn cost(collected: &[Delivery]) -> anyhow::Result<Amount> {
    let records: u32 = collected.iter().map(|delivery| delivery.record.records().get()).sum();
    Amount::new(PRICE)?.times(Records::new(records)?).context("more money than there can be")
}

/// What researcher and competitor are issued: so much that half of the notes cover the escrow, however it was split.
fn funds(source: &Source) -> anyhow::Result<Amount> {
    Amount::new(4 * escrow(source)?.get())
        .context("so many hospitals and chunks cost more money than there can be")
}
