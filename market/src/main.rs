//! The `galen` program.

mod cli;
mod demo;
mod node;
mod serving;
mod testnet;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::Cli::read().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cli::console::failed(&error);
            let _ = writeln!(std::io::stderr(), "error: {}", cli::console::words(&error));
            if is_disk_full(&error) {
                let _ = writeln!(
                    std::io::stderr(),
                    "the disk is full: free some space and give the same command again; nothing that was finished is lost"
                );
            }
            ExitCode::FAILURE
        }
    }
}

/// Whether the disk is full. Some libraries keep only the system's words, so these are looked at as well.
fn is_disk_full(error: &anyhow::Error) -> bool {
    let told = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    let kinds = told.map(std::io::Error::kind).any(|kind| kind == std::io::ErrorKind::StorageFull);
    kinds || format!("{error:#}").contains("No space left on device")
}
