//! A consortium's governance on a network that runs, by files: a schema, a researcher, a hospital with its proof.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::net::{Net, done, galen, said};

const MEMBERS: usize = 2;

struct Board {
    net: Net,
    seeds: Vec<PathBuf>,
}

impl Board {
    fn new() -> Self {
        let net = Net::running(MEMBERS, &["--gateways", "0"]);
        let seeds = (0..MEMBERS).map(|index| net.path().join(format!("seeds/governor-{index}")));
        Self { seeds: seeds.collect(), net }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.net.dir.path().join(name)
    }

    fn chain(&self) -> String {
        self.net.status(0).expect("it runs")["chain"].as_str().expect("an id").to_owned()
    }

    fn propose(&self, out: &Path, what: &[&str]) {
        let mut command = governance("propose");
        done(command.arg("--node").arg(self.net.home(0)).arg("--out").arg(out).args(what));
    }

    fn submit(&self, order: &Path) -> Command {
        let mut command = governance("submit");
        command.arg(order).arg("--node").arg(self.net.home(0)).arg("--json");
        command
    }

    /// All governors sign, and the order is final.
    fn pass(&self, order: &Path) {
        for seed in &self.seeds {
            done(governance("sign").arg(order).arg("--seed").arg(seed).arg("--yes"));
        }
        let answer: serde_json::Value = serde_json::from_str(&done(&mut self.submit(order))).expect("JSON");
        assert_eq!(answer["accepted"], true, "{answer}");
    }

    fn desk(&self, role: &str, apply: &[&str]) -> PathBuf {
        let (home, out) = (self.file(role), self.file(&format!("{role}.json")));
        let chain = self.chain();
        let init = [role, "init", "--name", "A Party", "--plain-keys", "--chain", &chain];
        done(galen().args(init).arg("--home").arg(&home));
        done(galen().args([role, "apply"]).args(apply).arg("--home").arg(&home).arg("--out").arg(&out));
        out
    }
}

fn governance(what: &str) -> Command {
    let mut command = galen();
    command.args(["governance", what]);
    command
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn governors_approve_a_schema_and_accredit_who_applies() {
    let board = Board::new();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../prover/schemas/diabetes-synthetic.toml");
    let order = board.file("schema-order.json");
    board.propose(&order, &["schema", text(&schema)]);
    let unsigned = board.submit(&order).output().expect("it starts");
    assert!(said(&unsigned).contains("refused"), "{}", said(&unsigned));
    let untold =
        governance("sign").arg(&order).arg("--seed").arg(&board.seeds[0]).output().expect("it starts");
    assert!(said(&untold).contains("--yes"), "nothing is signed unseen: {}", said(&untold));
    board.pass(&order);

    let application = board.desk("researcher", &[]);
    let order = board.file("researcher-order.json");
    board.propose(&order, &["accredit", text(&application)]);
    board.pass(&order);
    let again = board.submit(&order).output().expect("it starts");
    assert!(again.status.success(), "the same order has the receipt that it has: {}", said(&again));

    let genesis = board.net.path().join("genesis");
    let application = board.desk("hospital", &["--genesis", text(&genesis), "--schema", text(&schema)]);
    let order = board.file("hospital-order.json");
    board.propose(&order, &["accredit", text(&application)]);
    let home = board.file("hospital");
    done(governance("sign").arg(&order).arg("--hospital").arg(&home).arg("--yes"));
    // Somebody makes it another order on the way.
    let whole = fs::read_to_string(&order).expect("an order");
    fs::write(&order, whole.replace("A Party", "B Party")).expect("written");
    let lied = governance("sign").arg(&order).arg("--seed").arg(&board.seeds[0]).arg("--yes").output();
    assert!(said(&lied.expect("it starts")).contains("do not sign it"));
    fs::write(&order, whole).expect("written");
    board.pass(&order);
}
