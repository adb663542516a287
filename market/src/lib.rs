//! Galen.
