//! `galen quickstart`: keys and a commented configuration for a role, and what to do next.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use galen_market::desk::home::DeskRole;
use galen_market::private::private_dir;
use galen_prover::service::Token;
use serde_json::json;

use super::console::Console;
use super::desk::init::{self, InitArgs, KeyArgs, NetworkArgs};
use crate::node::config::Role;
use crate::node::home::Home;
use crate::node::init::{self as node, NewHome};

/// Where a new member's peers and operators reach it.
const LINKS: &str = "0.0.0.0:7601";
const API: &str = "127.0.0.1:7701";

/// Who is to begin.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum QuickstartRole {
    /// A research institution, which asks and pays.
    Researcher,
    /// A hospital, which has patients and sells.
    Hospital,
    /// An auditor, who checks.
    Auditor,
    /// A member of the consortium, who runs a node.
    Operator,
    /// A machine of a hospital's that makes its proofs.
    Prover,
}

/// A new beginning.
#[derive(Args, Clone, Debug)]
pub struct QuickstartArgs {
    /// Who is to begin.
    #[arg(value_enum)]
    role: QuickstartRole,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The party's name; the folder's by default.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    keys: KeyArgs,
}

impl QuickstartArgs {
    /// Begins.
    ///
    /// # Errors
    /// When the folder is a home already, or something cannot be written.
    pub fn run(self) -> anyhow::Result<()> {
        match self.role {
            QuickstartRole::Researcher => self.desk(DeskRole::Researcher),
            QuickstartRole::Hospital => self.desk(DeskRole::Hospital),
            QuickstartRole::Auditor => self.desk(DeskRole::Auditor),
            QuickstartRole::Operator => self.operator(),
            QuickstartRole::Prover => self.prover(),
        }
    }

    fn name(&self) -> anyhow::Result<String> {
        let folder = || self.dir.file_name().map(|name| name.to_string_lossy().into_owned());
        self.name.clone().or_else(folder).context("give the party's name with --name")
    }

    fn desk(self, role: DeskRole) -> anyhow::Result<()> {
        let name = self.name()?;
        let Self { dir: home, network, keys, .. } = self;
        init::run(role, &InitArgs { home, name, network, listen: None, keys }, 1)
    }

    fn operator(self) -> anyhow::Result<()> {
        let home = Home::new(&self.dir);
        let (links, api) = (LINKS.parse()?, API.parse()?);
        node::init(&home, NewHome { number: 0, role: Role::Member, name: self.name()?, links, api })?;
        let dir = self.dir.display();
        let steps = [
            format!("look at {}: every field is explained", home.config_file().display()),
            format!(
                "galen node apply --home {dir} --out application.json   # for the founders, or the members"
            ),
            format!(
                "galen node peer --home {dir}   # for the others' lists of peers, with an address that they reach"
            ),
            format!(
                "galen node adopt --home {dir} --genesis GENESIS   # and compare the chain's id by telephone"
            ),
            format!("append the others' entries to {}", home.config_file().display()),
            format!("galen node config check --home {dir}"),
            format!("galen node run --home {dir}"),
            format!("galen node status --home {dir}"),
        ];
        let console = Console::new(false);
        console.warn("back up node_key and voting_key; nobody else may ever run with them");
        show(&console, &self.dir, "operator", &home.config_file(), &steps);
        Ok(())
    }

    fn prover(self) -> anyhow::Result<()> {
        private_dir(&self.dir)?;
        let token = self.dir.join("token");
        Token::load_or_create(&token)?;
        let dir = self.dir.display();
        let steps = [
            format!("galen prover serve --dir {dir}   # on 127.0.0.1:7620; the first start makes or loads proving keys"),
            "behind something that ends TLS, if the hospital's desk is on another machine: jobs hold raw rows".into(),
            format!("copy {} to the desk's machine, mode 0600", token.display()),
            "in the hospital's desk.toml, under [prover]: url = \"http://127.0.0.1:7620\" and token_file".into(),
            "galen desk check --home HOSPITAL".into(),
        ];
        show(&Console::new(false), &self.dir, "prover", &token, &steps);
        Ok(())
    }
}

fn show(console: &Console, dir: &Path, role: &str, file: &Path, steps: &[String]) {
    console.fact("home", dir.display());
    console.say("next:");
    for (number, step) in (1..).zip(steps) {
        console.say(format!("{number}. {step}"));
    }
    console.object(&json!({ "home": dir, "role": role, "file": file, "next": steps }));
}
