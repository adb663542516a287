//! `galen researcher|hospital|auditor init`: a new home.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use galen_ledger::ChainId;
use galen_market::desk::home::{
    DeskConfig, DeskHome, DeskRole, OWNER, PassphraseFault, Protection, Seed, Work,
};
use rand::rngs::OsRng;
use serde_json::json;

use super::account;
use crate::cli::auditor::chain_id;
use crate::cli::console::Console;
use crate::cli::passphrase;

/// What a new home is told.
#[derive(Args, Clone, Debug)]
pub struct InitArgs {
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    pub home: PathBuf,
    /// The party's name, as it is to be accredited under.
    #[arg(long)]
    pub name: String,
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Where people's browsers and programs reach the desk; loopback by default.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    #[command(flatten)]
    pub keys: KeyArgs,
}

/// Which network.
#[derive(Args, Clone, Debug, Default)]
pub struct NetworkArgs {
    /// Where a gateway of the consortium answers; can be written into desk.toml later.
    #[arg(long, value_name = "URL")]
    pub gateway: Option<String>,
    /// The chain's id, as the consortium tells it; can be written into desk.toml later.
    #[arg(long, value_name = "ID", value_parser = chain_id)]
    pub chain: Option<ChainId>,
}

/// How new keys are kept.
#[derive(Args, Clone, Debug, Default)]
pub struct KeyArgs {
    /// A file with the passphrase for the new keys, mode 0600; asked for without it.
    #[arg(long, value_name = "FILE", conflicts_with = "plain_keys")]
    pub passphrase_file: Option<PathBuf>,
    /// Keep the keys without a passphrase, protected by the file's mode alone.
    #[arg(long)]
    pub plain_keys: bool,
}

impl KeyArgs {
    /// How the new keys are kept; asks for a passphrase if it needs to.
    fn protection(&self) -> anyhow::Result<Protection> {
        if self.plain_keys {
            return Ok(Protection::Plain);
        }
        let asked = passphrase::fresh(self.passphrase_file.as_deref());
        let asked = match asked {
            Err(fault @ PassphraseFault::Nobody) => {
                Err(fault).context("give --plain-keys for keys that only the file's mode protects")
            }
            asked => asked.map_err(anyhow::Error::from),
        };
        Ok(Protection::Passphrase(asked?, Work::default()))
    }
}

/// What was made.
pub struct Made {
    /// The home.
    pub home: DeskHome,
    /// Its account.
    pub account: galen_market::AccountKey,
}

/// Makes a home.
///
/// # Errors
/// When there is one, or what it is told contradicts itself.
pub fn make(role: DeskRole, args: &InitArgs, approvals: u8) -> anyhow::Result<Made> {
    let mut config = DeskConfig::new(role, &args.name);
    config.gateway.clone_from(&args.network.gateway);
    config.chain = args.network.chain;
    config.listen = args.listen.unwrap_or(config.listen);
    config.approvals = approvals;
    // Before anybody thinks of a passphrase.
    config.check(Path::new("the new desk.toml"))?;
    anyhow::ensure!(
        !args.home.join("desk.toml").exists(),
        "{} is a home already: nothing was changed",
        args.home.display()
    );
    let protection = args.keys.protection()?;
    let seed = Seed::draw(&mut OsRng);
    let home = DeskHome::create(&args.home, config, (&seed, &protection), &mut OsRng)?;
    Ok(Made { home, account: account(role, &seed) })
}

/// What to do next, a line each.
pub fn next_steps(role: DeskRole, home: &DeskHome) -> Vec<String> {
    let dir = home.layout().folder().display();
    let mut steps = Vec::new();
    if home.network().is_err() {
        let file = home.layout().config();
        steps.push(format!(
            "write `gateway` and `chain` into {}, as the consortium tells them",
            file.display()
        ));
    }
    let genesis = if role == DeskRole::Hospital { " --genesis GENESIS --schema SCHEMA.toml" } else { "" };
    steps.push(format!("galen {role} apply --home {dir}{genesis} --out application.json"));
    steps.push(
        "give application.json to the consortium, which accredits the account (galen governance)".into(),
    );
    steps.push(format!("galen {role} serve --home {dir}"));
    let token = home.layout().token(OWNER);
    steps.push(format!(
        "open http://{} and sign in with the token in {}",
        home.config().listen,
        token.display()
    ));
    steps.push(format!("galen desk person add NAME --home {dir}   # for each further person"));
    steps
}

/// `init`: makes a home and says what to do next.
///
/// # Errors
/// As [`make`].
pub fn run(role: DeskRole, args: &InitArgs, approvals: u8) -> anyhow::Result<()> {
    let made = make(role, args, approvals)?;
    show(role, &made, &Console::new(false));
    Ok(())
}

/// Shows a new home.
pub fn show(role: DeskRole, made: &Made, console: &Console) {
    let home = &made.home;
    let (layout, steps) = (home.layout(), next_steps(role, home));
    console.fact("home", layout.folder().display());
    console.fact("account", made.account);
    console.warn(
        "keep a copy of its keys and of their passphrase apart: without them nobody can act for this party",
    );
    console.say("next:");
    for (number, step) in (1..).zip(&steps) {
        console.say(format!("{number}. {step}"));
    }
    console.object(&json!({
        "home": layout.folder(), "role": role, "account": made.account, "config": layout.config(),
        "token_file": layout.token(OWNER), "next": steps,
    }));
}
