//! Participants, schemas, requests, openings, notes, search.

use maud::{Markup, html};

use super::{Here, onward, page};
use crate::explorer::api::Sought;
use crate::explorer::contribution::{self, ContributionLine};
use crate::explorer::{
    disclosure, participant as people, request as asked, schema as forms, search as found_by,
};
use crate::fact::Subject;
use crate::id::{AccountKey, RequestId, SchemaId};
use crate::query;
use crate::web::extract::{Path, Query};
use crate::web::page::Place;
use crate::web::parts::{
    Column, Facts, Table, Timeline, Tone, badge, crumbs, empty, hash, hash_link, heading, number,
    search as box_for, section,
};
use crate::web::{Answered, Paging, Problem};

pub(super) async fn participants(site: Here, Query(paging): Query<Paging>) -> Answered<Markup> {
    let (after, limit) = (paging.after()?, paging.limit()?);
    let (found, governance) = site
        .chain
        .read(|state, _| (people::participants(state, after.as_deref(), limit), people::governance(state)))?;
    let columns = [
        Column::words("Name"),
        Column::words("Role"),
        Column::words("Standing"),
        Column::numbers("Since block"),
        Column::words("Account"),
    ];
    let mut table = Table::new("Participants", columns).or_empty(empty(
        "Nobody is accredited yet",
        "The governance accredits hospitals, researchers and auditors.",
        html! {},
    ));
    for line in &found.items {
        let link = format!("/participants/{}", line.account);
        let standing = if line.suspended { badge(Tone::Bad, "suspended") } else { badge(Tone::Good, "good") };
        table.push([
            html! { a href=(link) { (line.name) } },
            html! { (line.role) },
            standing,
            number(line.since),
            hash_link(&line.account, &link),
        ]);
    }
    Ok(page(
        &site,
        "Participants",
        "/participants",
        html! {
            (heading("Participants", None))
            (table)
            (onward("/participants", &paging, found.next.as_deref()))
            (section("Governance", html! {
                p { (governance.threshold) " of " (governance.keys.len()) " keys must sign to accredit, suspend, approve a schema or order an opening." }
                ul { @for key in &governance.keys { li { (hash(&key.key)) @if !key.name.is_empty() { ", " (key.name) } } } }
            }))
        },
    ))
}

pub(super) async fn participant(site: Here, Path(account): Path<AccountKey>) -> Answered<Markup> {
    let found = site.chain.read(|state, _| people::participant(state, &account))?;
    let view = found.ok_or_else(|| Box::new(Problem::not_found("participant")))?;
    let status =
        if view.line.suspended { (Tone::Bad, "suspended") } else { (Tone::Good, "in good standing") };
    let columns = [
        Column::words("Schema"),
        Column::numbers("Place"),
        Column::words("Standing"),
        Column::words("Dataset"),
    ];
    let mut table = Table::new("Datasets", columns).or_empty(empty(
        "No datasets",
        "Only hospitals commit to datasets.",
        html! {},
    ));
    for line in &view.datasets {
        table.push([
            hash_link(&line.schema, &format!("/schemas/{}", line.schema)),
            number(line.position),
            if line.standing { badge(Tone::Good, "good") } else { badge(Tone::Warning, "none") },
            html! { @match line.committed { Some(height) => { "committed in block " (number(height)) }, None => { "none" } } },
        ]);
    }
    Ok(page(
        &site,
        &view.line.name,
        "/participants",
        html! {
            (crumbs(&[Place::new("Participants", "/participants")], &view.line.name))
            (heading(&view.line.name, Some(status)))
            (Facts::new().fact("Role", view.line.role).with("Since block", number(view.line.since)).with("Account", hash(&view.line.account)))
            (section("Datasets", html! { (table) }))
            p { "What a hospital sold is not here, and cannot be: contributions do not say whose they are." }
        },
    ))
}

pub(super) async fn schemas(site: Here, Query(paging): Query<Paging>) -> Answered<Markup> {
    let (after, limit) = (paging.after()?, paging.limit()?);
    let found = site.chain.read(|state, _| forms::schemas(state, after.as_deref(), limit))?;
    let columns = [
        Column::words("Name"),
        Column::numbers("Version"),
        Column::numbers("Columns"),
        Column::numbers("k at least"),
        Column::numbers("l at least"),
        Column::words("Id"),
    ];
    let mut table = Table::new("Schemas", columns).or_empty(empty(
        "No schema yet",
        "The governance approves schemas.",
        html! {},
    ));
    for line in &found.items {
        let link = format!("/schemas/{}", line.id);
        table.push([
            html! { a href=(link) { (line.name) } },
            html! { (line.version) },
            html! { (line.columns) },
            html! { (line.k_floor) },
            html! { (line.l_floor) },
            hash_link(&line.id, &link),
        ]);
    }
    Ok(page(
        &site,
        "Schemas",
        "/schemas",
        html! {
            (heading("Schemas", None)) (table) (onward("/schemas", &paging, found.next.as_deref()))
        },
    ))
}

pub(super) async fn schema(site: Here, Path(id): Path<SchemaId>) -> Answered<Markup> {
    let found = site.chain.read(|state, _| forms::schema(state, &id))?;
    let view = found.ok_or_else(|| Box::new(Problem::not_found("schema")))?;
    let line = &view.line;
    let title = format!("{}, version {}", line.name, line.version);
    let mut table = Table::new(
        "Columns",
        [Column::words("Column"), Column::numbers("Number"), Column::words("What leaves of it")],
    );
    for field in &view.fields {
        table.push([html! { (field.name) }, html! { (field.number) }, html! { (field.class) }]);
    }
    let facts = Facts::new()
        .with("Patients of a class", html! { "at least " (line.k_floor) })
        .with("Distinct sensitive values of a class", html! { "at least " (line.l_floor) })
        .with("Share of one sensitive value", html! { "at most " (line.alpha_ceiling) " ‰" })
        .with("Chunks of a dataset", html! { "at least " (line.min_chunks) ", of 64 rows" })
        .with("Id", hash(&line.id));
    Ok(page(
        &site,
        &title,
        "/schemas",
        html! {
            (crumbs(&[Place::new("Schemas", "/schemas")], &title))
            (heading(&title, None)) (facts) (section("Columns", html! { (table) }))
        },
    ))
}

fn phase(phase: &str) -> (Tone, &str) {
    match phase {
        "open" => (Tone::Info, "open"),
        "closing" => (Tone::Warning, "closing"),
        other => (Tone::Plain, other),
    }
}

pub(super) async fn requests(site: Here, Query(paging): Query<Paging>) -> Answered<Markup> {
    let (after, limit) = (paging.after()?, paging.limit()?);
    let found = asked::requests(site.chain.as_ref(), &site.index, after.as_deref(), limit).await?;
    let columns = [
        Column::words("Title"),
        Column::words("Stands"),
        Column::numbers("Posted in"),
        Column::numbers("Until"),
        Column::numbers("Records paid"),
        Column::numbers("Contributions"),
    ];
    let mut table = Table::new("Requests", columns).or_empty(empty(
        "No requests yet",
        "Accredited researchers post funded requests from their desk.",
        html! {},
    ));
    for line in &found.items {
        let (tone, words) = phase(line.phase);
        table.push([
            html! { a href={ "/requests/" (line.id) } { (line.title) } },
            badge(tone, words),
            number(line.posted),
            number(line.deadline),
            html! { (number(line.paid)) " of " (number(line.max_records)) },
            number(line.contributions),
        ]);
    }
    Ok(page(
        &site,
        "Requests",
        "/requests",
        html! {
            (heading("Requests", None)) (table) (onward("/requests", &paging, found.next.as_deref()))
        },
    ))
}

fn contribution_table(lines: &[ContributionLine]) -> Markup {
    let columns = [
        Column::numbers("Number"),
        Column::words("Stands"),
        Column::numbers("Rows"),
        Column::numbers("Suppressed"),
        Column::numbers("Block"),
        Column::words("Contribution"),
    ];
    let mut table = Table::new("Contributions", columns).or_empty(empty(
        "No contribution yet",
        "Hospitals answer until the deadline.",
        html! {},
    ));
    for line in lines {
        let link = format!("/contributions/{}", line.id);
        let tone = if line.status == "paid" { Tone::Good } else { Tone::Plain };
        table.push([
            html! { (line.number + 1) },
            badge(tone, line.status),
            number(line.released),
            number(line.suppressed),
            number(line.height),
            hash_link(&line.id, &link),
        ]);
    }
    html! { (table) }
}

pub(super) async fn request(
    site: Here,
    Path(id): Path<RequestId>,
    Query(paging): Query<Paging>,
) -> Answered<Markup> {
    let (after, limit) = (paging.after()?, paging.limit()?);
    let found = site.chain.read(|state, _| {
        let view = asked::request(state, &id)?;
        let schema = asked::schema_of(state, &view);
        Some((view, schema, contribution::contributions(state, &id, after.as_deref(), limit)))
    })?;
    let (view, schema, answers) = found.ok_or_else(|| Box::new(Problem::not_found("request")))?;
    let name = |column: u8| {
        let known = schema.as_ref().and_then(|schema| schema.column(column));
        known.map_or_else(|| format!("column {column}"), |column| column.name.clone())
    };
    let names = |columns: &[u8]| columns.iter().map(|column| name(*column)).collect::<Vec<_>>().join(", ");
    let (line, terms) = (&view.line, &view.terms);
    let ranges: Vec<u8> = terms.quasi_identifiers.iter().map(|quasi| quasi.column).collect();
    let facts = Facts::new()
        .with("Researcher", html! { a href={ "/participants/" (view.account) } { (view.researcher.as_deref().unwrap_or("unknown")) } })
        .with("Schema", html! { a href={ "/schemas/" (view.schema) } { (schema.as_ref().map_or("unknown", |schema| schema.name())) } })
        .fact("Released as they are", names(&terms.released))
        .fact("Released as ranges", names(&ranges))
        .fact("Diverse in every class", name(terms.sensitive))
        .with("Classes", html! { "at least " (terms.k) " patients and " (terms.l) " sensitive values; none above " (terms.alpha) " ‰ of a class" })
        .with("Scanned of each hospital", html! { (view.sample) " chunks of 64 rows, drawn by the ledger" })
        .with("Records", html! { (number(line.paid)) " paid, " (number(line.reserved)) " reserved, " (number(view.left)) " left of " (number(line.max_records)) })
        .with("Price", html! { "sealed to " (view.price_readers) " accredited hospitals; locked for " (number(view.escrow)) " records still" })
        .with("Id", hash(&line.id));
    let mut timeline = Timeline::new();
    for moment in &view.timeline {
        timeline = timeline.done(moment.what, html! { "block " (number(moment.height)) });
    }
    let until = html! { @if let Some(until) = view.next.until { "until block " (number(until)) } };
    timeline = match line.phase {
        "settled" => timeline.next(format!("The {} {}", view.next.who, view.next.what), until),
        _ => timeline.now(format!("The {} {}", view.next.who, view.next.what), until),
    };
    let matching = terms
        .predicate
        .conditions
        .iter()
        .map(|condition| format!("{} from {} to {}", name(condition.column), condition.lo, condition.hi));
    let here = format!("/requests/{id}");
    Ok(page(
        &site,
        &line.title,
        "/requests",
        html! {
            (crumbs(&[Place::new("Requests", "/requests")], &line.title))
            (heading(&line.title, Some(phase(line.phase))))
            (section("What happens", html! { (timeline) }))
            (section("What is asked", html! {
                (facts)
                p { "Conditions on rows, in the schema's codes; a row matches when it meets all of one clause:" }
                ul { @for condition in matching { li { (condition) } } }
            }))
            (section("Contributions", html! { (contribution_table(&answers.items)) (onward(&here, &paging, answers.next.as_deref())) }))
            p { a href={ "/v1/inclusion/request/" (line.id) "/file" } { "Proof that this is on the ledger" } " (check it with " code { "galen light verify" } ")" }
        },
    ))
}

pub(super) async fn openings(site: Here, Query(paging): Query<Paging>) -> Answered<Markup> {
    let (after, limit) = (paging.after()?, paging.limit()?);
    let found = site.chain.read(|state, _| disclosure::disclosures(state, after.as_deref(), limit))?;
    let mut table =
        Table::new("Openings", [Column::words("What"), Column::words("Why"), Column::numbers("Since block")])
            .or_empty(empty(
                "Nothing was ordered to be opened",
                "The governance orders openings, and the order lies here before anything is opened.",
                html! {},
            ));
    for order in &found.items {
        table.push([
            html! { a href={ "/search?q=" (order.of) } { (order.words) } },
            html! { (order.reason) },
            number(order.height),
        ]);
    }
    Ok(page(
        &site,
        "Openings",
        "/openings",
        html! {
            (heading("Openings by the audit authority", None))
            p { "The audit authority can open amounts, prices and names of sellers. By the rules it does so only after the governance has ordered it here, for everybody to see. What was opened is not here, and nothing can force the authority to leave a trace of an opening without an order." }
            (table) (onward("/openings", &paging, found.next.as_deref()))
        },
    ))
}

pub(super) async fn note(site: Here, Path(position): Path<u32>) -> Answered<Markup> {
    let found = site.chain.read(|state, _| query::note(state, position))?;
    let note = found.ok_or_else(|| Box::new(Problem::not_found("note")))?;
    let value = crate::codec::Canonical::to_canonical(&note);
    let words = Subject::Note(position).say(Some(&value)).unwrap_or_default();
    let title = format!("Note {position}");
    Ok(page(
        &site,
        &title,
        "/",
        html! {
            (heading(&title, None))
            p { (words) "." }
            (Facts::new().with("Id", hash(&hex::encode(note.id))).with("Block", html! { a href={ "/blocks/" (note.height) } { (number(note.height)) } }))
            p { "Whether it was spent cannot be told: that is what keeps payments apart from each other." }
        },
    ))
}

pub(super) async fn search(site: Here, Query(sought): Query<Sought>) -> Answered<Markup> {
    let text = sought.q.trim();
    let matches = found_by::search(site.chain.as_ref(), &site.newest, text).await?;
    Ok(page(
        &site,
        "Search",
        "/",
        html! {
            (heading("Search", None))
            (box_for("/search", "Search", Some("A height, a note's place, or an id of 64 hexadecimal digits"), text))
            @if matches.is_empty() && !text.is_empty() {
                (empty("Nothing has this id", "Give the whole id. Blocks and ciphertexts are found by their hashes among the newest 200 blocks only.", html! {}))
            } @else {
                ul { @for found in &matches { li { a href=(found.link) { (found.kind) } ": " (found.words) } } }
            }
        },
    ))
}
