//! `galen light` as its users run it: on the chain of a demonstration, with real proofs.

#![allow(clippy::unwrap_used)]

mod program;

use std::path::Path;
use std::process::Output;

use program::{errors, galen, last_line, output};

fn ask(arguments: &[&str]) -> Output {
    output(galen().args(arguments))
}

/// The one contribution of a demonstration, by the name of the file that the researcher got.
fn contribution(out: &Path) -> String {
    let files = std::fs::read_dir(out.join("researcher")).expect("it is there").flatten();
    let names = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "csv"));
    let stems = names.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    stems.into_iter().find(|stem| stem.len() == 64).expect("a delivery")
}

#[test]
fn what_became_of_a_contribution_is_proven_to_whoever_has_the_genesis() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("demo");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let demo = ask(&["demo", "--hospitals", "1", "--sample", "1", "--json", "--out", out.to_str().unwrap()]);
    assert!(demo.status.success(), "{}", errors(&demo));
    let (chain, proof) = (path("demo/chain.galen"), path("proof"));
    let (genesis, id) = (path("demo/ledger/genesis"), contribution(&out));
    let unknown = "00".repeat(31) + "07";

    let mut prove = vec!["light", "prove", "--chain", &chain, "--out", &proof, "--json"];
    prove.extend(["--contribution", &id, "--request", &unknown, "--contribution", &unknown]);
    let proven = ask(&prove);
    assert!(proven.status.success(), "{}", errors(&proven));

    let verify = |file: &str, genesis: &str| ask(&["light", "verify", file, "--genesis", genesis, "--json"]);
    let verified = verify(&proof, &genesis);
    assert!(verified.status.success(), "{}", errors(&verified));
    let object = last_line(&verified);
    assert_eq!(object, last_line(&proven), "both sides say the same");
    let says: Vec<_> = object["claims"].as_array().unwrap().iter().map(|claim| &claim["says"]).collect();
    assert_eq!(says[0], &format!("there is no request {unknown}"));
    let said = says[1].as_str().unwrap();
    assert!(said.starts_with(&format!("contribution {id} is paid by note ")), "{said}");
    assert_eq!(says[2], &format!("there is no contribution {unknown}"));
    let words = ask(&["light", "verify", &proof, "--genesis", &genesis]);
    assert!(String::from_utf8_lossy(&words.stdout).contains(" is paid by note "));

    // A damaged proof, another chain's genesis, no proof at all: each is refused with its reason.
    let bytes = std::fs::read(&proof).expect("it was written");
    let damaged = path("damaged");
    let mut copy = bytes.clone();
    copy[bytes.len() / 2] ^= 1;
    std::fs::write(&damaged, copy).expect("it can be written");
    let mut other = std::fs::read(&genesis).expect("it is there");
    let at = other.len() - 2;
    other[at] ^= 1;
    let stranger = path("stranger");
    std::fs::write(&stranger, other).expect("it can be written");
    let cases = [
        (verify(&damaged, &genesis), "its digest does not match"),
        (verify(&proof, &stranger), "this is chain"),
        (verify(&genesis, &genesis), "not a light proof"),
        (verify(&proof, &proof), "is no genesis"),
        (verify("/nowhere", &genesis), "/nowhere"),
    ];
    for (output, expected) in cases {
        assert_eq!(output.status.code(), Some(1), "{expected}");
        assert!(errors(&output).contains(expected), "{expected}: {}", errors(&output));
        assert_eq!(last_line(&output)["verified"], false);
    }
    // Who knows the chain's id only needs the genesis in the proof.
    let id = object["chain"].as_str().unwrap();
    let without = ask(&["light", "verify", &proof, "--chain", id]);
    assert!(errors(&without).contains("give the genesis file"), "{}", errors(&without));
    prove.push("--with-genesis");
    assert!(ask(&prove).status.success());
    let with = ask(&["light", "verify", &proof, "--chain", id]);
    assert!(with.status.success(), "{}", errors(&with));
    assert_eq!(ask(&["light", "verify", &proof]).status.code(), Some(2), "nothing to trust");
}
