//! Orders to the audit authority to open something: who gives them, for what, and that they stay.

use galen_circuits::field::F;

use super::super::actors::World;
use super::refuse;
use crate::action::disclose::{Disclosure, Subject};
use crate::action::{Action, Disclose};
use crate::id::{ContributionId, RequestId};
use crate::money;

fn order(subject: Subject, reason: &str) -> Action {
    Action::Disclose(Disclose { subject, reason: reason.into() })
}

#[test]
fn an_opening_is_ordered_by_the_governance_once_for_what_there_is() {
    let mut world = World::new(97, 1);
    let request = world.post(10, 40);
    let tx = world.contribute(0, &request, 6);
    world.chain.accept(&tx);
    let subjects = [Subject::Amount(3), Subject::Price(request), Subject::Identity(world.id_of(&request, 0))];
    let governors = world.chain.governors.clone();
    let (treasury, hospital) = (world.chain.treasury.clone(), world.hospitals[0].account());
    for subject in subjects {
        let action = order(subject, "a court's order");
        let one = world.chain.order(action.clone(), &[&governors[0]]);
        refuse(&mut world, &one, "tx.quorum");
        for stranger in [&treasury, &hospital] {
            let tx = world.chain.order(action.clone(), &[&governors[0], stranger]);
            refuse(&mut world, &tx, "tx.stranger");
        }
        assert!(Disclosure::load(&world.chain.state, &subject).is_none());
        let good = world.chain.governed(action.clone(), &[]);
        world.chain.accept(&good);
        let height = world.chain.height;
        let kept = Disclosure { subject, reason: "a court's order".into(), height };
        assert_eq!(Disclosure::load(&world.chain.state, &subject), Some(kept.clone()));
        let again = world.chain.governed(order(subject, "another reason"), &[]);
        refuse(&mut world, &again, "disclosure.ordered");
        world.chain.pass(100);
        assert_eq!(Disclosure::load(&world.chain.state, &subject), Some(kept), "it stays");
    }
}

#[test]
fn nothing_is_ordered_of_what_is_not_there_or_without_a_reason() {
    let mut world = World::new(98, 1);
    let notes = money::notes(&world.chain.state);
    let nothing = [
        Subject::Amount(notes),
        Subject::Amount(u32::MAX),
        Subject::Price(RequestId::new(F::from(5u64))),
        Subject::Identity(ContributionId::from_bytes([5; 32])),
    ];
    for subject in nothing {
        let tx = world.chain.governed(order(subject, "a court's order"), &[]);
        refuse(&mut world, &tx, "disclosure.nothing");
    }
    let long = "x".repeat(501);
    for reason in ["", "   ", "a\nb", &long] {
        let tx = world.chain.governed(order(Subject::Amount(0), reason), &[]);
        refuse(&mut world, &tx, "disclosure.reason");
    }
    // What comes into being later can be ordered then.
    let subject = Subject::Amount(notes);
    world.scan();
    let tx = super::send(&world.chain, &world.wallet, &world.bystander.address(), 5, 1);
    world.chain.accept(&crate::Transaction::Transfer(tx));
    let good = world.chain.governed(order(subject, "a court's order"), &[]);
    world.chain.accept(&good);
}
