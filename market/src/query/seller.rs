//! What a hospital needs to know before it proves.

use galen_circuits::contribution::Statement;
use galen_circuits::field::F;
use galen_circuits::registry::standing_leaf;
use galen_ledger::{ChainId, StateRead};
use galen_prover::plan::Standing;

use crate::config::MarketConfig;
use crate::id::{AccountKey, RequestId};
use crate::record::{Phase, RequestRecord};
use crate::registry::{self, TreeName, leaf_at, path_at, recent};

/// Why a hospital cannot answer a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotSell {
    /// No such request.
    #[error("request {0} is not known")]
    NoRequest(RequestId),
    /// It takes no contributions any more.
    #[error("the request takes no contributions any more")]
    Closed,
    /// Its sample is not drawn yet.
    #[error("the request's sample is not drawn yet")]
    NotDrawn,
    /// The hospital had no dataset of the request's schema in the registry when the request was posted.
    #[error("no dataset of the request's schema was committed before the request was posted")]
    NotInAnchor,
    /// The hospital cannot read what it would be paid.
    #[error(
        "the request's price was not sealed to the hospital, which was not accredited at the boundary before it"
    )]
    NoPrice,
    /// The hospital is not in the tree of standing, or not yet: the next boundary may change that.
    #[error("the hospital is in none of the recent roots of standing; the next boundary may change that")]
    NotInStanding,
}

/// Everything that the ledger knows and a proof needs.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What is to be shown.
    pub statement: Statement,
    /// Paths of both leaves.
    pub standing: Standing,
    /// The dataset's leaf in the anchor: tells which of its commitments the hospital must sell from.
    pub dataset_leaf: F,
    /// The last height that takes contributions.
    pub deadline: u64,
}

/// What a hospital needs to answer a request.
///
/// # Errors
/// [`CannotSell`].
pub fn offer(
    state: &(impl StateRead + ?Sized),
    chain: &ChainId,
    config: &MarketConfig,
    account: &AccountKey,
    id: &RequestId,
) -> Result<Offer, CannotSell> {
    let request = RequestRecord::load(state, id).ok_or(CannotSell::NoRequest(*id))?;
    if request.phase != Phase::Open {
        return Err(CannotSell::Closed);
    }
    let statement = request.statement(chain, config).ok_or(CannotSell::NotDrawn)?;
    let schema = request.request.schema();
    let place = registry::place(state, account, &schema).ok_or(CannotSell::NotInAnchor)?;
    let dataset_leaf = leaf_at(state, TreeName::Datasets, place.position, request.anchor_height);
    if dataset_leaf == F::from(0u64) {
        return Err(CannotSell::NotInAnchor);
    }
    if !request.sellers.contains(account) {
        return Err(CannotSell::NoPrice);
    }
    let leaf = standing_leaf(schema.field(), place.seller.field());
    let newest = recent::roots(state).into_iter().next().ok_or(CannotSell::NotInStanding)?;
    if leaf_at(state, TreeName::Standing, place.position, newest.height) != leaf {
        return Err(CannotSell::NotInStanding);
    }
    let standing = Standing {
        dataset_path: path_at(state, TreeName::Datasets, place.position, request.anchor_height),
        recent: newest.root,
        standing_path: path_at(state, TreeName::Standing, place.position, newest.height),
    };
    Ok(Offer { statement, standing, dataset_leaf, deadline: request.request.deadline.get() })
}
