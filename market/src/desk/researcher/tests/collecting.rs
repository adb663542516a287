//! Collecting: what is written, and for whom.

use galen_ledger::LightProof;
use galen_ledger::light::Trust;

use super::town::{FORMULA, Town, classes, draft};
use crate::desk::researcher::collect::KINDS;
use crate::desk::researcher::fault::DeskFault;
use crate::fact::Subject;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_bought_becomes_a_table_a_report_and_a_proven_citation() {
    let town = Town::new(2).await;
    let desk = town.desk();
    let id = desk.begin("Ada", draft()).unwrap().id;
    let request = desk.post(&id).await.unwrap();
    assert!(matches!(desk.collect(&request).await, Err(DeskFault::NothingYet)));
    let (waiting, opening) = town.contribute(0, &request, &classes()).await;
    assert!(matches!(desk.collect(&request).await, Err(DeskFault::NothingYet)), "accepted, and not opened");
    let detail = desk.request(&request).await.unwrap();
    assert_eq!((detail.contributions[0].status, detail.next.who), ("reserved", "hospitals"));
    assert!(detail.contributions[0].words.starts_with("All 4 proofs hold"), "{:?}", detail.contributions[0]);
    town.submit(&crate::transaction::Transaction::Open(opening)).await;
    let second = town.sell(1, &request, &classes()).await;

    let collected = desk.collect(&request).await.unwrap();
    assert_eq!((collected.records, collected.contributions.len()), (12, 2));
    assert_eq!(desk.collected(&request).unwrap().unwrap(), collected);
    let text = |name: &str| std::fs::read_to_string(desk.file(&request, name).unwrap().0).unwrap();
    let csv = text("data.csv");
    let mut lines = csv.lines();
    assert_eq!(
        lines.next().unwrap(),
        "contribution,age,age_lo,age_hi,diagnosis,diagnosis_code,days,days_code,remark,remark_code"
    );
    assert_eq!(lines.next().unwrap(), format!("0,40-59,41,60,E10,1,4,5,'{FORMULA},2"), "T77: no formula");
    assert_eq!(lines.count(), 11);
    assert!(text("dictionary.json").contains("\"contribution\""));

    let report = desk.report(&request).unwrap().unwrap();
    assert_eq!((report.total.released, report.total.suppressed, report.paid), (12, 2, Some(12 * 125)));
    let share = &report.contributions[0];
    assert_eq!((share.groups, share.smallest_group, share.least_distinct), (2, 3, Some(2)));
    assert_eq!(share.greatest_share, Some(667));
    assert_eq!(share.loss_per_row, 38);
    assert_eq!(report.columns[0].mean_per_mille, 158);

    for name in ["citation.txt", "citation.bib", "citation.csl.json"] {
        assert!(text(name).contains(&request.to_string()), "{name}");
    }
    let proof = std::fs::read(desk.file(&request, "ledger.proof").unwrap().0).unwrap();
    let verified = LightProof::from_file(&proof).unwrap().verify(Trust::Chain(town.id())).unwrap();
    let keys: Vec<_> = verified.claims.iter().map(|claim| claim.key.clone()).collect();
    let mut expected = vec![Subject::Request(request).key()];
    expected.extend([waiting, second].map(|id| Subject::Contribution(id).key()));
    assert_eq!(keys.len(), 3);
    assert!(
        expected.iter().all(|key| keys.contains(key)) && verified.claims.iter().all(|c| c.value.is_some())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t70_another_institutions_desk_gets_nothing_of_it() {
    let town = Town::new(1).await;
    let desk = town.desk();
    let id = desk.begin("Ada", draft()).unwrap().id;
    let request = desk.post(&id).await.unwrap();
    town.sell(0, &request, &classes()).await;
    desk.collect(&request).await.unwrap();
    let other = town.desk_on(town.chain(), [8; 32]);
    assert!(other.drafts().unwrap().is_empty() && other.requests(true).unwrap().is_empty());
    assert_eq!(other.requests(false).unwrap().len(), 1);
    assert!(other.request(&request).await.unwrap().money.is_none(), "nobody else reads the price");
    assert!(matches!(other.collect(&request).await, Err(DeskFault::NotOwn(_))));
    assert!(matches!(other.collected(&request), Err(DeskFault::NotOwn(_))));
    for kind in KINDS {
        assert!(matches!(other.file(&request, kind.name), Err(DeskFault::NotOwn(_))));
        let path = desk.file(&request, kind.name).unwrap().0;
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
    for name in ["../posted.json", "posted.json", "/etc/passwd", ""] {
        assert!(matches!(desk.file(&request, name), Err(DeskFault::Unknown(_))), "{name}");
    }
}
