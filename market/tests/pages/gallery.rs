//! Every part in every state, on pages like those that are served. `SAY` is asked for each text, so that a test can put in
//! anything.

use std::path::Path;
use std::time::Duration;

use galen_market::web::Problem;
use galen_market::web::assets;
use galen_market::web::chart::{Bars, BeforeAfter, Histogram, Scale};
use galen_market::web::page::{Page, Place, SiteName};
use galen_market::web::parts::form::Weight;
use galen_market::web::parts::{
    Choice, Column, Confirm, Facts, Field, Progress, Run, Step, Table, Timeline, Tone, badge, button,
    button_link, code, columns, crumbs, empty, error_summary, hash, hash_link, heading, hidden, instant,
    loading, moment, notice, number, older_newer, partial, percent, post, problem, search, section, steps,
    term, upload,
};
use maud::{Markup, html};

/// Gives each text of the gallery.
pub type Say<'a> = &'a dyn Fn(&str) -> String;

const HASH: &str = "9f2c41d07be65a3c8d1eaf5b0c7742619e88d3b5fa10c92e6d7b41f3a8c05e1d";

/// The pages: file name and HTML.
pub fn pages(say: Say) -> Vec<(&'static str, String)> {
    vec![
        ("request", request(say)),
        ("list", list(say)),
        ("form", form(say)),
        ("wrong", wrong(say)),
        ("states", states(say)),
        ("pictures", pictures(say)),
        ("confirm", confirm(say)),
        ("withdraw", withdraw(say)),
        ("problem", lost(say)),
        ("refused", refused(say)),
    ]
}

fn nav(say: Say) -> Vec<Place> {
    let place = |label: &str, href: &str| Place::new(say(label), href);
    vec![place("Requests", "/requests"), place("Collected data", "/collected"), place("Wallet", "/wallet")]
}

fn shell(say: Say, title: &str, main: Markup) -> String {
    let nav = nav(say);
    let page =
        Page::new(say(title), SiteName::Researcher).nav(&nav, "/requests/9f2c").person(say("Amal Nasser"));
    page.render(main).into_string()
}

fn request(say: Say) -> String {
    let facts = Facts::new()
        .fact("Purpose", say("Health, medical and biomedical research"))
        .with("Request", hash(&say(HASH)))
        .with("Anchor", hash_link(&say(HASH), "/blocks/1204"))
        .with("Records", html! { (number(1_200u32)) " of " (number(5_000u32)) })
        .with("Share", percent(0.24))
        .fact("Price per record", say("12.50"))
        .with("Deadline", moment(1_794_657_600_000))
        .maybe("Note", Some(say("Follow-up of the 2025 cohort")))
        .maybe("Left out", None::<String>);
    let timeline = Timeline::new()
        .done(say("Posted"), html! { (moment(1_794_000_000_000)) })
        .done(say("Beacon drawn"), html! { (say("Block 1,204")) })
        .now(say("Hospitals prove"), html! { (say("Hospitals act, until 14 Nov 2026, 12:00 UTC")) })
        .detail(html! { p.small { (say("3 contributions, 1,200 records")) } })
        .next(say("Settlement"), html! { (say("After the deadline")) });
    let main = html! {
        (crumbs(&[Place::new(say("Requests"), "/requests")], &say("Type 2 diabetes, HbA1c")))
        (heading(&say("Type 2 diabetes, HbA1c"), Some((Tone::Info, &say("Collecting")))))
        (columns(
            html! {
                (section(&say("Terms"), html! { (facts) }))
                (section(&say("Contributions"), contributions(say)))
                (term(&say("What is k-anonymity?"), html! { p { (say("Each row shares its quasi-identifiers with at least k − 1 others.")) } }))
                (code(&say("Statement"), &say("{\n  \"request\": \"9f2c41d0\",\n  \"k\": 5\n}")))
                div.actions { (button_link(Weight::Danger, &say("Withdraw"), "/requests/9f2c/withdraw")) }
            },
            section(&say("Who acts next"), html! { (timeline) }),
        ))
    };
    shell(say, "Type 2 diabetes, HbA1c", main)
}

fn contributions(say: Say) -> Markup {
    let mut table = Table::new(
        say("Contributions"),
        [
            Column::words(say("Contribution")),
            Column::words(say("Proof")),
            Column::numbers(say("Records")),
            Column::numbers(say("Paid")),
        ],
    );
    for (at, (tone, words, records)) in [
        (Tone::Good, "Verified", 500u32),
        (Tone::Warning, "Waiting for its opening", 412),
        (Tone::Bad, "Refused", 288),
    ]
    .into_iter()
    .enumerate()
    {
        let full = say(&format!("{at}c{HASH}"));
        let paid = html! { (say(["6,250.00", "–", "0.00"][at])) };
        table.push([hash_link(&full, "/contributions/1c"), badge(tone, &say(words)), number(records), paid]);
    }
    html! { (table) }
}

fn list(say: Say) -> String {
    let columns = ["Block", "Time", "Transactions", "Bytes"].map(say);
    let [block, time, transactions, bytes] = columns;
    let mut table = Table::new(
        say("Blocks"),
        [Column::words(block), Column::words(time), Column::numbers(transactions), Column::numbers(bytes)],
    )
    .captioned();
    for height in 0..8u64 {
        let name = html! { a href="/blocks/1" { (number(51_148 - height)) } };
        let time = instant(1_794_000_000_000 - height * 4_000);
        table.push([name, time, number(height * 7 % 5), number(812_345u64 * (height + 1))]);
    }
    let main = html! {
        (heading(&say("Blocks"), None))
        p.lead { (say("What the members have agreed on, newest first.")) }
        (search("/search", &say("Search the ledger"), Some(&say("An id of a block, request, contribution or transaction.")), &say("9f2c")))
        (table)
        (older_newer(Some("/blocks?before=2"), Some("/blocks?after=1")))
    };
    let nav = [Place::new(say("Blocks"), "/"), Place::new(say("Members"), "/members")];
    let page =
        Page::new(say("Blocks"), SiteName::Explorer).nav(&nav, "/").flash(Tone::Good, say("Signed out."));
    page.script(&assets::LIVE_JS).render(main).into_string()
}

fn form(say: Say) -> String {
    let purposes = [
        ("GRU", "General research use"),
        ("HMB", "Health, medical and biomedical research"),
        ("DS", "Disease specific"),
    ];
    let purposes = purposes.map(|(value, label)| {
        Choice::new(value, say(label)).hint(say("DUO term, with its meaning in a sentence"))
    });
    let schemas =
        [("1", "Diabetes v2"), ("2", "Cardiology v1")].map(|(value, label)| Choice::new(value, say(label)));
    let main = html! {
        (heading(&say("New request"), None))
        (steps(2, &[
            Step { name: &say("Purpose"), href: "/new/purpose", whole: true },
            Step { name: &say("Cohort"), href: "/new/cohort", whole: false },
            Step { name: &say("Protection"), href: "/new/protection", whole: true },
            Step { name: &say("Review"), href: "/new/review", whole: false },
        ]))
        (post("/new/protection", html! {
            (hidden("revision", &say("3")))
            (Field::text("title", say("Title")).hint(say("Hospitals and auditors read it. No patient data.")).value(say("Type 2 diabetes")).required().at_most(120))
            (Field::select("schema", say("Schema"), schemas).value("2").required())
            (Field::radios("purpose", say("Purpose"), purposes.clone()).value("HMB").required())
            (Field::checks("uses", say("Further conditions"), purposes).value("GRU").value("DS").hint(say("All that apply.")))
            (Field::number("k", say("k: smallest class")).hint(say("Each person is hidden among at least k.")).value(5).between(2, 100).required())
            (Field::number("price", say("Price per record")).value("12.50").step("0.01").unit(say("GAL")).required())
            (Field::date("deadline", say("Deadline")).value(say("2026-11-14")))
            (Field::area("note", say("Note")).value(say("First line\nSecond line")))
            div.actions { (button(Weight::Primary, &say("Go on"))) (button(Weight::Quiet, &say("Save and stop"))) a href="/requests" { (say("Cancel")) } }
        }))
        (section(&say("Import"), upload("/import", html! {
            (Field::file("file", say("A file of records")).accept(".csv").hint(say("CSV in UTF-8, at most 200 MB.")).required())
            (Field::secret("passphrase", say("Passphrase of the keys")).autocomplete("current-password").required())
            div.actions { (button(Weight::Primary, &say("Import"))) button.button disabled { (say("Not yet")) } }
        })))
    };
    shell(say, "New request", main)
}

fn wrong(say: Say) -> String {
    let error = say("Give a whole number from 2 to 100.");
    let choices = [Choice::new("a", say("Age")), Choice::new("b", say("Sex"))];
    let main = html! {
        (heading(&say("New request"), None))
        (error_summary(&[("k", &error), ("fields", &say("Choose at least one field.")), ("schema", &say("Choose a schema."))]))
        (post("/new", html! {
            (Field::number("k", say("k")).hint(say("Each person is hidden among at least k.")).value(say("1")).error(error.clone()).required())
            (Field::checks("fields", say("Fields"), choices.clone()).error(say("Choose at least one field.")))
            (Field::select("schema", say("Schema"), choices).maybe_error(Some(say("Choose a schema."))))
            (Field::area("note", say("Note")).error(say("At most 1,000 characters.")).id("other-note"))
            div.actions { (button(Weight::Primary, &say("Go on"))) }
        }))
    };
    shell(say, "New request", main)
}

fn states(say: Say) -> String {
    let progress = |run, stage: &str, done, total| Progress::new(run, say(stage), done, total, "chunks");
    let running =
        progress(Run::Running, "Proving scans", 412, 1_024).rate(3.12).left(Duration::from_secs(195));
    let main = html! {
        (heading(&say("States"), Some((Tone::Plain, &say("Draft")))))
        p { (badge(Tone::Info, &say("Collecting"))) " " (badge(Tone::Good, &say("Verified"))) " " (badge(Tone::Warning, &say("Late"))) " " (badge(Tone::Bad, &say("Refused"))) }
        (section(&say("Notices"), html! {
            @for tone in [Tone::Plain, Tone::Info, Tone::Good, Tone::Warning, Tone::Bad] {
                (notice(tone, &say("The proof was refused."), html! { p { (say("The key's fingerprint is not pinned.")) " " a href="/keys" { (say("Pin it")) } } }))
            }
            (partial(&say("The newest 20 of 3,100 contributions are shown: the rest is still being read.")))
        }))
        (section(&say("Progress"), html! {
            (running.follow(Some("/v1/jobs/1/events"), Some("/v1/jobs/1")))
            (progress(Run::Waiting, "Waiting for a free prover", 0, 0).follow(None, Some("/v1/jobs/2")))
            (progress(Run::Failed, "Failed: the key file is another one", 77, 1_024).follow(None, None))
            (progress(Run::Done, "Proven", 1_024, 1_024).follow(None, None))
            (progress(Run::Cancelled, "Cancelled by R. Costa", 12, 1_024).follow(None, None))
        }))
        (section(&say("Not here yet"), html! {
            (loading(&say("The chain is being read.")))
            (Table::new("Datasets", [Column::words("Dataset")]).or_empty(empty(&say("No dataset yet"), &say("Import a file of records to answer requests."), button_link(Weight::Primary, &say("Import a file"), "/import"))))
        }))
    };
    shell(say, "States", main)
}

fn pictures(say: Say) -> String {
    let sizes = [("5", 41), ("6", 33), ("7", 18), ("8", 12), ("9", 4), ("10+", 9)];
    let mut classes = Histogram::new(
        say("Class sizes"),
        say("All 117 classes have at least 5 rows."),
        say("Class size"),
        say("Classes"),
    )
    .limit(0, say("k = 5"));
    for (size, count) in sizes {
        classes = classes.bin(say(size), count);
    }
    let mut many =
        Histogram::new(say("Ages"), say("Rows by age."), say("Age"), say("Rows")).limit(30, say("65 years"));
    for age in 0..40u64 {
        many = many.bin(say(&(age * 2 + 18).to_string()), age * (40 - age));
    }
    let loss = Bars::new(
        say("Loss by column"),
        say("0 % keeps each value, 100 % keeps none."),
        say("Column"),
        Scale::Share,
    )
    .bar(say("Age"), 0.18)
    .bar(say("Post code"), 0.64)
    .toned(say("Admission month and year of the first visit to the clinic"), 0.93, Tone::Warning)
    .bar(say("Sex"), 0.0)
    .bar(say("Not known"), f64::NAN);
    let counts =
        Bars::new(say("Records by hospital group"), say("Largest first."), say("Group"), Scale::Count)
            .toned(say("Accepted"), 51_148.0, Tone::Good)
            .toned(say("Waiting"), 12_000.0, Tone::Info)
            .toned(say("Refused"), 1_200.0, Tone::Bad);
    let risk = BeforeAfter::new(
        say("Risk of being found again"),
        say("The worst row, for three attackers."),
        say("Attacker"),
        Scale::Share,
    )
    .limit(0.2, say("Most allowed, 1/k"))
    .pair(say("Prosecutor"), 1.0, 0.2)
    .pair(say("Journalist"), 0.62, 0.08)
    .pair(say("Marketer"), 0.31, 0.04);
    let main = html! {
        (heading(&say("Preview"), None))
        div.pictures { (classes) (risk) (loss) (counts) (many) }
    };
    shell(say, "Preview", main)
}

fn confirm(say: Say) -> String {
    let main = html! {
        (heading(&say("Release to the researcher"), None))
        (Confirm::new("/jobs/1/approve", say("Approve this release"), say("Approve and sign"))
            .consequence(say("1,204 anonymized rows leave the hospital for the researcher who posted the request."))
            .consequence(html! { (say("The hospital is paid 15,050.00 GAL when the ledger accepts the proofs.")) })
            .tick(say("I have looked at the preview and approve"))
            .fields(html! { (Field::text("reason", say("Note for the record"))) (hidden("revision", &say("3"))) })
            .back("/jobs/1"))
    };
    shell(say, "Release", main)
}

fn withdraw(say: Say) -> String {
    let main = html! {
        (heading(&say("Withdraw the request"), Some((Tone::Info, &say("Collecting")))))
        (Confirm::new("/requests/9f2c/withdraw", say("Withdraw “Type 2 diabetes”"), say("Withdraw the request"))
            .consequence(say("15,000.00 GAL return to your wallet. Hospitals that have begun to prove are not paid. It cannot be undone."))
            .word(say("withdraw"))
            .error(say("The word was not the one asked for."))
            .back("/requests/9f2c")
            .danger())
    };
    shell(say, "Withdraw", main)
}

fn lost(say: Say) -> String {
    shell(
        say,
        "Not found",
        problem(
            404,
            &say("There is no such request"),
            &say("No request has this id on the chain."),
            &say("Look for it in the list of requests."),
            Some(&say("4f0c2a")),
        ),
    )
}

fn refused(say: Say) -> String {
    let refusal = Problem::bad("terms", say("k is below 2"), say("give a whole number from 2 to 100"));
    SiteName::DataSteward.refusal(&refusal, Some(&say("4f0c2a"))).into_string()
}

/// Writes the gallery, with its assets, where a browser can open it from any static server.
#[test]
fn the_gallery_is_written() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("gallery");
    std::fs::create_dir_all(folder.join("assets")).expect("a folder");
    for asset in assets::ALL {
        let name = asset.url();
        std::fs::write(folder.join(name.trim_start_matches('/')), asset.bytes()).expect("an asset");
    }
    for (name, page) in pages(&|text| text.to_owned()) {
        std::fs::write(folder.join(format!("{name}.html")), page).expect("a page");
    }
}
