//! Confidential money: a transfer of one input from a ring of sixteen into two outputs, a price sealed to sixteen sellers, an
//! issue, on one thread; a hundred transfers on one thread and on two.

use curve25519_dalek::Scalar;
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
use galen_benches::measure::{Series, print, take_turns};
use galen_benches::money::World;
use galen_market::codec::Canonical;
use galen_market::notes::logarithm::LogTable;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rayon::ThreadPoolBuilder;
use std::time::Instant;

const TRANSFERS: usize = 100;

fn main() {
    let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool(1).install(one_thread);
    let mut world = World::new(2);
    let transfers: Vec<_> = (0..TRANSFERS).map(|_| world.transfer()).collect();
    let (one, two) = (pool(1), pool(2));
    let series = take_turns(
        5,
        vec![
            ("on 1 thread", Box::new(|| assert!(one.install(|| world.verify_all(&transfers))))),
            ("on 2 threads", Box::new(|| assert!(two.install(|| world.verify_all(&transfers))))),
        ],
    );
    print(&format!("{TRANSFERS} transfers verified"), &series);
    opened();
}

/// How long the audit authority searches for an amount below 2^40: the one that is found last, and whatever comes.
#[allow(clippy::print_stdout)]
fn opened() {
    let began = Instant::now();
    let table = LogTable::new();
    println!("table of {} bytes, built in {:.1} s", table.bytes(), began.elapsed().as_secs_f64());
    let point = |amount: u64| Scalar::from(amount) * RISTRETTO_BASEPOINT_POINT;
    // No amount: every step there is.
    let none = point(1 << 41);
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut any = || point(rng.gen_range(0..1 << 40));
    let series = take_turns(
        21,
        vec![
            ("any amount", Box::new(|| assert!(table.open(&any()).is_some()))),
            ("the whole table", Box::new(|| assert!(table.open(&none).is_none()))),
        ],
    );
    print("an amount opened", &series);
}

/// Each by itself, and the sizes.
#[allow(clippy::print_stdout)]
fn one_thread() {
    let mut world = World::new(1);
    let (transfer, price) = (world.transfer(), world.seal());
    println!(
        "bytes: transfer {}, price {}, issue {}",
        transfer.to_canonical().len(),
        price.to_canonical().len(),
        world.issue_bytes()
    );
    let rounds = 21;
    let build = alone(rounds, "transfer built", || drop(world.transfer()));
    let sealed = alone(rounds, "price sealed", || drop(world.seal()));
    let issued = alone(rounds, "issue made", || drop(world.issue()));
    let verify = alone(rounds, "transfer verified", || assert!(world.verify(&transfer)));
    let checked = alone(rounds, "price checked", || assert!(world.check_price(&price)));
    let allowed = alone(rounds, "issue checked", || assert!(world.check_issue()));
    print("money, each alone", &[build, sealed, issued, checked, allowed, verify]);
}

fn alone(rounds: usize, name: &str, run: impl FnMut()) -> Series {
    take_turns(rounds, vec![(name, Box::new(run))]).pop().expect("one series")
}
