//! Shows that these tests can fail: on a small site whose faults are known.

mod api;
mod faults;
mod processes;
mod site;
mod use_of_a_page;
