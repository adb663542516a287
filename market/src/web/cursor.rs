//! Long lists, a page at a time: the next page begins after the last item of this one, whatever came since.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::{Answered, Problem};

/// Items of a page, if nobody says how many.
pub const USUAL: usize = 50;
/// Most items of a page.
pub const MOST: usize = 200;

/// Which page is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many items, 1 to 200.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
    /// What the page before gave as `next`.
    #[serde(default)]
    #[param(max_length = 512)]
    pub after: Option<String>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Paged<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; none after the last.
    pub next: Option<String>,
}

impl Paging {
    /// How many items.
    ///
    /// # Errors
    /// When none or too many are asked for.
    pub fn limit(&self) -> Answered<usize> {
        match self.limit {
            None => Ok(USUAL),
            Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
            Some(_) => {
                let detail = format!("a page has 1 to {MOST} items");
                Err(Box::new(Problem::bad("limit", detail, "ask for fewer, and go on with `next`")))
            }
        }
    }

    /// The key after which the page begins.
    ///
    /// # Errors
    /// When it is none that a page gave.
    pub fn after(&self) -> Answered<Option<Vec<u8>>> {
        let Some(text) = &self.after else { return Ok(None) };
        let key = hex::decode(text).ok().filter(|key| !key.is_empty() && key.len() <= 256);
        let fault = || {
            Problem::bad("cursor", "`after` is not what a page gave as `next`", "begin again without `after`")
        };
        key.map(Some).ok_or_else(|| Box::new(fault()))
    }
}

impl<T> Paged<T> {
    /// A page of the first `limit` of these, in order; each comes with its key. Give one more than a page has, if there is
    /// one.
    pub fn of(items: impl IntoIterator<Item = (Vec<u8>, T)>, limit: usize) -> Self {
        let mut page = Self { items: Vec::new(), next: None };
        let mut last = None;
        for (key, item) in items {
            if page.items.len() == limit {
                page.next = last;
                break;
            }
            page.items.push(item);
            last = Some(hex::encode(key));
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_a_gap_or_an_item_twice() {
        let all: Vec<(Vec<u8>, u8)> = (0..7).map(|n| (vec![n], n)).collect();
        let (mut seen, mut paging) = (Vec::new(), Paging { limit: Some(3), after: None });
        loop {
            let after = paging.after().unwrap();
            let rest = all.iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).cloned();
            let page = Paged::of(rest, paging.limit().unwrap());
            seen.extend(page.items);
            match page.next {
                Some(next) => paging.after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
        for bad in ["", "xyz", &"00".repeat(300)] {
            let paging = Paging { limit: None, after: Some(bad.to_owned()) };
            assert_eq!(paging.after().unwrap_err().code, "cursor", "{bad}");
        }
        for bad in [0, 201] {
            assert_eq!(Paging { limit: Some(bad), after: None }.limit().unwrap_err().code, "limit");
        }
    }
}
