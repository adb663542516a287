//! Seven members, of which two are killed and a third is cut off, while the story is played.

use std::time::{Duration, Instant};

use super::net::{Net, height_of};
use super::story::Stories;

const MEMBERS: usize = 7;
const QUORUM: usize = 5;
/// How long nothing may become final while there is no quorum.
const SILENCE: Duration = Duration::from_secs(4);

/// How long votes from before may be on their way.
const IN_FLIGHT: Duration = Duration::from_secs(1);

/// Highest block of some members.
fn top(net: &Net, members: &[usize]) -> u64 {
    members
        .iter()
        .filter_map(|member| net.status(*member))
        .map(|status| height_of(&status))
        .max()
        .unwrap_or(0)
}

/// Stopped by a signal, a process keeps its connections and answers nothing: to the others that is a partition.
#[test]
#[ignore = "minutes; run it with --ignored --nocapture"]
fn seven_members_bear_two_that_are_killed_and_a_third_that_is_cut_off_and_comes_back() {
    let mut net = Net::running(MEMBERS, &["--beacon-interval", "6"]);
    let stories = Stories::on(&net);
    for turn in 0.. {
        if turn >= MEMBERS && stories.ended() > 0 {
            break;
        }
        let killed = [turn % MEMBERS, (turn + 1) % MEMBERS];
        killed.iter().for_each(|member| net.kill(*member));
        let left: Vec<_> = (0..MEMBERS).filter(|member| !killed.contains(member)).collect();
        assert_eq!(left.len(), QUORUM);
        let begun = Instant::now();
        let height = top(&net, &left);
        left.iter().for_each(|member| drop(net.beyond(*member, height + 1)));
        let without_two = begun.elapsed();

        let cut = left[turn % QUORUM];
        net.signal(cut, "-STOP");
        let rest: Vec<_> = left.iter().copied().filter(|member| *member != cut).collect();
        // What the fifth had voted for may still become final, but nothing that began after.
        std::thread::sleep(IN_FLIGHT);
        let before = top(&net, &rest);
        let silence = Instant::now();
        while silence.elapsed() < SILENCE {
            assert_eq!(top(&net, &rest), before, "four of seven made a block final");
            std::thread::sleep(Duration::from_millis(100));
        }
        net.signal(cut, "-CONT");
        let begun = Instant::now();
        left.iter().for_each(|member| drop(net.beyond(*member, before)));
        let healed = begun.elapsed();

        killed.iter().for_each(|member| net.start(*member));
        let begun = Instant::now();
        let height = top(&net, &left);
        killed.iter().for_each(|member| drop(net.beyond(*member, height)));
        let back = begun.elapsed();
        let height = net.agree();
        println!(
            "turn {turn}: two blocks without {killed:?} in {without_two:.1?}; {cut} cut off: none; healed: next block after \
             {healed:.1?}; the killed are back after {back:.1?}; all agree at {height}"
        );
    }
    let took = stories.end();
    println!(
        "{} stories, each verified from the exported chain: {took:.0?}; all agree at {}",
        took.len(),
        net.agree()
    );
}
