//! What clients send: transactions and, in a genesis, the market's configuration.

use galen_circuits::field::F;
use galen_circuits::jubjub::{Coordinates, Sealed, SecretKey};
use galen_circuits::keys::KeyFingerprints;
use galen_ledger::{BlobHash, ChainId, Height};
use galen_market::MarketConfig;
use galen_market::action::disclose::Subject;
use galen_market::action::{
    AccreditResearcher, Action, Disclose, Issue, PostRequest, Redeem, RegisterSchema,
};
use galen_market::agent::hospital::Payout;
use galen_market::agent::researcher::ResearcherKeys;
use galen_market::amount::Amount;
use galen_market::config::{AuditAuthority, Governance, PinnedKeys, Windows};
use galen_market::id::{AccountKey, ContributionId, RequestId};
use galen_market::notes::authority::AmountSecret;
use galen_market::notes::issue::{Book, Issuance, split};
use galen_market::notes::keys::OwnerKeys;
use galen_market::notes::note::Note;
use galen_market::notes::price::SealingSecret;
use galen_market::notes::ring::{Member, RING};
use galen_market::notes::transfer::{Purpose, Spend, Transfer, nothing};
use galen_market::registry::sellers::PriceSeller;
use galen_market::sign::Signer;
use galen_market::transaction::{Opening, Order, SignedContribution, Transaction};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::circuits::some_contribution;
use super::{Target, checked, way};
use crate::marketplace::{schema, wish};

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
        Transaction::Transfer(_) => "a transfer".into(),
    }
}

fn authority() -> AmountSecret {
    AmountSecret::from_seed(&[4; 32])
}

/// A transfer of a note among fifteen others that are nobody's: its proofs hold.
fn some_transfer(owner: &OwnerKeys, rng: &mut ChaCha20Rng) -> Transfer {
    let key = authority().key().key;
    let hundred = Amount::new(100).unwrap();
    let notes: Vec<Note> =
        (0..RING).map(|_| Note::pay(&owner.address(), hundred, &key, rng).unwrap().0).collect();
    let member = |(position, note): (u32, &Note)| Member {
        position,
        id: [position as u8; 32],
        key: note.owner.key,
        commitment: note.commitment,
    };
    let ring = (0..).zip(&notes).map(member).collect();
    let spend = Spend { ring, place: 3, owned: notes[3].recognise(owner).unwrap() };
    let (point, locked) = nothing();
    let purpose =
        Purpose { chain: &chain(), authority: &key, of: &galen_market::money::PLAIN, locked: &point };
    let to = OwnerKeys::from_seed(&[6; 32]).address();
    Transfer::new(purpose, &[spend], (&to, Amount::new(60).unwrap()), &owner.address(), locked, rng).unwrap()
}

fn some_issue(owner: &OwnerKeys, rng: &mut ChaCha20Rng) -> Issuance {
    let parts = split(Amount::new(1000).unwrap(), rng);
    let (chain, key) = (chain(), authority().key().key);
    Issuance::new(&chain, &key, &Book::default(), &owner.address(), &parts, rng).unwrap().0
}

fn some_posting(funding: Transfer, rng: &mut ChaCha20Rng) -> PostRequest {
    let researcher = ResearcherKeys::from_seed(&[7; 32]);
    let seller = |seed: u8| PriceSeller {
        account: Signer::from_seed([seed; 32]).key(),
        key: SealingSecret::from_seed(&[seed; 32]).key(&[seed]).key,
    };
    let (key, wish) = (authority().key().key, wish(20, Height::new(80)));
    let request = researcher.request(&chain(), &key, &[seller(1), seller(2)], wish, rng).unwrap();
    PostRequest { request, funding }
}

fn transactions() -> Vec<Vec<u8>> {
    let [alice, bob] = [[1; 32], [2; 32]].map(Signer::from_seed);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let order = |action| {
        Order { action, nonce: 5, valid_until: Height::new(90) }.sign(&chain(), &[&alice, &bob]).to_bytes()
    };
    let owner = OwnerKeys::from_seed(&[3; 32]);
    let payout = Payout::new(&chain(), &authority().key().key, &owner, &mut rng);
    let mut contribution = some_contribution(2, 1);
    contribution.header.payout = payout.header();
    let (request, blob) = (RequestId::new(F::from(4)), BlobHash::of(b"blob"));
    let by = (&payout.payee, &payout.secret);
    let signed = SignedContribution::new(&chain(), request, contribution, blob, by);
    let encapsulation =
        Sealed { ephemeral: Coordinates { x: F::from(1), y: F::from(2) }, masked: F::from(3) };
    let opening = Opening { contribution: ContributionId::from_bytes([4; 32]), encapsulation };
    let transfer = some_transfer(&owner, &mut rng);
    let redeem = Redeem { amount: 50, transfer: transfer.clone() };
    let disclose = |subject| order(Action::Disclose(Disclose { subject, reason: "court order 5".into() }));
    vec![
        order(Action::Issue(Issue { issuance: some_issue(&owner, &mut rng) })),
        order(Action::Redeem(redeem)),
        order(Action::PostRequest(some_posting(transfer.clone(), &mut rng))),
        disclose(Subject::Amount(17)),
        disclose(Subject::Price(request)),
        disclose(Subject::Identity(opening.contribution)),
        order(Action::AccreditResearcher(AccreditResearcher { account: bob.key(), name: "R".into() })),
        order(Action::RegisterSchema(RegisterSchema { schema: schema("cohort") })),
        Transaction::Contribute(signed.clone()).to_bytes(),
        Transaction::Mute(signed).to_bytes(),
        Transaction::Open(opening).to_bytes(),
        Transaction::Transfer(transfer).to_bytes(),
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
        auditor: AuditAuthority::of(&SecretKey::from_wide(&[7; 64]), &authority()),
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
