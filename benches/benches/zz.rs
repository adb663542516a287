//! tmp
use galen_circuits::groth16::{KeyPair, setup_insecure_single_party};
use galen_prover::engine::{Assignment, Blinding, Engine, FastEngine};
use galen_tests::world::World;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
fn main() {
    let plan = World::small().plan();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let scan: KeyPair<6> = setup_insecure_single_party(plan.scans[0].clone(), &mut rng).expect("keys");
    let seal: KeyPair<18> = setup_insecure_single_party(plan.seal.clone(), &mut rng).expect("keys");
    let (scan, seal) = (FastEngine.prepare(scan), FastEngine.prepare(seal));
    println!("ready");
    let b = Blinding::random(&mut rng);
    std::thread::sleep(std::time::Duration::from_secs(2));
    for _ in 0..3 {
        let t = std::time::Instant::now();
        for _ in 0..10 {
            let v = Assignment::of(plan.scans[0].clone()).expect("v");
            FastEngine.prove(&scan, &v, &b).expect("p");
        }
        let s = t.elapsed().as_secs_f64() * 100.0;
        let t = std::time::Instant::now();
        for _ in 0..10 {
            let v = Assignment::of(plan.seal.clone()).expect("v");
            FastEngine.prove(&seal, &v, &b).expect("p");
        }
        println!("scan {s:.0} ms, seal {:.0} ms", t.elapsed().as_secs_f64() * 100.0);
    }
}
