//! Typed access to the state.

use galen_ledger::state::prefix_end;
use galen_ledger::{StateRead, StateWrite};

use crate::codec::Canonical;

/// The value at a key.
pub fn load<T: Canonical>(state: &(impl StateRead + ?Sized), key: &[u8]) -> Option<T> {
    state.get(key).map(|bytes| decoded(&bytes))
}

/// Sets the value at a key.
pub fn store<T: Canonical>(state: &mut (impl StateWrite + ?Sized), key: &[u8], value: &T) {
    state.put(key, value.to_canonical());
}

/// Keys and values below a prefix, in the order of keys.
pub fn list<'a, T: Canonical + 'a>(
    state: &'a (impl StateRead + ?Sized),
    prefix: &[u8],
) -> impl Iterator<Item = (Vec<u8>, T)> + 'a {
    state.prefix(prefix).map(|(key, bytes)| (key, decoded(&bytes)))
}

/// The same, after a key: where a page of a list begins. A key outside of the prefix gives nothing, or all.
pub fn after<'a, T: Canonical + 'a>(
    state: &'a (impl StateRead + ?Sized),
    prefix: &[u8],
    key: Option<&[u8]>,
) -> impl Iterator<Item = (Vec<u8>, T)> + 'a {
    let start = key.map_or_else(|| prefix.to_vec(), |key| [key, &[0]].concat());
    let end = prefix_end(prefix);
    let start = if start.as_slice() < prefix { prefix.to_vec() } else { start };
    let start = end.clone().filter(|end| *end < start).unwrap_or(start);
    state.scan(&start, end.as_deref()).map(|(key, bytes)| (key, decoded(&bytes)))
}

/// The keys below `prefix` whose number, right after the prefix, is at most `height`; with their values.
pub fn up_to(state: &(impl StateRead + ?Sized), prefix: &[u8], height: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
    let end = [prefix, &height.saturating_add(1).to_be_bytes()].concat();
    state.scan(prefix, Some(&end)).collect()
}

fn decoded<T: Canonical>(bytes: &[u8]) -> T {
    T::from_canonical(bytes).expect("the state holds only what this program wrote")
}
