//! Files that come in.

use std::fs;

use galen_prover::import::Allow;

use super::clinic::{Clinic, TELLTALE, assert_absent, files, import, import_with, patients};
use crate::desk::hospital::dataset::Standing;
use crate::desk::hospital::fault::DeskFault;
use crate::desk::hospital::import::ImportStage;
use crate::desk::hospital::spool::{Spool, choices};

/// T76: what is refused leaves nothing but its report, which names lines and no values.
#[tokio::test]
async fn t76_a_refused_import_changes_nothing() {
    let clinic = Clinic::new(1).await;
    let desk = clinic.desk(0, clinic.settings(0));
    let good = patients(0, 40);
    let broken = [
        ("a word for a number", good.replacen(",18,0,", ",SECRETVALUE,0,", 1), "line 2"),
        ("a patient twice", format!("{good}{TELLTALE}-3,20,1,1,1\n"), "line 42"),
        ("a field too many", good.replacen(",18,0,", ",18,0,7,", 1), "line 2"),
        ("out of the domain", good.replacen(",18,0,", ",999,0,", 1), "line 2"),
        ("no text", "\u{0}\u{1}\u{2}".to_owned(), "line"),
        ("nothing", String::new(), ""),
        ("another header", good.replacen("patient", "person", 1), "patient"),
    ];
    for (what, text, named) in broken {
        let view = import(&desk, &text).await;
        assert_eq!(view.stage, ImportStage::Refused, "{what}");
        let reason = view.reason.unwrap();
        assert!(reason.contains(named) && !reason.contains("SECRETVALUE"), "{what}: {reason}");
        assert!(desk.datasets().unwrap().is_empty(), "{what}");
    }
    let kept = files(&clinic.home(0));
    let of_rows = kept.iter().filter(|(path, _)| {
        path.extension().is_some_and(|kind| kind == "rows" || kind == "dataset") || path.ends_with("uploads")
    });
    assert_eq!(of_rows.count(), 0);
    assert_eq!(fs::read_dir(desk.settings().folder.join("uploads")).unwrap().count(), 0);
    assert_absent(&clinic.home(0), "SECRETVALUE");

    let allow = Allow { malformed: true, ..Allow::default() };
    let view = import_with(&desk, &good.replacen(",18,0,", ",SECRETVALUE,0,", 1), allow).await;
    assert_eq!(view.stage, ImportStage::Done, "{:?}", view.reason);
    assert_eq!(view.report.unwrap().patients, 40);
}

/// T73: no patient's name in a file, in what is debugged, or in what interfaces show; and no import again after a stop.
#[tokio::test]
async fn t73_rows_rest_sealed_and_are_there_after_a_stop() {
    let clinic = Clinic::new(1).await;
    let desk = clinic.ready(clinic.settings(0)).await;
    let shown = format!(
        "{desk:?} {:?} {:?} {:?}",
        desk.datasets().unwrap(),
        desk.import_list(),
        serde_json::to_string(&desk.datasets().unwrap()).unwrap()
    );
    assert!(!shown.contains(TELLTALE));
    assert_absent(&clinic.home(0), TELLTALE);
    let before = desk.datasets().unwrap();
    assert!(matches!(before[0].standing, Standing::Committed { .. }), "{before:?}");
    drop(desk);
    let again = clinic.desk(0, clinic.settings(0));
    let after = again.datasets().unwrap();
    assert_eq!((after[0].patients, &after[0].commitment), (300, &before[0].commitment));
    assert_eq!(again.import_list().len(), 1);
}

#[tokio::test]
async fn a_dataset_is_committed_once_replaced_withdrawn_and_erased_in_that_order() {
    let clinic = Clinic::new(1).await;
    let desk = clinic.desk(0, clinic.settings(0));
    let first = import(&desk, &patients(0, 40)).await.dataset.unwrap();
    let height = desk.commit(&first).await.unwrap();
    assert_eq!(desk.commit(&first).await.unwrap(), height, "once more is the same");
    assert!(matches!(desk.erase(&first), Err(DeskFault::Conflict { code: "committed", .. })));
    // The same rows again are another commitment: their salt is another.
    let second = import(&desk, &patients(0, 40)).await.dataset.unwrap();
    desk.commit(&second).await.unwrap();
    assert_eq!(desk.dataset(&first).unwrap().standing, Standing::Former);
    assert!(desk.withdraw(&first).await.is_err());
    desk.withdraw(&second).await.unwrap();
    assert_eq!(desk.dataset(&second).unwrap().standing, Standing::Former);
    desk.erase(&first).unwrap();
    assert!(matches!(desk.dataset(&first), Err(DeskFault::Missing("dataset"))));
}

#[test]
fn a_file_of_the_import_folder_has_a_plain_name() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("inbox");
    fs::create_dir(&folder).unwrap();
    fs::write(dir.path().join("outside.csv"), "x").unwrap();
    fs::write(folder.join("a.csv"), "x").unwrap();
    fs::create_dir(folder.join("sub")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(dir.path().join("outside.csv"), folder.join("link.csv")).unwrap();
    assert!(Spool::choose(&folder, "a.csv").is_ok());
    let outside = dir.path().join("outside.csv").display().to_string();
    for name in
        ["../outside.csv", "..", ".", "", "sub", "sub/../a.csv", "link.csv", &outside, "a.csv\0", "b.csv"]
    {
        assert!(matches!(Spool::choose(&folder, name), Err(DeskFault::Invalid { .. })), "{name:?}");
    }
    assert_eq!(choices(&folder).unwrap(), [("a.csv".to_owned(), 1)]);
    assert!(folder.join("a.csv").exists(), "what was chosen stays");
}
