//! Pages and API as people and programs meet them: a real browser is driven through `WebDriver`, an API is fuzzed from its
//! own document.
//!
//! Chromium, axe-core and schemathesis are installed by `.ci/browser/install`. Where they are absent, a test says so and
//! returns; with `GALEN_REQUIRE_ALL` set it fails instead. Pictures are written to `target/screenshots`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod browser;
mod fuzz;
mod needs;
mod page;
#[path = "../program/mod.rs"]
mod program;
mod selftest;
mod story;
