//! (e) The circuits are these and no others: counts, sizes and digests, whatever the witness.

use galen_circuits::groth16::Matrices;
use galen_circuits::shape::MAX_CONSTRAINTS;
use galen_tests::system::{Circuit, System, matrices_of};
use galen_tests::world::honest;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/circuits.txt");

fn line(name: &str, matrices: &Matrices) -> String {
    format!(
        "{name}: {} public inputs, {} witnesses, {} constraints, digest {}\n",
        matrices.instance_variables() - 1,
        matrices.witness_variables(),
        matrices.constraints(),
        matrices.digest()
    )
}

/// A digest that changes is another statement: a new version of the transcript's label and of all keys. To accept it on
/// purpose: GALEN_UPDATE_GOLDEN=1.
#[test]
fn counts_and_digests_are_the_pinned_ones() {
    let systems = [("scan", System::scan()), ("release", System::release()), ("seal", System::seal())];
    let found: String = systems.iter().map(|(name, system)| line(name, &system.matrices)).collect();
    print!("{found}");
    if std::env::var_os("GALEN_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(GOLDEN, &found).unwrap();
    }
    let pinned = std::fs::read_to_string(GOLDEN).unwrap();
    assert_eq!(found, pinned, "the circuits changed");
    use galen_circuits::keys::digest;
    let built = systems.each_ref().map(|(_, system)| system.matrices.digest());
    assert_eq!(
        built,
        [digest::SCAN, digest::RELEASE, digest::SEAL],
        "circuits::keys::digest names other circuits"
    );
    for (name, system) in systems {
        let rows = system.constraints() + system.matrices.instance_variables();
        assert!(rows <= MAX_CONSTRAINTS, "{name}: {rows}");
    }
}

/// A witness that changed the matrices would have no key, or worse, another statement under the same name.
#[test]
fn matrices_do_not_depend_on_the_witness() {
    let (_, plan) = honest();
    let same = |system: &System, circuit: &dyn Circuit| {
        assert_eq!(system.matrices.digest(), matrices_of(circuit).digest());
    };
    same(System::scan(), &plan.scans[0]);
    same(System::release(), &plan.releases[0]);
    same(System::release(), plan.releases.last().unwrap());
    same(System::seal(), &plan.seal);
}
