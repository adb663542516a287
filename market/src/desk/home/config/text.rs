//! A desk's configuration as it is written: each field with what it means.

use std::path::Path;

use super::{DeskConfig, DeskRole, ProverSection, SeedStorage};
use crate::settings::quoted;

/// A field with its value, or commented out with what it could be.
fn optional(field: &str, value: Option<&str>, example: &str) -> String {
    match value {
        Some(value) => format!("{field} = {}", quoted(value)),
        None => format!("# {field} = {}", quoted(example)),
    }
}

fn path(path: Option<&Path>) -> Option<String> {
    path.map(|path| path.to_string_lossy().into_owned())
}

impl DeskConfig {
    /// The file, each field with what it means.
    pub fn to_text(&self) -> String {
        let Self { role, name, gateway, chain, listen, allow_network, public_url, keys, log, .. } = self;
        let chain = match chain {
            Some(chain) => format!("chain = \"{chain}\""),
            None => "# chain = \"…\"".to_owned(),
        };
        let name = quoted(name);
        let gateway = optional("gateway", gateway.as_deref(), "https://gateway.example:7711");
        let public = optional("public_url", public_url.as_deref(), "https://desk.hospital.example");
        let storage = keys.seed.name();
        let passphrase_file = optional(
            "passphrase_file",
            path(keys.passphrase_file.as_deref()).as_deref(),
            "/run/credentials/galen/passphrase",
        );
        let (file, other) = match keys.seed {
            SeedStorage::Encrypted => {
                ("seed.age", "\"plain\" would be the file seed, protected by its mode alone")
            }
            SeedStorage::Plain => ("seed", "\"encrypted\" would be seed.age, under a passphrase"),
        };
        format!(
            r#"# Configuration of a Galen desk. `galen desk check --home DIR` checks it.

# Whose desk this is: "researcher", "hospital" or "auditor".
role = "{role}"
# The party's name, as it is to be accredited under.
name = {name}
# Where a gateway of the consortium answers. It is trusted with nothing: every block is verified here. It learns that this
# address follows the chain, and what is handed in from it.
{gateway}
# The chain's id: 64 hex digits, as the consortium tells it by another way than the gateway. Another chain is refused.
{chain}
# Where people's browsers and programs reach this desk.
listen = "{listen}"
# Whether that may be an address that other machines reach. Tokens and data would pass in clear: put something in front that
# ends TLS, and name its address in public_url.
allow_network = {allow_network}
# The address under which people's browsers reach the desk through what ends TLS in front of it: https, a host, and a port if it
# is not 443. The desk is then called by that name too, which is refused otherwise, and who is signed in stays so over TLS only.
{public}
{approvals}
[keys]
# How the seed lies on the disk. "{storage}" is the file {file}; {other}.
seed = "{storage}"
# A file of mode 0600 with the passphrase, for a service that nobody sits at. --passphrase-file and GALEN_PASSPHRASE_FILE go
# before it; without any of them the passphrase is asked for on the terminal.
{passphrase_file}
{prover}
{log}"#,
            approvals = self.approvals_text(),
            prover = self.prover_text(),
            log = log.to_text(),
        )
    }

    fn approvals_text(&self) -> String {
        if self.role != DeskRole::Hospital {
            return String::new();
        }
        format!(
            "# How many people must approve a release before anything is proven: 1 or 2.\napprovals = {}\n",
            self.approvals
        )
    }

    fn prover_text(&self) -> String {
        if self.role != DeskRole::Hospital {
            return String::new();
        }
        let ProverSection { workers, url, token_file } = &self.prover;
        let url = optional("url", url.as_deref(), "https://prover.hospital.example:7620");
        let token = optional("token_file", path(token_file.as_deref()).as_deref(), "/etc/galen/prover.token");
        format!(
            r#"
[prover]
# Proofs at a time, made in this process; each takes all cores for most of its time.
workers = {workers}
# A prover service instead (`galen prover serve`), in the hospital's own domain, as jobs hold raw rows; and its token.
{url}
{token}
"#
        )
    }
}
