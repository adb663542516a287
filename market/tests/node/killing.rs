//! Members that are killed.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::net::{Net, done, height_of, node, said};
use super::story::Stories;

/// So many kills, and on until a story has ended. `GALEN_KILLS=200` for longer; `GALEN_SEED` repeats a choice of members.
#[test]
fn members_killed_under_load_neither_fork_nor_lose_anything() {
    let kills: usize = std::env::var("GALEN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let seed: u64 =
        std::env::var("GALEN_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or_else(rand::random);
    println!("GALEN_SEED={seed} GALEN_KILLS={kills}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut net = Net::running(4, &[]);
    let stories = Stories::on(&net);
    let mut killed = 0;
    while killed < kills || stories.ended() == 0 {
        killed += 1;
        let member = rng.gen_range(0..4);
        net.kill(member);
        // Three of four are a quorum: they go on without it.
        let others: Vec<_> = (0..4).filter(|other| *other != member).collect();
        let height = others.iter().map(|other| height_of(&net.ready(*other))).max().unwrap();
        others.iter().for_each(|other| drop(net.beyond(*other, height)));
        net.agree();
        net.start(member);
        net.beyond(member, height);
    }
    let height = net.agree();
    let took = stories.end();
    println!("{killed} kills, {height} blocks, {} stories: {took:?}", took.len());
    assert!(net.agree() >= height);

    // What is final is answered again with the receipt that it has; what is nothing, with why.
    let order = net.dir.path().join("story-0/orders/issue-to-the-researcher.hex");
    let again = done(node(&["submit"], &net.home(0)).arg("--json").arg(&order));
    assert!(again.contains("\"accepted\":true"), "{again}");
    let rubbish = net.dir.path().join("rubbish");
    std::fs::write(&rubbish, "0102").expect("writes");
    let refused = node(&["submit"], &net.home(0)).arg(&rubbish).output().expect("it starts");
    assert!(said(&refused).contains("holds no transaction in hex"), "{}", said(&refused));
}
