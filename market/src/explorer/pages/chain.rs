//! The chain at a glance, blocks, transactions, members.

use galen_ledger::TxHash;
use maud::{Markup, html};

use super::{Here, onward, page, signed};
use crate::explorer::block::{self, BlockLine, EventView, TransactionLine};
use crate::explorer::member::{self, MemberView};
use crate::explorer::site::HealthView;
use crate::explorer::{overview as at_a_glance, transaction as one_transaction};
use crate::web::extract::{Path, Query};
use crate::web::page::Place;
use crate::web::parts::{
    Column, Facts, Table, Tone, badge, columns, crumbs, empty, hash, hash_link, heading, instant, moment,
    notice, number, search, section,
};
use crate::web::{Answered, Paging, Problem};

/// Blocks on the first page.
const NEWEST: usize = 8;

pub(super) async fn overview(site: Here) -> Answered<Markup> {
    let chain = site.chain.as_ref();
    let view = at_a_glance::overview(chain, &site.index).await?;
    let newest = block::blocks(chain, &site.lines, None, NEWEST).await?;
    let cycle = &view.cycle;
    let facts = Facts::new()
        .with("Newest block", html! { a href={ "/blocks/" (view.height) } { (number(view.height)) } ", " (moment(view.time_ms)) })
        .with("Members, quorum", html! { (cycle.members) ", of which " (cycle.quorum) " must agree" })
        .with("Cycle", html! { (cycle.cycle) ", until block " (number(cycle.last)) })
        .with("Requests", html! { (number(view.counts.requests)) ", " (number(view.counts.open)) " open" })
        .with("Contributions", number(view.counts.contributions))
        .with("Records paid", number(view.counts.records_paid))
        .with("Notes of money", html! { (number(view.notes)) " made, in " (number(view.issues)) " issues and what followed" })
        .with("Chain", hash(&view.id))
        .with("State after it", hash(&view.app_hash));
    let beacon = match &cycle.beacon {
        Some(beacon) => {
            html! { p { "Block " (number(beacon.height)) ", round " (beacon.round) " of cycle " (beacon.cycle) ":" } p { (hash(&beacon.value)) } }
        }
        None => html! { p { "There was no output yet." } },
    };
    let beside = html! {
        @if site.signs_reports() { (section("Signed report", signed::links(signed::CHAIN))) }
        (section("Beacon", beacon))
        @if let Some(health) = &site.health { (section("This node", health_of(&health.health()))) }
    };
    Ok(page(
        &site,
        "Overview",
        "/",
        html! {
            (heading(&view.name, None))
            @if view.development {
                (notice(Tone::Warning, "This chain is for demonstrations.", html! { p { "One party made its proving keys, and whoever kept their secrets could forge proofs." } }))
            }
            (search("/search", "Search", Some("A height, or the id of a block, transaction, request, contribution, account or ciphertext"), ""))
            (columns(html! {
                (section("The chain", html! { (facts) }))
                (section("Newest blocks", html! { (block_table(&newest.items)) p { a href="/blocks" { "All blocks" } } }))
            }, beside))
        },
    ))
}

fn health_of(health: &HealthView) -> Markup {
    let tone = if health.ready { Tone::Good } else { Tone::Warning };
    let facts = Facts::new()
        .with("Blocks behind", number(health.behind))
        .with("Linked peers", html! { (health.linked) " of " (health.peers) })
        .with("Waiting transactions", number(health.waiting as u64));
    html! { p { (badge(tone, if health.ready { "ready" } else { "not ready" })) " " (health.words) } (facts) }
}

fn block_table(blocks: &[BlockLine]) -> Markup {
    let columns = [
        Column::numbers("Height"),
        Column::words("Time"),
        Column::numbers("Proposer"),
        Column::numbers("Transactions"),
        Column::words("Hash"),
    ];
    let mut table = Table::new("Blocks", columns).or_empty(empty(
        "No blocks yet",
        "The first one comes when there is something to order.",
        html! {},
    ));
    for block in blocks {
        let link = format!("/blocks/{}", block.height);
        table.push([
            html! { a href=(link) { (number(block.height)) } },
            instant(block.time_ms),
            html! { (block.proposer) },
            html! { (block.transactions) },
            hash_link(&block.hash, &link),
        ]);
    }
    html! { (table) }
}

pub(super) async fn blocks(site: Here, Query(paging): Query<Paging>) -> Answered<Markup> {
    let below = crate::explorer::api::below(&paging)?;
    let found = block::blocks(site.chain.as_ref(), &site.lines, below, paging.limit()?).await?;
    Ok(page(
        &site,
        "Blocks",
        "/blocks",
        html! {
            (heading("Blocks", None))
            (block_table(&found.items))
            (onward("/blocks", &paging, found.next.as_deref()))
        },
    ))
}

fn events(events: &[EventView]) -> Markup {
    html! {
        ul { @for event in events { li {
            code { (event.kind) }
            @for (name, value) in &event.attributes { " " (name) " " @if value.len() == 64 { (hash_link(value, &format!("/search?q={value}"))) } @else { (value) } }
        } } }
    }
}

fn transactions(lines: &[TransactionLine]) -> Markup {
    let columns = [
        Column::words("Transaction"),
        Column::words("What it does"),
        Column::numbers("Bytes"),
        Column::words("Outcome"),
    ];
    let mut table = Table::new("Transactions", columns).or_empty(empty(
        "No transactions",
        "This block orders nothing of the market.",
        html! {},
    ));
    for line in lines {
        let outcome = match (line.accepted, &line.code) {
            (Some(true), _) => badge(Tone::Good, "accepted"),
            (Some(false), Some(code)) => html! { (badge(Tone::Bad, "refused")) " " code { (code) } },
            _ => badge(Tone::Plain, "not kept here"),
        };
        table.push([
            hash_link(&line.hash, &format!("/transactions/{}", line.hash)),
            html! { (line.words) },
            number(line.bytes as u64),
            outcome,
        ]);
    }
    html! { (table) }
}

pub(super) async fn block(site: Here, Path(height): Path<u64>) -> Answered<Markup> {
    let found = block::block(site.chain.as_ref(), height).await?;
    let view = found.ok_or_else(|| Box::new(Problem::not_found("block")))?;
    let line = &view.line;
    let numbers = |members: &[u16]| members.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let signers = match &view.signers {
        Some(signers) => format!("members {}", numbers(signers)),
        None => "final as the ancestor of a block that has a certificate".to_owned(),
    };
    let facts = Facts::new()
        .with("Time", instant(line.time_ms))
        .with("Proposer", html! { "member " (line.proposer) ", in view " (view.view) })
        .with("Cycle", html! { (line.cycle) })
        .fact("Certificate", signers)
        .with("Hash", hash(&line.hash))
        .with(
            "Block before",
            if height > 1 {
                hash_link(&view.parent, &format!("/blocks/{}", height - 1))
            } else {
                hash(&view.parent)
            },
        )
        .with("State after the block before", hash(&view.parent_app_hash));
    Ok(page(
        &site,
        &format!("Block {height}"),
        "/blocks",
        html! {
            (crumbs(&[Place::new("Blocks", "/blocks")], &format!("Block {height}")))
            (heading(&format!("Block {height}"), None))
            (facts)
            (section("Transactions", transactions(&view.txs)))
            @if !view.lanes.is_empty() {
                (section("Mini-blocks", html! { ul { @for lane in &view.lanes { li {
                    "member " (lane.author) " (group " (lane.group) "), number " (lane.number) ": " (lane.transactions)
                    (if lane.transactions == 1 { " transaction" } else { " transactions" })
                    @if lane.omitted > 0 { ", " (lane.omitted) " of them not in this block" }
                    @if !lane.receipts.is_empty() { "; checked by members " (numbers(&lane.receipts)) }
                } } } }))
            }
            @if !view.affairs.is_empty() {
                (section("The ledger's own affairs", html! { ul { @for (affair, times) in counted(&view.affairs) { li { (affair) @if times > 1 { " (" (times) " times)" } } } } }))
            }
            @if !view.begin.is_empty() || !view.end.is_empty() {
                (section("What happened besides", html! { (events(&view.begin)) (events(&view.end)) }))
            }
        },
    ))
}

/// What comes several times, once with its number.
fn counted<T: AsRef<str>>(affairs: &[T]) -> Vec<(&str, usize)> {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for affair in affairs.iter().map(AsRef::as_ref) {
        match counted.iter_mut().find(|(known, _)| *known == affair) {
            Some((_, times)) => *times += 1,
            None => counted.push((affair, 1)),
        }
    }
    counted
}

pub(super) async fn transaction(site: Here, Path(id): Path<TxHash>) -> Answered<Markup> {
    let found = one_transaction::transaction(site.chain.as_ref(), &id).await?;
    let view = found.ok_or_else(|| Box::new(Problem::not_found("transaction")))?;
    let status = if view.accepted { (Tone::Good, "accepted") } else { (Tone::Bad, "refused") };
    let facts = Facts::new()
        .fact("What it does", view.words.unwrap_or("its block is not kept here"))
        .with("Hash", hash(&view.hash))
        .with("Block", html! { a href={ "/blocks/" (view.height) } { (number(view.height)) } ", place " (view.index) })
        .maybe("Time", view.time_ms.map(moment))
        .maybe("Bytes", view.bytes.map(|bytes| number(bytes as u64)))
        .with("Signed by", html! {
            @if view.signers.is_empty() { "no account: it proves itself, or is signed by a one-time key" }
            @for signer in &view.signers { (hash_link(signer, &format!("/search?q={signer}"))) " " }
        })
        .with("Outcome", html! { (view.meaning) @if !view.message.is_empty() { " " (view.message) " (" code { (view.code) } ")" } });
    Ok(page(
        &site,
        "Transaction",
        "/blocks",
        html! {
            (heading("Transaction", Some(status)))
            (facts)
            @if !view.events.is_empty() { (section("What it brought about", events(&view.events))) }
        },
    ))
}

fn stand(member: &MemberView) -> (Tone, &'static str) {
    match (member.barred, member.seated) {
        (true, _) => (Tone::Bad, "broke a rule"),
        (false, true) => (Tone::Good, "seated"),
        (false, false) => (Tone::Plain, "no seat"),
    }
}

pub(super) async fn members(site: Here) -> Answered<Markup> {
    let (members, cycle) = (member::members(site.chain.as_ref())?, member::cycle(site.chain.as_ref())?);
    let columns = [
        Column::numbers("Number"),
        Column::words("Name"),
        Column::words("Standing"),
        Column::numbers("Credit"),
        Column::numbers("Group"),
        Column::words("Next cycle"),
    ];
    let mut table = Table::new("Members", columns);
    for member in &members {
        let (tone, words) = stand(member);
        table.push([
            html! { (member.member) },
            html! { (member.name) },
            badge(tone, words),
            html! { (member.credit) },
            html! { (member.group.map_or("–".to_owned(), |group| group.to_string())) @if member.seated && !member.proposes { " (does not propose)" } },
            html! { (member.pending.unwrap_or("no change")) },
        ]);
    }
    let facts = Facts::new()
        .with("Cycle", html! { (cycle.cycle) ": blocks " (number(cycle.first)) " to " (number(cycle.last)) })
        .with("Members, quorum", html! { (cycle.members) ", of which " (cycle.quorum) " must agree; up to " (cycle.faults) " may do anything at all" })
        .maybe("Beacon", cycle.beacon.as_ref().map(|beacon| html! { "since block " (number(beacon.height)) ": " (hash(&beacon.value)) }));
    Ok(page(
        &site,
        "Members",
        "/members",
        html! {
            (heading("Members", None))
            (facts)
            (section("Who they are", html! { (table) }))
            (section("Groups and turns", html! { ol { @for group in &cycle.groups { li {
                "Members " (group.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")) ", in the order of their turns"
            } } } }))
        },
    ))
}
