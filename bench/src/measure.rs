//! Product and peer by turns, so that what else the machine does meets both.

use std::time::{Duration, Instant};

use anyhow::Result;

/// Rounds of a measurement. Fewer than five say little about the worst.
const ROUNDS: usize = 9;

/// What was measured of one side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Times {
    pub(crate) median: Duration,
    pub(crate) worst: Duration,
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self {
            median: times[times.len() / 2],
            worst: times[times.len() - 1],
        }
    }
}

/// Runs both once unmeasured, then by turns, each first in every other round; how long each took.
///
/// # Errors
/// The first of either side.
pub(crate) fn alternate(
    mut product: impl FnMut() -> Result<()>,
    mut peer: impl FnMut() -> Result<()>,
) -> Result<[Times; 2]> {
    product()?;
    peer()?;
    let mut times = [const { Vec::new() }; 2];
    for round in 0..ROUNDS {
        for side in [round % 2, 1 - round % 2] {
            let started = Instant::now();
            match side {
                0 => product()?,
                _ => peer()?,
            }
            times[side].push(started.elapsed());
        }
    }
    Ok(times.map(Times::of))
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
                Ok(())
            }
        };
        alternate(side('a'), side('b')).expect("runs");
        assert_eq!(*order.borrow(), "ab".to_owned() + "abbaabbaabbaabbaab");
        assert!(alternate(|| anyhow::bail!("broken"), side('b')).is_err());
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
