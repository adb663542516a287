//! Who may order what: signatures, quorums, replay, validity, roles and money.

use galen_ledger::{ChainId, Height};

use super::actors::{World, accreditation, schema};
use super::chain::{Chain, UNKNOWN_SECRET};
use crate::action::{AccreditAuditor, AccreditMember, AccreditResearcher, Action, RegisterSchema, Suspend};
use crate::agent::hospital::HospitalKeys;
use crate::id::AccountKey;
use crate::role::participant;
use crate::sign::Signer;
use crate::transaction::{Order, Transaction};

fn researcher(account: AccountKey) -> Action {
    Action::AccreditResearcher(AccreditResearcher { account, name: "R".into() })
}

#[test]
fn governance_needs_its_threshold_and_nobody_else() {
    let mut chain = Chain::new(51);
    let [a, b, _] = [0, 1, 2].map(|i| chain.governors[i].clone());
    let stranger = Signer::generate(&mut chain.rng);
    let action = researcher(stranger.key());
    let one = chain.order(action.clone(), &[&a]);
    chain.refuse(&one, "tx.quorum");
    let twice = chain.order(action.clone(), &[&a, &a]);
    chain.refuse(&twice, "tx.quorum");
    let strange = chain.order(action.clone(), &[&a, &b, &stranger]);
    chain.refuse(&strange, "tx.stranger");
    let good = chain.order(action.clone(), &[&a, &b]);
    chain.accept(&good);
    let again = chain.order(action, &[&a, &b]);
    chain.refuse(&again, "role.taken");
}

#[test]
fn signatures_are_bound_to_chain_order_and_content() {
    let mut chain = Chain::new(52);
    let governors = chain.governors.clone();
    let account = Signer::generate(&mut chain.rng).key();
    let order = Order::new(researcher(account), Height::new(10), &mut chain.rng);
    let elsewhere = order.clone().sign(&ChainId::from_bytes([8; 32]), &[&governors[0], &governors[1]]);
    chain.refuse(&elsewhere, "tx.signature");
    let Transaction::Order(mut signed) = order.sign(&chain.id(), &[&governors[0], &governors[1]]) else {
        unreachable!()
    };
    let mut reversed = signed.clone();
    reversed.signatures.reverse();
    chain.refuse(&Transaction::Order(reversed), "tx.signature_order");
    signed.order.nonce ^= 1;
    chain.refuse(&Transaction::Order(signed), "tx.signature");
}

#[test]
fn orders_are_valid_once_and_for_a_while() {
    let mut chain = Chain::new(53);
    let board: Vec<Signer> = chain.governors.iter().take(2).cloned().collect();
    let signers: Vec<&Signer> = board.iter().collect();
    let to = Signer::generate(&mut chain.rng).key();
    let issue = researcher(to);
    let id = chain.id();
    let far = Order::new(issue.clone(), Height::new(32), &mut chain.rng).sign(&id, &signers);
    chain.refuse(&far, "tx.far_ahead");
    let soon = Order::new(issue.clone(), Height::new(3), &mut chain.rng).sign(&id, &signers);
    chain.accept(&soon);
    chain.refuse(&soon, "tx.replayed");
    chain.pass(3);
    chain.refuse(&soon, "tx.expired");
    assert!(participant(&chain.state, &to).is_some());
    let remembered = galen_ledger::StateRead::prefix(&chain.state, b"executed/").count();
    assert_eq!(remembered, 0, "what is no longer valid is forgotten");
}

#[test]
fn members_are_added_and_removed_within_the_threshold() {
    let mut chain = Chain::new(55);
    let new = Signer::generate(&mut chain.rng);
    let add =
        |threshold| Action::AccreditMember(AccreditMember { key: new.key(), name: "M".into(), threshold });
    let unsigned = chain.governed(add(3), &[]);
    chain.refuse(&unsigned, "tx.unsigned");
    let high = chain.governed(add(5), &[&new]);
    chain.refuse(&high, "role.threshold");
    let good = chain.governed(add(4), &[&new]);
    chain.accept(&good);
    let account = Signer::generate(&mut chain.rng).key();
    let few = chain.governed(researcher(account), &[&new]);
    chain.refuse(&few, "tx.quorum");
    let all: Vec<Signer> = chain.governors.iter().cloned().chain([new.clone()]).collect();
    let all: Vec<&Signer> = all.iter().collect();
    let suspend = Action::Suspend(Suspend { account: new.key(), reason: "left".into() });
    let below = chain.order(suspend, &all);
    chain.refuse(&below, "role.threshold");
}

#[test]
fn roles_are_given_once_and_sellers_names_are_unique() {
    let mut world = World::new(56, 1);
    let (chain, schema_id) = (world.chain.id(), world.schema());
    let keys = world.hospitals[0].clone();
    let nothing =
        world.chain.governed(accreditation(&chain, &keys, "H", vec![schema_id]), &[&keys.account()]);
    world.chain.refuse(&nothing, "role.nothing_new");
    let other = HospitalKeys::generate(&mut world.chain.rng);
    let Action::AccreditHospital(mut copied) = accreditation(&chain, &other, "H", vec![schema_id]) else {
        unreachable!()
    };
    copied.seller = keys.seller_name();
    let copied = world.chain.governed(Action::AccreditHospital(copied), &[&other.account()]);
    world.chain.refuse(&copied, "role.seller");
    let Action::AccreditHospital(mut guessed) = accreditation(&chain, &other, "H", vec![schema_id]) else {
        unreachable!()
    };
    guessed.knowledge.nullifier = galen_circuits::field::F::from(UNKNOWN_SECRET);
    let guessed = world.chain.governed(Action::AccreditHospital(guessed), &[&other.account()]);
    world.chain.refuse(&guessed, "role.knowledge");
    let alone = world.chain.governed(accreditation(&chain, &other, "H", vec![schema_id]), &[]);
    world.chain.refuse(&alone, "tx.unsigned");
    let unknown =
        accreditation(&chain, &other, "H", vec![crate::SchemaId::new(galen_circuits::field::F::from(1u64))]);
    let unknown = world.chain.governed(unknown, &[&other.account()]);
    world.chain.refuse(&unknown, "schema.unknown");
    let twice =
        world.chain.governed(accreditation(&chain, &other, "H", vec![schema_id; 2]), &[&other.account()]);
    world.chain.refuse(&twice, "role.schemas");
    let nameless =
        world.chain.governed(accreditation(&chain, &other, "", vec![schema_id]), &[&other.account()]);
    world.chain.refuse(&nameless, "role.name");
    let again = world.chain.governed(Action::RegisterSchema(RegisterSchema { schema: schema() }), &[]);
    world.chain.refuse(&again, "schema.taken");
    let account = keys.account().key();
    let auditor = Action::AccreditAuditor(AccreditAuditor { account, name: "A".into() });
    let second_role = world.chain.governed(auditor, &[]);
    world.chain.refuse(&second_role, "role.taken");
    let nobody = Action::Suspend(Suspend { account: AccountKey::from_bytes([1; 32]), reason: String::new() });
    let nobody = world.chain.governed(nobody, &[]);
    world.chain.refuse(&nobody, "role.unknown");
    let suspend = || Action::Suspend(Suspend { account, reason: String::new() });
    let first = world.chain.governed(suspend(), &[]);
    world.chain.accept(&first);
    let second = world.chain.governed(suspend(), &[]);
    world.chain.refuse(&second, "role.suspended");
}

#[test]
fn t18_bytes_that_are_no_canonical_transaction_are_refused() {
    use galen_ledger::Application;
    let mut world = World::new(57, 1);
    let request = world.post(20, 40);
    let tx = world.contribute(0, &request, 5).to_bytes();
    let context = world.chain.context(world.chain.height + 1);
    let code = |bytes: &[u8]| match world.chain.app.check(&world.chain.state, &context, bytes) {
        Ok(()) => "ok",
        Err(refusal) => refusal.code,
    };
    assert_eq!(code(&tx), "ok");
    assert_eq!(code(&[]), "tx.encoding");
    assert_eq!(code(&[tx.as_slice(), &[0]].concat()), "tx.encoding");
    assert_eq!(code(&tx[..tx.len() - 1]), "tx.encoding");
    assert_eq!(code(&[&[2], &tx[1..]].concat()), "tx.version");
    assert_eq!(code(&vec![1; 256 * 1024 + 1]), "tx.large");
    for place in [1, 2, 40, 200, tx.len() - 100] {
        let mut bytes = tx.clone();
        bytes[place] ^= 0xff;
        assert_ne!(code(&bytes), "ok", "byte {place}");
    }
}
