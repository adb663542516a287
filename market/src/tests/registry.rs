//! Datasets, standing, and what a seller is offered.

use galen_circuits::field::F;
use galen_circuits::registry::{REGISTRY_NODE, dataset_leaf, standing_leaf};

use super::actors::{World, accreditation};
use crate::action::{Action, Suspend, WithdrawDataset};
use crate::id::RequestId;
use crate::query::{self, CannotSell, Offer};

fn offer(world: &World, hospital: usize, request: &RequestId) -> Result<Offer, CannotSell> {
    let account = world.hospitals[hospital].account().key();
    query::offer(&world.chain.state, &world.chain.id(), world.chain.app.config(), &account, request)
}

fn commit(world: &mut World, hospital: usize, body: u64) {
    let keys = world.hospitals[hospital].clone();
    let action = keys.commitment(world.schema(), F::from(body));
    let tx = world.chain.order(action, &[&keys.account()]);
    world.chain.accept(&tx);
}

#[test]
fn t01_paths_lead_to_anchor_and_recent_root_also_after_later_changes() {
    let mut world = World::new(31, 3);
    let request = world.post(20, 40);
    commit(&mut world, 0, 77);
    world.add_hospital();
    let offer = offer(&world, 0, &request).unwrap();
    let (schema, seller) = (world.schema().field(), world.hospitals[0].seller_name().field());
    assert_eq!(
        offer.dataset_leaf,
        dataset_leaf(F::from(1000u64), schema, seller),
        "not the later commitment"
    );
    let root = offer.standing.dataset_path.root(REGISTRY_NODE, offer.dataset_leaf);
    assert_eq!(root, offer.statement.anchor);
    let recent = offer.standing.standing_path.root(REGISTRY_NODE, standing_leaf(schema, seller));
    assert_eq!(recent, offer.standing.recent);
}

#[test]
fn t02_a_dataset_of_the_same_block_or_later_is_not_in_the_anchor() {
    let mut world = World::new(32, 1);
    world.add_hospital();
    let keys = world.hospitals[1].clone();
    let withdraw =
        Action::WithdrawDataset(WithdrawDataset { account: keys.account().key(), schema: world.schema() });
    let withdraw = world.chain.order(withdraw, &[&keys.account()]);
    world.chain.accept(&withdraw);
    let wish = super::actors::wish(20, world.chain.height + 30);
    let request = world.request(wish);
    let id = request.id(&world.chain.id());
    let post = world.post_tx(request);
    let action = keys.commitment(world.schema(), F::from(5u64));
    let commit = world.chain.order(action, &[&keys.account()]);
    let codes: Vec<String> = world.chain.block(&[&commit, &post]).into_iter().map(|r| r.code).collect();
    assert_eq!(codes, ["ok", "ok"]);
    world.chain.pass(8);
    assert_eq!(offer(&world, 1, &id).err(), Some(CannotSell::NotInAnchor));
    assert!(offer(&world, 0, &id).is_ok());
}

#[test]
fn t17_withdrawal_ends_standing_at_the_boundary_after_next() {
    let mut world = World::new(33, 2);
    let request = world.post(20, 49);
    let before = query::recent_roots(&world.chain.state)[0].root;
    let keys = world.hospitals[0].clone();
    let withdraw =
        Action::WithdrawDataset(WithdrawDataset { account: keys.account().key(), schema: world.schema() });
    let withdraw = world.chain.order(withdraw, &[&keys.account()]);
    world.chain.accept(&withdraw);
    let good = |world: &World| query::recent_roots(&world.chain.state).iter().any(|r| r.root == before);
    let interval = world.chain.app.config().windows.recent_interval;
    let next = (world.chain.height / interval + 1) * interval;
    world.chain.pass_to(next);
    assert!(good(&world));
    assert_eq!(offer(&world, 0, &request).err(), Some(CannotSell::NotInStanding));
    world.chain.pass_to(next + interval);
    assert!(!good(&world));
    // The same dataset cannot be withdrawn twice; a new commitment gives standing back.
    let again =
        Action::WithdrawDataset(WithdrawDataset { account: keys.account().key(), schema: world.schema() });
    let again = world.chain.order(again, &[&keys.account()]);
    world.chain.refuse(&again, "dataset.not_active");
    commit(&mut world, 0, 78);
    world.chain.pass(interval);
    assert!(offer(&world, 0, &request).is_ok());
}

#[test]
fn t29_a_new_commitment_does_not_touch_standing() {
    let mut world = World::new(34, 2);
    let before = query::recent_roots(&world.chain.state);
    commit(&mut world, 0, 79);
    world.chain.pass(20);
    let roots: Vec<F> = query::recent_roots(&world.chain.state).iter().map(|r| r.root).collect();
    assert_eq!(roots, [before[0].root]);
}

#[test]
fn a_dataset_that_is_not_committed_again_leaves_the_registry() {
    let mut world = World::new(35, 2);
    let accounts: Vec<_> = world.hospitals.iter().map(|h| h.account().key()).collect();
    world.chain.pass(30);
    commit(&mut world, 0, 80);
    world.chain.pass(40);
    let place = |account| query::places(&world.chain.state, account)[0];
    assert!(place(&accounts[0]).standing && place(&accounts[0]).committed.is_some());
    assert!(!place(&accounts[1]).standing && place(&accounts[1]).committed.is_none());
}

#[test]
fn commitments_need_an_accredited_hospital_and_something_new() {
    let mut world = World::new(36, 1);
    let keys = world.hospitals[0].clone();
    let schema = world.schema();
    let try_one = |world: &mut World, schema, body: u64, code: &str| {
        let tx = world.chain.order(keys.commitment(schema, F::from(body)), &[&keys.account()]);
        world.chain.refuse(&tx, code);
    };
    try_one(&mut world, schema, 0, "dataset.body");
    try_one(&mut world, schema, 1000, "dataset.body");
    try_one(&mut world, crate::SchemaId::new(F::from(9u64)), 5, "dataset.not_accredited");
    let account = keys.account().key();
    let suspend = world.chain.governed(Action::Suspend(Suspend { account, reason: String::new() }), &[]);
    world.chain.accept(&suspend);
    try_one(&mut world, schema, 5, "role.not_a");
    let back =
        world.chain.governed(accreditation(&world.chain.id(), &keys, "H", vec![schema]), &[&keys.account()]);
    world.chain.accept(&back);
    commit(&mut world, 0, 5);
}
