//! `galen desk`: the home of a researcher's, hospital's or auditor's desk; and what those commands have in common.

pub mod init;
pub mod person;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use galen_market::desk::home::{
    DeskConfig, DeskHome, DeskRole, HomeFault, Layout, Seed, SeedStorage, Work, seed,
};
use serde_json::json;

use super::console::Console;
use super::passphrase;

/// What the keeper of a desk can type.
#[derive(Subcommand, Debug)]
pub enum DeskCommand {
    /// Say what is wrong with a home: configuration, modes, keys, people
    Check {
        #[command(flatten)]
        home: DeskArg,
    },
    /// Put the keys under another passphrase; the desk must not run
    Passphrase {
        #[command(flatten)]
        home: DeskArg,
        /// A file with the new passphrase, mode 0600; asked for without it.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Who may use the desk; counts at once, also while it runs
    #[command(subcommand)]
    Person(person::PersonCommand),
}

/// Which desk, and where the passphrase of its keys comes from.
#[derive(Args, Clone, Debug)]
pub struct DeskArg {
    /// The desk's home.
    #[arg(long = "home", value_name = "DIR")]
    pub dir: PathBuf,
    /// A file with the passphrase, mode 0600; GALEN_PASSPHRASE_FILE names one as well. Asked for without it.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl DeskArg {
    /// Opens and locks the home, and tells what had been open to others.
    ///
    /// # Errors
    /// When there is none, it is another role's, or in use.
    pub fn open(&self, role: DeskRole) -> Result<DeskHome, HomeFault> {
        let home = DeskHome::open(&self.dir, role)?;
        for (path, mode) in home.closed() {
            Console::new(true).warn(format!("{} had mode {mode:04o}: it is closed now", path.display()));
        }
        Ok(home)
    }

    /// Opens the home of whichever role it is.
    fn open_any(&self) -> anyhow::Result<DeskHome> {
        let file = Layout::new(&self.dir).config();
        if !file.exists() {
            bail!("{} is no home of a desk: `galen quickstart ROLE --dir DIR` makes one", self.dir.display());
        }
        Ok(self.open(DeskConfig::load(&file)?.role)?)
    }

    /// The seed of an open home; asks for the passphrase if it needs to.
    ///
    /// # Errors
    /// When it is not there, others may read it, or the passphrase is wrong.
    pub fn seed(&self, home: &DeskHome) -> anyhow::Result<Seed> {
        let configured = home.config().keys.passphrase_file.as_deref();
        Ok(home.seed(|| passphrase::known(self.passphrase_file.as_deref(), configured))?)
    }
}

/// The account that the ledger knows a role by.
pub fn account(role: DeskRole, seed: &Seed) -> galen_market::AccountKey {
    match role {
        DeskRole::Researcher => seed.researcher().account.key(),
        DeskRole::Hospital => seed.hospital().account().key(),
        DeskRole::Auditor => seed.auditor().key(),
    }
}

impl DeskCommand {
    /// Does it.
    ///
    /// # Errors
    /// Whatever is wrong, with what to do.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Check { home } => check(&home),
            Self::Passphrase { home, new_passphrase_file } => {
                let open = home.open_any()?;
                if open.config().keys.seed == SeedStorage::Plain {
                    bail!(
                        "the keys of this home are not under a passphrase: keys.seed in desk.toml is \"plain\""
                    );
                }
                let configured = open.config().keys.passphrase_file.as_deref();
                let present = passphrase::known(home.passphrase_file.as_deref(), configured)?;
                // Not the environment's: that one is the present one's.
                let new = match new_passphrase_file {
                    Some(path) => galen_market::desk::home::Passphrase::read(&path)?.strong()?,
                    None => passphrase::twice("new passphrase for the keys")?,
                };
                seed::change_passphrase(&home.dir, &present, &new, Work::default())?;
                let console = Console::new(false);
                console.say("the keys are under the new passphrase; copies of seed.age elsewhere still are under the old one");
                console.object(&json!({ "changed": true }));
                Ok(())
            }
            Self::Person(command) => command.run(),
        }
    }
}

fn check(arg: &DeskArg) -> anyhow::Result<()> {
    let home = arg.open_any()?;
    let config = home.config();
    let people = home.people().current()?;
    let account = account(config.role, &arg.seed(&home)?);
    let console = Console::new(false);
    console.fact("role, name", format!("{}, {}", config.role, config.name));
    console.fact("account", account);
    console.fact("people", people.len());
    if usize::from(config.approvals) > people.len() {
        bail!("approvals = {}, but {} may use the desk: add a person first", config.approvals, people.len());
    }
    let network = home.network().context("the desk cannot follow a chain yet")?;
    console.fact("chain", network.chain);
    console.fact("gateway", &network.gateway);
    console.say(format!("{} is in order", home.layout().config().display()));
    console.object(&json!({
        "role": config.role, "name": config.name, "account": account, "people": people.len(),
        "chain": network.chain, "gateway": network.gateway.as_str(), "listen": config.listen,
    }));
    Ok(())
}
