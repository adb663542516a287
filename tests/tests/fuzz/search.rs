//! From inputs to inputs that go other ways.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant, SystemTime},
};

use galen_tests::fuzz::{Target, mutate::mutate};
use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha20Rng;

use crate::{allocations, corpus};

/// What a target may take whatever its input: hashers, small tables. What is made once is made before anything is measured.
const MEMORY: usize = 256 * 1024;
/// Longer than this no input may take: what takes so long could stop a member.
const LONGEST: Duration = Duration::from_secs(60);
/// Most inputs that others are made from.
const POOL: usize = 2000;
/// Files of a corpus, if its seeds are not more.
const FILES: usize = 12;
/// Files of a corpus besides its seeds, at least.
const OTHERS: usize = 4;

/// A seed for once.
pub fn any_seed() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A search for inputs that bring a target down.
pub struct Search<'a> {
    target: &'a Target,
    rng: ChaCha20Rng,
    /// An input for each way, the shortest known.
    ways: BTreeMap<String, Vec<u8>>,
    pool: Vec<Vec<u8>>,
    most: usize,
    longest: Duration,
}

impl<'a> Search<'a> {
    /// Begins with the corpus.
    pub fn new(target: &'a Target, seed: u64) -> Self {
        let seed = *blake3::hash(format!("{} {seed}", target.name).as_bytes()).as_bytes();
        Self {
            target,
            rng: ChaCha20Rng::from_seed(seed),
            ways: BTreeMap::new(),
            pool: Vec::new(),
            most: 0,
            longest: Duration::ZERO,
        }
    }

    /// Runs the target on an input, and fails with what is to be done.
    pub fn run(&mut self, input: &[u8]) -> String {
        let begun = Instant::now();
        let (ran, most) = allocations::most(|| catch_unwind(AssertUnwindSafe(|| (self.target.run)(input))));
        let (took, bound) = (begun.elapsed(), MEMORY + self.target.memory * input.len());
        self.longest = self.longest.max(took);
        self.most = self.most.max(most);
        match ran {
            Err(_) => self.fail(input, "a panic (above)"),
            Ok(_) if most > bound => self.fail(input, &format!("it took {most} bytes, and may take {bound}")),
            Ok(_) if took > LONGEST => self.fail(input, &format!("it took {took:?}")),
            Ok(way) => way,
        }
    }

    fn fail(&self, input: &[u8], why: &str) -> ! {
        let (name, path) = (self.target.name, corpus::keep(self.target.name, input));
        panic!(
            "{name}: {why}; the input is in {path}: GALEN_FUZZ_TARGETS={name} GALEN_FUZZ_INPUT={path} cargo test -p \
             galen-tests --test fuzz one -- --ignored --nocapture; once it is mended, move it to \
             tests/fuzz/corpus/{name}/found-…"
        )
    }

    fn take(&mut self, input: Vec<u8>) -> bool {
        let way = self.run(&input);
        let known = self.ways.get(&way);
        let is_new = known.is_none();
        if known.is_none_or(|known| input.len() < known.len()) {
            self.ways.insert(way, input.clone());
        }
        if is_new && self.pool.len() < POOL {
            self.pool.push(input);
        }
        is_new
    }

    /// What is made once, on the first use, is not counted.
    fn warm_up<'i>(&self, inputs: impl Iterator<Item = &'i Vec<u8>>) {
        for input in inputs {
            // What brings it down will do so again, and be reported.
            let _ = catch_unwind(AssertUnwindSafe(|| (self.target.run)(input)));
        }
    }

    /// All of the corpus; how many files.
    pub fn replay(&mut self) -> usize {
        let inputs = corpus::inputs(self.target.name);
        assert!(!inputs.is_empty(), "{} has no corpus", self.target.name);
        self.warm_up(inputs.iter().map(|(_, input)| input));
        let files = inputs.len();
        for (_, input) in inputs {
            self.take(input.clone());
            self.pool.push(input);
        }
        files
    }

    /// What is made of real things today goes no way that the corpus does not know: a corpus in an old encoding tests only
    /// that it is refused.
    pub fn is_fresh(&mut self) {
        let name = self.target.name;
        for (number, seed) in (self.target.seeds)().into_iter().enumerate() {
            let way = self.run(&seed);
            let known = self.ways.contains_key(&way);
            assert!(
                known,
                "the corpus of {name} is out of date: nothing in it goes the way of seed {number} ({way}). \
                 GALEN_FUZZ_TARGETS={name} cargo test -p galen-tests --test fuzz write_corpora -- --ignored"
            );
        }
    }

    /// Tries changes of what it has; what goes a new way is changed further. How many were tried.
    pub fn go_on(&mut self, more: impl Fn(usize) -> bool) -> usize {
        let mut tried = 0;
        while more(tried) {
            tried += 1;
            let empty = Vec::new();
            let one = self.pool.choose(&mut self.rng).unwrap_or(&empty).clone();
            let other = self.pool.choose(&mut self.rng).unwrap_or(&empty).clone();
            let input = mutate(&mut self.rng, &one, &other);
            self.take(input);
        }
        tried
    }

    /// How far it came.
    pub fn report(&self) -> String {
        format!(
            "{} ways, at most {} bytes of memory, {:?} an input",
            self.ways.len(),
            self.most,
            self.longest
        )
    }

    /// Seeds, seeds cut off, and inputs that go other ways; how many.
    pub fn write_corpus(&mut self) -> usize {
        let mut inputs = (self.target.seeds)();
        self.warm_up(inputs.iter());
        for input in inputs.clone() {
            self.take(input.clone());
            self.pool.push(input.clone());
            let cut = self.rng.gen_range(0..=input.len());
            self.take(input.get(..cut).unwrap_or_default().to_vec());
        }
        let mutations = 2 * self.target.mutations;
        self.go_on(|tried| tried < mutations);
        let seeds: BTreeSet<_> = inputs.iter().cloned().collect();
        let mut others: Vec<_> =
            self.ways.values().filter(|input| !seeds.contains(*input)).cloned().collect();
        others.sort_by_key(Vec::len);
        others.truncate(FILES.saturating_sub(inputs.len()).max(OTHERS));
        inputs.extend(others);
        corpus::write(self.target.name, &inputs);
        inputs.len()
    }
}
