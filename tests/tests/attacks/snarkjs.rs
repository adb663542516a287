//! The real circuits' proofs and keys before another implementation: snarkjs accepts them, and refuses altered ones.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use galen_circuits::field::F;
use galen_circuits::groth16::snarkjs::{ProofJson, VerificationKeyJson, public_inputs};
use galen_circuits::groth16::{Proof, VerifyingKey};
use galen_tests::keys::{Proving, proven};
use galen_tests::world::honest;
use serde_json::{Value, json};

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

/// The case as it is, and one with each public input altered.
fn cases<const N: usize>(key: &VerifyingKey<N>, inputs: [F; N], proof: &Proof) -> Vec<Value> {
    let case = |inputs: &[F]| {
        json!({
            "key": VerificationKeyJson::from(key),
            "inputs": public_inputs(inputs),
            "proof": ProofJson::from(proof),
        })
    };
    let altered = (0..N).map(|input| {
        let mut inputs = inputs;
        inputs[input] += F::from(1u64);
        case(&inputs)
    });
    std::iter::once(case(&inputs)).chain(altered).collect()
}

#[test]
fn snarkjs_agrees_on_the_real_circuits() {
    let Some(directory) = installation() else {
        println!("skipped: set GALEN_SNARKJS to a directory whose node_modules has snarkjs");
        return;
    };
    let (_, plan) = honest();
    let (keys, proven) = (&Proving::load().verifying, proven());
    let groups = [
        cases(&keys.scan, plan.scans[0].public.inputs(), &proven.scans[0]),
        cases(&keys.release, plan.releases[0].public.inputs(), &proven.releases[0]),
        cases(&keys.seal, plan.seal.public.inputs(), &proven.seal),
    ];
    let expected: Vec<bool> = groups.iter().flat_map(|g| (0..g.len()).map(|i| i == 0)).collect();
    let all: Vec<Value> = groups.into_iter().flatten().collect();
    assert_eq!(verdicts(&directory, &Value::from(all)), expected);
}
