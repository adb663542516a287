//! Taking turns, medians, and lines of output.

use std::time::{Duration, Instant};

/// What one contender took, run by run.
#[derive(Debug, Clone)]
pub struct Series {
    name: String,
    times: Vec<Duration>,
    cpu: Duration,
}

impl Series {
    /// The contender's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The median time in milliseconds.
    pub fn median_ms(&self) -> f64 {
        median(self.times.iter().map(|time| time.as_secs_f64() * 1e3).collect())
    }

    /// Processor time of a run in milliseconds, all threads together; 0 where the system does not tell. On a busy
    /// machine it is the steadier number.
    pub fn cpu_ms(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e3 / self.times.len().max(1) as f64
    }

    /// The shortest time in milliseconds.
    pub fn shortest_ms(&self) -> f64 {
        self.times.iter().min().map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

/// A contender: its name and what it does in one run.
pub type Contender<'a> = (&'a str, Box<dyn FnMut() + 'a>);

/// Runs all contenders in turn, `rounds` times after one round that is not counted.
pub fn take_turns(rounds: usize, mut contenders: Vec<Contender<'_>>) -> Vec<Series> {
    let mut series: Vec<Series> = contenders
        .iter()
        .map(|(name, _)| Series {
            name: (*name).to_string(),
            times: Vec::with_capacity(rounds),
            cpu: Duration::ZERO,
        })
        .collect();
    for round in 0..=rounds {
        for ((_, run), series) in contenders.iter_mut().zip(&mut series) {
            let (start, cpu) = (Instant::now(), processor_time());
            run();
            if round > 0 {
                series.times.push(start.elapsed());
                series.cpu += processor_time().saturating_sub(cpu);
            }
        }
    }
    series
}

/// What this process has used so far, in user mode and in the system, by Linux's `/proc`.
pub fn processor_time() -> Duration {
    const TICKS_A_SECOND: u64 = 100;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the program's name in brackets, and may contain anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / TICKS_A_SECOND)
}

/// How many times slower `slow` is than `fast`: the median of the ratios of neighbouring runs.
pub fn ratio(slow: &Series, fast: &Series) -> f64 {
    let pairs = slow.times.iter().zip(&fast.times);
    median(pairs.map(|(slow, fast)| slow.as_secs_f64() / fast.as_secs_f64()).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

/// Prints a comparison against the last series: a table, or JSON when the program was called with `--json`.
#[allow(clippy::print_stdout)]
pub fn print(subject: &str, series: &[Series]) {
    let Some(ours) = series.last() else { return };
    let json = std::env::args().any(|argument| argument == "--json");
    if !json {
        println!("{subject} ({} threads)", rayon::current_num_threads());
    }
    for each in series {
        let (median, shortest, ratio) = (each.median_ms(), each.shortest_ms(), ratio(each, ours));
        if json {
            let line = serde_json::json!({
                "subject": subject, "contender": each.name, "median_ms": median,
                "shortest_ms": shortest, "cpu_ms": each.cpu_ms(), "times_ours": ratio, "runs": each.times.len(),
                "threads": rayon::current_num_threads(),
            });
            println!("{line}");
        } else {
            let cpu = each.cpu_ms();
            let name = &each.name;
            println!("  {name:<32} {median:>9.1} ms  shortest {shortest:>9.1}  cpu {cpu:>9.1}  x {ratio:.2}");
        }
    }
}
