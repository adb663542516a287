//! The program, as tests of it start it.

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod serving;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The program, with the keys of the tests and nobody at its terminal.
pub fn galen() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_galen"));
    let keys = std::env::var_os("GALEN_KEYS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/galen-test-keys"),
        PathBuf::from,
    );
    command.env("GALEN_KEYS_DIR", keys).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn output(command: &mut Command) -> Output {
    command.output().expect("the program can be started")
}

/// The object that `--json` ends with.
pub fn last_line(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_else(|| panic!("no output: {}", errors(output)));
    serde_json::from_str(last).expect("the last line is JSON")
}

/// What it said on stderr.
pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
