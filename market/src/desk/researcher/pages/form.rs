//! What a form sent, and how amounts are written in one.

use crate::web::extract::Form;
use crate::web::parts::{minor, ungrouped};

/// The fields of a form, repeated ones too.
pub type Sent = Form<Vec<(String, String)>>;

/// Reads fields by name.
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The value of a field; empty if it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// All values of a field.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// A number, if one was sent.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        ungrouped(self.get(name))?.parse().ok()
    }

    /// An amount, in minor units.
    pub fn money(&self, name: &str) -> Option<u64> {
        minor(self.get(name))
    }
}
