//! Counting what happened lately, without a lock: a cell is a count and the stretch of time that it belongs to.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use enerlink_domain::view::Latency;

/// A count of one stretch of time. What a former stretch has counted is forgotten by the next one that counts.
#[derive(Default)]
struct Cell(AtomicU64);

impl Cell {
    fn add(&self, stretch: u32, count: u32) {
        let later = |packed: u64| {
            let (found, before) = unpack(packed);
            // A writer that was interrupted for a whole round must not undo what came after it.
            (found <= stretch).then(|| {
                let before = if found == stretch { before } else { 0 };
                pack(stretch, before.saturating_add(count))
            })
        };
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }

    /// What was counted from stretch `first` on.
    fn since(&self, first: u32) -> u64 {
        let (found, count) = unpack(self.0.load(Ordering::Relaxed));
        if found < first { 0 } else { u64::from(count) }
    }
}

fn pack(stretch: u32, count: u32) -> u64 {
    u64::from(stretch) << 32 | u64::from(count)
}

fn unpack(packed: u64) -> (u32, u32) {
    let half = |value: u64| u32::try_from(value & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    (half(packed >> 32), half(packed))
}

/// The number of the stretch of `width` that `now` lies in; 0 is before every one, and what a new cell holds.
fn stretch(now: Duration, width: Duration) -> u32 {
    u32::try_from(now.as_millis() / width.as_millis().max(1) + 1).unwrap_or(u32::MAX)
}

/// Seconds that a rate is taken over.
const RATE_SECONDS: u32 = 60;

/// How many there were in each of the last seconds.
pub(super) struct Rate([Cell; RATE_SECONDS as usize]);

impl Default for Rate {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Cell::default()))
    }
}

impl Rate {
    pub(super) fn add(&self, now: Duration, count: u32) {
        let second = stretch(now, Duration::from_secs(1));
        self.0[(second % RATE_SECONDS) as usize].add(second, count);
    }

    /// Per 1000 s, over the last minute, or over `age` when that is shorter.
    pub(super) fn per_1000s(&self, now: Duration, age: Duration) -> u64 {
        let second = stretch(now, Duration::from_secs(1));
        let first = (second + 1).saturating_sub(RATE_SECONDS);
        let counted: u64 = self.0.iter().map(|cell| cell.since(first)).sum();
        let over = age.as_secs().clamp(1, u64::from(RATE_SECONDS));
        counted * 1000 / over
    }
}

/// Buckets for each doubling: a value is told to a sixteenth.
const STEPS: u32 = 16;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Longer ones than 2^36 µs (19 h) count as that long.
const TOP_BIT: u32 = 36;
const BUCKETS: usize = ((TOP_BIT - STEP_BITS + 1) * STEPS) as usize;
/// Stretches that are looked at together.
const STRETCHES: u32 = 5;

/// How long something took, in each of the last stretches of time.
pub(super) struct Latencies {
    width: Duration,
    cells: Vec<Cell>,
}

impl Latencies {
    /// Over the last [`STRETCHES`] stretches of `width`.
    pub(super) fn new(width: Duration) -> Self {
        let cells = BUCKETS * STRETCHES as usize;
        Self {
            width,
            cells: std::iter::repeat_with(Cell::default).take(cells).collect(),
        }
    }

    pub(super) fn record(&self, now: Duration, took: Duration) {
        let stretch = stretch(now, self.width);
        let bucket = bucket(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        let round = (stretch % STRETCHES) as usize;
        self.cells[round * BUCKETS + bucket].add(stretch, 1);
    }

    pub(super) fn read(&self, now: Duration) -> Latency {
        let first = (stretch(now, self.width) + 1).saturating_sub(STRETCHES);
        let mut counts = vec![0_u64; BUCKETS];
        for round in self.cells.chunks_exact(BUCKETS) {
            for (sum, cell) in counts.iter_mut().zip(round) {
                *sum += cell.since(first);
            }
        }
        let count: u64 = counts.iter().sum();
        let within = |percent: u64| {
            let mut left = (count * percent).div_ceil(100);
            let found = counts.iter().position(|in_bucket| {
                left = left.saturating_sub(*in_bucket);
                left == 0
            });
            found.filter(|_| count > 0).map_or(0, highest)
        };
        Latency {
            count,
            p50_us: within(50),
            p99_us: within(99),
        }
    }
}

/// Where `micros` is counted: exactly below [`STEPS`], then by its [`STEP_BITS`] bits below the highest.
fn bucket(micros: u64) -> usize {
    let micros = micros.min((1 << TOP_BIT) - 1);
    let shift = (u64::BITS - micros.leading_zeros()).saturating_sub(STEP_BITS + 1);
    let index = u64::from(shift * STEPS) + (micros >> shift);
    usize::try_from(index).unwrap_or(BUCKETS - 1).min(BUCKETS - 1)
}

/// The largest value that is counted in `bucket`.
fn highest(bucket: usize) -> u64 {
    let bucket = u64::try_from(bucket).unwrap_or(0);
    let steps = u64::from(STEPS);
    let shift = (bucket / steps).saturating_sub(1);
    ((bucket - shift * steps + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn every_value_is_told_to_a_sixteenth() {
        let mut values: Vec<u64> = (0..2000).collect();
        values.extend((11..TOP_BIT).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]));
        for value in values {
            let told = highest(bucket(value));
            assert!(
                told >= value && told - value <= value / 16,
                "{value} was told as {told}"
            );
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(highest(BUCKETS - 1), (1 << TOP_BIT) - 1);
    }

    #[test]
    fn half_and_nearly_all() {
        let latencies = Latencies::new(60 * SECOND);
        assert_eq!(latencies.read(SECOND), Latency::default());
        for micros in 1..=1000 {
            latencies.record(SECOND, Duration::from_micros(micros));
        }
        let read = latencies.read(SECOND);
        assert_eq!(read.count, 1000);
        assert!((500..=531).contains(&read.p50_us), "{read:?}");
        assert!((990..=1051).contains(&read.p99_us), "{read:?}");
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let latencies = Latencies::new(60 * SECOND);
        latencies.record(10 * SECOND, SECOND);
        latencies.record(100 * SECOND, SECOND);
        for (now, count) in [(100, 2), (299, 2), (300, 1), (359, 1), (360, 0)] {
            assert_eq!(latencies.read(now * SECOND).count, count, "at {now} s");
        }
        latencies.record(310 * SECOND, SECOND);
        assert_eq!(latencies.read(360 * SECOND).count, 1);
        let rate = Rate::default();
        rate.add(5 * SECOND, 30);
        rate.add(9 * SECOND, 30);
        assert_eq!(rate.per_1000s(9 * SECOND, 10 * SECOND), 6000);
        assert_eq!(rate.per_1000s(64 * SECOND, 64 * SECOND), 1000);
        assert_eq!(rate.per_1000s(65 * SECOND, 65 * SECOND), 500);
        assert_eq!(rate.per_1000s(69 * SECOND, 69 * SECOND), 0);
    }

    #[test]
    fn threads_lose_no_count() {
        let rate = Rate::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| rate.add(SECOND, 1)));
            }
        });
        assert_eq!(rate.per_1000s(SECOND, SECOND), 40_000_000);
    }
}
