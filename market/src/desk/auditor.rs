//! The auditor's desk: the explorer's pages over a chain that the desk verified itself, and reports that the auditor signs.
//!
//! | question | module |
//! |---|---|
//! | what does a report say, and who answers for it? | [`report`], [`signed`] |
//! | how does it read on paper? | [`paper`] |
//! | where is it asked for? | [`site`], `pages` |

mod pages;
pub mod paper;
pub mod report;
pub mod signed;
pub mod site;
#[cfg(test)]
mod tests;

pub use report::{About, Report, ReportFault};
pub use signed::{CheckFault, Signed};
