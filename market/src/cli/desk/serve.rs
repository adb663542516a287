//! `galen researcher|hospital|auditor serve`: a desk's pages and API, until it is told to stop.

use galen_market::desk::home::{DeskRole, OWNER};
use tokio::signal::unix::{SignalKind, signal};

use super::DeskArg;
use crate::cli::console::Console;
use crate::cli::log;
use crate::serving::{HospitalWays, OpenDesk};

/// Serves the desk of a home.
///
/// # Errors
/// When the home cannot be used, the chain cannot be followed, or the port is taken.
pub async fn run(role: DeskRole, arg: &DeskArg, ways: HospitalWays) -> anyhow::Result<()> {
    let home = arg.open(role)?;
    log::begin(&home.config().log)?;
    let seed = arg.seed(&home)?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let desk = OpenDesk::open(home, &seed, ways).await?;
    let console = Console::new(true);
    console.say(format!("the {role}'s desk is at {}/", desk.home().config().origin(desk.address().port())));
    console.say(format!("sign in with the token in {}", desk.home().layout().token(OWNER).display()));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    desk.close().await;
    Ok(())
}
