//! The log of what runs for long: a node, a desk. It goes to stderr.

use anyhow::{Context, anyhow};
use galen_market::settings::{LogFormat, LogSection};

/// Begins the log of this process. `GALEN_LOG` goes before what is configured.
///
/// # Errors
/// When the level is none, or the log has begun.
pub fn begin(section: &LogSection) -> anyhow::Result<()> {
    let filter = std::env::var("GALEN_LOG").unwrap_or_else(|_| section.level.clone());
    let filter = tracing_subscriber::EnvFilter::try_new(&filter)
        .with_context(|| format!("log.level = \"{filter}\""))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match section.format {
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
    begun.map_err(|error| anyhow!("the log: {error}"))
}
