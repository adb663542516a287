//! A consortium is founded as on real machines: by files that go from one to another.

use std::fs;
use std::net::TcpListener;

use super::net::{Net, done, galen, node, said};

const FOUNDERS: usize = 4;

#[test]
fn founders_make_homes_exchange_files_and_run() {
    let model = Net::of(FOUNDERS, &[]);
    let mut net = Net::empty();
    let ports: Vec<_> =
        (0..2 * FOUNDERS).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let address = |at: usize| ports[at].local_addr().expect("an address").to_string();
    let mut applications = Vec::new();
    for founder in 0..FOUNDERS {
        let home = net.home(founder);
        let (links, api) = (address(2 * founder), address(2 * founder + 1));
        let name = format!("Founder {founder}");
        done(node(&["init"], &home).args(["--name", &name, "--listen", &links, "--api", &api]));
        let application = net.dir.path().join(format!("founder-{founder}.json"));
        done(node(&["apply"], &home).arg("--out").arg(&application));
        applications.push(application);
    }
    drop(ports);
    let genesis = net.dir.path().join("genesis");
    let found = |files: &[std::path::PathBuf]| {
        let mut command = galen();
        command.args(["node", "found", "--name", "tests", "--market"]).arg(model.path().join("market.json"));
        command.arg("--out").arg(&genesis).args(files).output().expect("it starts")
    };
    let twice = [&applications[..FOUNDERS - 1], &applications[..1]].concat();
    assert!(!found(&twice).status.success() && !genesis.exists(), "one founder twice");
    let founded = found(&applications);
    assert!(founded.status.success(), "{}", said(&founded));
    assert!(!found(&applications).status.success(), "a genesis was written over another");

    let peers: String = (0..FOUNDERS)
        .map(|founder| {
            done(node(&["adopt"], &net.home(founder)).arg("--genesis").arg(&genesis));
            done(&mut node(&["peer"], &net.home(founder)))
        })
        .collect();
    for founder in 0..FOUNDERS {
        let file = net.home(founder).join("config.toml");
        let text = fs::read_to_string(&file).expect("a configuration") + &peers;
        assert!(text.contains(&format!("\nnumber = {founder}\n")), "the genesis gives the numbers: {text}");
        fs::write(file, text.replace("heartbeat_ms = 5000", "heartbeat_ms = 1000")).expect("written");
        done(&mut node(&["config", "check"], &net.home(founder)));
        net.start(founder);
    }
    (0..FOUNDERS).for_each(|founder| drop(net.ready(founder)));
    (0..FOUNDERS).for_each(|founder| drop(net.beyond(founder, 2)));
    net.agree();
}
