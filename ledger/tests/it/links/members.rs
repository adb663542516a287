//! A consortium whose members are linked over TLS.
