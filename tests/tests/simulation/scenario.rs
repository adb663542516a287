//! What a seed stands for: how many members, which of them are bad and how, what befalls the others.

use std::fmt;

use galen_ledger::{MemberIndex, chain::Parameters, consensus::VoteRelay};
use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha20Rng;

use super::{
    byzantine::Kind,
    network::{Links, chance},
};

/// Which members are bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Company {
    /// Up to f anywhere.
    Scattered,
    /// All members of a group.
    CapturedGroup,
    /// The first proposer of every group.
    GroupLeaders,
    /// f + 1, and they are silent: nothing may become final.
    TooManySilent,
}

/// What befalls honest members in the first part of a run.
#[derive(Clone, Debug, Default)]
pub struct Storm {
    /// What the links are like.
    pub links: Links,
    /// How likely a member crashes at a step, in the middle of what it does.
    pub crash: f64,
    /// How likely it crashes as it begins a cycle.
    pub crash_at_boundary: f64,
    /// How likely the disk of a life fails in it.
    pub disk: f64,
    /// Whether the network parts and heals.
    pub partitions: bool,
}

/// A change of the membership on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// None.
    Nobody,
    /// A new member.
    Admitted,
    /// The first member gets another key.
    Rekeyed,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The seed.
    pub seed: u64,
    /// Members.
    pub members: usize,
    /// Lengths of cycles and rounds, groups.
    pub parameters: Parameters,
    /// Who is bad, and how.
    pub bad: Vec<(MemberIndex, Kind)>,
    /// Which of them are bad together.
    pub company: Company,
    /// What befalls the others.
    pub storm: Storm,
    /// Who comes.
    pub joining: Joining,
    /// How votes travel.
    pub votes: VoteRelay,
    /// Blocks made in the storm, if it lets them.
    pub stormy: u64,
    /// Blocks made after it.
    pub calm: u64,
}

/// Rounds so long that no cycle has one: dealing secrets takes most of a run's time.
const NO_BEACON: u64 = 1 << 20;

impl Scenario {
    /// What a seed stands for.
    pub fn draw(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let company = match rng.gen_range(0..1000) {
            0..4 => Company::CapturedGroup,
            4..14 => Company::GroupLeaders,
            14..44 => Company::TooManySilent,
            _ => Company::Scattered,
        };
        let members = match company {
            Company::CapturedGroup => 13,
            Company::GroupLeaders => 8,
            Company::TooManySilent => 4,
            Company::Scattered => *[4, 4, 4, 4, 4, 4, 4, 4, 5, 7].choose(&mut rng).expect("not empty"),
        };
        let parameters = parameters(&mut rng, company);
        let bad = bad(&mut rng, company, members);
        let joins = company == Company::Scattered && parameters.cycle_blocks < 10 && chance(&mut rng, 0.15);
        let joining = match joins {
            true if chance(&mut rng, 0.5) => Joining::Admitted,
            true => Joining::Rekeyed,
            false => Joining::Nobody,
        };
        let storm = storm(&mut rng);
        let stormy = rng.gen_range(4..10);
        let votes = if chance(&mut rng, 0.5) { VoteRelay::Direct } else { VoteRelay::Leaders };
        Self { seed, members, parameters, bad, company, storm, joining, votes, stormy, calm: 4 }
    }

    /// Most members that may be bad.
    pub fn faults(&self) -> usize {
        (self.members - 1) / 3
    }
}

fn parameters(rng: &mut ChaCha20Rng, company: Company) -> Parameters {
    let groups = match company {
        Company::CapturedGroup => 3,
        Company::GroupLeaders => 2,
        _ => 1,
    };
    let (cycle_blocks, beacon_interval) = match rng.gen_range(0..10) {
        0..4 => (5000, NO_BEACON),
        4..8 => (rng.gen_range(1..6), NO_BEACON),
        _ => (rng.gen_range(3..9), 3),
    };
    Parameters { cycle_blocks, beacon_interval, groups, ..Parameters::default() }
}

fn bad(rng: &mut ChaCha20Rng, company: Company, members: usize) -> Vec<(MemberIndex, Kind)> {
    let faults = (members - 1) / 3;
    let all = || 0..members as u16;
    let who: Vec<u16> = match company {
        // The first cycle deals the members into groups in their order: 5 + 4 + 4, and 4 + 4.
        Company::CapturedGroup => (5..9).collect(),
        Company::GroupLeaders => vec![0, 4],
        Company::TooManySilent => {
            all().collect::<Vec<_>>().choose_multiple(rng, faults + 1).copied().collect()
        }
        Company::Scattered => {
            let many = if chance(rng, 0.1) { 0 } else { rng.gen_range(1..=faults) };
            all().collect::<Vec<_>>().choose_multiple(rng, many).copied().collect()
        }
    };
    let silent = company == Company::TooManySilent;
    let mut kind = || if silent { Kind::Silent } else { Kind::ALL[rng.gen_range(0..Kind::ALL.len())] };
    who.into_iter().map(|member| (MemberIndex::new(member), kind())).collect()
}

fn storm(rng: &mut ChaCha20Rng) -> Storm {
    let mut some = |likely: f64, most: f64| if chance(rng, likely) { rng.gen_range(0.0..most) } else { 0.0 };
    let links = Links { loss: some(0.6, 0.2), duplication: some(0.4, 0.3), delay: some(0.5, 0.2) };
    let (crash, crash_at_boundary) = (some(0.5, 0.02), some(0.3, 0.5));
    let disk = some(0.2, 1.0);
    Storm { links, crash, crash_at_boundary, disk, partitions: chance(rng, 0.4) }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} members, votes {:?}, {:?} {:?}, cycles of {}, rounds of {}, {:?}, {:?}",
            self.members,
            self.votes,
            self.company,
            self.bad,
            self.parameters.cycle_blocks,
            self.parameters.beacon_interval,
            self.joining,
            self.storm
        )
    }
}
