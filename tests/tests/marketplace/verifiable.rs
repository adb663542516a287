//! The material for a verification by others: a contribution from the ledger, before snarkjs.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use galen_market::explorer::verify::{CircuitKeys, ProofMaterial};
use galen_market::record::RequestRecord;
use galen_tests::keys::Proving;
use galen_tests::marketplace::Marketplace;
use serde_json::{Value, json};

/// Reads material, answers with the verdict on each proof, and on each with the lowest bit of each signal flipped.
const SCRIPT: &str = r#"
const { groth16 } = require("snarkjs");
const { keys, proofs } = JSON.parse(require("fs").readFileSync(0));
(async () => {
    const verdicts = [];
    for (const { circuit, inputs, proof } of proofs) {
        const key = keys[circuit].key;
        const holds = await groth16.verify(key, inputs, proof);
        const flipped = [];
        for (const at of inputs.keys()) {
            const other = inputs.slice();
            other[at] = (BigInt(other[at]) ^ 1n).toString();
            flipped.push(await groth16.verify(key, other, proof));
        }
        verdicts.push({ circuit, holds, flipped, named: keys[circuit].names.length === inputs.length });
    }
    console.log(JSON.stringify(verdicts));
    process.exit(0);
})();
"#;

/// The directory whose `node_modules` has snarkjs, if there is one.
fn installation() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/snarkjs");
    let directory = PathBuf::from(std::env::var_os("GALEN_SNARKJS").unwrap_or_else(|| default.into()));
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    let found = node.is_ok_and(|status| status.success()) && directory.join("node_modules/snarkjs").is_dir();
    let required = std::env::var_os("GALEN_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(found || !required, "node or snarkjs in {} is missing", directory.display());
    found.then_some(directory)
}

fn verdicts(directory: &PathBuf, material: &Value) -> Vec<Value> {
    let mut child = Command::new("node")
        .args(["-e", SCRIPT])
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(material.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn snarkjs_verifies_what_the_explorer_gives_out_and_refuses_every_flipped_signal() {
    let mut market = Marketplace::new(77, 1);
    let wish = market.wish(100);
    let request = market.post(wish);
    let offered = market.contribute(0, &request);
    market.accept(&offered.sale.transaction);
    let record = RequestRecord::load(&market.ledger.state, &request).unwrap();
    let statement = record.statement(&market.ledger.chain_id(), market.ledger.app.config()).unwrap();
    let material =
        ProofMaterial::of(&statement, &offered.contribution, CircuitKeys::of(&Proving::load().verifying));
    assert_eq!(material.contribution, offered.sale.id.to_string());
    let fingerprints = &market.ledger.app.config().keys.fingerprints;
    assert_eq!(material.keys.seal.fingerprint, fingerprints.seal.to_string());
    let expected = 1 + offered.contribution.releases.len() + 1;
    assert_eq!(material.proofs.len(), expected);
    let Some(directory) = installation() else {
        println!("skipped: set GALEN_SNARKJS to a directory whose node_modules has snarkjs");
        return;
    };
    let verdicts = verdicts(&directory, &json!(material));
    assert_eq!(verdicts.len(), expected);
    for verdict in verdicts {
        assert_eq!((&verdict["holds"], &verdict["named"]), (&json!(true), &json!(true)), "{verdict}");
        assert!(verdict["flipped"].as_array().unwrap().iter().all(|holds| *holds == false), "{verdict}");
    }
}
