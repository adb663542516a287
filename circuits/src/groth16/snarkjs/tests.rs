use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use ark_ff::One;
use serde_json::{Value, json};

use super::*;
use crate::groth16::sample_circuit::{keys, prove};

/// Reads a list of cases, answers with the list of verdicts.
const SCRIPT: &str = r#"
const { groth16 } = require("snarkjs");
const cases = JSON.parse(require("fs").readFileSync(0));
(async () => {
    const verdicts = [];
    for (const c of cases) verdicts.push(await groth16.verify(c.key, c.inputs, c.proof));
    console.log(JSON.stringify(verdicts));
    process.exit(0);
})();
"#;

/// The directory whose `node_modules` has snarkjs (`npm ci` in `.ci/snarkjs` makes one), if there is one.
fn installation() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/snarkjs");
    let directory = PathBuf::from(std::env::var_os("GALEN_SNARKJS").unwrap_or_else(|| default.into()));
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    let found = node.is_ok_and(|status| status.success()) && directory.join("node_modules/snarkjs").is_dir();
    let required = std::env::var_os("GALEN_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(found || !required, "node or snarkjs in {} is missing", directory.display());
    found.then_some(directory)
}

fn verdicts(directory: &PathBuf, cases: &Value) -> Vec<bool> {
    let mut child = Command::new("node")
        .args(["-e", SCRIPT])
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(cases.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn snarkjs_accepts_exported_proofs_and_refuses_altered_ones() {
    let Some(directory) = installation() else {
        println!("skipped: set GALEN_SNARKJS to a directory whose node_modules has snarkjs");
        return;
    };
    let (ours, theirs) = (keys::<3>(1), keys::<3>(2));
    let case = |key: &VerifyingKey<3>, inputs: &[Fr], proof: &Proof| {
        json!({
            "key": VerificationKeyJson::from(key),
            "inputs": public_inputs(inputs),
            "proof": ProofJson::from(proof),
        })
    };
    let mut cases = Vec::new();
    let mut expected = Vec::new();
    for x in [2, 77] {
        let (inputs, proof) = prove(&ours, x, x);
        cases.push(case(ours.verifying(), &inputs, &proof));
        expected.push(true);
        for i in 0..3 {
            let mut changed = inputs;
            changed[i] += Fr::one();
            cases.push(case(ours.verifying(), &changed, &proof));
            expected.push(false);
        }
        let (_, other) = prove(&ours, x, x + 1);
        for mixed in [
            Proof::new(*other.a(), *proof.b(), *proof.c()),
            Proof::new(*proof.a(), *other.b(), *proof.c()),
            Proof::new(*proof.a(), *proof.b(), *other.c()),
        ] {
            cases.push(case(ours.verifying(), &inputs, &mixed.unwrap()));
            expected.push(false);
        }
        cases.push(case(theirs.verifying(), &inputs, &proof));
        expected.push(false);
    }
    assert_eq!(verdicts(&directory, &Value::from(cases)), expected);
}

#[test]
fn the_json_has_the_names_and_shapes_of_snarkjs() {
    let keys = keys::<2>(1);
    let (inputs, proof) = prove(&keys, 3, 4);
    let key = serde_json::to_value(VerificationKeyJson::from(keys.verifying())).unwrap();
    assert_eq!(
        (&key["protocol"], &key["curve"], &key["nPublic"]),
        (&json!("groth16"), &json!("bls12381"), &json!(2))
    );
    assert_eq!(key["IC"].as_array().unwrap().len(), 3);
    assert_eq!(key["vk_delta_2"][2], json!(["1", "0"]));
    let proof = serde_json::to_value(ProofJson::from(&proof)).unwrap();
    assert_eq!(proof["pi_a"][2], json!("1"));
    assert_eq!(public_inputs(&inputs), ["9", "27"]);
}
