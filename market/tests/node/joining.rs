//! Members that come and go while the network runs.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use super::net::{Net, done, height_of, node, said};

/// The home of a new member, number 4: it knows the others, and they have learned of it.
fn newcomer(net: &Net) {
    let home = net.home(4);
    let ports: Vec<_> = (0..2).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let [links, api] = [0, 1].map(|at: usize| ports[at].local_addr().expect("an address").to_string());
    drop(ports);
    let named = ["--name", "new", "--number", "4", "--listen", &links, "--api", &api];
    done(node(&["init"], &home).args(named));
    done(node(&["adopt"], &home).arg("--genesis").arg(net.path().join("genesis")));
    let append = |member, text: &str| {
        let file = net.home(member).join("config.toml");
        let text = fs::read_to_string(&file).expect("a configuration") + text;
        fs::write(file, text).expect("written");
    };
    let entry = done(&mut node(&["peer"], &home));
    for member in 0..4 {
        append(4, &done(&mut node(&["peer"], &net.home(member))));
        append(member, &entry);
        net.signal(member, "-HUP");
    }
}

fn change(verb: &str, net: &Net, member: usize) -> Command {
    node(&["change", verb], &net.home(member))
}

/// A member proposes, others approve, and it is handed in.
fn decide(net: &Net, file: &Path, what: &[&str], members: &[usize]) {
    done(change("new", net, members[0]).arg("--out").arg(file).args(what));
    let (last, early) = members.split_last().expect("members");
    for member in early {
        done(change("approve", net, *member).arg("--yes").arg(file));
    }
    let unasked = change("approve", net, *last).arg(file).output().expect("it starts");
    assert!(!unasked.status.success() && said(&unasked).contains("--yes"), "{}", said(&unasked));
    let refused = change("submit", net, members[0]).arg(file).output().expect("it starts");
    let words = format!("{} approvals where a quorum is {}", early.len(), members.len());
    assert!(said(&refused).contains(&words), "{words}: {}", said(&refused));
    done(change("approve", net, *last).arg("--yes").arg(file));
    done(change("submit", net, members[0]).arg(file));
}

#[test]
fn a_new_member_is_admitted_while_the_network_runs_syncs_and_votes_and_an_old_one_goes() {
    let mut net = Net::running(4, &["--cycle-blocks", "24"]);
    newcomer(&net);
    (0..4).for_each(|member| drop(net.beyond(member, 2)));
    net.start(4);
    let followed = net.wait(4, "follows", |status| height_of(status) > 2);
    assert_eq!(followed["meter"]["has_seat"], false, "it follows before it is admitted");
    let stranger = change("approve", &net, 4).arg(net.path().join("genesis")).output().expect("it starts");
    assert!(!stranger.status.success(), "a genesis was approved");

    let (application, file) = (net.dir.path().join("application"), net.dir.path().join("change"));
    let applied = done(node(&["apply"], &net.home(4)).arg("--out").arg(&application));
    let key = applied.split_whitespace().find(|word| word.len() == 64).expect("a voting key");
    decide(&net, &file, &["admit", application.to_str().expect("a path")], &[0, 1, 2]);
    assert!(fs::read_to_string(&file).expect("a change").contains(key), "the words name the key {key}");
    let seated = net.wait(4, "votes", |status| status["meter"]["has_seat"] == true);
    assert_eq!((&seated["members"], &seated["quorum"]), (&5.into(), &4.into()));
    // Five members, four votes: with an old one gone, nothing is final without the new one's.
    net.kill(0);
    let height = height_of(&net.ready(1));
    (1..5).for_each(|member| drop(net.beyond(member, height + 8)));
    net.signal(4, "-STOP");
    net.wait(1, "a quorum is missed", |status| status["reached"].as_u64() < status["quorum"].as_u64());
    net.signal(4, "-CONT");

    // The new one's approval counts too: four of five remove the one that is gone.
    net.ready(4);
    decide(&net, &file, &["remove", "0"], &[1, 2, 3, 4]);
    let smaller = net.wait(4, "it is gone", |status| status["members"] == 4);
    assert_eq!(smaller["quorum"], 3);
    let height = height_of(&smaller);
    (1..5).for_each(|member| drop(net.beyond(member, height + 2)));
    net.agree();
    // It comes back, and nobody talks to it any more. It may hear of its removal before it is cut off: then it counts
    // none of the members it reaches, else itself alone.
    net.start(0);
    (1..5).for_each(|member| {
        net.wait(member, "it has forgotten the old one", |status| {
            let peers = &status["links"]["peers"];
            peers.is_object() && peers["0"].is_null()
        });
    });
    net.wait(0, "it is cut off", |status| status["reached"].as_u64().is_some_and(|reached| reached <= 1));
}
