//! Argon2id (RFC 9106) with bounds: what a vault may ask for, and what a new vault gets.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::{Error, Password, seal::Key};

/// One GiB: above it a hostile file could exhaust the machine.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_PASSES: u32 = 32;
const MAX_LANES: u32 = 16;
/// The middle of the 0.7 to 1.0 s that an unlock should take.
const TARGET: Duration = Duration::from_millis(850);
/// Half of the 0.7 s.
const TOO_FAST: Duration = Duration::from_millis(350);

/// The cost of Argon2id for one vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfParams {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl KdfParams {
    /// 256 MiB, 4 passes, one lane.
    pub const DEFAULT: Self = Self {
        memory_kib: 256 << 10,
        passes: 4,
        lanes: 1,
    };

    /// 64 MiB, 3 passes, one lane: a vault that asks for less is refused.
    pub const FLOOR: Self = Self {
        memory_kib: 64 << 10,
        passes: 3,
        lanes: 1,
    };

    /// The least that Argon2 can do.
    const LEAST: Self = Self {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    /// Costs in KiB, passes and lanes.
    ///
    /// # Errors
    /// [`Error::KdfRefused`] below [`KdfParams::FLOOR`], or above 1 GiB, 32 passes or 16 lanes.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, Error> {
        let params = Self {
            memory_kib,
            passes,
            lanes,
        };
        params.check(Self::FLOOR)?;
        Ok(params)
    }

    /// A cost that protects nothing, for tests that create many vaults.
    #[cfg(any(test, feature = "test-kdf"))]
    pub const fn for_tests() -> Self {
        Self {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        }
    }

    /// The cost at which this machine unlocks in 0.7 to 1.0 s, never below [`KdfParams::FLOOR`]. It runs one
    /// derivation at the floor; `monotonic` reads the clock.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when not even the floor can be run.
    pub fn calibrate(monotonic: impl Fn() -> Duration) -> Result<Self, Error> {
        let started = monotonic();
        derive(&Password::from(String::new()), &[0; 32], Self::FLOOR)?;
        Ok(Self::fit(monotonic().saturating_sub(started)))
    }

    /// The best use of [`TARGET`] when the floor takes `measured`: memory first, then passes.
    fn fit(measured: Duration) -> Self {
        let floor_work = u128::from(Self::FLOOR.memory_kib) * u128::from(Self::FLOOR.passes);
        let work = floor_work * TARGET.as_micros() / measured.as_micros().max(1);
        [256 << 10, 192 << 10, 128 << 10, 96 << 10]
            .into_iter()
            .map(|memory_kib| (memory_kib, work / u128::from(memory_kib)))
            .find(|(_, passes)| *passes >= u128::from(Self::FLOOR.passes))
            .map_or(Self::FLOOR, |(memory_kib, passes)| Self {
                memory_kib,
                passes: u32::try_from(passes).unwrap_or(MAX_PASSES).min(MAX_PASSES),
                lanes: 1,
            })
    }

    /// Refuses costs out of bounds, before anything is allocated.
    pub(crate) fn check(self, floor: Self) -> Result<(), Error> {
        let accepted = (floor.memory_kib..=MAX_MEMORY_KIB).contains(&self.memory_kib)
            && (floor.passes..=MAX_PASSES).contains(&self.passes)
            && (1..=MAX_LANES).contains(&self.lanes)
            && self.memory_kib >= 8 * self.lanes;
        accepted.then_some(()).ok_or(Error::KdfRefused)
    }

    /// m, t and p as in the vault's header.
    pub(crate) fn to_array(self) -> [u32; 3] {
        [self.memory_kib, self.passes, self.lanes]
    }

    /// The reverse of [`KdfParams::to_array`], not yet checked.
    pub(crate) fn from_array([memory_kib, passes, lanes]: [u32; 3]) -> Self {
        Self {
            memory_kib,
            passes,
            lanes,
        }
    }

    /// Whether a vault with this cost would be better off with `other`: more memory or more work, and less of neither.
    pub(crate) fn is_weaker_than(self, other: Self) -> bool {
        let work = |params: Self| u64::from(params.memory_kib) * u64::from(params.passes);
        self.memory_kib <= other.memory_kib
            && work(self) <= work(other)
            && (self.memory_kib < other.memory_kib || work(self) < work(other))
    }
}

/// What a keystore gives to its vaults.
#[derive(Clone, Copy)]
pub(crate) enum Cost {
    /// What [`KdfParams::calibrate`] finds on this machine.
    Calibrated,
    /// Always the same.
    Fixed(KdfParams),
}

impl Cost {
    /// For a vault that is made now.
    pub(crate) fn of_new_vault(self) -> Result<KdfParams, Error> {
        match self {
            Self::Calibrated => {
                let started = Instant::now();
                KdfParams::calibrate(|| started.elapsed())
            }
            Self::Fixed(params) => Ok(params),
        }
    }

    /// What a vault at `current` should get instead, when its derivation has just taken `measured`. A calibrated cost
    /// is raised when this machine needs less than half of the time that an unlock should take at least: a vault from
    /// a slower machine, or one from the time before. A machine that is busy only makes the answer more careful.
    pub(crate) fn upgrade_of(self, current: KdfParams, measured: Duration) -> Option<KdfParams> {
        let better = match self {
            Self::Calibrated if measured < TOO_FAST => {
                let work = |params: KdfParams| params.memory_kib.saturating_mul(params.passes).max(1);
                KdfParams::fit(measured * work(KdfParams::FLOOR) / work(current))
            }
            Self::Calibrated => return None,
            Self::Fixed(params) => params,
        };
        current.is_weaker_than(better).then_some(better)
    }

    /// The least that a vault may ask for. Below [`KdfParams::FLOOR`] only for a keystore that itself creates such
    /// vaults, which is one in a test.
    pub(crate) fn floor(self) -> KdfParams {
        match self {
            Self::Fixed(params) if params.check(KdfParams::FLOOR).is_err() => KdfParams::LEAST,
            _ => KdfParams::FLOOR,
        }
    }
}

/// The key that a password gives. The working memory is at least 64 MiB in a real vault, which the allocator maps
/// and unmaps as a whole, so that nothing of it stays in the process.
pub(crate) fn derive(password: &Password, salt: &[u8; 32], params: KdfParams) -> Result<Key, Error> {
    let [memory_kib, passes, lanes] = params.to_array();
    let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| Error::KdfRefused)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut *key)
        .map_err(|error| match error {
            argon2::Error::OutOfMemory => Error::OutOfMemory,
            _ => Error::KdfRefused,
        })?;
    Ok(Key::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_bounded_from_both_sides() {
        for (memory, passes, lanes, accepted) in [
            (64 << 10, 3, 1, true),
            (256 << 10, 4, 1, true),
            (1 << 20, 32, 16, true),
            ((64 << 10) - 1, 3, 1, false),
            (64 << 10, 2, 1, false),
            (64 << 10, 3, 0, false),
            ((1 << 20) + 1, 3, 1, false),
            (u32::MAX, 3, 1, false),
            (64 << 10, 33, 1, false),
            (64 << 10, u32::MAX, 1, false),
            (64 << 10, 3, 17, false),
            (64 << 10, 3, u32::MAX, false),
        ] {
            assert_eq!(
                KdfParams::new(memory, passes, lanes).is_ok(),
                accepted,
                "{memory} {passes} {lanes}"
            );
        }
    }

    #[test]
    fn calibration_hits_the_target_and_never_falls_below_the_floor() {
        for millis in [1, 10, 40, 85, 120, 200, 300, 850, 5000] {
            let floor = Duration::from_millis(millis);
            let fitted = KdfParams::fit(floor);
            assert!(fitted.check(KdfParams::FLOOR).is_ok(), "{fitted:?}");
            let [memory, passes, _] = fitted.to_array();
            let [floor_memory, floor_passes, _] = KdfParams::FLOOR.to_array();
            let expected = floor * memory * passes / (floor_memory * floor_passes);
            if fitted != KdfParams::FLOOR && passes < MAX_PASSES {
                assert!(
                    (Duration::from_millis(600)..=TARGET).contains(&expected),
                    "{millis} ms gives {fitted:?}, {expected:?}"
                );
            }
        }
    }

    #[test]
    fn calibration_measures_one_derivation() {
        let readings = std::cell::Cell::new(0);
        let fitted = KdfParams::calibrate(|| {
            readings.set(readings.get() + 1);
            Duration::from_millis(100 * readings.get())
        });
        assert_eq!(readings.get(), 2);
        assert_eq!(
            fitted.expect("enough memory"),
            KdfParams::fit(Duration::from_millis(100))
        );
    }

    #[test]
    fn a_vault_is_raised_only_to_something_stronger() {
        let fast = Duration::from_millis(100);
        let better = Cost::Calibrated
            .upgrade_of(KdfParams::FLOOR, fast)
            .expect("raised");
        assert!(KdfParams::FLOOR.is_weaker_than(better));
        assert_eq!(better, KdfParams::fit(fast));
        // A vault that takes long enough, or as much as this program gives, stays as it is.
        let slow = TOO_FAST + Duration::from_millis(1);
        assert_eq!(Cost::Calibrated.upgrade_of(KdfParams::FLOOR, slow), None);
        let strongest = KdfParams::from_array([MAX_MEMORY_KIB, MAX_PASSES, 1]);
        for cost in [Cost::Calibrated, Cost::Fixed(KdfParams::DEFAULT)] {
            assert_eq!(cost.upgrade_of(strongest, fast), None);
        }
        let default = Cost::Fixed(KdfParams::DEFAULT);
        assert_eq!(
            default.upgrade_of(KdfParams::FLOOR, slow),
            Some(KdfParams::DEFAULT)
        );
        assert_eq!(default.upgrade_of(KdfParams::DEFAULT, fast), None);
        // Less memory is not made good by more passes.
        let wide = KdfParams::from_array([512 << 10, 3, 1]);
        assert_eq!(default.upgrade_of(wide, fast), None);
    }

    /// RFC 9106, 5.3 needs a secret and associated data, which vaults do not use; this one is the reference
    /// implementation's own test (`hashtest(version, 2, 16, 1, "password", "somesalt", …, Argon2_id)`).
    #[test]
    fn the_algorithm_is_argon2id_version_13() {
        let params = Params::new(1 << 16, 2, 1, Some(32)).expect("valid");
        let mut out = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(b"password", b"somesalt", &mut out)
            .expect("derives");
        assert_eq!(
            enerlink_domain::id::hex(&out),
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
        );
    }
}
