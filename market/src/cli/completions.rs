//! `galen completions`: what a shell needs to complete what is typed.

use std::io::Write;

use clap::Args;
use clap_complete::Shell;

use super::help;

/// For which shell.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

impl CompletionsArgs {
    /// Writes the script to stdout.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn run(self) -> anyhow::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut help::command(), "galen", &mut script);
        match std::io::stdout().write_all(&script) {
            // The reader has enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }
}
