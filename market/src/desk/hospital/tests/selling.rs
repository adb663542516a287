//! From the approval to the payment, and through stops.

use std::time::Duration;

use super::clinic::{Clinic, TELLTALE, assert_absent, keys};
use crate::desk::hospital::case::Stage;
use crate::desk::hospital::{HospitalDesk, Settings};
use crate::id::RequestId;
use crate::query;
use crate::tests::actors::PRICE;
use crate::wallet::Patience;

async fn until(desk: &std::sync::Arc<HospitalDesk>, request: &RequestId, stage: &str) -> serde_json::Value {
    let mut shots = desk.case_shots(request).unwrap();
    let reached = shots.wait_for(|shot| shot.data["stage"] == stage || shot.over);
    let shot =
        tokio::time::timeout(Duration::from_secs(300), reached).await.expect("in time").unwrap().data.clone();
    assert_eq!(shot["stage"], stage, "{shot}");
    shot
}

async fn approve(desk: &std::sync::Arc<HospitalDesk>, request: RequestId) {
    let digest = desk.preview(&request).unwrap().digest;
    for person in ["ada", "ben"] {
        desk.approve(person, request, &digest).await.unwrap();
    }
}

/// A desk that is stopped between proof and sending sends the same contribution, once.
#[test]
fn a_contribution_survives_stops_and_is_sent_once() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let world = runtime();
    let mut clinic = world.block_on(Clinic::new(1));
    let held = Settings { most_delay: Duration::from_secs(3600), ..clinic.settings(0) };
    let first = runtime();
    let (desk, request) = {
        let _inside = world.enter();
        let desk = world.block_on(clinic.ready(held.clone()));
        (desk, world.block_on(clinic.post("a cohort")))
    };
    let kept = first.block_on(async {
        approve(&desk, request).await;
        until(&desk, &request, "holding").await
    });
    let id = kept["contribution"].as_str().unwrap().to_owned();
    assert!(
        world.block_on(async { clinic.read(|state| query::contributions_of(state, &request).is_empty()) })
    );
    assert_absent(&clinic.home(0), TELLTALE);
    // A stop that nothing was told of.
    first.shutdown_timeout(Duration::from_secs(20));
    drop(desk);

    let second = runtime();
    second.block_on(async {
        let desk = clinic.desk(0, held.clone());
        assert_eq!(desk.case(&request).await.unwrap().contribution.as_deref(), Some(id.as_str()));
        // Its time comes.
        desk.change_case(&request, |case| {
            case.stage = Stage::Holding { until_ms: 0 };
            Ok(())
        })
        .unwrap();
        desk.start();
        until(&desk, &request, "paid").await;
        // Stopped before the desk knew that it was sent.
        desk.change_case(&request, |case| {
            case.stage = Stage::Sending;
            Ok(())
        })
        .unwrap();
        desk.work_on(request);
        until(&desk, &request, "paid").await;
        let contributions = clinic.read(|state| query::contributions_of(state, &request));
        assert_eq!(contributions.len(), 1);
        assert_eq!(contributions[0].id.to_string(), id);

        let sold = desk.sold().unwrap();
        let records = u64::from(sold.contributions[0].records);
        assert_eq!((sold.contributions[0].status.as_str(), sold.earned), ("paid", PRICE * records));
        assert_eq!(sold.patients as u64, records);
        let wallet = desk.wallet().unwrap();
        assert_eq!((wallet.balance, wallet.notes.len()), (sold.earned, 1));
        let preview = desk.preview(&request);
        assert!(preview.is_ok_and(|preview| preview.overlap.before == 0), "its own release is no overlap");
        assert_absent(&clinic.home(0), TELLTALE);
        let address = wallet.address;
        assert!(desk.pay("ada", (&address, sold.earned + 1), Patience::Now).await.is_err());
    });
    second.shutdown_timeout(Duration::from_secs(20));
    drop(world);
}

/// What was cancelled is not sent, and can be approved anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_sends_nothing_and_leaves_the_request_open() {
    let mut clinic = Clinic::new(1).await;
    let held = Settings { most_delay: Duration::from_secs(3600), approvals: 1, ..clinic.settings(0) };
    let desk = clinic.ready(held).await;
    let request = clinic.post("a cohort").await;
    let digest = desk.preview(&request).unwrap().digest;
    desk.approve("ada", request, &digest).await.unwrap();
    until(&desk, &request, "holding").await;
    desk.cancel(&request).await.unwrap();
    until(&desk, &request, "cancelled").await;
    assert!(desk.kept_sale(&request).is_err());
    assert!(clinic.read(|state| query::contributions_of(state, &request).is_empty()));
    assert!(clinic.read(|state| query::nullifier(state, &request, &keys(0).nullifier(&request)).is_none()));
    let item = desk.inbox().unwrap().remove(0);
    assert_eq!(item.answerable, crate::desk::hospital::inbox::Answerable::Open);
}
