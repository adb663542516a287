//! Looking, and agreeing.

use super::clinic::{Clinic, import, patients};
use crate::amount::Records;
use crate::desk::hospital::case::Stage;
use crate::desk::hospital::fault::DeskFault;
use crate::desk::hospital::inbox::Answerable;
use crate::desk::hospital::room::{Fits, RoomView};
use crate::record::RequestRecord;
use crate::tests::actors::PRICE;

fn code(fault: &DeskFault) -> &'static str {
    match fault {
        DeskFault::Conflict { code, .. } | DeskFault::Invalid { code, .. } => code,
        _ => "another",
    }
}

#[tokio::test]
async fn two_different_people_approve_what_both_saw() {
    let mut clinic = Clinic::new(1).await;
    let desk = clinic.ready(clinic.settings(0)).await;
    let request = clinic.post("a cohort").await;
    let item = desk.inbox().unwrap().remove(0);
    assert_eq!((item.answerable, item.price), (Answerable::Open, Some(PRICE)));
    let preview = desk.preview(&request).unwrap();
    let release = &preview.release;
    assert_eq!(item.expected, Some(release.selected));
    assert_eq!(release.released + release.suppressed, release.selected);
    assert_eq!(preview.earnings, Some(PRICE * release.released as u64));
    assert_eq!(release.sizes.iter().map(|s| s.patients * s.classes).sum::<usize>(), release.released);
    assert!(release.smallest_class >= 3 && release.risk_after.prosecutor <= 1.0 / 3.0);
    assert_eq!(preview.digest, desk.preview(&request).unwrap().digest, "the same twice");

    let wrong = desk.approve("ada", request, &"0".repeat(64)).await.unwrap_err();
    assert_eq!(code(&wrong), "preview-changed");
    let case = desk.approve("ada", request, &preview.digest).await.unwrap();
    assert_eq!((case.stage, case.approvals.len()), (Stage::Approving, 1));
    let twice = desk.approve("ada", request, &preview.digest).await.unwrap_err();
    assert_eq!(code(&twice), "approved-already");
    // T70: nobody takes another's approval back.
    assert_eq!(code(&desk.revoke("eve", &request).unwrap_err()), "not-approved");
    assert!(desk.revoke("ada", &request).unwrap().approvals.is_empty());
    desk.approve("ada", request, &preview.digest).await.unwrap();
    let case = desk.approve("ben", request, &preview.digest).await.unwrap();
    assert_eq!(case.stage, Stage::Planning);
    assert_eq!(code(&desk.revoke("ada", &request).unwrap_err()), "begun");
    let _ = desk.cancel(&request).await;
}

#[tokio::test]
async fn a_changed_preview_voids_what_was_agreed() {
    let mut clinic = Clinic::new(1).await;
    let desk = clinic.ready(clinic.settings(0)).await;
    let (one, other) = (clinic.post("one").await, clinic.post("other").await);
    let seen = desk.preview(&one).unwrap();
    desk.approve("ada", one, &seen.digest).await.unwrap();
    // Meanwhile some of the same patients are released to the other request.
    let looked = desk.look(&one).unwrap();
    let handles = looked.answer.released().take(4).collect();
    desk.state().released.insert(other, handles);
    let now = desk.preview(&one).unwrap();
    assert_eq!((now.overlap.before, now.overlap.earlier.len()), (4, 1));
    let stale = desk.approve("ben", one, &seen.digest).await.unwrap_err();
    assert_eq!(code(&stale), "preview-changed");
    assert!(desk.case(&one).await.unwrap().approvals.is_empty(), "ada saw something else");
    let case = desk.approve("ben", one, &now.digest).await.unwrap();
    assert_eq!((case.stage, case.approvals.len()), (Stage::Approving, 1));
}

#[tokio::test]
async fn what_cannot_be_answered_says_why() {
    let mut clinic = Clinic::new(2).await;
    let committed = clinic.ready(clinic.settings(0)).await;
    let late = clinic.desk(1, clinic.settings(1));
    let request = clinic.post("a cohort").await;
    assert_eq!(committed.inbox().unwrap()[0].answerable, Answerable::Open);
    let imported = import(&late, &patients(1000, 300)).await.dataset.unwrap();
    late.commit(&imported).await.unwrap();
    let Answerable::Cannot { code: why, .. } = &late.inbox().unwrap()[0].answerable else {
        panic!("too late")
    };
    assert_eq!(why, "not-in-anchor");
    assert_eq!(code(&late.preview(&request).unwrap_err()), "not-in-anchor");
}

/// T15: what is left, what others have reserved and may lose, and the queue of twice the request.
#[tokio::test]
async fn room_is_what_the_ledger_has_for_a_release() {
    let mut clinic = Clinic::new(1).await;
    clinic.boundary(1).await;
    let request = clinic.post("a cohort").await;
    let posted = clinic.read(|state| RequestRecord::load(state, &request)).unwrap();
    let taken = |paid, reserved, waiting| {
        let records = |count| Records::new(count).unwrap();
        RequestRecord { paid: records(paid), reserved: records(reserved), waiting, ..posted.clone() }
    };
    let cases = [
        (taken(0, 0, 0), 100, Fits::Now),
        (taken(0, 0, 0), 101, Fits::Never),
        (taken(40, 20, 0), 40, Fits::Now),
        (taken(40, 20, 0), 41, Fits::Later),
        (taken(40, 20, 0), 60, Fits::Later),
        (taken(40, 20, 0), 61, Fits::Never),
        (taken(40, 20, 150), 50, Fits::Later),
        (taken(40, 20, 150), 51, Fits::QueueFull),
        (taken(100, 0, 0), 1, Fits::Never),
        (taken(0, 0, 0), usize::MAX, Fits::Never),
    ];
    for (record, needed, fits) in cases {
        let room = RoomView::new(&record, needed);
        assert_eq!(room.fits, fits, "{room:?}");
        assert_eq!(room.check().is_err(), fits == Fits::Never);
        assert!(room.words.contains(&needed.to_string()), "{room:?}");
    }
}

/// No proof is made for a release that the request cannot pay, and the steward reads why before approving.
#[tokio::test]
async fn a_release_that_is_too_large_is_said_and_refused_before_any_proof() {
    let mut clinic = Clinic::new(1).await;
    let desk = clinic.ready(clinic.settings(0)).await;
    let (wide, narrow) = (clinic.post("wide").await, clinic.post_for("narrow", 2).await);
    let fitting = desk.preview(&wide).unwrap();
    assert_eq!((fitting.room.fits, fitting.room.left), (Fits::Now, 100));
    assert_eq!(fitting.room.needed, fitting.release.released);
    let preview = desk.preview(&narrow).unwrap();
    assert_eq!((preview.room.fits, preview.room.left, preview.room.payable), (Fits::Never, 2, 2));
    let refused = desk.approve("ada", narrow, &preview.digest).await.unwrap_err();
    assert_eq!(code(&refused), "no-room");
    assert!(desk.case(&narrow).await.is_err(), "nothing is begun");
    assert_eq!(desk.approve("ada", wide, &fitting.digest).await.unwrap().stage, Stage::Approving);
}
