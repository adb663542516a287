//! `galen demo`: the main job, end to end, in one process.
//!
//! Every step can be repeated: orders are the same bytes again, proofs are kept by the job queue, a contribution is written
//! to its hospital's folder before it is sent. So a demonstration that was killed goes on where it was, from the same folder.

mod args;
mod audience;
pub mod cast;
mod collect;
mod consortium;
pub mod folder;
mod forgery;
mod members;
mod purse;
mod sell;
mod serve;
mod setup;
mod source;
mod summary;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
pub use args::DemoArgs;
pub use sell::show_quality;
pub use setup::keys;

use galen_prover::jobs::ProvingKeys;

use crate::cli::console::{Console, duration};
use crate::testnet;
use cast::Cast;
use folder::{Folder, Opened};
use galen_ledger::Height;
use source::Source;
use summary::{Seconds, Summary};

/// Plays the story.
///
/// # Errors
/// Whatever stopped it, with what to do.
pub async fn run(args: DemoArgs, console: &Console) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut source = Source::resolve(&args)?;
    let board = args.network.as_deref().map(testnet::board).transpose()?;
    let out = args.out.clone().map_or_else(temporary_folder, Ok)?;
    let joined = match &args.network {
        Some(network) => {
            let (keys, seconds) = setup::keys(console)?;
            let consortium = consortium::join(console, network, &keys.verifying()).await?;
            source.asked.network = Some(consortium.chain);
            Some((keys, seconds, consortium))
        }
        None => None,
    };
    let height = joined.as_ref().map_or(Ok(0), |(_, _, joined)| joined.members.height().map(Height::get))?;
    let Opened { folder, seed, began: began_at, resumed } = Folder::open(&out, &source.asked, height)?;
    if resumed {
        console.say(format!("going on with the demonstration in {}", out.display()));
    }
    let cast = Cast::on(board.unwrap_or(seed), seed);
    // The treasury is the network's, where there is one.
    let books = args.network.as_deref().unwrap_or(&out).join("treasury.json");
    let (keys, keys_seconds, consortium) = match joined {
        Some(joined) => joined,
        None => {
            let (keys, seconds) = setup::keys(console)?;
            let consortium = consortium::start(console, &folder, &cast, &keys.verifying())?;
            (keys, seconds, consortium)
        }
    };
    let stage = setup::Stage {
        console,
        folder: &folder,
        cast: &cast,
        source: &source,
        consortium: &consortium,
        began: began_at,
        books: &books,
    };
    let keys = Arc::new(ProvingKeys::new(keys));
    let story = tokio::select! {
        story = play(&stage, &keys) => story,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!(
            "interrupted; `galen demo --out {}` with the same arguments goes on from here", out.display()
        )),
    };
    let served = match &story {
        Ok(_) if args.serve => serve::until_interrupted(&stage, &keys, args.approvals).await,
        _ => Ok(()),
    };
    consortium.members.stop().await;
    served?;
    let mut summary = story?;
    summary.seconds = Seconds { keys: keys_seconds, total: began.elapsed().as_secs_f64(), ..summary.seconds };
    summary.print(console, &out);
    Ok(())
}

async fn play(stage: &setup::Stage<'_>, keys: &Arc<ProvingKeys>) -> anyhow::Result<Summary> {
    setup::found(stage, keys).await?;
    let hospitals = setup::datasets(stage).await?;
    let request = setup::request(stage).await?;
    let proving = Instant::now();
    let mut sales = Vec::new();
    for hospital in &hospitals {
        sales.extend(sell::sell(stage, hospital, &request, keys).await?);
    }
    let prove_seconds = proving.elapsed().as_secs_f64();
    anyhow::ensure!(
        !sales.is_empty(),
        "no hospital could answer: ask for a wider cohort (--request), a larger --sample or a smaller --k"
    );
    let forgery = forgery::attempt(stage, &request, &sales).await?;
    let collected = collect::collect(stage, &request)?;
    audience::show(stage, &request, &hospitals)?;
    audience::cash(stage, &hospitals).await?;
    let opened = audience::open(stage, &request).await?;
    let audit = collect::audit(stage).await?;
    let paid = setup::cost(&collected)?;
    Ok(Summary::of(&sales, &collected, (paid, opened), audit, forgery, prove_seconds))
}

/// A new folder for a demonstration that nobody named one for.
fn temporary_folder() -> anyhow::Result<PathBuf> {
    let name = format!("galen-demo-{}-{}", std::process::id(), duration_since_epoch());
    let path = std::env::temp_dir().join(name);
    std::fs::create_dir(&path)
        .with_context(|| format!("cannot make {}; choose a folder with --out", path.display()))?;
    Ok(path)
}

fn duration_since_epoch() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// A span of time for people.
fn took(began: Instant) -> String {
    duration(began.elapsed())
}
