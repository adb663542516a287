//! The parts of a spec. Field elements are 64 hex digits, canonical.

use galen_circuits::contribution::{BlockHeader, Header, Payout};
use galen_circuits::field::{F, hex_serde};
use galen_circuits::jubjub::Sealed;
use galen_circuits::merkle::Path;
use galen_circuits::release::{BlockRow, Reach, ReleasePrivate};
use galen_circuits::row::Row;
use galen_circuits::scan::{RunOpening, ScanPrivate};
use galen_circuits::seal::SealPrivate;
use galen_circuits::shape::QUASI_IDENTIFIERS;
use galen_circuits::state::{OpenClass, RunHandles, State, Totals};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{SpecFault, ephemeral};

/// A field element.
#[derive(Clone, Copy, Serialize, Deserialize, Zeroize)]
#[serde(transparent)]
pub(super) struct Element(#[serde(with = "hex_serde")] pub(super) F);

fn elements(values: &[F]) -> Vec<Element> {
    values.iter().copied().map(Element).collect()
}

/// The header: public.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderForm {
    recent: Element,
    run: Element,
    nullifier: Element,
    /// T_j and C_j.
    blocks: Vec<[Element; 2]>,
    totals: Totals,
    key_commitment: Element,
    encapsulation: Element,
    identity: Sealed,
    payout_key: [u8; 32],
    payout_memo: [u8; 32],
}

impl From<&Header> for HeaderForm {
    fn from(header: &Header) -> Self {
        Self {
            recent: Element(header.recent),
            run: Element(header.run),
            nullifier: Element(header.nullifier),
            blocks: header.blocks.iter().map(|b| [Element(b.rows), Element(b.ciphertext)]).collect(),
            totals: header.totals,
            key_commitment: Element(header.key_commitment),
            encapsulation: Element(header.encapsulation),
            identity: header.identity,
            payout_key: header.payout.key,
            payout_memo: header.payout.memo,
        }
    }
}

impl HeaderForm {
    pub(super) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn open(&self) -> Header {
        let block =
            |[rows, ciphertext]: &[Element; 2]| BlockHeader { rows: rows.0, ciphertext: ciphertext.0 };
        Header {
            recent: self.recent.0,
            run: self.run.0,
            nullifier: self.nullifier.0,
            blocks: self.blocks.iter().map(block).collect(),
            totals: self.totals,
            key_commitment: self.key_commitment.0,
            encapsulation: self.encapsulation.0,
            identity: self.identity,
            payout: Payout { key: self.payout_key, memo: self.payout_memo },
        }
    }
}

/// A path of a tree.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathForm {
    position: u64,
    siblings: Vec<Element>,
}

impl From<&Path> for PathForm {
    fn from(path: &Path) -> Self {
        Self { position: path.position, siblings: elements(&path.siblings) }
    }
}

impl PathForm {
    pub(super) fn len(&self) -> usize {
        self.siblings.len()
    }

    pub(super) fn open(&self) -> Path {
        Path { position: self.position, siblings: self.siblings.iter().map(|s| s.0).collect() }
    }
}

/// A state of the chain.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
#[serde(deny_unknown_fields)]
pub(super) struct StateForm {
    acc: Element,
    first: u64,
    last: u64,
    first_set: bool,
    bounded: bool,
    bounds: Element,
    open: bool,
    sensitive: u16,
    /// Rows, distinct values, run and longest run of the open class.
    class: [u32; 4],
    released: u32,
    suppressed: u32,
    loss: u64,
}

impl From<&State> for StateForm {
    fn from(state: &State) -> Self {
        let State { acc, handles, bounds, class, totals } = *state;
        Self {
            acc: Element(acc),
            first: handles.first,
            last: handles.last,
            first_set: handles.first_set,
            bounded: handles.bounded,
            bounds: Element(bounds),
            open: class.open,
            sensitive: class.sensitive,
            class: [class.rows, class.distinct, class.run, class.longest],
            released: totals.released,
            suppressed: totals.suppressed,
            loss: totals.loss,
        }
    }
}

impl StateForm {
    pub(super) fn open(&self) -> State {
        let [rows, distinct, run, longest] = self.class;
        State {
            acc: self.acc.0,
            handles: RunHandles {
                first: self.first,
                last: self.last,
                first_set: self.first_set,
                bounded: self.bounded,
            },
            bounds: self.bounds.0,
            class: OpenClass { open: self.open, sensitive: self.sensitive, rows, distinct, run, longest },
            totals: Totals { released: self.released, suppressed: self.suppressed, loss: self.loss },
        }
    }
}

/// What only the seller knows of a scan, less what it shares with the seal.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(super) struct ScanForm {
    pub(super) wrapped: bool,
    pub(super) words: Vec<Element>,
    pub(super) path: PathForm,
    pub(super) state: StateForm,
    pub(super) blind_in: Element,
    pub(super) blind_out: Element,
}

impl From<&ScanPrivate> for ScanForm {
    fn from(scan: &ScanPrivate) -> Self {
        Self {
            wrapped: scan.wrapped,
            words: elements(&scan.words),
            path: PathForm::from(&scan.path),
            state: StateForm::from(&scan.state),
            blind_in: Element(scan.blind_in),
            blind_out: Element(scan.blind_out),
        }
    }
}

/// A row of a block.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlockRowForm {
    row: Option<Row>,
    released: bool,
    ends_class: bool,
    below: [u16; QUASI_IDENTIFIERS],
    above: [u16; QUASI_IDENTIFIERS],
}

impl From<&BlockRow> for BlockRowForm {
    fn from(row: &BlockRow) -> Self {
        let BlockRow { row, released, ends_class, reach: Reach { below, above } } = *row;
        Self { row, released, ends_class, below, above }
    }
}

impl BlockRowForm {
    pub(super) fn open(&self) -> BlockRow {
        let reach = Reach { below: self.below, above: self.above };
        BlockRow { row: self.row, released: self.released, ends_class: self.ends_class, reach }
    }
}

impl Zeroize for BlockRowForm {
    fn zeroize(&mut self) {
        if let Some(row) = &mut self.row {
            row.cells.zeroize();
        }
        self.row = None;
        self.below.zeroize();
        self.above.zeroize();
    }
}

/// What only the seller knows of a release, less what it shares with the seal.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseForm {
    pub(super) rows: Vec<BlockRowForm>,
    pub(super) rows_blind: Element,
    pub(super) state: StateForm,
    pub(super) blind_in: Element,
    pub(super) blind_out: Element,
}

impl From<&ReleasePrivate> for ReleaseForm {
    fn from(release: &ReleasePrivate) -> Self {
        Self {
            rows: release.rows.iter().map(BlockRowForm::from).collect(),
            rows_blind: Element(release.rows_blind),
            state: StateForm::from(&release.state),
            blind_in: Element(release.blind_in),
            blind_out: Element(release.blind_out),
        }
    }
}

/// What only the seller knows of the seal: the run and the data key among it.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(super) struct SealForm {
    seller_secret: Element,
    salt: Element,
    root: Element,
    chunks: u64,
    start: u64,
    run_blind: Element,
    quotient: u64,
    /// The bits of the draw as 0 and 1, the lowest first.
    draw: String,
    dataset_path: PathForm,
    standing_path: PathForm,
    key: Element,
    key_blind: Element,
    to_buyer: [u8; 32],
    to_auditor: [u8; 32],
}

impl From<&SealPrivate> for SealForm {
    fn from(seal: &SealPrivate) -> Self {
        Self {
            seller_secret: Element(seal.seller_secret),
            salt: Element(seal.salt),
            root: Element(seal.run.root),
            chunks: seal.run.chunks,
            start: seal.run.start,
            run_blind: Element(seal.run.blind),
            quotient: seal.quotient,
            draw: seal.draw.iter().map(|bit| if *bit { '1' } else { '0' }).collect(),
            dataset_path: PathForm::from(&seal.dataset_path),
            standing_path: PathForm::from(&seal.standing_path),
            key: Element(seal.key),
            key_blind: Element(seal.key_blind),
            to_buyer: ephemeral::to_bytes(&seal.to_buyer),
            to_auditor: ephemeral::to_bytes(&seal.to_auditor),
        }
    }
}

impl SealForm {
    pub(super) fn open(&self) -> Result<SealPrivate, SpecFault> {
        let range = |value| SpecFault::Range { which: "the seal", value };
        let bit = |digit: char| digit.to_digit(2).map(|bit| bit == 1);
        let drawn = |bytes| ephemeral::from_bytes(bytes).ok_or(range("the randomness of a sealing"));
        Ok(SealPrivate {
            seller_secret: self.seller_secret.0,
            salt: self.salt.0,
            run: RunOpening {
                root: self.root.0,
                chunks: self.chunks,
                start: self.start,
                blind: self.run_blind.0,
            },
            quotient: self.quotient,
            draw: self.draw.chars().map(bit).collect::<Option<_>>().ok_or(range("the draw"))?,
            dataset_path: self.dataset_path.open(),
            standing_path: self.standing_path.open(),
            key: self.key.0,
            key_blind: self.key_blind.0,
            to_buyer: drawn(&self.to_buyer)?,
            to_auditor: drawn(&self.to_auditor)?,
        })
    }
}
