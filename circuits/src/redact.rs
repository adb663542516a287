//! `Debug` without values: witnesses are secrets or patients' data, and end in logs sooner or later.

/// Implements `Debug` for these types by their name alone.
macro_rules! redact {
    ($($name:ident),+ $(,)?) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        })+
    };
}

pub(crate) use redact;
