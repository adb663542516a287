//! Calls of a desk that runs, with its owner's token.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use galen_market::desk::home::{DeskConfig, DeskRole, Layout, OWNER};
use galen_market::web::Problem;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cli::desk::DeskArg;

/// Posting waits until the ledger is done with it.
const ANSWER_TIME: Duration = Duration::from_secs(180);

/// A desk that runs.
pub struct Desk {
    address: SocketAddr,
    token: String,
}

impl Desk {
    /// The desk of a home.
    ///
    /// # Errors
    /// When there is no home, it is another role's, or the token cannot be read.
    pub fn of(arg: &DeskArg) -> anyhow::Result<Self> {
        let layout = Layout::new(&arg.dir);
        let config = DeskConfig::load(&layout.config())?;
        if config.role != DeskRole::Researcher {
            bail!("{} is the home of a {}, not of a researcher", arg.dir.display(), config.role);
        }
        let path = layout.token(OWNER);
        let token =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { address: config.listen, token: token.trim().to_owned() })
    }

    /// Reads something.
    ///
    /// # Errors
    /// When no desk answers, or it refuses.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    /// Does something.
    ///
    /// # Errors
    /// When no desk answers, or it refuses.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// A file.
    ///
    /// # Errors
    /// When no desk answers, or it refuses.
    pub async fn file(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.send(Method::GET, path, None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let bytes = self.send(method, path, body).await?;
        serde_json::from_slice(&bytes).context("the desk answered what no desk answers")
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Vec<u8>> {
        let address = self.address;
        let away = || format!("no desk answers at {address}: does it run? (`galen researcher serve`)");
        let answer = async {
            let stream = TcpStream::connect(address).await?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            // Ends with the answer's body; what breaks it is seen there.
            tokio::spawn(async move { drop(connection.await) });
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header(header::HOST, address.to_string())
                .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
                .header(header::CONTENT_TYPE, "application/json")
                .body(Full::new(Bytes::from(body.map(Value::to_string).unwrap_or_default())))?;
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            anyhow::Ok((status, answer.into_body().collect().await?.to_bytes().to_vec()))
        };
        let (status, bytes) = timeout(ANSWER_TIME, answer).await.with_context(away)?.with_context(away)?;
        if status.is_success() {
            return Ok(bytes);
        }
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => bail!("{} ({}): {}", problem.detail, problem.code, problem.remedy),
            Err(_) => bail!("the desk refused it, with status {status}"),
        }
    }
}
