//! Approvals: so many different people agree to one preview, each with the digest of what they saw; a change voids what was
//! agreed before.

use std::sync::Arc;

use super::case::{Approval, Case, CaseView, Stage};
use super::fault::DeskFault;
use super::{HospitalDesk, now_ms};
use crate::id::RequestId;

impl HospitalDesk {
    /// Approves a preview. When enough people have, the proofs begin.
    ///
    /// # Errors
    /// When the preview has changed since, the release is larger than what the request can pay, the person has approved
    /// already, or the request is answered or cannot be.
    pub async fn approve(
        self: &Arc<Self>,
        by: &str,
        request: RequestId,
        digest: &str,
    ) -> Result<CaseView, DeskFault> {
        let (by, digest) = (by.to_owned(), digest.to_owned());
        let case = self.off(move |desk| desk.enter_approval(by, &request, &digest)).await?;
        if case.stage == Stage::Planning {
            self.work_on(request);
        }
        Ok(case.view(None))
    }

    fn enter_approval(&self, by: String, request: &RequestId, digest: &str) -> Result<Case, DeskFault> {
        // What is agreed to is looked at anew, not taken from whoever agrees.
        let looked = self.look(request)?;
        let content = looked.content.clone();
        let item = self.inbox_item(request)?;
        let title = item.title.clone();
        let preview = self.view(looked, item, request)?;
        if preview.digest != digest {
            self.void(request, &preview.digest)?;
            return Err(DeskFault::conflict(
                "preview-changed",
                "what would be released is not what was looked at: data, terms or overlap have changed",
                "look at the preview again, and approve that one",
            ));
        }
        preview.room.check()?;
        let mut state = self.state();
        let before = state.cases.get(request).cloned();
        let mut case = match before {
            Some(case) if case.stage == Stage::Approving && case.digest == digest => case,
            Some(case) if case.stage.is_worked_on() || case.stage.is_on_the_ledger() => {
                let detail = format!("the request is {}", case.stage.words());
                return Err(DeskFault::conflict("in-hand", detail, "see its job"));
            }
            before => Case {
                request: *request,
                title: String::new(),
                digest: preview.digest,
                content,
                dataset: preview.dataset,
                release: preview.release,
                approvals: Vec::new(),
                stage: Stage::Approving,
                attempt: before.map_or(0, |case| case.attempt),
                contribution: None,
                begun_ms: now_ms(),
            },
        };
        if case.approvals.iter().any(|approval| approval.by == by) {
            return Err(DeskFault::conflict(
                "approved-already",
                format!("{by} has approved this already"),
                "another person must approve it",
            ));
        }
        // Kept since later than the first homes.
        case.title = title;
        case.approvals.push(Approval { by, at_ms: now_ms() });
        if case.approvals.len() >= usize::from(self.settings.approvals) {
            case.stage = Stage::Planning;
        }
        self.books.put(super::books::Kind::Case, &request.to_string(), &case)?;
        self.tell(&case, None);
        state.cases.insert(*request, case.clone());
        Ok(case)
    }

    /// Drops approvals of another preview than the one that there is now.
    fn void(&self, request: &RequestId, now: &str) -> Result<(), DeskFault> {
        let stale = |case: &Case| case.stage == Stage::Approving && case.digest != now;
        if self.case_record(request).is_ok_and(|case| stale(&case)) {
            self.change_case(request, |case| {
                if stale(case) {
                    case.approvals.clear();
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Takes one's own approval back, before the proofs begin.
    ///
    /// # Errors
    /// When they have begun, or the person has not approved.
    pub fn revoke(&self, by: &str, request: &RequestId) -> Result<CaseView, DeskFault> {
        self.change_case(request, |case| {
            if case.stage != Stage::Approving {
                let detail = format!("the request is {} already", case.stage.words());
                return Err(DeskFault::conflict("begun", detail, "cancel its job instead"));
            }
            let before = case.approvals.len();
            case.approvals.retain(|approval| approval.by != by);
            if case.approvals.len() == before {
                let detail = format!("{by} has not approved this");
                return Err(DeskFault::conflict(
                    "not-approved",
                    detail,
                    "only one's own approval can be taken back",
                ));
            }
            Ok(case.view(None))
        })
    }
}
