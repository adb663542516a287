//! Connections that have not shown a listed key yet: few in all, fewer from one address.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{error::LinkError, settings::Limits, status::StrangersStatus};

/// Counts strangers.
#[derive(Debug)]
pub(super) struct Strangers {
    most: usize,
    most_per_address: usize,
    here: Mutex<Here>,
}

#[derive(Debug, Default)]
struct Here {
    by_address: BTreeMap<IpAddr, usize>,
    status: StrangersStatus,
}

/// The place of a stranger, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    strangers: Arc<Strangers>,
    address: IpAddr,
}

impl Strangers {
    pub fn new(limits: &Limits) -> Arc<Self> {
        let (most, most_per_address) = (limits.strangers, limits.strangers_per_address);
        Arc::new(Self { most, most_per_address, here: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Here> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from an address, if there is one.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = network_of(address);
        let mut here = self.lock();
        let from_there = here.by_address.get(&address).copied().unwrap_or(0);
        if here.status.now >= self.most || from_there >= self.most_per_address {
            here.status.turned_away += 1;
            return None;
        }
        here.status.now += 1;
        here.by_address.insert(address, from_there + 1);
        Some(Place { strangers: Arc::clone(self), address })
    }

    /// Counts a connection that came to nothing; says whether the reason is another than the last.
    pub fn note(&self, error: &LinkError) -> bool {
        let mut here = self.lock();
        *here.status.errors.entry(error.kind()).or_default() += 1;
        let words = Some(error.to_string());
        let new = here.status.last_error != words;
        here.status.last_error = words;
        new
    }

    pub fn status(&self) -> StrangersStatus {
        self.lock().status.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut here = self.strangers.lock();
        here.status.now -= 1;
        if let Some(count) = here.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                here.by_address.remove(&self.address);
            }
        }
    }
}

/// One subscriber has 2^64 addresses of version 6: the first half counts.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Parameters;

    #[test]
    fn few_in_all_and_fewer_from_one_address() {
        let limits =
            Limits { strangers: 3, strangers_per_address: 2, ..Limits::for_blocks(&Parameters::default()) };
        let strangers = Strangers::new(&limits);
        let from = |text: &str| strangers.admit(text.parse().expect("address"));
        let first = from("2001:db8::1").expect("room");
        let second = from("2001:db8::2").expect("room");
        assert!(from("2001:db8::3").is_none(), "the third from there");
        let third = from("192.0.2.1").expect("room");
        assert!(from("192.0.2.2").is_none(), "the fourth");
        drop(first);
        assert!(from("2001:db8::4").is_some());
        assert_eq!((strangers.status().now, strangers.status().turned_away), (2, 2));
        drop((second, third));
        assert_eq!(strangers.status().now, 0);
        assert!(strangers.lock().by_address.is_empty());
    }
}
