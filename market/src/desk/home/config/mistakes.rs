//! What contradicts itself in a desk's configuration.

use reqwest::Url;

use super::{DeskConfig, DeskRole, ProverSection};
use crate::role::MAX_NAME;
use crate::settings::quoted;

impl DeskConfig {
    /// What contradicts itself in it, all of it.
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut rule = |holds: bool, words: &str| {
            if !holds {
                found.push(words.to_owned());
            }
        };
        let name = &self.name;
        rule(
            !name.trim().is_empty() && name.len() <= MAX_NAME && !name.chars().any(char::is_control),
            &format!("name must be one line of 1 to {MAX_NAME} bytes"),
        );
        rule(
            self.allow_network || self.listen.ip().is_loopback(),
            "listen is an address that other machines reach: use a loopback address, such as 127.0.0.1, or set allow_network \
             = true with something in front that ends TLS, as tokens and patients' data pass here",
        );
        rule(
            !self.allow_network || self.public_url.is_some(),
            "allow_network = true demands public_url: the https address of what ends TLS in front of the desk",
        );
        let hospital = self.role == DeskRole::Hospital;
        rule(
            if hospital { (1..=2).contains(&self.approvals) } else { self.approvals == 1 },
            "approvals is 1 or 2 at a hospital, and left out elsewhere",
        );
        rule(
            hospital || self.prover == ProverSection::default(),
            "[prover] means something at a hospital only: leave it out",
        );
        rule(
            self.prover.url.is_some() == self.prover.token_file.is_some(),
            "prover.url and prover.token_file belong together: give both, or neither for proofs in this process",
        );
        found.extend(self.gateway.as_deref().and_then(|url| mistake_of_url("gateway", url, Plain::Anywhere)));
        found.extend(self.public_url.as_deref().and_then(mistake_of_public_url));
        // Jobs hold raw rows.
        found.extend(
            self.prover.url.as_deref().and_then(|url| mistake_of_url("prover.url", url, Plain::Here)),
        );
        found
    }
}

/// Where http without TLS will do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    Anywhere,
    Here,
}

/// The address is a site's: its pages are at the root, and browsers know it by scheme, host and port.
fn mistake_of_public_url(text: &str) -> Option<String> {
    let mistake = mistake_of_url("public_url", text, Plain::Here);
    let has_path = || Url::parse(text).is_ok_and(|url| url.path() != "/");
    let shown = || {
        format!(
            "public_url = {} has a path: give scheme, host and port only, such as \"https://desk.example\", and have the desk \
             under a name of its own",
            quoted(text)
        )
    };
    mistake.or_else(|| has_path().then(shown))
}

fn mistake_of_url(field: &str, text: &str, plain: Plain) -> Option<String> {
    let shown = || quoted(text);
    let Ok(url) = Url::parse(text) else {
        return Some(format!("{field} = {} is no URL, such as \"https://gateway.example:7711\"", shown()));
    };
    // Not shown: a password may be in it.
    if !url.username().is_empty() || url.password().is_some() {
        return Some(format!("{field} holds a user's name or password: take it out"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some(format!("{field} = {} has a part after ? or #: leave it out", shown()));
    }
    let loopback = match url.host() {
        Some(host) => is_loopback(&host.to_string()),
        None => return Some(format!("{field} = {} names no host", shown())),
    };
    match url.scheme() {
        "https" => None,
        "http" if plain == Plain::Anywhere || plain == Plain::Here && loopback => None,
        "http" => Some(format!("{field} = {} must be https: what passes there is secret", shown())),
        _ => Some(format!("{field} = {} is neither http nor https", shown())),
    }
}

fn is_loopback(host: &str) -> bool {
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    literal == "localhost" || literal.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}
