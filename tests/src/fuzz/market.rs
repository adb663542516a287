//! What clients send: transactions and, in a genesis, the market's configuration.

use galen_circuits::field::F;
use galen_circuits::jubjub::{Coordinates, Sealed, SecretKey};
use galen_circuits::keys::KeyFingerprints;
use galen_ledger::{BlobHash, ChainId, Height};
use galen_market::MarketConfig;
use galen_market::action::{AccreditResearcher, Action, Issue, RegisterSchema, Transfer};
use galen_market::amount::Amount;
use galen_market::config::{AuditAuthority, Governance, PinnedKeys, Windows};
use galen_market::id::{AccountKey, ContributionId, RequestId};
use galen_market::sign::Signer;
use galen_market::transaction::{Opening, Order, SignedContribution, Transaction};

use super::circuits::some_contribution;
use super::{Target, checked, way};
use crate::marketplace::schema;

/// The decoders of the market.
pub fn targets() -> Vec<Target> {
    vec![Target::new("transaction", transaction, transactions), Target::new("config", config, configs)]
}

fn chain() -> ChainId {
    ChainId::from_bytes([3; 32])
}

/// Bytes that decode are the only ones of their transaction, in JSON too.
fn transaction(bytes: &[u8]) -> String {
    let transaction = match Transaction::from_bytes(bytes) {
        Ok(transaction) => transaction,
        Err(fault) => return way(&fault),
    };
    assert!(transaction.to_bytes() == bytes, "decodes, but encodes to other bytes");
    let json = serde_json::to_vec(&transaction).expect("texts and numbers");
    let again: Transaction = serde_json::from_slice(&json).expect("what was written");
    assert!(again == transaction, "JSON says something else");
    match &transaction {
        Transaction::Order(order) => checked(order.check_signatures(&chain())),
        Transaction::Contribute(contribution) | Transaction::Mute(contribution) => {
            checked(contribution.check_signature(&chain()))
        }
        Transaction::Open(_) => "an opening".into(),
    }
}

fn transactions() -> Vec<Vec<u8>> {
    let [alice, bob] = [[1; 32], [2; 32]].map(Signer::from_seed);
    let amount = Amount::new(12).unwrap();
    let order = |action| {
        Order { action, nonce: 5, valid_until: Height::new(90) }.sign(&chain(), &[&alice, &bob]).to_bytes()
    };
    let contribution = some_contribution(2, 1);
    let (request, blob) = (RequestId::new(F::from(4)), BlobHash::of(b"blob"));
    let signed = SignedContribution::new(&chain(), request, contribution, blob, &alice);
    let encapsulation =
        Sealed { ephemeral: Coordinates { x: F::from(1), y: F::from(2) }, masked: F::from(3) };
    let opening = Opening { contribution: ContributionId::from_bytes([4; 32]), encapsulation };
    vec![
        order(Action::Transfer(Transfer { from: alice.key(), to: bob.key(), amount })),
        order(Action::Issue(Issue { to: bob.key(), amount })),
        order(Action::AccreditResearcher(AccreditResearcher { account: bob.key(), name: "R".into() })),
        order(Action::RegisterSchema(RegisterSchema { schema: schema("cohort") })),
        Transaction::Contribute(signed.clone()).to_bytes(),
        Transaction::Mute(signed).to_bytes(),
        Transaction::Open(opening).to_bytes(),
    ]
}

fn config(bytes: &[u8]) -> String {
    MarketConfig::from_json(bytes).map_or_else(|fault| way(&fault), |_| "a configuration".into())
}

/// With keys that are none: those take long to make, and their decoder is a target of its own.
fn configs() -> Vec<Vec<u8>> {
    let governors: Vec<AccountKey> = (1..4).map(|seed| Signer::from_seed([seed; 32]).key()).collect();
    let zero = galen_circuits::groth16::Fingerprint([0; 32]);
    let config = MarketConfig {
        name: "fuzz".into(),
        members: 4,
        treasury: governors[0],
        governance: Governance { keys: governors, threshold: 2 },
        auditor: AuditAuthority::of(&SecretKey::from_wide(&[7; 64])),
        keys: PinnedKeys {
            scan: "00".into(),
            release: "01".into(),
            seal: String::new(),
            fingerprints: KeyFingerprints { scan: zero, release: zero, seal: zero },
        },
        windows: Windows::short(4),
        development: true,
    };
    vec![config.to_json()]
}
