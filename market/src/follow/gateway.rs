//! Which gateway is asked, and how.

use std::net::IpAddr;

use galen_ledger::ChainId;
use reqwest::Url;

/// Where a chain is served, and which chain that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// The public site of a node, as `https://gateway.example/`.
    pub url: String,
    /// The chain's name, as its owner knows it from elsewhere.
    pub chain: ChainId,
}

/// A gateway that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayFault {
    /// Not an address of a site.
    #[error("\"{url}\" is no gateway's address ({reason}): write it as https://gateway.example/")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// Without TLS, and not on this machine.
    #[error(
        "\"{0}\" is called without encryption and is not on this machine: use https, or a tunnel that ends on this machine"
    )]
    Plain(String),
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}: are the system's root certificates installed?")]
    Tls(String),
}

impl Gateway {
    /// A gateway that is on this machine, or called by TLS.
    pub fn new(url: impl Into<String>, chain: ChainId) -> Self {
        Self { url: url.into(), chain }
    }

    /// The address that routes are joined to.
    ///
    /// # Errors
    /// [`GatewayFault`].
    pub(super) fn base(&self) -> Result<Url, GatewayFault> {
        let bad = |reason: &str| GatewayFault::Url { url: self.url.clone(), reason: reason.into() };
        let mut url = Url::parse(&self.url).map_err(|error| bad(&error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            let reason = "it holds a name or password, which no gateway asks for".into();
            return Err(GatewayFault::Url { url: "…".into(), reason });
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("nothing may follow the path"));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_here(&url) => {}
            "http" => return Err(GatewayFault::Plain(self.url.clone())),
            _ => return Err(bad("it begins with neither https:// nor http://")),
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(url)
    }
}

/// Whether an address is this machine's by itself, not by what a name stands for.
pub(super) fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || literal.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called_without_tls() {
        let base = |url: &str| Gateway::new(url, ChainId::from_bytes([0; 32])).base();
        for (given, expected) in [
            ("http://127.0.0.1:7800", "http://127.0.0.1:7800/"),
            ("http://[::1]:7800/", "http://[::1]:7800/"),
            ("http://localhost:7800/galen", "http://localhost:7800/galen/"),
            ("https://gateway.example", "https://gateway.example/"),
        ] {
            assert_eq!(base(given).map(|url| url.to_string()), Ok(expected.to_owned()));
        }
        for plain in ["http://gateway.example/", "http://10.0.0.1/", "http://localhost.example/"] {
            assert!(matches!(base(plain), Err(GatewayFault::Plain(_))), "{plain}");
        }
        for bad in
            ["", "gateway", "ftp://x/", "file:///etc", "https://x/?a", "https://x/#a", "https://me:secret@x/"]
        {
            let fault = base(bad).expect_err("refused").to_string();
            assert!(!fault.contains("secret"), "{fault}");
        }
    }
}
