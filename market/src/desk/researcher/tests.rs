//! The desk over a consortium that runs. Proofs are stood in for; all else is what people meet.

mod collecting;
mod posting;
mod site;
mod town;
mod writing;
