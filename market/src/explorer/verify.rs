//! What another implementation needs to check a contribution's proofs: verifying keys, proofs and public signals as snarkjs
//! reads them, and the words on what such a check leaves to be trusted.
//!
//! The public signals are worked out here from the ledger's records, as every member does it; they are never taken from the
//! contribution's seller.

use galen_circuits::contribution::{Challenge, Contribution, Statement, chain};
use galen_circuits::field::F;
use galen_circuits::groth16::snarkjs::{ProofJson, VerificationKeyJson, public_inputs};
use galen_circuits::groth16::{Proof, VerifyingKey};
use galen_circuits::keys::VerifyingKeys;
use serde::Serialize;
use utoipa::ToSchema;

/// Names of the public signals of a scan, in order.
const SCAN: &[&str] = &["index", "run", "request digest", "gamma", "state in", "state out"];
/// Of a release.
const RELEASE: &[&str] = &[
    "index",
    "last",
    "request digest",
    "gamma",
    "key commitment",
    "rows",
    "ciphertext",
    "state in",
    "state out",
];
/// Of a seal.
const SEAL: &[&str] = &[
    "gamma",
    "schema",
    "min chunks",
    "anchor",
    "recent",
    "request",
    "beacon",
    "run",
    "nullifier",
    "key commitment",
    "buyer x",
    "buyer y",
    "encapsulation",
    "audit key x",
    "audit key y",
    "sealed name x",
    "sealed name y",
    "sealed name",
];

/// What a check of the proofs by another program leaves to be trusted.
pub const LEFT_TO_TRUST: &[&str] = &[
    "That this page and this node hand out the contribution that is on the ledger: check its inclusion proof, or compare the \
     verifying keys' fingerprints and the public signals with those of another node or of your own replay of the chain.",
    "That the public signals follow from the ledger's records: they are computed by Galen. The command galen auditor verify computes \
     them again from an exported chain.",
    "That points lie in the right subgroup: snarkjs checks that they lie on the curve; every member of the consortium checks \
     the subgroup as well before it votes.",
    "That the secrets of the proving keys' set-up were destroyed: whoever kept them could forge proofs that verify everywhere.",
    "That the committed rows are true. No proof says that.",
];

/// A circuit's verifying key, as snarkjs reads it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CircuitKey {
    /// The fingerprint that the chain's genesis pins.
    pub fingerprint: String,
    /// Names of the public signals, in order.
    pub names: Vec<&'static str>,
    /// `verification_key.json`.
    #[schema(value_type = Object)]
    pub key: VerificationKeyJson,
}

/// The verifying keys of the three circuits.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CircuitKeys {
    /// Of the scan.
    pub scan: CircuitKey,
    /// Of the release.
    pub release: CircuitKey,
    /// Of the seal.
    pub seal: CircuitKey,
}

/// Which circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Circuit {
    /// One chunk of the run was scanned.
    Scan,
    /// One block of rows was released.
    Release,
    /// Who sold, from what, to whom.
    Seal,
}

/// A proof with its public signals.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProofCase {
    /// Which, in words.
    pub name: String,
    /// Of which circuit.
    pub circuit: Circuit,
    /// `public.json`.
    pub inputs: Vec<String>,
    /// `proof.json`.
    #[schema(value_type = Object)]
    pub proof: ProofJson,
}

/// All that it takes to check a contribution's proofs with snarkjs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProofMaterial {
    /// The contribution, as its transcript names it.
    pub contribution: String,
    /// Its verifying keys.
    pub keys: CircuitKeys,
    /// Its proofs: scans, releases, the seal.
    pub proofs: Vec<ProofCase>,
    /// What such a check leaves to be trusted.
    pub left_to_trust: &'static [&'static str],
}

impl ProofMaterial {
    /// The material of a contribution under its statement.
    pub fn of(statement: &Statement, contribution: &Contribution, keys: CircuitKeys) -> Self {
        let challenge = Challenge::draw(statement, &contribution.header);
        Self {
            contribution: hex::encode(challenge.id),
            keys,
            proofs: cases(statement, contribution, &challenge),
            left_to_trust: LEFT_TO_TRUST,
        }
    }
}

impl CircuitKeys {
    /// The keys in snarkjs' form.
    pub fn of(keys: &VerifyingKeys) -> Self {
        Self {
            scan: circuit_key(&keys.scan, SCAN),
            release: circuit_key(&keys.release, RELEASE),
            seal: circuit_key(&keys.seal, SEAL),
        }
    }
}

fn circuit_key<const N: usize>(key: &VerifyingKey<N>, names: &[&'static str]) -> CircuitKey {
    CircuitKey { fingerprint: key.fingerprint().to_string(), names: names.to_vec(), key: key.into() }
}

fn cases(statement: &Statement, contribution: &Contribution, challenge: &Challenge) -> Vec<ProofCase> {
    let header = &contribution.header;
    let states = chain(&contribution.states, header.totals);
    let mut links = states.iter().zip(states.iter().skip(1)).map(|(from, to)| [*from, *to]);
    let case = |name: String, circuit, inputs: &[F], proof: &Proof| ProofCase {
        name,
        circuit,
        inputs: public_inputs(inputs),
        proof: proof.into(),
    };
    let mut cases = Vec::new();
    for ((i, proof), link) in contribution.scans.iter().enumerate().zip(links.by_ref()) {
        let public = header.scan(statement, challenge, i as u64, link);
        cases.push(case(format!("Scan of chunk {}", i + 1), Circuit::Scan, &public.inputs(), proof));
    }
    for ((j, proof), link) in contribution.releases.iter().enumerate().zip(links) {
        if let Some(public) = header.release(statement, challenge, j, link) {
            cases.push(case(
                format!("Release of block {}", j + 1),
                Circuit::Release,
                &public.inputs(),
                proof,
            ));
        }
    }
    let seal = header.seal(statement, challenge);
    cases.push(case("Seal".to_owned(), Circuit::Seal, &seal.inputs(), &contribution.seal));
    cases
}
