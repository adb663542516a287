//! A wallet's notes, as the desks show them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::wallet::{Receipt, Wallet};

/// A note of the wallet's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoteView {
    /// Its place on the ledger.
    pub note: u32,
    /// What it is worth, in minor units.
    pub amount: u64,
    /// Where it came from: paid, transferred, refunded or issued.
    pub from: String,
    /// The request or contribution that it came from.
    pub of: Option<String>,
    /// The block that made it.
    pub received: u64,
    /// The block that spent it.
    pub spent: Option<u64>,
}

impl From<Receipt> for NoteView {
    fn from(receipt: Receipt) -> Self {
        // The blinding is for accountants, who ask for receipts.
        let Receipt { note, amount, blinding: _, from, of, received, spent } = receipt;
        Self { note, amount, from, of, received, spent }
    }
}

/// The notes of a wallet, spent ones included, the newest first.
pub(super) fn notes(wallet: &Wallet) -> Vec<NoteView> {
    wallet.receipts().into_iter().rev().map(NoteView::from).collect()
}
