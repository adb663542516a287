//! `galen desk person`: who may use a desk.

use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, Subcommand};
use galen_market::desk::home::{Layout, PeopleFile};
use galen_market::private::write_new_private;
use rand::rngs::OsRng;
use serde_json::json;

use crate::cli::console::Console;

/// What can be done about people.
#[derive(Subcommand, Debug)]
pub enum PersonCommand {
    /// Add a person; the token is shown once, or written to a file
    Add {
        /// The name, which stands beside what the person approves.
        name: String,
        #[command(flatten)]
        home: HomeArg,
        /// Write the token to this new file, mode 0600, and show it nowhere.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Remove a person, whose token is worth nothing from then on
    Remove {
        /// The name.
        name: String,
        #[command(flatten)]
        home: HomeArg,
    },
    /// Show who there is
    List {
        #[command(flatten)]
        home: HomeArg,
    },
}

/// Which desk.
#[derive(Args, Clone, Debug)]
pub struct HomeArg {
    /// The desk's home.
    #[arg(long = "home", value_name = "DIR")]
    dir: PathBuf,
}

impl HomeArg {
    fn people(&self) -> anyhow::Result<PeopleFile> {
        let layout = Layout::new(&self.dir);
        ensure!(
            layout.config().exists(),
            "{} is no home of a desk: `galen quickstart ROLE --dir DIR` makes one",
            self.dir.display()
        );
        Ok(PeopleFile::new(layout.people()))
    }
}

impl PersonCommand {
    /// Does it.
    ///
    /// # Errors
    /// Whatever is wrong, with what to do.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Add { name, home, out } => {
                let people = home.people()?;
                if let Some(out) = &out {
                    ensure!(!out.exists(), "{} is there already: it is not overwritten", out.display());
                }
                let token = people.add(&name, &mut OsRng)?;
                let console = Console::new(false);
                console.fact("added", &name);
                match out {
                    Some(out) => {
                        if let Err(fault) = write_new_private(&out, token.line().as_bytes()) {
                            // Nobody would ever have the token.
                            people.remove(&name)?;
                            return Err(fault.into());
                        }
                        console.fact("token in", out.display());
                        console.object(&json!({ "name": name, "token_file": out }));
                    }
                    None => {
                        console.fact("token", token.text());
                        console.say("it is shown this once, and kept nowhere: give it to nobody else");
                        console.object(&json!({ "name": name, "token": token.text() }));
                    }
                }
                Ok(())
            }
            Self::Remove { name, home } => {
                home.people()?.remove(&name)?;
                let console = Console::new(false);
                console.fact("removed", &name);
                console.object(&json!({ "removed": name }));
                Ok(())
            }
            Self::List { home } => {
                let people = home.people()?.current()?;
                let console = Console::new(false);
                for person in people.iter() {
                    console
                        .fact(&person.name, format!("since {}", person.since.strftime("%Y-%m-%d %H:%M UTC")));
                }
                let list: Vec<_> = people
                    .iter()
                    .map(|person| json!({ "name": person.name, "since": person.since }))
                    .collect();
                console.object(&json!({ "people": list }));
                Ok(())
            }
        }
    }
}
