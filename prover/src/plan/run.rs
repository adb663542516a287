//! The run of chunks that the ledger drew.

use galen_circuits::contribution::Statement;
use galen_circuits::dataset::{Chunk, Dataset};
use galen_circuits::field::F;
use galen_circuits::registry;
use galen_circuits::request::Terms;
use galen_circuits::row::Row;
use galen_circuits::scan::RunOpening;
use galen_circuits::seal::{Draw, draw};

/// A run: where it starts and how far it goes.
#[derive(Clone, Debug)]
pub struct Run {
    /// What D hides.
    pub opening: RunOpening,
    /// The draw.
    pub draw: Draw,
    sample: u64,
}

impl Run {
    /// The run that beacon and nullifier draw for this dataset. `blind` blinds D.
    pub fn draw(statement: &Statement, dataset: &Dataset, seller_secret: F, blind: F) -> Self {
        let chunks = dataset.chunks().len() as u64;
        let nullifier = registry::nullifier(seller_secret, statement.request_id);
        let drawn = draw(statement.beacon, nullifier, chunks);
        let opening = RunOpening { root: dataset.root(), chunks, start: drawn.start, blind };
        Self { opening, draw: drawn, sample: u64::from(statement.sample) }
    }

    /// The i-th chunk of the run.
    pub fn chunk<'d>(&self, dataset: &'d Dataset, index: u64) -> &'d Chunk {
        let (position, _) = self.opening.position(index);
        let count = dataset.chunks().len();
        &dataset.chunks()[position as usize % count]
    }

    /// The rows that the request selects in the run, in order. Every one of them must be released or suppressed.
    pub fn selected(&self, dataset: &Dataset, terms: &Terms) -> Vec<Row> {
        (0..self.sample)
            .flat_map(|index| self.chunk(dataset, index).rows())
            .filter(|row| terms.selects(row))
            .copied()
            .collect()
    }
}
