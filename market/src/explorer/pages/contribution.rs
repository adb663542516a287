//! A contribution in words: what is proved, what is not, and how to check it.

use maud::{Markup, html};

use super::{Here, page, signed};
use crate::explorer::contribution::{self, ContributionView, StatementView};
use crate::id::ContributionId;
use crate::web::extract::Path;
use crate::web::page::Place;
use crate::web::parts::{
    Column, Facts, Table, Tone, Weight, button_link, code, crumbs, hash, hash_link, heading, number, section,
};
use crate::web::{Answered, Problem};

/// What every accepted contribution proves.
pub const PROVED: &[(&str, &str)] = &[
    (
        "Origin",
        "every row comes from a dataset that an accredited hospital committed to before the request was posted, and the hospital is still in good standing",
    ),
    (
        "No cherry-picking",
        "the rows are all matching rows of a run of chunks that the ledger drew after the request was posted, less those suppressed, which are counted in public",
    ),
    ("Match", "every row meets the request's conditions, and the patient's consent covers its purpose"),
    (
        "k-anonymity",
        "each class holds at least as many distinct patients as was asked, and each quasi-identifier lies in the range that is released for its class",
    ),
    ("Diversity", "each class has enough distinct sensitive values, and none takes too large a share"),
    ("Bounded loss", "suppression and the width of ranges stay within the request's limits"),
    (
        "Delivery",
        "the ciphertext holds exactly these rows, under a key whose sealing to the buyer was proven before it was shown",
    ),
    ("Once", "a hospital contributes at most once to a request; nothing can be replayed or altered"),
    (
        "Anonymity",
        "the seller is hidden among all accredited for the schema; its name is sealed to the audit authority",
    ),
];

/// What no proof says.
pub const NOT_PROVED: &[&str] = &[
    "That the committed rows are true, complete, or of distinct persons. An accredited hospital could invent rows; accreditation and audit stand against that, not a proof.",
    "That the schema's quasi-identifiers are well chosen.",
    "That several releases of overlapping cohorts stay anonymous together.",
    "That the rows themselves, by places or coding habits, do not hint at a hospital; numbers of rows and times are public.",
    "That the run is representative: a hospital could have ordered its records.",
    "On a chain for demonstrations: that nobody kept the secrets of the proving keys, and can forge.",
];

pub(super) async fn contribution(site: Here, Path(id): Path<ContributionId>) -> Answered<Markup> {
    let found = site.chain.read(|state, at| contribution::contribution(state, &at.chain_id, &id))?;
    let view = found.ok_or_else(|| Box::new(Problem::not_found("contribution")))?;
    let line = &view.line;
    let tone = match line.status {
        "paid" => Tone::Good,
        "lapsed" | "unserved" => Tone::Warning,
        _ => Tone::Info,
    };
    let request = format!("/requests/{}", view.request);
    Ok(page(
        &site,
        "Contribution",
        "/requests",
        html! {
            (crumbs(&[Place::new("Requests", "/requests"), Place::new("Request", request)], "Contribution"))
            (heading("Contribution", Some((tone, line.status))))
            p { (number(line.released)) " rows, accepted in block " (number(line.height)) "; " (line.words) "." }
            div.actions { (button_link(Weight::Primary, "Verify it in this browser", &format!("/contributions/{}/verify", line.id))) }
            (section("What is proved", html! {
                p { "Every member of the consortium checked every proof before it voted. Without showing the hospital or a raw row they show:" }
                ul { @for (name, words) in PROVED { li { strong { (name) ": " } (words) "." } } }
            }))
            (section("What is not proved", html! { ul { @for words in NOT_PROVED { li { (words) } } } }))
            @if site.signs_reports() { (section("Signed report", signed::links(&line.id))) }
            (section("On the ledger", html! { (facts(&view)) }))
            (section("Its proofs", proofs(&view)))
            @if let Some(statement) = &view.statement { (section("The statement that they are for", html! { (statement_facts(statement)) })) }
            (section("Check it yourself", checks(&view)))
        },
    ))
}

fn facts(view: &ContributionView) -> Facts {
    let line = &view.line;
    Facts::new()
        .fact("Who acts next", view.next)
        .with("Rows released, suppressed", html! { (number(line.released)) ", " (number(line.suppressed)) })
        .with("Loss", html! { (number(view.loss)) ", the weighted width of all ranges" })
        .with("Request", hash_link(&view.request, &format!("/requests/{}", view.request)))
        .with("Transaction", hash_link(&view.tx, &format!("/transactions/{}", view.tx)))
        .with("Ciphertext", html! { (hash(&view.blob)) ", " (number(view.blob_bytes as u64)) " bytes" })
        .with("Paid by", html! { @match view.note { Some(note) => a href={ "/notes/" (note) } { "note " (note) }, None => "nothing yet" } })
        .with("Pays (digest of a one-time key)", hash(&view.payee))
        .with("The seller's one use of the request", hash(&view.nullifier))
        .with("Digest of the sealed data key", hash(&view.encapsulation))
        .with("Id", hash(&line.id))
}

fn proofs(view: &ContributionView) -> Markup {
    let columns = [
        Column::words("Circuit"),
        Column::words("Each shows that"),
        Column::numbers("Proofs"),
        Column::numbers("Bytes"),
    ];
    let mut table = Table::new("Proofs", columns);
    for line in &view.proofs {
        table.push([
            html! { (line.circuit) },
            html! { (line.shows) },
            number(line.count as u64),
            number(line.bytes as u64),
        ]);
    }
    html! { (table) }
}

fn statement_facts(statement: &StatementView) -> Facts {
    let point = |point: &[String; 2]| html! { (hash(&point[0])) " " (hash(&point[1])) };
    Facts::new()
        .with("Chain", hash(&statement.chain))
        .with("Schema", hash_link(&statement.schema, &format!("/schemas/{}", statement.schema)))
        .with("Registry of datasets", hash(&statement.anchor))
        .with("Beacon that drew the run", hash(&statement.beacon))
        .with("Chunks scanned", html! { (statement.sample) " of at least " (statement.min_chunks) })
        .with("Classes", html! { "k = " (statement.k) ", l = " (statement.l) ", α = " (statement.alpha) " ‰" })
        .with("Limits", html! { (statement.max_suppressed_per_mille) " ‰ suppressed, loss of " (statement.max_loss_per_row) " a row" })
        .with("Buyer's key", point(&statement.buyer))
        .with("Audit authority's key", point(&statement.audit_key))
}

fn checks(view: &ContributionView) -> Markup {
    let id = &view.line.id;
    html! {
        ul {
            li { a href={ "/v1/inclusion/contribution/" (id) "/file" } { "Proof that it is on the ledger" } ", for whoever knows the chain's id and nothing else:" }
        }
        (code("Command", &format!("galen light verify contribution-{id}.light --chain {}", view.statement.as_ref().map_or("ID", |statement| statement.chain.as_str()))))
        ul {
            li { a href={ "/v1/contributions/" (id) "/proofs" } { "Keys, proofs and public signals" } " for snarkjs." }
            li { "Everything again, from genesis: " code { "galen auditor verify CHAINFILE" } "." }
        }
    }
}
