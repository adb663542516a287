//! A market with hospitals that contribute what a test wants, and a researcher with a desk.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use galen_circuits::contribution::{BlockHeader, Challenge, Contribution, Header, blob_bytes};
use galen_circuits::field::F;
use galen_circuits::jubjub::{Coordinates, Ephemeral, Sealed};
use galen_circuits::release::cipher::{ciphertext_hash, encrypt, plaintext};
use galen_circuits::release::{BlockRow, Reach};
use galen_circuits::row::{Handle, Row};
use galen_circuits::schema::Schema;
use galen_circuits::seal::TO_BUYER;
use galen_circuits::shape::BLOCK_ROWS;
use galen_circuits::state::Totals;

use crate::agent::hospital::HospitalKeys;
use crate::agent::researcher::ResearcherKeys;
use crate::chain::Chain;
use crate::config::Windows;
use crate::desk::researcher::ResearcherDesk;
use crate::desk::researcher::draft::{Choice, Draft};
use crate::id::{ContributionId, RequestId, SchemaId};
use crate::query;
use crate::tests::actors::proof;
use crate::tests::running::RunningMarket;
use crate::transaction::{Opening, SignedContribution, Transaction};

/// What the researcher of a town has.
pub const FUNDS: u64 = 1_000_000;

/// A code of the schema that a spreadsheet would run.
pub const FORMULA: &str = "=cmd|' /C calc'!A0";

/// A market with two researchers, and hospitals that have committed.
pub struct Town {
    market: RunningMarket,
    pub hospitals: Vec<HospitalKeys>,
    pub seed: [u8; 32],
}

impl Deref for Town {
    type Target = RunningMarket;

    fn deref(&self) -> &RunningMarket {
        &self.market
    }
}

pub fn schema() -> Schema {
    let number = |min: i64, max: i64| serde_json::json!({"number": {"min": min, "max": max}});
    let codes = |outline: &str| serde_json::json!({"category": {"codes": {"outline": outline}}});
    let tree = "E08-E13: Diabetes mellitus\n  E10: Type 1\n  E11: Type 2\n    E11.2: with kidneys\n    E11.9: without\nI10-I15: High blood pressure\n  I10\n  I11\n";
    let parts = serde_json::json!({
        "name": "cohort", "version": 1, "k_floor": 3, "l_floor": 2, "alpha_ceiling": 800, "min_chunks": 16,
        "columns": [
            {"name": "age", "class": "quasi-identifier", "weight": 2, "kind": number(0, 119)},
            {"name": "diagnosis", "class": "sensitive", "kind": codes(tree)},
            {"name": "days", "class": "plain", "kind": number(0, 60)},
            {"name": "remark", "class": "plain", "kind": codes(&format!("none\n{FORMULA}\n"))},
            {"name": "ward", "class": "never-released", "kind": number(0, 20)},
        ],
    });
    serde_json::from_value(parts).unwrap()
}

/// A draft without faults.
pub fn draft() -> Draft {
    Draft {
        title: "Kidneys in diabetes".into(),
        purpose: "HMB".into(),
        choices: vec![Choice {
            column: "age".into(),
            from: "40".into(),
            to: "79".into(),
            ..Choice::default()
        }],
        cohort: "diagnosis in E08-E13".into(),
        price: Some(125),
        max_records: Some(40),
        life: Some(400),
        sample: Some(2),
        // One patient of seven is left out of each contribution.
        max_suppressed: Some(500),
        ..Draft::under(&schema())
    }
}

/// A class that is released: its range, and its rows.
pub type Released = ((u16, u16), Vec<[u16; 4]>);

impl Town {
    pub async fn new(hospitals: usize) -> Self {
        let mut market = RunningMarket::start("town", 11, Windows::short(4), Duration::from_millis(20));
        let id = SchemaId::of(&schema());
        market.register(schema()).await;
        for (seed, name) in [([9; 32], "Institute <b>R</b>"), ([8; 32], "Another institute")] {
            market.accredit_researcher(ResearcherKeys::from_seed(&seed).account.key(), name).await;
        }
        let mut accredited = Vec::new();
        for number in 0..hospitals {
            let keys = HospitalKeys::generate(&mut market.rng);
            market.accredit_hospital(&keys, &format!("H{number}"), id).await;
            let commit = keys.commitment(id, F::from(1000 + number as u64));
            market.order(commit, &[&keys.account()]).await;
            accredited.push(keys);
        }
        for seed in [[9; 32], [8; 32]] {
            market.issue(&ResearcherKeys::from_seed(&seed).wallet.address(), FUNDS).await;
        }
        let interval = market.config.windows.recent_interval;
        market.boundary(interval).await;
        Self { market, hospitals: accredited, seed: [9; 32] }
    }

    /// The researcher's desk; once more is the same desk, opened again.
    pub fn desk(&self) -> Arc<ResearcherDesk> {
        self.desk_on(self.chain(), self.seed)
    }

    pub fn desk_on(&self, chain: Arc<dyn Chain>, seed: [u8; 32]) -> Arc<ResearcherDesk> {
        let folder = self.dir.path().join(format!("desk-{}", seed[0]));
        Arc::new(ResearcherDesk::open(chain, ResearcherKeys::from_seed(&seed), &folder).unwrap())
    }

    /// A hospital contributes these rows (age, diagnosis, days, remark), in classes of the given boxes (of ages), and opens.
    pub async fn sell(&self, hospital: usize, request: &RequestId, classes: &[Released]) -> ContributionId {
        let (id, opening) = self.contribute(hospital, request, classes).await;
        self.submit(&Transaction::Open(opening)).await;
        id
    }

    pub async fn contribute(
        &self,
        hospital: usize,
        request: &RequestId,
        classes: &[Released],
    ) -> (ContributionId, Opening) {
        let record = self.drawn(request).await;
        let keys = &self.hospitals[hospital];
        let (id, authority) = (self.id(), self.key());
        let payee = keys.payout(&id, &authority, request, 0);
        let rows: Vec<BlockRow> =
            classes.iter().flat_map(|(reach, rows)| rows.iter().map(|row| block_row(*reach, row))).collect();
        assert!(rows.len() <= BLOCK_ROWS);
        let released = rows.len() as u32;
        let padded: Vec<BlockRow> =
            rows.into_iter().chain(std::iter::repeat_with(BlockRow::padding)).take(BLOCK_ROWS).collect();
        let data_key = F::from(77 + hospital as u64);
        let cipher = vec![encrypt(data_key, 0, &plaintext(&record.request.terms, &padded))];
        let ephemeral = Ephemeral::from_wide(&[hospital as u8 + 1; 64]);
        let encapsulation = ephemeral.seal(TO_BUYER, &record.request.buyer, data_key);
        let identity = Sealed {
            ephemeral: Coordinates { x: F::from(2u64), y: F::from(hospital as u64) },
            masked: request.field(),
        };
        let loss: u64 =
            classes.iter().map(|((lo, hi), rows)| u64::from(hi - lo) * 2 * rows.len() as u64).sum();
        let header = Header {
            recent: self.read(|state| query::recent_roots(state)[0].root),
            run: F::from(99u64),
            nullifier: keys.nullifier(request).field(),
            blocks: vec![BlockHeader { rows: F::from(1u64), ciphertext: ciphertext_hash(&cipher[0]) }],
            totals: Totals { released, suppressed: 1, loss },
            key_commitment: F::from(5u64),
            encapsulation: encapsulation.digest(),
            identity,
            payout: payee.header(),
        };
        let sample = record.request.sample as usize;
        let contribution = Contribution {
            states: vec![F::from(3u64); sample],
            scans: vec![proof(); sample],
            releases: vec![proof()],
            seal: proof(),
            header,
        };
        let statement = record.statement(&id, &self.config).unwrap();
        let name = ContributionId::from_bytes(Challenge::draw(&statement, &contribution.header).id);
        let hash = self.consortium.blobs().store(&blob_bytes(&cipher)).unwrap();
        let signed =
            SignedContribution::new(&id, *request, contribution, hash, (&payee.payee, &payee.secret));
        self.submit(&Transaction::Contribute(signed)).await;
        (name, Opening { contribution: name, encapsulation })
    }
}

/// A row in its class, of which the box of ages is given in codes.
fn block_row((lo, hi): (u16, u16), row: &[u16; 4]) -> BlockRow {
    let mut cells = [0; 12];
    cells[..4].copy_from_slice(row);
    let mut reach = Reach::default();
    reach.below[0] = row[0] - lo;
    reach.above[0] = hi - row[0];
    let row = Row { handle: Handle::new(7).unwrap(), cells };
    BlockRow { row: Some(row), released: true, ends_class: false, reach }
}

/// Two classes of three patients.
pub fn classes() -> Vec<Released> {
    vec![
        ((41, 60), vec![[41, 1, 5, 2], [50, 2, 6, 1], [60, 3, 7, 1]]),
        ((61, 80), vec![[61, 1, 5, 0], [70, 2, 0, 1], [80, 2, 9, 2]]),
    ]
}
