//! Product and peer by turns, so that what else the machine does meets both.

use std::time::{Duration, Instant};

use anyhow::Result;

/// Rounds of a measurement. Fewer than five say little about the worst.
pub(crate) const ROUNDS: usize = 5;

/// What was measured of one side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Times {
    pub(crate) median: Duration,
    pub(crate) worst: Duration,
}

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self {
            median: times[times.len() / 2],
            worst: times[times.len() - 1],
        }
    }
}

/// The time below which 99 of 100 lie.
pub(crate) fn p99(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let place = (times.len() * 99).div_ceil(100).saturating_sub(1);
    times.get(place).copied().unwrap_or_default()
}

/// How long `work` takes.
pub(crate) fn timed(mut work: impl FnMut() -> Result<()>) -> impl FnMut() -> Result<Duration> {
    move || {
        let started = Instant::now();
        work()?;
        Ok(started.elapsed())
    }
}

/// Runs both by turns, each first in every other round; each says what is measured of it.
///
/// # Errors
/// The first of either side.
pub(crate) fn alternate<T, U>(
    rounds: usize,
    mut product: impl FnMut() -> Result<T>,
    mut peer: impl FnMut() -> Result<U>,
) -> Result<(Vec<T>, Vec<U>)> {
    let (mut ours, mut theirs) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    for round in 0..rounds {
        for side in [round % 2, 1 - round % 2] {
            match side {
                0 => ours.push(product()?),
                _ => theirs.push(peer()?),
            }
        }
    }
    Ok((ours, theirs))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn both_sides_run_by_turns() {
        let order = RefCell::new(String::new());
        let side = |name| {
            let order = &order;
            move || {
                order.borrow_mut().push(name);
                Ok(name)
            }
        };
        let (ours, theirs) = alternate(5, side('a'), side('b')).expect("runs");
        assert_eq!((ours, theirs), (vec!['a'; 5], vec!['b'; 5]));
        assert_eq!(*order.borrow(), "abbaabbaab");
        let broken = alternate(1, || anyhow::bail!("broken"), side('b'));
        assert!(broken.map(|_: (Vec<()>, _)| ()).is_err());
    }

    #[test]
    fn one_of_a_hundred_may_be_slower() {
        let mut times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(p99(&mut times), Duration::from_millis(198));
        assert_eq!(p99(&mut [Duration::from_millis(7)]), Duration::from_millis(7));
        assert_eq!(p99(&mut []), Duration::ZERO);
    }

    #[test]
    fn median_and_worst_are_told() {
        let times = [5, 1, 9, 2, 3].map(Duration::from_millis).to_vec();
        let expected = Times {
            median: Duration::from_millis(3),
            worst: Duration::from_millis(9),
        };
        assert_eq!(Times::of(times), expected);
    }
}
