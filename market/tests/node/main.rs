//! Nodes as their operators run them: processes on loopback, killed, stopped, misconfigured, joined by others.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod exporting;
mod founding;
mod governing;
mod joining;
mod killing;
mod manual;
mod net;
mod outage;
mod running;
mod starting;
mod story;
