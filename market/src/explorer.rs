//! A node's public site: what anybody may see of a chain, as JSON under `/v1` and as pages.
//!
//! Everything is read from a [`Chain`](crate::chain::Chain), a bounded part at a time: no list and no page costs more when the
//! ledger grows. Prices and payments are sealed on the ledger, and nothing here opens them.
//!
//! | question | module |
//! |---|---|
//! | how is the chain, who decides on it? | [`overview`], [`member`] |
//! | what is in a block, in a transaction? | [`block`], [`transaction`], [`kind`] |
//! | who takes part? | [`participant`], [`schema`] |
//! | what is asked for, and what was answered? | [`request`], [`contribution`], [`index`] |
//! | what is the audit authority to open? | [`disclosure`] |
//! | what has this id? | [`search`] |
//! | where is all that served? | [`site`], [`api`], [`pages`] |
//! | how does a desk follow the chain, and hand in what it signed? | [`feed`] |
//! | how do I check it myself? | [`inclusion`], [`verify`], [`material`] |

pub mod api;
pub mod block;
pub mod contribution;
pub mod disclosure;
pub mod feed;
pub mod inclusion;
pub mod index;
pub mod kind;
pub mod material;
pub mod member;
pub mod overview;
pub mod pages;
pub mod participant;
mod remembered;
pub mod request;
pub mod schema;
pub mod search;
pub mod site;
#[cfg(test)]
mod tests;
pub mod transaction;
pub mod verify;

use std::sync::Arc;

pub use index::Index;
pub use site::{Explorer, Health, HealthView};
#[cfg(test)]
pub(crate) use tests::rehearsed;

/// The site's routes: pages and API.
pub fn routes(site: Arc<Explorer>) -> axum::Router {
    let (api, _) = api::api(&site);
    api.merge(pages::routes().with_state(site))
}
