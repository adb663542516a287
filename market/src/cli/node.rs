//! `galen node`: what an operator can type.

mod change;
pub mod submit;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use galen_ledger::chain::{Genesis, Parameters};
use galen_ledger::codec::Encode;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::console::Console;
use super::snapshot;
use crate::demo::folder::write_private;
use crate::node::call::call;
use crate::node::change::{Application, voting_key, write};
use crate::node::config::{Config, FIRST_FOLLOWER, Role, peer_text};
use crate::node::health::now_ms;
use crate::node::home::Home;
use crate::node::init::{self, NewHome};
use crate::node::serve::serve;

/// What an operator can type.
#[derive(Subcommand, Debug)]
pub enum NodeCommand {
    /// Make a home: keys, and a configuration with every field explained
    Init(InitArgs),
    /// Take the founders' genesis into a home
    Adopt {
        #[command(flatten)]
        home: HomeArg,
        /// The genesis.
        #[arg(long, value_name = "FILE")]
        genesis: PathBuf,
    },
    /// Run the node until it is told to stop (SIGINT, SIGTERM; SIGHUP reads the peers again)
    Run(HomeArg),
    /// Ask a running node how it is; exit code 1 while it is not ready
    Status {
        #[command(flatten)]
        home: HomeArg,
        /// Everything, as one JSON object on stdout.
        #[arg(long)]
        json: bool,
    },
    /// Write the node's newest snapshot of the state to a file, for another node; it may be running
    Snapshot {
        #[command(flatten)]
        home: HomeArg,
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Verify a snapshot and begin with it instead of the whole chain; the node must not run
    Restore {
        #[command(flatten)]
        home: HomeArg,
        /// The snapshot.
        #[arg(long, value_name = "FILE")]
        snapshot: PathBuf,
    },
    /// The configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// This node's entry for the lists of its peers
    Peer(HomeArg),
    /// Apply for membership: writes a file for the founders, or for the members
    Apply {
        #[command(flatten)]
        home: HomeArg,
        /// Draw a new voting key, which is to replace the present one.
        #[arg(long)]
        new_key: bool,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Found a chain: writes the genesis from the founders' applications
    Found(FoundArgs),
    /// Hand a transaction in through the running node, and wait until it is final
    Submit {
        #[command(flatten)]
        home: HomeArg,
        /// The transaction, in hex.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// One JSON object on stdout.
        #[arg(long)]
        json: bool,
    },
    /// Members come, go, and change their keys
    #[command(subcommand)]
    Change(change::ChangeCommand),
}

/// Which home.
#[derive(Args, Clone, Debug)]
pub struct HomeArg {
    /// The node's home.
    #[arg(long = "home", value_name = "DIR")]
    dir: PathBuf,
}

impl HomeArg {
    fn home(&self) -> Home {
        Home::new(&self.dir)
    }
}

/// A new home.
#[derive(Args, Debug)]
pub struct InitArgs {
    #[command(flatten)]
    home: HomeArg,
    /// A name for people.
    #[arg(long)]
    name: String,
    /// The node's number; a founder's follows from the genesis.
    #[arg(long)]
    number: Option<u16>,
    /// A gateway: follows the chain and takes submissions, without a vote.
    #[arg(long)]
    gateway: bool,
    /// Where peers reach it.
    #[arg(long, default_value = "0.0.0.0:7601")]
    listen: SocketAddr,
    /// Where operators reach it.
    #[arg(long, default_value = "127.0.0.1:7701")]
    api: SocketAddr,
}

/// A new chain.
#[derive(Args, Debug)]
pub struct FoundArgs {
    /// The chain's name for people.
    #[arg(long)]
    name: String,
    /// The market's part: who approves, who issues money, which proving keys, as JSON.
    #[arg(long, value_name = "FILE")]
    market: PathBuf,
    /// The founders' applications, in the order of their numbers.
    #[arg(required = true)]
    applications: Vec<PathBuf>,
    /// Groups that take turns to propose.
    #[arg(long, default_value_t = 1)]
    groups: u16,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// What can be asked about a configuration.
#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Say what is wrong with it
    Check(HomeArg),
    /// Show it, with what is not in the file
    Show(HomeArg),
}

impl NodeCommand {
    /// Does it.
    ///
    /// # Errors
    /// Whatever is wrong, with what to do.
    pub async fn run(self) -> anyhow::Result<()> {
        let console = Console::new(false);
        match self {
            Self::Init(args) => made(args, &console),
            Self::Adopt { home, genesis } => {
                let (config, genesis) = init::adopt(&home.home(), &genesis)?;
                console.fact("chain", genesis.chain_id());
                console.fact("number", config.node.number);
                console.say(
                    "compare the chain's id with what the founders know, by another way than this file came",
                );
                console.object(&json!({ "chain": genesis.chain_id(), "number": config.node.number }));
                Ok(())
            }
            Self::Snapshot { home, out } => snapshot::save(&home.home(), &out, &console),
            Self::Restore { home, snapshot: file } => snapshot::restore(&home.home(), &file, &console),
            Self::Run(home) => serve(home.home()).await,
            Self::Status { home, json } => status(&home.home(), json).await,
            Self::Config(ConfigCommand::Check(home)) => {
                let home = home.home();
                let config = home.config()?;
                home.node_key()?;
                home.voting_keys(config.node.role)?;
                if config.node.chain.is_some() {
                    home.genesis(&config)?;
                }
                console.say(format!("{} is in order", home.config_file().display()));
                console.object(&json!({ "config": home.config_file(), "in_order": true }));
                Ok(())
            }
            Self::Config(ConfigCommand::Show(home)) => {
                let config = Config::load(&home.home().config_file())?;
                console.text(&config.to_text());
                console.object(&serde_json::to_value(&config)?);
                Ok(())
            }
            Self::Apply { home, new_key, out } => {
                let home = home.home();
                if new_key {
                    home.draw_voting_key("voting_key_next")?;
                }
                let candidate = init::candidate(&home, &home.config()?)?;
                write(&out, &Application::of(&candidate))?;
                console.fact("voting key", voting_key(&candidate));
                console.say("give it to those who approve also by another way than the file: they see it before they sign");
                console.object(&json!({ "voting_key": voting_key(&candidate), "file": out }));
                Ok(())
            }
            Self::Found(args) => found(args, &console),
            Self::Submit { home, file, json } => submit::submit(&home, &file, json).await,
            Self::Change(command) => command.run(&console).await,
            Self::Peer(home) => {
                let home = home.home();
                let entry = init::entry(&home, &home.config()?)?;
                console.text(&peer_text(&entry));
                console.object(&serde_json::to_value(&entry)?);
                Ok(())
            }
        }
    }
}

fn made(args: InitArgs, console: &Console) -> anyhow::Result<()> {
    let role = if args.gateway { Role::Gateway } else { Role::Member };
    let number = args.number.unwrap_or(if args.gateway { FIRST_FOLLOWER } else { 0 });
    let home = args.home.home();
    let new = NewHome { number, role, name: args.name, links: args.listen, api: args.api };
    let config = init::init(&home, new)?;
    console.fact("home", home.folder().display());
    console.fact("node key", init::entry(&home, &config)?.key);
    console.say("keep a backup of its keys; nobody else may ever run with them");
    let key = init::entry(&home, &config)?.key;
    console.object(&json!({ "home": home.folder(), "node_key": key, "config": home.config_file() }));
    Ok(())
}

fn found(args: FoundArgs, console: &Console) -> anyhow::Result<()> {
    let config = std::fs::read(&args.market).with_context(|| args.market.display().to_string())?;
    galen_market::MarketConfig::from_json(&config).with_context(|| args.market.display().to_string())?;
    let members =
        args.applications.iter().map(|path| Application::load(path)).collect::<anyhow::Result<_>>()?;
    let parameters = Parameters { groups: args.groups, ..Parameters::default() };
    let genesis = Genesis { name: args.name, time_ms: now_ms(), members, parameters, config };
    genesis.validate()?;
    ensure!(!args.out.exists(), "{} is there: it is not overwritten", args.out.display());
    write_private(&args.out, &genesis.to_bytes())?;
    console.fact("chain", genesis.chain_id());
    console.fact("members, tolerated", format!("{}, {}", genesis.members.len(), genesis.faults()));
    let members = genesis.members.len();
    console.object(&json!({ "chain": genesis.chain_id(), "members": members, "file": args.out }));
    Ok(())
}

/// Asks a running node for everything.
///
/// # Errors
/// When it does not answer.
pub async fn ask(config: &Config) -> anyhow::Result<Value> {
    let (code, body) = call(config.api.listen, Method::GET, "/status", Vec::new()).await?;
    ensure!(code == StatusCode::OK, "the node answers: {}", String::from_utf8_lossy(&body).trim());
    Ok(serde_json::from_slice(&body)?)
}

async fn status(home: &Home, json: bool) -> anyhow::Result<()> {
    let status = ask(&home.config()?).await?;
    let console = Console::new(json);
    let text = |field: &str| status[field].to_string().trim_matches('"').to_owned();
    console.chapter(&text("name"), &format!("number {}", text("number")));
    console.fact("chain", text("chain"));
    console.fact(
        "height, view, cycle",
        format!("{}, {}, {}", text("height"), text("view"), status["meter"]["cycle"]),
    );
    console.fact("votes", status["meter"]["has_seat"].to_string());
    let reached = format!("{} of {}, quorum {}", text("reached"), text("members"), text("quorum"));
    console.fact("members reached", reached);
    let reasons: Vec<_> =
        status["not_ready"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for reason in &reasons {
        console.warn(format!("not ready: {reason}"));
    }
    console.object(&status);
    ensure!(reasons.is_empty(), "the node is not ready");
    Ok(())
}
