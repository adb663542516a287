//! `galen quickstart`, `init`, `desk`, `help` and `completions` as newcomers type them.

#![allow(clippy::unwrap_used)]

mod program;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use program::{errors, galen, output};
use serde_json::Value;

const CHAIN: &str = "0707070707070707070707070707070707070707070707070707070707070707";

fn ask(arguments: &[&str]) -> Output {
    output(galen().args(arguments).env_remove("GALEN_PASSPHRASE_FILE"))
}

/// All of stdout is one object.
fn object(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text:?}: {}", errors(output)))
}

fn done(arguments: &[&str]) -> Value {
    let answer = ask(&[arguments, &["--json"]].concat());
    assert!(answer.status.success(), "{arguments:?}: {}", errors(&answer));
    object(&answer)
}

fn refused(arguments: &[&str], words: &str) {
    let answer = ask(&[arguments, &["--json"]].concat());
    assert_eq!(answer.status.code(), Some(1), "{arguments:?}: {}", errors(&answer));
    assert!(errors(&answer).contains(words), "{words}: {}", errors(&answer));
    assert!(object(&answer)["error"].as_str().is_some_and(|said| said.contains(words)));
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn passphrase(&self, name: &str, words: &str) -> String {
        fs::write(self.path(name), words).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
        self.text(name)
    }
}

#[test]
fn each_role_begins_with_a_closed_home_and_a_few_steps() {
    let folder = Folder::new();
    for role in ["researcher", "hospital", "auditor", "operator", "prover"] {
        let dir = folder.text(role);
        let made = done(&["quickstart", role, "--dir", &dir, "--plain-keys"]);
        let steps = made["next"].as_array().unwrap();
        assert!((3..=10).contains(&steps.len()), "{role}: {steps:?}");
        assert_eq!(mode(&folder.path(role)), 0o700);
        for entry in fs::read_dir(folder.path(role)).unwrap() {
            let path = entry.unwrap().path();
            let closed = if path.is_dir() { 0o700 } else { 0o600 };
            assert!(mode(&path) == closed || path.file_name().unwrap() == "lock", "{}", path.display());
        }
    }
    for role in ["researcher", "hospital", "auditor"] {
        refused(&["quickstart", role, "--dir", &folder.text(role), "--plain-keys"], "is a home already");
        refused(&["desk", "check", "--home", &folder.text(role)], "no gateway");
        let text = fs::read_to_string(folder.path(role).join("desk.toml")).unwrap();
        let filled = text
            .replace("# gateway = ", "gateway = ")
            .replace("# chain = \"…\"", &format!("chain = \"{CHAIN}\""));
        fs::write(folder.path(role).join("desk.toml"), &filled).unwrap();
        let checked = done(&["desk", "check", "--home", &folder.text(role)]);
        assert_eq!((checked["role"].as_str(), checked["people"].as_u64()), (Some(role), Some(1)));
        // A field that there is not, and one of another's: refused with the line.
        fs::write(folder.path(role).join("desk.toml"), filled.replace("listen =", "lissen =")).unwrap();
        let line = 1 + filled.lines().take_while(|line| !line.starts_with("listen =")).count();
        refused(&["desk", "check", "--home", &folder.text(role)], &format!("line {line},"));
    }
}

#[test]
fn keys_are_under_a_passphrase_that_is_asked_for_and_can_be_changed() {
    let folder = Folder::new();
    let home = folder.text("desk");
    let first = folder.passphrase("first", "correct horse battery\n");
    let second = folder.passphrase("second", "other words entirely\n");
    let init = ["researcher", "init", "--name", "Institute", "--chain", CHAIN, "--home", &home];
    refused(&init, "--plain-keys");
    assert!(!folder.path("desk").exists(), "nothing was made");
    let short = folder.passphrase("short", "short");
    refused(&[&init[..], &["--passphrase-file", &short]].concat(), "12 or more");
    let open = folder.passphrase("open", "correct horse battery");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    refused(&[&init[..], &["--passphrase-file", &open]].concat(), "0644");

    let gateway = ["--gateway", "http://127.0.0.1:1", "--passphrase-file", &first];
    let made = done(&[&init[..], &gateway].concat());
    assert!(folder.path("desk/seed.age").exists() && !folder.path("desk/seed").exists());
    let check = |file: &str| ask(&["desk", "check", "--home", &home, "--passphrase-file", file, "--json"]);
    assert_eq!(object(&check(&first))["account"], made["account"]);
    assert!(errors(&check(&second)).contains("the passphrase does not open"));
    refused(&["desk", "check", "--home", &home], "nobody can be asked");
    let change = |present: &str, new: &str| {
        let arguments = [
            "desk",
            "passphrase",
            "--home",
            &home,
            "--passphrase-file",
            present,
            "--new-passphrase-file",
            new,
        ];
        ask(&arguments)
    };
    assert!(errors(&change(&second, &first)).contains("does not open"));
    assert!(change(&first, &second).status.success());
    assert!(errors(&check(&first)).contains("does not open"));
    assert_eq!(object(&check(&second))["account"], made["account"]);
    let environment = output(
        galen().args(["desk", "check", "--home", &home, "--json"]).env("GALEN_PASSPHRASE_FILE", &second),
    );
    assert_eq!(object(&environment)["account"], made["account"], "{}", errors(&environment));
}

#[test]
fn people_come_and_go_and_a_token_is_shown_once() {
    let folder = Folder::new();
    let home = folder.text("desk");
    done(&["hospital", "init", "--name", "St. Mary", "--home", &home, "--plain-keys", "--approvals", "2"]);
    refused(&["desk", "check", "--home", &home], "add a person first");
    let person = |words: &[&str]| done(&[&["desk", "person"], words, &["--home", &home]].concat());
    let shown = person(&["add", "Anna"]);
    assert_eq!(shown["token"].as_str().map(str::len), Some(64));
    let (file, written) = (folder.path("ben.token"), folder.text("ben.token"));
    let to_file = person(&["add", "Ben", "--out", &written]);
    assert!(to_file.get("token").is_none() && mode(&file) == 0o600);
    let names: Vec<String> = person(&["list"])["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| person["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["owner", "Anna", "Ben"]);
    refused(&["desk", "person", "add", "anna", "--home", &home], "is there already");
    refused(&["desk", "person", "add", "Eve", "--home", &home, "--out", &written], "not overwritten");
    person(&["remove", "Anna"]);
    refused(&["desk", "person", "remove", "Anna", "--home", &home], "there is no");
    refused(&["desk", "person", "list", "--home", &folder.text("none")], "is no home");
}

#[test]
fn applications_say_in_words_what_is_asked_for() {
    let folder = Folder::new();
    for role in ["researcher", "auditor"] {
        let (home, out) = (folder.text(role), folder.text(&format!("{role}.json")));
        done(&["quickstart", role, "--dir", &home, "--name", "A Party", "--plain-keys"]);
        let applied = done(&[role, "apply", "--home", &home, "--out", &out]);
        let what = applied["what"].as_str().unwrap();
        assert!(what.contains("A Party") && what.contains(applied["account"].as_str().unwrap()), "{what}");
        refused(&[role, "apply", "--home", &home, "--out", &out], "not overwritten");
        let other = if role == "auditor" { "researcher" } else { "auditor" };
        let elsewhere = folder.text("elsewhere.json");
        refused(&[other, "apply", "--home", &home, "--out", &elsewhere], "is the home of a desk of role");
    }
}

#[test]
fn help_completions_and_exit_codes_are_as_documented() {
    let help = String::from_utf8(ask(&["help"]).stdout).unwrap();
    for words in ["researcher", "hospital", "auditor", "node", "Exit codes", "Examples", "quickstart"] {
        assert!(help.contains(words), "{words}: {help}");
    }
    assert!(!help.contains('\x1b'), "no colours where there is no terminal");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = String::from_utf8(ask(&["completions", shell]).stdout).unwrap();
        assert!(script.contains("quickstart") && script.contains("passphrase-file"), "{shell}");
    }
    let wrong: [&[&str]; 4] = [&["nothing"], &["desk"], &["quickstart", "king"], &["node", "run"]];
    for arguments in wrong {
        assert_eq!(ask(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let folder = Folder::new();
    let seed = folder.text("seed");
    assert_eq!(done(&["wallet", "new", "--out", &seed])["seed_file"], Value::from(seed.clone()));
    let address = done(&["wallet", "address", "--seed", &seed, "--role", "other"]);
    assert_eq!(address["address"].as_str().map(str::len), Some(128));
    assert_eq!(done(&["governance", "public", "--seed", &seed])["key"].as_str().map(str::len), Some(64));
    refused(&["wallet", "new", "--out", &seed], "never overwritten");
}
