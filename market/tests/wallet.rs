//! `galen wallet`, `galen treasury` and `galen authority` as their users run them, on the chain of a demonstration.

#![allow(clippy::unwrap_used)]

mod program;

use std::path::PathBuf;
use std::process::Output;

use program::{errors, galen, last_line, output};
use serde_json::Value;

fn ask(arguments: &[&str]) -> Output {
    output(galen().args(arguments))
}

/// Minor units for one record of a demonstration; below, what its hospital has paid out.
const PRICE: u64 = 1_250;
const CASHED: u64 = 20_000;

struct Story {
    folder: tempfile::TempDir,
    chain: PathBuf,
    summary: Value,
}

impl Story {
    fn play() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("demo");
        let played =
            ask(&["demo", "--hospitals", "1", "--sample", "1", "--json", "--out", out.to_str().unwrap()]);
        assert!(played.status.success(), "{}", errors(&played));
        Self { chain: out.join("chain.galen"), summary: last_line(&played), folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The seed of somebody in the story, in a file.
    fn seed(&self, who: &str) -> String {
        let story = std::fs::read(self.folder.path().join("demo/story.json")).unwrap();
        let story: Value = serde_json::from_slice(&story).unwrap();
        let mut seed = [0; 32];
        hex::decode_to_slice(story["seed"].as_str().unwrap(), &mut seed).unwrap();
        let path = self.path(&who.replace(' ', "-"));
        std::fs::write(&path, hex::encode(blake3::keyed_hash(&seed, who.as_bytes()).as_bytes())).unwrap();
        path
    }

    /// Runs a command on the chain.
    fn on_chain(&self, arguments: &[&str]) -> Output {
        let chain = self.chain.to_str().unwrap();
        if arguments.first() == Some(&"light") {
            return ask(&[arguments, &["--chain", chain]].concat());
        }
        let verified = last_line(&ask(&["auditor", "verify", "--json", chain]));
        ask(&[arguments, &["--chain", chain, "--id", verified["chain"].as_str().unwrap()]].concat())
    }
}

#[test]
fn each_wallet_finds_its_own_money_and_the_authority_what_was_ordered() {
    let story = Story::play();
    let paid = story.summary["paid"].as_u64().unwrap();
    assert_eq!(Some(paid), story.summary["released"].as_u64().map(|records| records * PRICE));
    let (hospital, researcher) = (story.seed("hospital 0 seed"), story.seed("researcher"));
    let (competitor, authority) = (story.seed("competitor"), story.seed("authority"));
    let balance = |seed: &str, role: &str| {
        let answer = story.on_chain(&["wallet", "balance", "--json", "--seed", seed, "--role", role]);
        assert!(answer.status.success(), "{}", errors(&answer));
        last_line(&answer)["balance"].as_u64().unwrap()
    };
    let cashed = if paid >= CASHED { CASHED } else { 0 };
    assert_eq!(balance(&hospital, "hospital"), paid - cashed);
    let issued = balance(&competitor, "researcher");
    assert_eq!(issued, 4 * 64 * PRICE, "as much as the researcher was issued");
    let escrow = 64 * PRICE;
    assert_eq!(balance(&researcher, "researcher"), issued - escrow, "what is locked is not back yet");

    // Receipts hold on this chain; a changed one does not.
    let receipts = story.path("receipts.json");
    let owner = ["--seed", &hospital, "--role", "hospital"];
    let made = story.on_chain(&[&["wallet", "receipts", "--out", &receipts], owner.as_slice()].concat());
    assert!(made.status.success(), "{}", errors(&made));
    let good = story.on_chain(&["wallet", "check", &receipts]);
    assert!(good.status.success(), "{}", errors(&good));
    let text = std::fs::read_to_string(&receipts).unwrap();
    assert!(text.contains(&format!("\"amount\": {paid}")) && text.contains("\"from\": \"paid\""), "{text}");
    std::fs::write(&receipts, text.replace(&format!("\"amount\": {paid}"), "\"amount\": 1")).unwrap();
    assert!(errors(&story.on_chain(&["wallet", "check", &receipts])).contains("is not of 1 minor units"));

    // The authority opens what was ordered, and nothing else.
    let orders = last_line(&story.on_chain(&["authority", "orders", "--json"]));
    let note =
        orders["orders"].as_array().unwrap().iter().find_map(|order| order["subject"]["amount"].as_u64());
    let note = note.unwrap().to_string();
    let opened = story.on_chain(&["authority", "open", "--json", "--seed", &authority, "--note", &note]);
    assert_eq!(last_line(&opened)["opened"]["amount"].as_u64(), Some(paid), "{}", errors(&opened));
    let other = story.on_chain(&["authority", "open", "--seed", &authority, "--note", "3"]);
    assert!(
        errors(&other).contains("no order on the ledger says to open the amount of note 3"),
        "{}",
        errors(&other)
    );
    let wrong = story.on_chain(&["authority", "open", "--seed", &hospital, "--note", &note]);
    assert!(errors(&wrong).contains("the key opens no amount"), "{}", errors(&wrong));

    // Money is sent, and asked for, by files.
    let address = ask(&["wallet", "address", "--seed", &competitor, "--role", "researcher"]);
    let address = String::from_utf8(address.stdout).unwrap().trim().to_owned();
    let transfer = story.path("transfer");
    let send = |amount: &str, hurry: &[&str]| {
        story.on_chain(
            &[
                &["wallet", "send", "--to", &address, "--amount", amount, "--out", &transfer],
                owner.as_slice(),
                hurry,
            ]
            .concat(),
        )
    };
    let early = send("100", &[]);
    assert!(
        errors(&early).contains("wait, or spend now and be hidden less, with --now"),
        "{}",
        errors(&early)
    );
    assert!(!early.status.success() && !std::path::Path::new(&transfer).exists());
    let sent = send("100", &["--now"]);
    assert!(sent.status.success(), "{}", errors(&sent));
    assert!(hex::decode(std::fs::read_to_string(&transfer).unwrap()).unwrap().len() < 3072);
    assert!(
        String::from_utf8_lossy(&sent.stdout).contains("of its kind"),
        "a small market hides little, and it is said"
    );
    let shown = String::from_utf8_lossy(&sent.stdout).into_owned();
    assert!(shown.contains("so new that it hides less"), "{shown}");
    for hurry in [[].as_slice(), &["--now"]] {
        assert!(errors(&send("99999999", hurry)).contains("are needed"));
    }
    let treasury = story.seed("treasury");
    let (books, issue) = (story.path("demo/treasury.json"), story.path("issue"));
    let issue = |seed: &str, books: &str| {
        story.on_chain(&[
            "treasury", "issue", "--seed", seed, "--books", books, "--to", &address, "--amount", "7",
            "--out", &issue,
        ])
    };
    let issued = issue(&treasury, &books);
    assert!(issued.status.success(), "{}", errors(&issued));
    assert!(errors(&issue(&hospital, &books)).contains("not that of the treasury"));
    assert!(
        errors(&issue(&treasury, &story.path("empty")))
            .contains("the books do not know what was issued last")
    );
    let redemption = story.path("redemption");
    let competitors = ["--seed", &competitor, "--role", "researcher"];
    let asked = ["wallet", "redeem", "--amount", "500", "--out", &redemption];
    let known = story.on_chain(&[asked.as_slice(), &competitors].concat());
    assert!(errors(&known).contains("send it to yourself first"), "{}", errors(&known));
    let asked = [asked.as_slice(), &["--now"]].concat();
    let asked = story.on_chain(&[asked.as_slice(), &competitors].concat());
    assert!(String::from_utf8_lossy(&asked.stdout).contains("others know what"), "{}", errors(&asked));
    let order = story.path("order");
    let sign = || {
        story.on_chain(&["treasury", "redeem", &redemption, "--seed", &treasury, "--out", &order, "--yes"])
    };
    let signed = sign();
    assert!(signed.status.success(), "{}", errors(&signed));
    let text = std::fs::read_to_string(&redemption).unwrap();
    std::fs::write(&redemption, text.replace("\"amount\":500", "\"amount\":5000")).unwrap();
    assert!(errors(&sign()).contains("the chain would refuse it (money.transfer)"), "{}", errors(&sign()));
    let elsewhere = ask(&[
        "wallet",
        "balance",
        "--seed",
        &hospital,
        "--role",
        "hospital",
        "--chain",
        story.chain.to_str().unwrap(),
        "--id",
        &"00".repeat(32),
    ]);
    assert!(!elsewhere.status.success(), "another chain is not believed");
    let proof = story.path("fact");
    let proven = story.on_chain(&["light", "prove", "--note", &note, "--out", &proof]);
    assert!(String::from_utf8_lossy(&proven.stdout).contains("its amount is sealed"), "{}", errors(&proven));
}
