//! Dice: numbers that look random and are the same for the same seed, on every machine and in every version.

/// One stream of numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The stream `name` of `seed`: what one part of the world draws does not depend on how often another one draws.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        let mut dice = Self(seed);
        for byte in name.bytes() {
            dice.0 = dice.next() ^ u64::from(byte);
        }
        dice
    }

    /// Other dice, of which each number has its own.
    pub(super) fn fork(&self, number: u64) -> Self {
        let mut dice = Self(self.0 ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dice.next();
        dice
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `range`; its start when the range is empty.
    pub(super) fn pick(&mut self, range: std::ops::Range<u64>) -> u64 {
        let width = range.end.saturating_sub(range.start).max(1);
        range.start + self.next() % width
    }

    /// One of `choices`, of which there is at least one.
    pub(super) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.pick(0..choices.len() as u64) as usize;
        choices[at]
    }

    /// Whether something happens that does so in `per_mille` of 1000 cases.
    pub(super) fn happens(&mut self, per_mille: u64) -> bool {
        self.pick(0..1000) < per_mille
    }

    /// So many milliseconds as a time, from `range`.
    pub(super) fn millis(&mut self, range: std::ops::Range<u64>) -> std::time::Duration {
        std::time::Duration::from_millis(self.pick(range))
    }
}
