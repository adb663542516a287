//! `galen prover`: a prover service for a hospital's agents, in the hospital's own trust domain.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use galen_prover::jobs::{ProofQueue, ProvingKeys, Settings};
use galen_prover::service::{ServiceSettings, Token, serve};
use tokio::net::TcpListener;

use super::console::Console;
use crate::demo;

/// What an operator of a prover can type.
#[derive(Subcommand, Debug)]
pub enum ProverCommand {
    /// Serve proof jobs over HTTP: submit, status, progress, cancel, result
    Serve(ServeArgs),
}

/// Where and how to serve.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// The folder of jobs, results and the token (mode 0700).
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Address and port; port 0 lets the system choose.
    #[arg(long, default_value = "127.0.0.1:7620")]
    listen: SocketAddr,
    /// Serve on an address that is not loopback: jobs hold raw rows, so put encryption in front.
    #[arg(long)]
    allow_network: bool,
    /// Proofs at a time.
    #[arg(long, default_value = "1")]
    workers: NonZeroUsize,
}

impl ProverCommand {
    /// Does it, until interrupted.
    ///
    /// # Errors
    /// When the folder is in use, the address taken, or the keys cannot be made.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self::Serve(args) = self;
        let console = Console::new(false);
        let (keys, _) = demo::keys(&console)?;
        let settings = Settings { workers: args.workers, ..Settings::default() };
        let queue = ProofQueue::open(&args.dir, Arc::new(ProvingKeys::new(keys)), settings)?;
        let token_file = args.dir.join("token");
        let token = Token::load_or_create(&token_file)?;
        let listener = TcpListener::bind(args.listen)
            .await
            .with_context(|| format!("cannot listen on {}", args.listen))?;
        console.chapter("Prover", "serves; stop it with Ctrl-C");
        console.fact("address", format!("http://{}", listener.local_addr()?));
        console.fact("token in", token_file.display());
        let address = format!("http://{}", listener.local_addr()?);
        console.object(&serde_json::json!({ "address": address, "token_file": token_file }));
        let settings = ServiceSettings { allow_network: args.allow_network, ..ServiceSettings::default() };
        let stop = async {
            // Without signals there is nothing to wait for: serve until killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        serve(listener, queue.clone(), token, settings, stop).await?;
        queue.close();
        console.say("stopped; unfinished jobs go on at the next start");
        Ok(())
    }
}
