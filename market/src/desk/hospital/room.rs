//! Room: whether a request can still take, and pay for, as many records as a release has. Said before anybody approves: proofs
//! take long, and those of a release that is too large are made for nothing.

use serde::Serialize;
use utoipa::ToSchema;

use super::fault::DeskFault;
use crate::amount::Records;
use crate::record::RequestRecord;
use crate::settle;

/// Whether a release fits into a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fits {
    /// Its records are free.
    Now,
    /// It would wait in the queue until others lose their reservations, and be paid if enough do.
    Later,
    /// The queue is full as well: the ledger would refuse it as things stand.
    QueueFull,
    /// More records than can become free any more: what is paid stays paid.
    Never,
}

/// What is left of a request, beside what a release needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoomView {
    /// Records that are paid for and that nobody has reserved.
    pub left: u32,
    /// Records that can still be paid, those included that others have reserved: their reservations may lapse.
    pub payable: u32,
    /// Records of the release.
    pub needed: usize,
    /// Whether it fits.
    pub fits: Fits,
    /// The same, in words.
    pub words: String,
}

impl RoomView {
    /// What a request has for so many records.
    pub(super) fn new(record: &RequestRecord, needed: usize) -> Self {
        let left = record.left().get();
        let payable = record.request.max_records.get().saturating_sub(record.paid.get());
        let records = u32::try_from(needed).ok().and_then(|needed| Records::new(needed).ok());
        let fits = match records.filter(|records| records.get() <= payable) {
            None => Fits::Never,
            Some(records) => match settle::room(record, records) {
                settle::Room::Now => Fits::Now,
                settle::Room::Later => Fits::Later,
                settle::Room::None => Fits::QueueFull,
            },
        };
        Self { left, payable, needed, fits, words: words(fits, needed, left, payable) }
    }

    /// Refuses what cannot be paid whatever happens: a contribution is taken whole or not at all.
    pub(super) fn check(&self) -> Result<(), DeskFault> {
        if self.fits == Fits::Never {
            let remedy = "leave this request: no part of a release can be sold, and what is paid never becomes free again";
            return Err(DeskFault::conflict("no-room", self.words.clone(), remedy));
        }
        Ok(())
    }
}

fn words(fits: Fits, needed: usize, left: u32, payable: u32) -> String {
    let of = format!("the release has {needed} records, and the request has {left} left");
    match fits {
        Fits::Now => format!("{of}: it fits"),
        Fits::Later => format!(
            "{of}: it would wait in the queue, and be paid only if reservations of others lapse, which may never happen"
        ),
        Fits::QueueFull => format!(
            "{of}, and its queue is full: as things stand the ledger would refuse it, and its proofs would be made for nothing"
        ),
        Fits::Never => format!(
            "the release has {needed} records, and no more than {payable} can still be paid by the request, even if all \
             reservations of others lapsed: it cannot be sold"
        ),
    }
}
