//! Calls to a desk that runs, with a person's token.

use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use galen_market::desk::home::{DeskConfig, DeskRole, Layout, OWNER};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::Value;
use zeroize::Zeroizing;

/// Longest answer that is waited for: a commitment becomes final meanwhile.
const WHOLE_TIME: Duration = Duration::from_secs(120);

/// Which desk, and as whom.
#[derive(Args, Clone, Debug)]
pub struct CallArg {
    /// The home of the desk, which runs.
    #[arg(long = "home", value_name = "DIR")]
    dir: PathBuf,
    /// The file with your token; the owner's in the home without it.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// A desk that runs.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Zeroizing<String>,
}

impl CallArg {
    /// The desk.
    ///
    /// # Errors
    /// When there is no such home, it is another role's, or the token cannot be read.
    pub fn client(&self, role: DeskRole) -> anyhow::Result<Client> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Somebody else in this process may have chosen one, which does as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let layout = Layout::new(&self.dir);
        let config = DeskConfig::load(&layout.config())?;
        if config.role != role {
            bail!("{} is the home of a {}'s desk, not of a {role}'s", self.dir.display(), config.role);
        }
        let file = self.token_file.clone().unwrap_or_else(|| layout.token(OWNER));
        let read = || format!("cannot read the token in {}: give --token-file", file.display());
        let token = Zeroizing::new(std::fs::read_to_string(&file).with_context(read)?);
        // The desk of a home is on this machine.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(WHOLE_TIME)
            .tls_certs_only(std::iter::empty())
            .no_proxy()
            .build()?;
        Ok(Client { http, base: format!("http://{}", config.listen), token: token.trim().to_owned().into() })
    }
}

impl Client {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(self.token.as_str())
    }

    /// Asks.
    ///
    /// # Errors
    /// The desk's refusal in its words, or that it does not run.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.answer(self.request(Method::GET, path)).await
    }

    /// Sends.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.answer(self.request(Method::POST, path).json(body)).await
    }

    /// Sends a file of so many bytes.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn upload(&self, path: &str, size: u64, body: Body) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path).header("content-type", "text/csv");
        // A body that comes in pieces does not know its length by itself.
        let request = request.header("content-length", size);
        self.answer(request.timeout(Duration::from_secs(24 * 3600)).body(body)).await
    }

    /// A file.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn file(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.bytes(self.request(Method::GET, path)).await
    }

    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.bytes(request).await?).unwrap_or(Value::Null))
    }

    async fn bytes(&self, request: RequestBuilder) -> anyhow::Result<Vec<u8>> {
        let away = || format!("no desk answers on {}: is it running?", self.base);
        let response = request.send().await.with_context(away)?;
        let status = response.status();
        let bytes = response.bytes().await.with_context(away)?;
        if status.is_success() {
            return Ok(bytes.to_vec());
        }
        let problem: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let word = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        bail!("{} ({}, {}): {}", word("detail"), word("code"), status.as_u16(), word("remedy"))
    }
}
