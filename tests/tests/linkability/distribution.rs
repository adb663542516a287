//! Where in its ring the real note stands, and how often each note of a window is chosen to hide it.

use galen_market::RequestId;
use galen_market::money::{self, Origin};
use galen_market::notes::ring::RING;
use galen_market::wallet::decoys::{WINDOW, window};

use super::ledger::Ledger;
use super::statistics::chi_square;

fn ledger(payouts: u32) -> (Ledger, Vec<u32>) {
    let mut ledger = Ledger::new();
    for _ in 0..32 {
        ledger.add(Origin::Issued);
    }
    let positions = (0..payouts).map(|number| {
        for _ in 0..number % 3 {
            ledger.add(Origin::Transferred);
        }
        ledger.pay().0
    });
    let positions = positions.collect();
    (ledger, positions)
}

fn is_even(what: &str, counts: &[usize]) {
    let (square, most) = chi_square(counts);
    println!("{what}: χ² {square:.1} of at most {most:.1} over {} places", counts.len());
    assert!(square <= most, "{what}: {counts:?}");
}

/// In the last window, whatever its size, all others are as likely to hide a note; and the real one stands anywhere in its ring.
#[test]
fn every_note_of_the_last_window_is_as_likely_and_the_real_one_stands_anywhere() {
    for count in [16, 17, 40, WINDOW, WINDOW + 1, WINDOW + 40, 2 * WINDOW - 1, 3 * WINDOW, 3 * WINDOW + 21] {
        let (ledger, positions) = ledger(count);
        let window = window(count - 1, count);
        let (mut chosen, mut places) = (vec![0; window.len()], vec![0; RING]);
        for secret in 0..2000 / window.len() as u64 {
            for number in window.clone() {
                let ring = ledger.ring(positions[number as usize], secret);
                assert_eq!(ring.alike, RING);
                places[ring.place] += 1;
                for member in
                    ring.members.iter().filter(|member| member.position != positions[number as usize])
                {
                    let other = money::note(&ledger.state, member.position).unwrap().number;
                    chosen[(other - window.start) as usize] += 1;
                }
            }
        }
        is_even(&format!("{count} payouts, who hides others"), &chosen);
        is_even(&format!("{count} payouts, place in the ring"), &places);
    }
}

/// A full window with a full one after it is dealt into four rings that cover it, whoever draws them: what all members of a
/// ring share cannot tell them apart.
#[test]
fn a_dealt_window_has_four_rings_whoever_draws_and_whatever_comes_later() {
    let (mut ledger, positions) = ledger(5 * WINDOW + 7);
    let mut before = Vec::new();
    for round in 0..2 {
        for at in 0..4 {
            let numbers = at * WINDOW..(at + 1) * WINDOW;
            let rings = numbers.map(|number| {
                let position = positions[number as usize];
                let ring = ledger.ring(position, u64::from(number) + 1000 * round);
                assert_eq!((ring.alike, ring.members[ring.place].position), (RING, position));
                ring.members.iter().map(|member| member.position).collect::<Vec<_>>()
            });
            let mut rings: Vec<Vec<u32>> = rings.collect();
            rings.sort();
            rings.dedup();
            assert_eq!(rings.len(), 4);
            let mut all: Vec<u32> = rings.concat();
            all.sort_unstable();
            assert_eq!(all, positions[(at * WINDOW) as usize..((at + 1) * WINDOW) as usize]);
            before.push(rings);
        }
        for _ in 0..100 {
            ledger.pay();
        }
    }
    assert_eq!(before[..4], before[4..], "what came later changes nothing");
    // Neighbours, which may pay for one request, are dealt to different rings as chance has it.
    let ring_of = |number: u32| ledger.ring(positions[number as usize], 0).members[0].position;
    let together = (0..4 * WINDOW - 1).filter(|number| ring_of(*number) == ring_of(number + 1)).count();
    println!("{together} of {} neighbours are in one ring", 4 * WINDOW - 1);
    assert!((30..=100).contains(&together));
}

/// A wallet that tries again shows no second ring: two rings for one note would have little in common but the note.
#[test]
fn a_note_that_is_spent_again_has_the_same_ring_but_for_what_came_since() {
    let (mut ledger, positions) = ledger(WINDOW + 30);
    let position = positions[WINDOW as usize + 3];
    let places = |ledger: &Ledger, secret| -> Vec<u32> {
        ledger.ring(position, secret).members.iter().map(|member| member.position).collect()
    };
    let first = places(&ledger, 5);
    assert_eq!(first, places(&ledger, 5));
    assert_ne!(first, places(&ledger, 6));
    for _ in 0..8 {
        ledger.pay();
    }
    let second = places(&ledger, 5);
    let common = second.iter().filter(|member| first.contains(member)).count();
    println!("{common} of 16 remain when 8 notes came to 94");
    assert!(common >= 11);
}

/// Fewer than sixteen of a kind: others fill the ring, and it says so.
#[test]
fn small_kinds_are_filled_up_and_say_among_how_many_they_hide() {
    for count in [1u32, 5, 15] {
        let (mut ledger, _) = ledger(20);
        let refund = |number: u32| Origin::Refunded { request: RequestId::new(u64::from(number).into()) };
        let refunds: Vec<u32> = (0..count).map(|number| ledger.add(refund(number)).0).collect();
        let all = money::notes(&ledger.state);
        let mut others = vec![0; (all - count) as usize];
        for secret in 0..400 {
            for position in &refunds {
                let ring = ledger.ring(*position, secret);
                assert_eq!(ring.alike, count as usize);
                let places: Vec<u32> = ring.members.iter().map(|member| member.position).collect();
                assert!(refunds.iter().all(|refund| places.contains(refund)), "all of the kind are in it");
                assert!(places.is_sorted_by(|one, next| one < next));
                assert_eq!(places[ring.place], *position);
                places
                    .iter()
                    .filter(|place| **place < all - count)
                    .for_each(|place| others[*place as usize] += 1);
            }
        }
        is_even(&format!("{count} of a kind, filled with"), &others);
    }
}
