//! An API, fuzzed from its own document by schemathesis.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::needs::SCHEMATHESIS;

const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// An API, and how it is asked.
pub struct Api<'a> {
    /// Where it is, without the paths of the document.
    pub url: &'a str,
    /// The file with its OpenAPI document.
    pub document: &'a Path,
    /// The token of a person, where one is needed.
    pub token: Option<&'a str>,
    /// Paths that are left out, as of streams that do not end.
    pub without: &'a [&'a str],
}

impl Api<'_> {
    /// Some examples an operation, always the same; `GALEN_FUZZ_EXAMPLES` for more, `GALEN_FUZZ_SEED` for others. Gives
    /// what was said when a check failed; none when the program is absent.
    pub fn fuzz(&self) -> Option<Result<(), String>> {
        let program = SCHEMATHESIS.find()?;
        let examples = variable("GALEN_FUZZ_EXAMPLES", "20");
        let seed = variable("GALEN_FUZZ_SEED", "1");
        println!("GALEN_FUZZ_EXAMPLES={examples} GALEN_FUZZ_SEED={seed} {}", self.document.display());
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(program);
        command.current_dir(folder.path()).stdin(Stdio::null()).env("NO_COLOR", "1");
        command.arg("run").arg(self.document.canonicalize().expect("a document")).args(["--url", self.url]);
        command.args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--continue-on-failure"]);
        command.args(["--max-examples", &examples, "--seed", &seed, "--generation-database", "none"]);
        command.args(["--request-timeout", "20", "--rate-limit", "auto", "--suppress-health-check", "all"]);
        command.args(["--no-color", "--warnings", "off"]);
        if let Some(token) = self.token {
            command.args(["--header", &format!("Authorization: Bearer {token}")]);
        }
        self.without.iter().for_each(|path| drop(command.args(["--exclude-path", path])));
        let output = command.output().expect("schemathesis starts");
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        println!("{said}");
        Some(if output.status.success() { Ok(()) } else { Err(said.into_owned()) })
    }

    /// The same; fails when a check failed.
    pub fn holds(&self) {
        if let Some(Err(said)) = self.fuzz() {
            panic!("the API at {} breaks its document:\n{said}", self.url);
        }
    }
}

fn variable(name: &str, usual: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| usual.to_owned())
}
