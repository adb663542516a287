//! A chain in one file, from any node's public site.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::net::{Net, done, galen, said};

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port")
}

/// Four members, of which the first has a public site; that site and the chain.
fn served() -> (Net, SocketAddr, String) {
    let (mut net, site) = (Net::of(4, &["--gateways", "0"]), free());
    let path = net.home(0).join("config.toml");
    let mut config = fs::OpenOptions::new().append(true).open(&path).expect("a configuration");
    write!(config, "\n[explorer]\nlisten = \"{site}\"\n").expect("written");
    let config: toml::Value = toml::from_str(&fs::read_to_string(path).expect("read")).expect("TOML");
    let chain = config["node"]["chain"].as_str().expect("an id").to_owned();
    (0..4).for_each(|member| net.start(member));
    (0..4).for_each(|member| drop(net.ready(member)));
    (net, site, chain)
}

fn export(site: SocketAddr, chain: &str, more: &[&str], out: &Path) -> Output {
    let gateway = format!("http://{site}");
    let args = ["export", "--json", "--gateway", &gateway, "--chain", chain];
    galen().args(args).args(more).arg("--out").arg(out).output().expect("it starts")
}

fn height(output: &Output) -> u64 {
    assert!(output.status.success(), "{}", said(output));
    let object: Value = serde_json::from_slice(&output.stdout).expect("one object");
    object["height"].as_u64().expect("a height")
}

#[test]
fn a_chain_is_exported_from_a_public_site_and_verifies_from_the_file() {
    let (net, site, chain) = served();
    let (out, part) = (net.path().join("chain.galen"), net.path().join("chain.galen.part"));

    let other = chain.chars().rev().collect::<String>();
    for (site, chain, words) in
        [(site, &other, "does not serve the genesis"), (free(), &chain, "must answer the first time")]
    {
        let refused = export(site, chain, &[], &out);
        assert_eq!(refused.status.code(), Some(1));
        assert!(said(&refused).contains(words), "{}", said(&refused));
        assert!(!out.exists() && !part.exists(), "something was left behind");
    }
    fs::create_dir(&part).expect("a folder");
    fs::write(part.join("mine"), "mine").expect("written");
    let refused = export(site, &chain, &[], &out);
    assert!(said(&refused).contains("holds no followed chain, but mine"), "{}", said(&refused));
    assert_eq!(fs::read_to_string(part.join("mine")).expect("still there"), "mine");
    fs::remove_dir_all(&part).expect("removed");

    net.beyond(0, 3);
    let first = height(&export(site, &chain, &[], &out));
    assert!(first > 3 && !part.exists());
    let verified = done(galen().args(["auditor", "verify", "--json", "--chain", &chain]).arg(&out));
    let verified: Value = serde_json::from_str(verified.trim()).expect("one object");
    assert_eq!(verified["height"], first, "{verified}");

    // The next one begins where the kept one ended, and replaces the file.
    let keep = net.path().join("keep");
    let more = ["--keep", keep.to_str().expect("a path")];
    let second = height(&export(site, &chain, &more, &out));
    net.beyond(0, second);
    assert!(height(&export(site, &chain, &more, &out)) > second && keep.join("genesis").exists());
    done(galen().args(["auditor", "verify", "--chain", &chain]).arg(&out));
}
