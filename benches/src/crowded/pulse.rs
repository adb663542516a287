//! What goes on while the site is measured.

use std::sync::Arc;
use std::time::Duration;

use galen_market::record::RequestRecord;

use super::Crowd;
use super::chain::submit;
use crate::listeners::Failure;

/// How often a contribution comes.
pub const EVERY: Duration = Duration::from_millis(250);

/// Hands in a contribution, and the opening of the one before, again and again. Ends when the ledger refuses one.
///
/// # Errors
/// Why it ended.
pub async fn go_on(crowd: Arc<Crowd>) -> Result<(), Failure> {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut opening = None;
    loop {
        tick.tick().await;
        let number = crowd.chain.read(|state| RequestRecord::load(state, &crowd.busy.id))?;
        let number = number.ok_or("the request is not there")?.contributions;
        let made = crowd.making.some(&crowd.chain, crowd.busy, number..number + 1)?.pop().ok_or("nothing")?;
        let before = opening.replace(made.opening);
        let node = crowd.chain.node();
        let open = async {
            match before {
                Some(opening) => submit(node, opening).await,
                None => Ok(()),
            }
        };
        let (contributed, opened) = tokio::join!(submit(node, made.tx), open);
        contributed?;
        opened?;
    }
}
