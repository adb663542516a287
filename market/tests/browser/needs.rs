//! Programs and files that these tests need and cargo does not bring.

use std::path::{Path, PathBuf};

/// Something to be found by its variable, where `.ci/browser/install` puts it, or on the `PATH`.
pub struct Need {
    /// The variable with its path.
    variable: &'static str,
    /// Its place in the project, or its name on the `PATH`.
    usual: &'static str,
}

/// The driver of the browser; it finds Chromium itself.
pub const CHROMEDRIVER: Need = Need { variable: "GALEN_CHROMEDRIVER", usual: "chromedriver" };
/// The script that judges accessibility.
pub const AXE: Need = Need { variable: "GALEN_AXE", usual: ".ci/browser/node_modules/axe-core/axe.min.js" };
/// The fuzzer of APIs.
pub const SCHEMATHESIS: Need = Need { variable: "GALEN_SCHEMATHESIS", usual: ".ci/venv/bin/schemathesis" };

impl Need {
    /// Where it is; none, with a message, where it is not and need not be.
    pub fn find(&self) -> Option<PathBuf> {
        let given = std::env::var_os(self.variable).map(PathBuf::from);
        let found = match &given {
            Some(path) => Some(path.clone()).filter(|path| path.is_file()),
            None => self.places().find(|path| path.is_file()),
        };
        if found.is_none() {
            let why = format!(
                "no {}: run .ci/browser/install, or set {} to its path",
                given.as_deref().unwrap_or(Path::new(self.usual)).display(),
                self.variable
            );
            assert!(std::env::var_os("GALEN_REQUIRE_ALL").is_none(), "{why}");
            println!("skipped: {why}");
        }
        found
    }

    fn places(&self) -> impl Iterator<Item = PathBuf> {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<_> = std::env::split_paths(&path).collect();
        let name = self.usual;
        std::iter::once(project).chain(folders).map(move |folder| folder.join(name))
    }
}
