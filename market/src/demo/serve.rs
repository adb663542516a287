//! `galen demo --serve`: everybody's pages, on loopback, after the story. Each desk follows the chain through the explorer of a
//! member, as it would from another machine. A second request waits for the hospitals, to be gone through by hand.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use galen_ledger::Height;
use galen_market::chain::{Chain, OwnChain};
use galen_market::desk::home::{DeskConfig, DeskHome, DeskRole, Layout, OWNER, Protection, Seed};
use galen_market::desk::hospital::HospitalDesk;
use galen_market::desk::hospital::import::ImportStage;
use galen_market::desk::hospital::spool::Spool;
use galen_market::desk::researcher::ResearcherDesk;
use galen_market::desk::researcher::check::lives;
use galen_market::desk::researcher::draft::Draft;
use galen_market::web::limit::Rates;
use galen_prover::import::Allow;
use galen_prover::jobs::ProvingKeys;
use rand::rngs::OsRng;

use super::setup::Stage;
use super::source;
use crate::cli::console::Console;
use crate::demo::folder::{private_dir, write_private};
use crate::serving::{self, HospitalWays, OpenDesk, Work};

/// The public site; desks follow, in this order. Each takes another port if its own is taken.
const FIRST_PORT: u16 = 7710;
const SOURCE: &str = "diabetes-synthetic";
const PATIENTS: &str = "patients.csv";
const STEWARD: &str = "the demonstration";
/// Who approves beside a hospital's owner, if two must.
const COLLEAGUE: &str = "colleague";

/// Serves, and prepares a second request; so many people must approve at a hospital's desk. Ends when it is interrupted.
///
/// # Errors
/// When something cannot be opened or prepared.
pub async fn until_interrupted(
    stage: &Stage<'_>,
    keys: &Arc<ProvingKeys>,
    approvals: u8,
) -> anyhow::Result<()> {
    let console = stage.console;
    console.chapter("Pages", "everybody's, on this machine alone");
    let members = &stage.consortium.members;
    let chain: Arc<dyn Chain> = Arc::new(OwnChain::new(members.node()?, Arc::clone(members.blobs())));
    let plenty = NonZeroU32::new(10_000).context("not zero")?;
    let rates = Rates { per_second: plenty, burst: plenty, at_a_time: 512 };
    let site = serving::explorer(port(0), rates, chain, None).await?;
    let gateway = format!("http://{}", site.address());
    let mut desks = Vec::new();
    let opened = open_all(stage, (keys, approvals), &gateway, &mut desks).await;
    let prepared = match opened {
        Ok(()) => prepare(stage, &desks).await,
        Err(error) => Err(error),
    };
    if prepared.is_ok() {
        show(console, &gateway, &desks);
        tokio::signal::ctrl_c().await.context("signals")?;
        console.say("stopping");
    }
    for desk in desks {
        desk.close().await;
    }
    site.stop().await;
    prepared
}

/// The usual port of a place, or any if that is taken.
fn port(place: u16) -> SocketAddr {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST_PORT.saturating_add(place)));
    match TcpListener::bind(usual) {
        Ok(_) => usual,
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    }
}

async fn open_all(
    stage: &Stage<'_>,
    (keys, approvals): (&Arc<ProvingKeys>, u8),
    gateway: &str,
    desks: &mut Vec<OpenDesk>,
) -> anyhow::Result<()> {
    let cast = stage.cast;
    let mut all = vec![
        (
            DeskRole::Researcher,
            "researcher".to_owned(),
            "Institute of Research".to_owned(),
            cast.bytes("researcher"),
        ),
        (DeskRole::Auditor, "auditor".to_owned(), "Audit office".to_owned(), cast.bytes("auditor")),
    ];
    for index in 0..stage.source.asked.hospitals {
        let (folder, name) = (format!("hospital-{}", index + 1), format!("Hospital {}", index + 1));
        all.push((DeskRole::Hospital, folder, name, cast.bytes(&format!("hospital {index} seed"))));
    }
    for (place, (role, folder, name, seed)) in (1u16..).zip(all) {
        let folder = stage.folder.path("desks").join(folder);
        let seed = Seed::from_bytes(seed);
        let approvals = if role == DeskRole::Hospital { approvals } else { 1 };
        let config = DeskConfig {
            approvals,
            gateway: Some(gateway.to_owned()),
            chain: Some(stage.consortium.chain),
            listen: port(place),
            ..DeskConfig::new(role, name.as_str())
        };
        let ways = HospitalWays {
            keys: Some(Arc::clone(keys)),
            most_delay: Duration::ZERO,
            import_folder: Some(folder.join("import")),
        };
        stage.console.progress("desks", usize::from(place), 2 + stage.source.asked.hospitals as usize, None);
        let home = home(&folder, config, &seed)?;
        if approvals > 1 {
            invite(&home)?;
        }
        desks.push(OpenDesk::open(home, &seed, ways).await?);
    }
    stage.console.clear();
    Ok(())
}

/// A desk's home in the demonstration's folder: made anew, or as it was with the addresses of now.
fn home(folder: &Path, config: DeskConfig, seed: &Seed) -> anyhow::Result<DeskHome> {
    let (layout, role) = (Layout::new(folder), config.role);
    if layout.config().exists() {
        write_private(&layout.config(), config.to_text().as_bytes())?;
        return Ok(DeskHome::open(folder, role)?);
    }
    Ok(DeskHome::create(folder, config, (seed, &Protection::Plain), &mut OsRng)?)
}

/// A second person of a desk, unless there is one with a token.
fn invite(home: &DeskHome) -> anyhow::Result<()> {
    let (people, file) = (home.people(), home.layout().token(COLLEAGUE));
    if file.exists() {
        return Ok(());
    }
    if people.current()?.contains(COLLEAGUE) {
        people.remove(COLLEAGUE)?;
    }
    let token = people.add(COLLEAGUE, &mut OsRng)?;
    Ok(write_private(&file, token.line().as_bytes())?)
}

/// Each hospital has patients at its desk, and a request waits for them.
async fn prepare(stage: &Stage<'_>, desks: &[OpenDesk]) -> anyhow::Result<()> {
    let height = stage.consortium.members.height()?;
    for desk in desks {
        reached(desk, height).await?;
    }
    for (index, desk) in (1u64..).zip(desks) {
        if let Work::Hospital(work) = &desk.work {
            let committed = import(work, &desk.home().layout().folder().join("import"), index).await?;
            for desk in desks {
                reached(desk, Height::new(committed)).await?;
            }
        }
    }
    let researcher = desks.iter().find_map(|desk| match &desk.work {
        Work::Researcher(work) => Some(work),
        _ => None,
    });
    ask(stage, researcher.context("there is a researcher's desk")?).await
}

async fn reached(desk: &OpenDesk, height: Height) -> anyhow::Result<()> {
    let chain: &dyn Chain = desk.chain();
    while chain.position().height < height {
        chain.beyond(chain.position().height).await?;
    }
    Ok(())
}

/// Generated patients of a hospital's own, imported and committed at its desk; the block that has the commitment.
async fn import(desk: &Arc<HospitalDesk>, folder: &Path, seed: u64) -> anyhow::Result<u64> {
    if let Some(dataset) = desk.datasets()?.into_iter().next() {
        return Ok(desk.commit(&dataset.id).await?);
    }
    private_dir(folder)?;
    source::write_patients(&folder.join(PATIENTS), seed)?;
    let begun = desk.begin_import(STEWARD, SOURCE, Allow::default(), Spool::choose(folder, PATIENTS)?)?;
    let mut shots = desk.import_shots(&begun.id)?;
    shots.wait_for(|shot| shot.over).await?;
    let done = desk.import(&begun.id)?;
    match (done.stage, done.dataset) {
        (ImportStage::Done, Some(dataset)) => Ok(desk.commit(&dataset).await?),
        _ => bail!("a generated cohort was not imported: {}", done.reason.unwrap_or_default()),
    }
}

/// The second request, unless it is there.
async fn ask(stage: &Stage<'_>, desk: &Arc<ResearcherDesk>) -> anyhow::Result<()> {
    let title = "Second request: sixty and older";
    if desk.requests(true)?.iter().any(|request| request.title == title) {
        return Ok(());
    }
    let usual = Draft::under(stage.source.schema());
    // Every row of every sample: nobody has to wait.
    let most = usual.sample.unwrap_or(1) * 64 * stage.source.asked.hospitals;
    let draft = Draft {
        title: title.into(),
        purpose: "HMB".into(),
        cohort: "age >= 60".into(),
        price: Some(900),
        max_records: Some(most),
        // Nobody who goes through it by hand is late.
        life: Some(lives(&desk.config().windows).1),
        ..usual
    };
    let kept = desk.begin(OWNER, draft)?;
    desk.post(&kept.id).await?;
    Ok(())
}

fn show(console: &Console, gateway: &str, desks: &[OpenDesk]) {
    console.fact("explorer", format!("{gateway}/"));
    for desk in desks {
        let config = desk.home().config();
        let address = |person: &str| {
            let token = token(desk.home().layout().token(person));
            format!("http://{}/sign-in#{token}", desk.address())
        };
        console.fact(&config.name, address(OWNER));
        if config.approvals > 1 {
            console.fact(&format!("{COLLEAGUE} at {}", config.name), address(COLLEAGUE));
        }
    }
    console.say("the part after # signs in, and browsers keep it to themselves. Try: approve the second request at a hospital's");
    console.say("desk, watch its proofs, then collect at the researcher's. Ctrl-C ends it");
}

fn token(path: PathBuf) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}
