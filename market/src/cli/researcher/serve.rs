//! `galen researcher serve`: the desk's pages and API, until it is told to stop.

use std::sync::Arc;

use anyhow::Context;
use galen_market::chain::Chain;
use galen_market::desk::home::{DeskRole, OWNER, PeopleFile};
use galen_market::desk::researcher::{ResearcherDesk, pages};
use galen_market::follow::{FollowedChain, Gateway};
use galen_market::web::session::{Doorkeeper, Sessions};
use galen_market::web::site;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::cli::console::Console;
use crate::cli::desk::DeskArg;

/// Knows people by the file in the desk's home, as it is now.
struct Door(PeopleFile);

impl Doorkeeper for Door {
    fn find(&self, token: &[u8]) -> Option<String> {
        self.0.current().ok()?.find(token).map(str::to_owned)
    }
}

/// Serves the desk of a home.
///
/// # Errors
/// When the home cannot be used, the chain cannot be followed, or the port is taken.
pub async fn run(arg: &DeskArg) -> anyhow::Result<()> {
    let home = arg.open(DeskRole::Researcher)?;
    let network = home.network()?;
    let keys = arg.seed(&home)?.researcher();
    let gateway = Gateway::new(network.gateway.to_string(), network.chain);
    let followed = Arc::new(FollowedChain::open(&home.layout().ledger(), gateway).await?);
    let chain = Arc::clone(&followed) as Arc<dyn Chain>;
    let desk = Arc::new(ResearcherDesk::open(chain, keys, &home.layout().work())?);
    let listen = home.config().listen;
    let taken = || format!("listen = \"{listen}\" in desk.toml: choose another port, or stop what uses it");
    let listener = TcpListener::bind(listen).await.with_context(taken)?;
    let address = listener.local_addr()?;
    let (site, router) =
        pages::site(desk, address, Sessions::new(Arc::new(Door(home.people())), address.port()));
    let console = Console::new(true);
    console.say(format!("the researcher's desk is at http://{address}/"));
    console.say(format!("sign in with the token in {}", home.layout().token(OWNER).display()));
    let (stop, stopped) = watch::channel(false);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.send_replace(true);
    });
    site::serve(listener, router, site.connections, stopped).await;
    followed.close().await;
    Ok(())
}
