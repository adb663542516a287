//! `galen help`: the commands by who types them, where to begin, and what exit codes mean.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use super::Cli;

/// Who types which commands. Every command is in one place.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Begin here", &["demo", "quickstart"]),
    ("Researcher, hospital, auditor", &["researcher", "hospital", "auditor", "desk"]),
    ("Money", &["wallet", "treasury"]),
    ("Checking without trust", &["export", "light"]),
    ("Consortium", &["node", "governance", "authority", "testnet"]),
    ("Besides", &["prover", "completions", "help"]),
];

const EXAMPLES: &str = "\
Examples:
  galen demo                                    the whole story in one process, in a minute
  galen quickstart researcher --dir desk        keys, people and a commented configuration
  galen auditor verify chain.galen --chain ID   re-check everything that a chain says

Exit codes: 0 done; 1 refused, not verified or failed, with the reason on stderr; 2 wrong arguments.
Colours only on a terminal, and not if NO_COLOR is set. `galen COMMAND --help` says more about each.";

/// The command line, with its help.
pub fn command() -> Command {
    let command = Cli::command();
    let template = format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n{}\nOptions:\n{{options}}\n\n{EXAMPLES}\n",
        groups(&command)
    );
    command.help_template(template)
}

fn groups(command: &Command) -> String {
    let mut text = String::new();
    for (heading, names) in GROUPS {
        let _ = write!(text, "\n{heading}:\n");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about =
                about.map_or_else(|| "Show this, or the help of a command".into(), ToString::to_string);
            let _ = writeln!(text, "  {name:<12} {about}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_every_command_is_in_the_help_once() {
        let mut command = command();
        command.clone().debug_assert();
        let help = command.render_help().to_string();
        for name in command.get_subcommands().map(Command::get_name) {
            let listed = help.lines().filter(|line| line.starts_with(&format!("  {name} "))).count();
            assert_eq!(listed, 1, "{name}:\n{help}");
        }
        for words in ["Exit codes", "NO_COLOR", "--json", "galen quickstart researcher"] {
            assert!(help.contains(words), "{words}:\n{help}");
        }
    }
}
