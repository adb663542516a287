//! What must hold in every state, and what must be possible.

use stateright::Property;

use super::{
    blocks::{Blocks, agree, has, of_view},
    protocol::Protocol,
    rules::Rule,
    state::State,
};

/// Two final blocks are on one chain.
pub const AGREEMENT: &str = "agreement";
/// A view in which a block is final is never given up by a quorum: the heart of the argument.
pub const EXCLUSION: &str = "what is final is not given up";
/// A view that has one notarized block has no other.
pub const UNIQUE: &str = "one notarized block in a view";
/// No notarization leans on members that had given up its view before (R3).
pub const DEAD: &str = "what was given up stays given up";
/// Whatever was sent is remembered (R6).
pub const REMEMBERED: &str = "what was sent is remembered";
/// A block can become final.
pub const FINAL: &str = "a block is final";
/// So can a block on a block.
pub const CHAIN: &str = "a chain of a block in every view is final";
/// And a block after a view without one.
pub const AFTER: &str = "a block is final after a view was given up";

/// All rules kept: everything. A rule dropped: only what it is expected to break, so that the search ends there.
pub fn all(dropped: Option<Rule>, ordered: bool) -> Vec<Property<Protocol>> {
    match dropped {
        None => vec![
            Property::always(AGREEMENT, agreement),
            Property::always(EXCLUSION, exclusion),
            Property::always(UNIQUE, unique),
            Property::always(DEAD, dead),
            Property::always(REMEMBERED, remembered),
            Property::sometimes(FINAL, |model, state| finals(model, state).count_ones() > 0),
            Property::sometimes(CHAIN, |model, state| {
                finals(model, state).count_ones() as usize == model.views
            }),
            Property::sometimes(AFTER, after),
        ],
        Some(Rule::R3) if ordered => {
            vec![Property::always(AGREEMENT, agreement), Property::always(DEAD, dead)]
        }
        Some(_) => vec![Property::always(AGREEMENT, agreement)],
    }
}

fn finals(model: &Protocol, state: &State) -> Blocks {
    let all = 0..model.tree.len();
    all.filter(|block| state.is_final(&model.rules, *block)).fold(0, |set, block| set | 1 << block)
}

fn agreement(model: &Protocol, state: &State) -> bool {
    let finals = finals(model, state);
    let all = || (0..model.tree.len()).filter(|block| has(finals, *block));
    all().all(|one| all().all(|other| agree(&model.tree, one, other)))
}

fn exclusion(model: &Protocol, state: &State) -> bool {
    let finals = finals(model, state);
    let is_final = |view| finals & of_view(&model.tree, view) != 0;
    (0..model.views).all(|view| !(is_final(view) && state.is_nullified(&model.rules, view)))
}

fn unique(model: &Protocol, state: &State) -> bool {
    let notarized = |block: &usize| state.is_notarized(&model.rules, *block);
    (0..model.views).all(|view| {
        let here = of_view(&model.tree, view);
        (0..model.tree.len()).filter(|block| has(here, *block)).filter(notarized).count() <= 1
    })
}

/// A certificate has at least q − f = 2 honest signers that had not given up the view when they signed.
fn dead(model: &Protocol, state: &State) -> bool {
    let in_time = |block: usize| {
        let signed = state.members.iter().filter(|member| has(member.sent.notarized, block));
        signed.filter(|member| !has(member.late, block)).count() >= 2
    };
    (0..model.tree.len()).all(|block| !state.is_notarized(&model.rules, block) || in_time(block))
}

fn remembered(_: &Protocol, state: &State) -> bool {
    state.members.iter().all(|member| member.sent == member.memory && member.sent == member.durable)
}

fn after(model: &Protocol, state: &State) -> bool {
    let finals = finals(model, state);
    let later = |view: usize| (view + 1..model.views).fold(0, |set, v| set | of_view(&model.tree, v));
    (0..model.views).any(|view| state.is_nullified(&model.rules, view) && finals & later(view) != 0)
}
