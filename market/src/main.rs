//! The `galen` program.
fn main() {}
