//! Where everything lies in the state: every key is made here.
//!
//! Numbers in keys are big-endian, so that the order of keys is the order of numbers.

use galen_circuits::field::F;

use crate::id::{AccountKey, ContributionId, Nullifier, RequestId, SchemaId, SellerName};
use crate::registry::TreeName;

fn key(prefix: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = prefix.as_bytes().to_vec();
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// The configuration, as in the genesis.
pub fn config() -> Vec<u8> {
    key("config", &[])
}

/// Governance keys and threshold.
pub fn governance() -> Vec<u8> {
    key("governance", &[])
}

/// A participant by account.
pub fn participant(account: &AccountKey) -> Vec<u8> {
    key("participant/", &[account.as_bytes()])
}

/// All participants.
pub fn participants() -> Vec<u8> {
    key("participant/", &[])
}

/// The account behind a seller's name.
pub fn seller(name: &SellerName) -> Vec<u8> {
    key("seller/", &[&name.to_bytes()])
}

/// A schema.
pub fn schema(id: &SchemaId) -> Vec<u8> {
    key("schema/", &[&id.to_bytes()])
}

/// All schemas.
pub fn schemas() -> Vec<u8> {
    key("schema/", &[])
}

/// A hospital's place in the registry for a schema.
pub fn place(account: &AccountKey, schema: &SchemaId) -> Vec<u8> {
    key("place/", &[account.as_bytes(), &schema.to_bytes()])
}

/// All places of a hospital.
pub fn places(account: &AccountKey) -> Vec<u8> {
    key("place/", &[account.as_bytes()])
}

/// The next free position of the registry.
pub fn next_position() -> Vec<u8> {
    key("registry/next", &[])
}

/// A node of a tree, in the version of a height. Later versions come first.
pub fn node(tree: TreeName, level: u8, index: u64, height: u64) -> Vec<u8> {
    key("registry/node/", &[&[tree.tag(), level], &index.to_be_bytes(), &(u64::MAX - height).to_be_bytes()])
}

/// All versions of a node.
pub fn node_versions(tree: TreeName, level: u8, index: u64) -> Vec<u8> {
    key("registry/node/", &[&[tree.tag(), level], &index.to_be_bytes()])
}

/// The recent roots of standing.
pub fn recent() -> Vec<u8> {
    key("registry/recent", &[])
}

/// That somebody was suspended in this block.
pub fn suspended_now() -> Vec<u8> {
    key("registry/suspended", &[])
}

/// A dataset that leaves the registry at a height unless it is committed again.
pub fn recommit(height: u64, account: &AccountKey, schema: &SchemaId) -> Vec<u8> {
    key("recommit/", &[&height.to_be_bytes(), account.as_bytes(), &schema.to_bytes()])
}

/// All such datasets.
pub fn recommits() -> Vec<u8> {
    key("recommit/", &[])
}

/// A note by its place among all notes.
pub fn note(position: u32) -> Vec<u8> {
    key("money/note/", &[&position.to_be_bytes()])
}

/// How many notes there are.
pub fn notes() -> Vec<u8> {
    key("money/notes", &[])
}

/// The place of a note among all notes, by its place among those of its kind.
pub fn note_of_kind(kind: u8, number: u32) -> Vec<u8> {
    key("money/kind/", &[&[kind], &number.to_be_bytes()])
}

/// How many notes there are of a kind.
pub fn notes_of_kind(kind: u8) -> Vec<u8> {
    key("money/kinds/", &[&[kind]])
}

/// A note that was spent, by its image.
pub fn image(image: &[u8; 32]) -> Vec<u8> {
    key("money/image/", &[image])
}

/// All images.
pub fn images() -> Vec<u8> {
    key("money/image/", &[])
}

/// A request's escrow.
pub fn escrow(request: &RequestId) -> Vec<u8> {
    key("money/escrow/", &[&request.to_bytes()])
}

/// All that was ever issued.
pub fn issued() -> Vec<u8> {
    key("money/issued", &[])
}

/// The sellers that prices are sealed to.
pub fn price_sellers() -> Vec<u8> {
    key("money/sellers", &[])
}

/// That a seller came or went in this interval.
pub fn sellers_changed() -> Vec<u8> {
    key("money/sellers-changed", &[])
}

/// An order to the audit authority to open something.
pub fn disclosure(subject: &[u8]) -> Vec<u8> {
    key("disclosure/", &[subject])
}

/// All such orders.
pub fn disclosures() -> Vec<u8> {
    key("disclosure/", &[])
}

/// A request.
pub fn request(id: &RequestId) -> Vec<u8> {
    key("request/", &[&id.to_bytes()])
}

/// All requests.
pub fn requests() -> Vec<u8> {
    key("request/", &[])
}

/// A request whose sample is not drawn yet.
pub fn undrawn(id: &RequestId) -> Vec<u8> {
    key("undrawn/", &[&id.to_bytes()])
}

/// All of them.
pub fn all_undrawn() -> Vec<u8> {
    key("undrawn/", &[])
}

/// A contribution.
pub fn contribution(id: &ContributionId) -> Vec<u8> {
    key("contribution/", &[id.as_bytes()])
}

/// All contributions.
pub fn contributions() -> Vec<u8> {
    key("contribution/", &[])
}

/// The contribution with a number among a request's.
pub fn contribution_of(request: &RequestId, number: u32) -> Vec<u8> {
    key("contribution-of/", &[&request.to_bytes(), &number.to_be_bytes()])
}

/// All contributions of a request, in block order.
pub fn contributions_of(request: &RequestId) -> Vec<u8> {
    key("contribution-of/", &[&request.to_bytes()])
}

/// A place in a request's queue.
pub fn waiting(request: &RequestId, number: u32) -> Vec<u8> {
    key("waiting/", &[&request.to_bytes(), &number.to_be_bytes()])
}

/// A request's queue.
pub fn queue(request: &RequestId) -> Vec<u8> {
    key("waiting/", &[&request.to_bytes()])
}

/// A seller's use of a request.
pub fn nullifier(request: &RequestId, nullifier: &Nullifier) -> Vec<u8> {
    key("nullifier/", &[&request.to_bytes(), &nullifier.to_bytes()])
}

/// All nullifiers of a request.
pub fn nullifiers(request: &RequestId) -> Vec<u8> {
    key("nullifier/", &[&request.to_bytes()])
}

/// Something that happens at the end of a block: `what` tells apart what falls on one height.
pub fn due(height: u64, what: &[u8]) -> Vec<u8> {
    key("due/", &[&height.to_be_bytes(), what])
}

/// All that is due.
pub fn all_due() -> Vec<u8> {
    key("due/", &[])
}

/// An executed order, under the digest that was signed.
pub fn executed(digest: &[u8; 32]) -> Vec<u8> {
    key("executed/", &[digest])
}

/// When an executed order can be forgotten.
pub fn forget(height: u64, digest: &[u8; 32]) -> Vec<u8> {
    key("forget/", &[&height.to_be_bytes(), digest])
}

/// All that can be forgotten sometime.
pub fn all_forget() -> Vec<u8> {
    key("forget/", &[])
}

/// A lapse on record.
pub fn lapse(request: &RequestId, contribution: &ContributionId) -> Vec<u8> {
    key("lapse/", &[&request.to_bytes(), contribution.as_bytes()])
}

/// All lapses.
pub fn lapses() -> Vec<u8> {
    key("lapse/", &[])
}

/// The field element at the end of a key.
pub fn last_element(key: &[u8]) -> Option<F> {
    galen_circuits::field::from_bytes(key.last_chunk::<32>()?)
}
