//! What a data steward types to a desk that runs: the same as its pages do.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use futures_util::stream;
use galen_market::RequestId;
use galen_market::desk::home::DeskRole;
use galen_market::web::parts::money;
use reqwest::Body;
use serde_json::{Value, json};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::cli::console::Console;
use crate::cli::desk::client::{CallArg, Client};

/// How often an import is asked after.
const ASK: Duration = Duration::from_millis(300);
/// Bytes of a file that are in memory at a time.
const PIECE: u64 = 256 * 1024;

/// Calls to the desk.
#[derive(Subcommand, Debug)]
pub enum DeskCall {
    /// Read a file of patients into the running desk; nothing goes to the ledger
    Import(ImportArgs),
    /// List the datasets, and what the ledger has of each
    Datasets(CallArg),
    /// Commit to a dataset on the ledger, in the place of the one before
    Commit {
        #[command(flatten)]
        desk: CallArg,
        /// The dataset, as `datasets` shows it.
        dataset: String,
    },
    /// List the open requests: price, time left, and whether they can be answered
    Inbox(CallArg),
    /// Show what an answer to a request would release; prints the digest that `approve` names
    Look {
        #[command(flatten)]
        desk: CallArg,
        /// The request.
        request: RequestId,
    },
    /// Approve what `look` showed. When enough people have, it is proven, sent and opened by itself
    Approve {
        #[command(flatten)]
        desk: CallArg,
        /// The request.
        request: RequestId,
        /// The digest that `look` printed.
        #[arg(long)]
        digest: String,
    },
    /// List the jobs
    Jobs(CallArg),
    /// Stop a job that was not sent
    Cancel {
        #[command(flatten)]
        desk: CallArg,
        /// The request.
        request: RequestId,
    },
    /// List what was sold, and what it earned
    Sold(CallArg),
}

/// A file and how it is written.
#[derive(Args, Debug)]
pub struct ImportArgs {
    #[command(flatten)]
    desk: CallArg,
    /// A CSV of patients (may be .gz).
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// The source that says how it is written.
    #[arg(long, value_name = "NAME")]
    source: String,
    /// What to let pass: unknown_codes, out_of_range, malformed, missing_columns, duplicates.
    #[arg(long, value_name = "WHAT", value_parser = ["unknown_codes", "out_of_range", "malformed", "missing_columns", "duplicates"])]
    allow: Vec<String>,
}

impl DeskCall {
    /// Does it.
    ///
    /// # Errors
    /// The desk's refusal, or that it does not run.
    pub async fn run(self) -> anyhow::Result<()> {
        let of = |desk: &CallArg| desk.client(DeskRole::Hospital);
        match self {
            Self::Import(args) => import(args).await,
            Self::Datasets(desk) => {
                list(of(&desk)?.get("/v1/datasets").await?, &["id", "schema_name", "patients", "standing"])
            }
            Self::Commit { desk, dataset } => {
                // It becomes a part of an address.
                if dataset.is_empty() || !dataset.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    bail!("a dataset is named by hex digits, as `datasets` shows it");
                }
                one(of(&desk)?.post(&format!("/v1/datasets/{dataset}/commit"), &json!({})).await?)
            }
            Self::Inbox(desk) => {
                let named = ["id", "title", "state", "price", "expected_earnings", "seconds_left", "why"];
                list(of(&desk)?.get("/v1/inbox").await?, &named)
            }
            Self::Look { desk, request } => {
                one(of(&desk)?.get(&format!("/v1/requests/{request}/preview")).await?)
            }
            Self::Approve { desk, request, digest } => {
                let body = json!({ "digest": digest });
                let case = of(&desk)?.post(&format!("/v1/requests/{request}/approval"), &body).await?;
                lines(&case["approvals"], &["by"]);
                one(case)
            }
            Self::Jobs(desk) => {
                list(of(&desk)?.get("/v1/jobs").await?, &["request", "title", "words", "released"])
            }
            Self::Cancel { desk, request } => {
                of(&desk)?.post(&format!("/v1/jobs/{request}/cancel"), &json!({})).await?;
                one(json!({ "cancelled": request }))
            }
            Self::Sold(desk) => {
                let sold = of(&desk)?.get("/v1/sold").await?;
                lines(&sold["contributions"], &["contribution", "title", "records", "words", "paid"]);
                one(sold)
            }
        }
    }
}

async fn import(args: ImportArgs) -> anyhow::Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !args.source.bytes().all(plain) {
        bail!("a source's name has letters, digits and hyphens");
    }
    let client = args.desk.client(DeskRole::Hospital)?;
    let read = || format!("cannot read {}", args.file.display());
    let file = File::open(&args.file).await.with_context(read)?;
    let about = file.metadata().await.with_context(read)?;
    // What is no file has no length that could be said beforehand.
    ensure!(about.is_file(), "{} is no regular file", args.file.display());
    let (size, console) = (about.len(), Arc::new(Console::new(false)));
    let allowed: String = args.allow.iter().map(|what| format!("&{what}=true")).collect();
    let path = format!("/v1/imports?source={}{allowed}", args.source);
    let sent = client.upload(&path, size, pieces(file, size, Arc::clone(&console))).await;
    console.clear();
    let mut view = sent?;
    while text(&view, "stage") == "reading" {
        tokio::time::sleep(ASK).await;
        view = again(&client, &view).await?;
    }
    if text(&view, "stage") != "done" {
        let reason = text(&view, "reason");
        Console::new(false).object(&view);
        bail!("nothing was imported: {reason}");
    }
    one(view)
}

/// A file as it is read, with progress on stderr. One that grows meanwhile is sent as long as it was; one that shrinks breaks off,
/// and the desk keeps nothing of it.
fn pieces(file: File, size: u64, console: Arc<Console>) -> Body {
    Body::wrap_stream(stream::try_unfold((file.take(size), 0u64), move |(mut file, before)| {
        let console = Arc::clone(&console);
        async move {
            let mut piece = Vec::new();
            (&mut file).take(PIECE).read_to_end(&mut piece).await?;
            if piece.is_empty() {
                return Ok::<_, std::io::Error>(None);
            }
            let sent = before.saturating_add(piece.len() as u64);
            console.progress("MiB sent", mib(sent), mib(size), None);
            Ok(Some((piece, (file, sent))))
        }
    }))
}

fn mib(bytes: u64) -> usize {
    usize::try_from(bytes.div_ceil(1 << 20)).unwrap_or(usize::MAX)
}

async fn again(client: &Client, view: &Value) -> anyhow::Result<Value> {
    client.get(&format!("/v1/imports/{}", text(view, "id"))).await
}

fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Fields that are amounts, in minor units.
const AMOUNTS: [&str; 7] = ["price", "earnings", "expected_earnings", "earned", "paid", "amount", "balance"];

/// As [`text`], for people.
fn shown(value: &Value, name: &str) -> String {
    match value.get(name).and_then(Value::as_u64).filter(|_| AMOUNTS.contains(&name)) {
        Some(minor) => money(minor),
        None => text(value, name),
    }
}

fn one(value: Value) -> anyhow::Result<()> {
    let console = Console::new(false);
    if let Some(fields) = value.as_object() {
        // Lists are of things that `--json` has in full, or that were said line by line.
        for (name, field) in
            fields.iter().filter(|(name, field)| *name != "data" && *name != "report" && !of_things(field))
        {
            match field.as_object() {
                // Of what is made of parts, the parts that are a word or a number; `--json` has all of it.
                Some(parts) => {
                    let plain = |part: &Value| !part.is_object() && !part.is_array();
                    for part in parts.iter().filter(|(_, part)| plain(part)).map(|(part, _)| part) {
                        console.fact(&format!("{name}: {}", part.replace('_', " ")), shown(field, part));
                    }
                }
                None => console.fact(name, shown(&value, name)),
            }
        }
    }
    console.object(&value);
    Ok(())
}

fn of_things(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.first().is_none_or(Value::is_object))
}

fn lines(value: &Value, named: &[&str]) {
    let console = Console::new(false);
    for item in value.as_array().into_iter().flatten() {
        let fields = named.iter().map(|name| shown(item, name)).filter(|text| !text.is_empty());
        console.say(fields.collect::<Vec<_>>().join(" · "));
    }
}

fn list(value: Value, named: &[&str]) -> anyhow::Result<()> {
    lines(&value, named);
    let console = Console::new(false);
    console.object(&json!({ "items": value }));
    Ok(())
}
