//! The native twin of a release: how rows join, fill and close a class.

use super::BlockRow;
use super::cipher::packed_bounds;
use crate::field::F;
use crate::request::Terms;
use crate::shape::{BLOCK_ROWS, QUASI_IDENTIFIERS};
use crate::state::{OpenClass, RunHandles, State};
use ark_ff::{Field, Zero};

/// Why a block cannot be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseFault {
    /// Not 56 rows.
    #[error("a block has {BLOCK_ROWS} rows, padding included")]
    Size,
    /// Released rows first, then suppressed, then padding; only the last block has padding.
    #[error(
        "row {0} stands out of order: released rows come first, then suppressed, then padding in the last block"
    )]
    Order(usize),
    /// A row that is not released carries a box or ends a class.
    #[error("row {0} is not released and yet has a box or ends a class")]
    Unreleased(usize),
    /// An unused slot has a box, or a box is wider than codes are.
    #[error("row {0} has a box in a slot that the request does not use")]
    Slot(usize),
    /// The box changes inside a class.
    #[error("row {0} has another box than its class")]
    Box(usize),
    /// The sensitive cells of a class are not sorted.
    #[error("row {0} has a smaller sensitive code than the row before it in its class")]
    Sensitive(usize),
    /// The class has fewer than k rows.
    #[error("the class that ends at row {0} has fewer than k rows")]
    K(usize),
    /// The class has fewer than l distinct sensitive values.
    #[error("the class that ends at row {0} has fewer than l distinct sensitive values")]
    L(usize),
    /// One value has a greater share than α.
    #[error("in the class that ends at row {0}, one sensitive value takes more than alpha")]
    Alpha(usize),
    /// The last block leaves a class open.
    #[error("the last block leaves a class open")]
    Open,
    /// γ equals a word: the challenge was not drawn at random.
    #[error("the challenge equals a row's word")]
    Challenge,
}

/// The state after a block.
///
/// # Errors
/// [`ReleaseFault`].
pub fn step(
    terms: &Terms,
    gamma: F,
    state: &State,
    rows: &[BlockRow],
    last: bool,
) -> Result<State, ReleaseFault> {
    if rows.len() != BLOCK_ROWS {
        return Err(ReleaseFault::Size);
    }
    check_order(rows, last)?;
    let mut next = *state;
    for (index, row) in rows.iter().enumerate() {
        check_box(terms, index, row)?;
        if let Some(present) = &row.row {
            let inverse = (gamma - present.word()).inverse().ok_or(ReleaseFault::Challenge)?;
            next.acc *= inverse;
        }
        match (row.released, row.row.is_some()) {
            (true, _) => release(terms, &mut next, index, row)?,
            (false, present) => {
                pass_by(&mut next.class);
                next.totals.suppressed += u32::from(present);
            }
        }
    }
    if last {
        if next.class.open {
            return Err(ReleaseFault::Open);
        }
        next.handles = RunHandles::default();
        next.class = OpenClass::default();
        next.bounds = F::zero();
    }
    Ok(next)
}

fn check_order(rows: &[BlockRow], last: bool) -> Result<(), ReleaseFault> {
    let rank = |r: &BlockRow| match (r.released, r.row.is_some()) {
        (true, true) => Some(0),
        (false, true) => Some(1),
        (false, false) => Some(2),
        (true, false) => None,
    };
    let mut before = 0;
    for (index, row) in rows.iter().enumerate() {
        let here = rank(row).filter(|r| *r >= before && (last || *r < 2));
        before = here.ok_or(ReleaseFault::Order(index))?;
    }
    Ok(())
}

fn check_box(terms: &Terms, index: usize, row: &BlockRow) -> Result<(), ReleaseFault> {
    let reach = row.reach;
    if !row.released && (reach != super::Reach::default() || row.ends_class) {
        return Err(ReleaseFault::Unreleased(index));
    }
    let unused = terms.quasi_identifiers.len()..QUASI_IDENTIFIERS;
    if unused.into_iter().any(|slot| reach.below[slot] != 0 || reach.above[slot] != 0) {
        return Err(ReleaseFault::Slot(index));
    }
    Ok(())
}

fn release(terms: &Terms, state: &mut State, index: usize, row: &BlockRow) -> Result<(), ReleaseFault> {
    let cells = row.row.as_ref().map(|r| r.cells).unwrap_or_default();
    let sensitive = cells.get(usize::from(terms.sensitive)).copied().unwrap_or(0);
    let bounds = packed_bounds(terms, row);
    let class = &mut state.class;
    if !class.open {
        *class = OpenClass { open: true, sensitive, rows: 1, distinct: 1, run: 1, longest: 1 };
    } else {
        if bounds != state.bounds {
            return Err(ReleaseFault::Box(index));
        }
        if sensitive < class.sensitive {
            return Err(ReleaseFault::Sensitive(index));
        }
        let same = sensitive == class.sensitive;
        class.rows += 1;
        class.distinct += u32::from(!same);
        class.run = if same { class.run + 1 } else { 1 };
        class.longest = class.longest.max(class.run);
        class.sensitive = sensitive;
    }
    state.bounds = bounds;
    state.totals.released += 1;
    state.totals.loss += loss(terms, row);
    if row.ends_class { close(terms, state, index) } else { Ok(()) }
}

/// A row that is not released passes an open class without a trace; of a closed one it wipes the counters, as the circuit
/// does: what a commitment hides must be the same in both.
fn pass_by(class: &mut OpenClass) {
    if !class.open {
        (class.rows, class.distinct, class.longest) = (0, 0, 0);
    }
}

/// Σ weight · width over the slots.
fn loss(terms: &Terms, row: &BlockRow) -> u64 {
    let width = |slot: usize| u64::from(row.reach.below[slot]) + u64::from(row.reach.above[slot]);
    terms.quasi_identifiers.iter().enumerate().map(|(slot, q)| u64::from(q.weight) * width(slot)).sum()
}

fn close(terms: &Terms, state: &mut State, index: usize) -> Result<(), ReleaseFault> {
    let class = &mut state.class;
    if class.rows < u32::from(terms.k) {
        return Err(ReleaseFault::K(index));
    }
    if class.distinct < u32::from(terms.l) {
        return Err(ReleaseFault::L(index));
    }
    if 1000 * u64::from(class.longest) > u64::from(terms.alpha) * u64::from(class.rows) {
        return Err(ReleaseFault::Alpha(index));
    }
    class.open = false;
    Ok(())
}
