//! What chance allows. Each bound is passed by chance once in a million.

/// Standard deviations that a normal variable exceeds once in a million, on one side.
const MILLIONTH: f64 = 4.76;

/// The highest rate that so many trials at this probability show.
pub fn at_most(probability: f64, trials: usize) -> f64 {
    probability + MILLIONTH * deviation(probability, trials)
}

/// Whether a rate is what it should be.
pub fn within(rate: f64, expected: f64, trials: usize) -> bool {
    (rate - expected).abs() <= MILLIONTH * deviation(expected, trials)
}

fn deviation(probability: f64, trials: usize) -> f64 {
    (probability * (1.0 - probability) / trials as f64).sqrt()
}

/// χ² of counts against an even distribution, and what it may be (Wilson and Hilferty).
pub fn chi_square(counts: &[usize]) -> (f64, f64) {
    let expected = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    let square = counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
    let freedom = (counts.len() - 1) as f64;
    let ninth = 2.0 / (9.0 * freedom);
    (square, freedom * (1.0 - ninth + MILLIONTH * ninth.sqrt()).powi(3))
}
