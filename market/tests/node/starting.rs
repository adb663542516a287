//! What is wrong at the start is said with what to do.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::net::{Net, node, said};

/// A start must be refused, in these words.
fn refused(home: &Path, words: &[&str]) {
    let output = node(&["run"], home).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1), "{words:?}: {}", said(&output));
    for words in words {
        assert!(said(&output).contains(words), "{words}: {}", said(&output));
    }
}

#[test]
fn mistakes_in_a_configuration_are_named() {
    let net = Net::of(4, &[]);
    let home = net.home(0);
    let file = home.join("config.toml");
    let config = fs::read_to_string(&file).expect("a configuration");
    let checked = node(&["config", "check"], &home).output().expect("it starts");
    assert!(checked.status.success(), "{}", said(&checked));
    for (from, to, words) in [
        ("delta_ms = 1000", "delta_ms = 1", "consensus.delta_ms must be from 10"),
        ("drift_ms = 10000", "drift_ms = 10000000", "consensus.drift_ms must be from 500"),
        ("blobs = \"blobs\"", "blobs = \"data/blobs\"", "must be a folder inside the home"),
        ("# receipts = …", "receipts = 2", "consensus.receipts means nothing with"),
        ("drift_ms", "drft_ms", "unknown field `drft_ms`"),
        ("number = 0", "number = 2000", "does not fit node.role"),
        ("[api]\n", "[api]\nnumber = 1\n", "unknown field `number`"),
        ("[[peers]]", "[[peers]]\nport = 1", "unknown field `port`"),
    ] {
        assert!(config.contains(from), "{from}");
        fs::write(&file, config.replacen(from, to, 1)).expect("written");
        let output = node(&["config", "check"], &home).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(said(&output).contains(words), "{words}: {}", said(&output));
        refused(&home, &[words]);
    }
    let open = config.replace("listen = \"127.0.0.1:", "listen = \"0.0.0.0:");
    fs::write(&file, open).expect("written");
    refused(&home, &["api.allow_network"]);
}

#[test]
fn files_of_others_and_damaged_ones_are_refused() {
    let net = Net::of(4, &[]);
    let other = Net::of(4, &[]);
    let home = net.home(0);
    let genesis = fs::read(home.join("genesis")).expect("a genesis");
    fs::copy(other.path().join("genesis"), home.join("genesis")).expect("copied");
    refused(&home, &["is of chain", "but node.chain in", "put the genesis of the founders there"]);
    fs::write(home.join("genesis"), &genesis[..genesis.len() / 2]).expect("written");
    refused(&home, &["is not a genesis of this version, or is damaged"]);
    fs::write(home.join("genesis"), &genesis).expect("written");

    let key = fs::read(home.join("voting_key")).expect("a key");
    fs::copy(net.home(2).join("voting_key"), home.join("voting_key")).expect("copied");
    refused(&home, &["voting_key is that of member 2", "never run two nodes with one key"]);
    fs::copy(other.home(2).join("voting_key"), home.join("voting_key")).expect("copied");
    refused(&home, &["the key is not that of member 0"]);
    fs::write(home.join("voting_key"), &key).expect("written");
    for name in ["voting_key", "node_key"] {
        let mode =
            |mode| fs::set_permissions(home.join(name), fs::Permissions::from_mode(mode)).expect("set");
        mode(0o644);
        refused(&home, &[name, "0644", "chmod 600"]);
        mode(0o600);
    }

    // Folders are mended. The start is refused for another reason, after that.
    let modes = ["", "data", "blobs"].map(|name| home.join(name));
    for folder in &modes {
        fs::create_dir_all(folder).expect("made");
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("set");
    }
    let taken = TcpListener::bind(links(&home)).expect("binds");
    refused(&home, &["links.listen", "had mode 0755", "it has mode 0700 now"]);
    drop(taken);
    for folder in &modes {
        let mode = fs::metadata(folder).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
    }

    let taken = TcpListener::bind(net.api(0)).expect("binds");
    refused(&home, &["api.listen", "choose another port"]);
    drop(taken);
    let taken = TcpListener::bind(links(&home)).expect("binds");
    refused(&home, &["links.listen", "choose another address or port"]);
    drop(taken);
}

fn links(home: &Path) -> String {
    let text = fs::read_to_string(home.join("config.toml")).expect("a configuration");
    let config: toml::Value = toml::from_str(&text).expect("TOML");
    config["links"]["listen"].as_str().expect("an address").to_owned()
}

#[test]
fn a_damaged_database_is_rebuilt_and_a_damaged_log_is_refused() {
    let mut net = Net::running(4, &[]);
    net.beyond(0, 3);
    for name in ["db", "conf"] {
        net.kill(0);
        let file = net.home(0).join("data/state").join(name);
        let length = fs::read(&file).expect("a file").len();
        fs::write(&file, vec![0xa5; length]).expect("written");
        net.start(0);
        net.beyond(0, net.agree());
    }
    let said = net.log(0);
    assert!(said.contains("state store is damaged: rebuilding it from the log"), "{said}");
    net.kill(0);

    let home = net.home(0);
    let log = home.join("data/log/log-00000000");
    let mut bytes = fs::read(&log).expect("a log");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&log, &bytes).expect("written");
    refused(&home, &["log is damaged in log-00000000", "restore it from a backup"]);
    let signed = home.join("data/log/sign_state");
    let length = fs::read(&signed).expect("a file").len();
    fs::write(&signed, vec![0xa5; length]).expect("written");
    refused(&home, &["sign_state is damaged"]);
}
