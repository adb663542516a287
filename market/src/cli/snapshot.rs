//! `galen node snapshot` and `galen node restore`: the state of a node, carried to another by hand.

use std::path::Path;

use anyhow::{Context, ensure};
use galen_ledger::snapshot::{Shelf, read_file, write_file};
use galen_ledger::storage::HomeLock;
use serde_json::json;

use super::console::Console;
use crate::node::home::Home;

/// Writes the newest snapshot of a home to one file. The node may be running.
///
/// # Errors
/// When there is none, it does not verify, or the file cannot be written.
pub fn save(home: &Home, out: &Path, console: &Console) -> anyhow::Result<()> {
    let genesis = home.genesis(&home.config()?)?;
    let shelf = Shelf::at(&home.path("data"));
    let newest = shelf.heights().unwrap_or_default().pop();
    let first = genesis.parameters.cycle_blocks;
    let height = newest.with_context(|| {
        format!(
            "{} has no snapshot yet: one is written at the end of a cycle, first at height {first}, unless \
             node.snapshot_cycles is 0",
            shelf.folder().display()
        )
    })?;
    let snapshot = shelf.load(height)?;
    snapshot.verify(&genesis).with_context(|| format!("the snapshot of height {height} does not verify"))?;
    write_file(&snapshot, out)?;
    console.fact(
        "snapshot",
        format!("height {height}, {} chunks, to {}", snapshot.manifest.chunks.len(), out.display()),
    );
    let root = snapshot.manifest.root()?;
    console.fact("state", root);
    console.object(&json!({ "height": height, "file": out, "state": root.to_string() }));
    Ok(())
}

/// Verifies a snapshot from the genesis on and gives it to a home, whose node goes on from there when it is started.
///
/// # Errors
/// When the node is running, the snapshot does not verify, or it is not ahead of what the node has.
pub fn restore(home: &Home, file: &Path, console: &Console) -> anyhow::Result<()> {
    let genesis = home.genesis(&home.config()?)?;
    let _lock = HomeLock::acquire(home.folder())?;
    let shelf = Shelf::open(&home.path("data"))?;
    let before = shelf.heights()?.pop();
    let height =
        read_file(file, &genesis, &shelf).with_context(|| format!("{} is refused", file.display()))?;
    ensure!(
        before.is_none_or(|before| before <= height),
        "{} is of height {height}; the node has a snapshot of height {} itself: if its log is lost, take that one with \
         `galen node snapshot` and restore it",
        file.display(),
        before.unwrap_or_default()
    );
    shelf.mark(height)?;
    console.fact("snapshot", format!("height {height}, verified from the genesis on"));
    console.say(
        "the node goes on from there when it is started, if it has not come so far itself; it will not have the chain \
         before, so it cannot export it",
    );
    console.object(&json!({ "height": height }));
    Ok(())
}
