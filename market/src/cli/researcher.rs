//! `galen researcher`: the desk of a research institution.
//!
//! What reads or does something at the desk calls the one that runs (`galen researcher serve`), so that one process alone spends.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use galen_market::RequestId;
use galen_market::desk::home::DeskRole;
use galen_market::desk::researcher::store::Name;
use galen_market::private::{private_dir, write_private};
use galen_market::web::parts::money;
use serde_json::{Value, json};

use super::console::Console;
use super::desk::client::{CallArg, Client};
use super::desk::init::{self, InitArgs};
use super::desk::{DeskArg, serve};
use super::governance::apply::ApplyArgs;
use crate::serving::HospitalWays;

/// What a researcher can type.
#[derive(Subcommand, Debug)]
pub enum ResearcherCommand {
    /// Make the desk's home: keys, people, a configuration with every field explained
    Init(InitArgs),
    /// Write an application for accreditation, for the consortium's governance
    Apply(ApplyArgs),
    /// Serve the desk's pages and API, until interrupted
    Serve(DeskArg),
    /// List requests, the newest first
    Requests {
        #[command(flatten)]
        home: CallArg,
        /// Everybody's, not only one's own.
        #[arg(long)]
        all: bool,
    },
    /// Show a request: what is asked, what happened, who acts next and until when
    Show {
        #[command(flatten)]
        home: CallArg,
        /// The request.
        #[arg(value_name = "REQUEST")]
        id: RequestId,
    },
    /// Keep a draft from a file, and say what is wrong with it and what it would lock
    Draft {
        #[command(flatten)]
        home: CallArg,
        /// A draft, as JSON; `GET /v1/schemas/ID/draft` gives one to begin with.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Sign a draft, lock its money and post it. Once more gives the same request
    Post(PostArgs),
    /// Decrypt what was opened, and write table, dictionary, report and citation
    Collect {
        #[command(flatten)]
        home: CallArg,
        /// The request.
        #[arg(value_name = "REQUEST")]
        id: RequestId,
        /// A folder to put the files into as well.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Show what the wallet holds
    Wallet {
        #[command(flatten)]
        home: CallArg,
    },
}

/// Which draft.
#[derive(Args, Debug)]
pub struct PostArgs {
    #[command(flatten)]
    home: CallArg,
    /// The draft.
    #[arg(value_name = "DRAFT")]
    id: Name,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

impl ResearcherCommand {
    /// Does it.
    ///
    /// # Errors
    /// Whatever is wrong, with what to do.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Init(args) => init::run(DeskRole::Researcher, &args, 1),
            Self::Apply(args) => args.run(DeskRole::Researcher),
            Self::Serve(home) => serve::run(DeskRole::Researcher, &home, HospitalWays::default()).await,
            Self::Requests { home, all } => requests(&home.client(DeskRole::Researcher)?, all).await,
            Self::Show { home, id } => show(&home.client(DeskRole::Researcher)?, &id).await,
            Self::Draft { home, file } => draft(&home.client(DeskRole::Researcher)?, &file).await,
            Self::Post(args) => args.run().await,
            Self::Collect { home, id, out } => collect(&home.client(DeskRole::Researcher)?, &id, out).await,
            Self::Wallet { home } => wallet(&home.client(DeskRole::Researcher)?).await,
        }
    }
}

/// A field of an answer, in words.
fn said(value: &Value, field: &str) -> String {
    match value.pointer(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "-".into(),
        Some(other) => other.to_string(),
    }
}

fn amount(value: &Value, field: &str) -> String {
    value.pointer(field).and_then(Value::as_u64).map_or_else(|| "-".into(), money)
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.pointer(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

async fn requests(desk: &Client, all: bool) -> anyhow::Result<()> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let page = desk.get(&format!("/v1/requests?own={}&limit=200{after}", !all)).await?;
        items.extend_from_slice(list(&page, "/items"));
        match page.pointer("/next").and_then(Value::as_str) {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let console = Console::new(false);
    for line in &items {
        let (paid, most) = (said(line, "/paid"), said(line, "/max_records"));
        let words =
            format!("{}: {paid} of {most} records paid; {}", said(line, "/stage"), said(line, "/title"));
        console.fact(&said(line, "/id"), words);
    }
    if items.is_empty() {
        console.say("no requests yet");
    }
    console.object(&json!({ "requests": items }));
    Ok(())
}

async fn show(desk: &Client, id: &RequestId) -> anyhow::Result<()> {
    let found = desk.get(&format!("/v1/requests/{id}")).await?;
    let console = Console::new(false);
    console.chapter(&said(&found, "/title"), &said(&found, "/stage"));
    console.fact("patients", said(&found, "/asked/cohort"));
    console.fact("purpose", said(&found, "/asked/purpose"));
    console.fact("records", format!("{} of {} paid", said(&found, "/paid"), said(&found, "/max_records")));
    console.fact("locked still", amount(&found, "/money/locked"));
    console.fact("next", format!("{} {}", said(&found, "/next/who"), said(&found, "/next/what")));
    console.fact("until block", said(&found, "/next/until/height"));
    for contribution in list(&found, "/contributions") {
        console.fact(&said(contribution, "/id"), said(contribution, "/words"));
    }
    console.object(&found);
    Ok(())
}

async fn draft(desk: &Client, file: &std::path::Path) -> anyhow::Result<()> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let written: Value =
        serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", file.display()))?;
    let kept = desk.post("/v1/drafts", &written).await?;
    let console = Console::new(false);
    console.fact("draft", said(&kept, "/id"));
    for fault in list(&kept, "/faults") {
        console.warn(format!("{}: {}", said(fault, "/field"), said(fault, "/message")));
    }
    console.fact("would lock", amount(&kept, "/cost/escrow"));
    console.object(&kept);
    Ok(())
}

impl PostArgs {
    async fn run(self) -> anyhow::Result<()> {
        let desk = self.home.client(DeskRole::Researcher)?;
        let kept = desk.get(&format!("/v1/drafts/{}", self.id)).await?;
        let console = Console::new(false);
        if !self.yes && kept.pointer("/posted").is_none_or(Value::is_null) {
            let (locked, held) = (amount(&kept, "/cost/escrow"), amount(&kept, "/cost/balance"));
            let question = format!(
                "Lock {locked} of {held} and post {:?}? It cannot be withdrawn",
                said(&kept, "/draft/title")
            );
            let sure = console.ask(&question).context("say --yes, as nobody can be asked")?;
            ensure!(sure, "nothing was signed");
        }
        let posted = desk.post(&format!("/v1/drafts/{}/post", self.id), &json!({})).await?;
        console.fact("request", said(&posted, "/request"));
        console.object(&posted);
        Ok(())
    }
}

async fn collect(desk: &Client, id: &RequestId, out: Option<PathBuf>) -> anyhow::Result<()> {
    let collected = desk.post(&format!("/v1/requests/{id}/collect"), &json!({})).await?;
    let console = Console::new(false);
    console.fact("records", said(&collected, "/records"));
    for file in list(&collected, "/files") {
        let name = said(file, "/name");
        if let Some(out) = &out {
            private_dir(out)?;
            let bytes = desk.file(&format!("/v1/requests/{id}/files/{name}")).await?;
            let path = out.join(&name);
            write_private(&path, &bytes)?;
            console.fact(&name, path.display());
        } else {
            console.fact(&name, said(file, "/what"));
        }
    }
    console.object(&collected);
    Ok(())
}

async fn wallet(desk: &Client) -> anyhow::Result<()> {
    let funds = desk.get("/v1/wallet").await?;
    let console = Console::new(false);
    console.fact("balance", amount(&funds, "/balance"));
    console.fact("notes", list(&funds, "/notes").iter().filter(|note| note["spent"].is_null()).count());
    console.fact("address", said(&funds, "/address"));
    console.object(&funds);
    Ok(())
}
