//! The sun, the clouds and the habits of a household, in whole numbers.

use super::{DAY_MS, HomeConfig, MICRO};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Near the equator the day is twelve hours long all year.
const SUNRISE: i64 = 6 * HOUR;
const SUNSET: i64 = 18 * HOUR;
/// One millionth is the unit of all fractions here.
const WHOLE: u64 = 1_000_000;
const FRIDGE_W: u64 = 120;

/// What the panels can give and what the appliances want at `local` milliseconds of the home's clock, in µW.
pub(super) fn at(config: &HomeConfig, seed: u64, local: i64) -> (u64, u64) {
    let of_day = local.rem_euclid(DAY_MS);
    let loss = noise(seed, 1, local, 5 * MINUTE) * u64::from(config.cloudiness_percent.min(100)) / 100;
    let clear = share(u64::from(config.peak_solar_w) * MICRO, sun(of_day));
    (share(clear, WHOLE - loss), load(config, seed, local, of_day))
}

/// `part` millionths of `power`.
fn share(power: u64, part: u64) -> u64 {
    // Both factors are far below 2^63: power is below 2^32 W and the part is at most a million.
    u64::try_from(u128::from(power) * u128::from(part) / u128::from(WHOLE)).unwrap_or(u64::MAX)
}

/// The height of the sun as a parabola from sunrise to sunset; at its highest it is the whole.
fn sun(of_day: i64) -> u64 {
    let (past, left) = (of_day - SUNRISE, SUNSET - of_day);
    if past <= 0 || left <= 0 {
        return 0;
    }
    let length = u128::from((SUNSET - SUNRISE).unsigned_abs());
    let height = 4 * u128::from(past.unsigned_abs()) * u128::from(left.unsigned_abs()) * u128::from(WHOLE);
    u64::try_from(height / (length * length)).unwrap_or(WHOLE)
}

fn load(config: &HomeConfig, seed: u64, local: i64, of_day: i64) -> u64 {
    let base = u64::from(config.base_load_w) * MICRO;
    let peak = u64::from(config.peak_load_w) * MICRO;
    let morning = share(
        peak,
        hill(of_day, 5 * HOUR, 6 * HOUR + HOUR / 2, 8 * HOUR + HOUR / 2),
    ) / 2;
    let evening = share(peak, hill(of_day, 17 * HOUR, 19 * HOUR + HOUR / 2, 23 * HOUR));
    let whims = share(base, noise(seed, 2, local, MINUTE)) / 4;
    base + morning + evening + whims + fridge(seed, local)
}

/// The compressor runs a quarter of an hour in every three.
fn fridge(seed: u64, local: i64) -> u64 {
    let phase = (mix(seed ^ 3) % 2700) as i64 * 1000;
    let running = (local + phase).rem_euclid(45 * MINUTE) < 15 * MINUTE;
    if running { FRIDGE_W * MICRO } else { 0 }
}

/// Rises straight from `from` to the whole at `top`, and falls straight until `to`.
fn hill(at: i64, from: i64, top: i64, to: i64) -> u64 {
    let ratio = |part: i64, whole: i64| part.unsigned_abs() * WHOLE / whole.unsigned_abs();
    match at {
        _ if at <= from || at >= to => 0,
        _ if at <= top => ratio(at - from, top - from),
        _ => ratio(to - at, to - top),
    }
}

/// Smooth noise from 0 to the whole: random values every `period`, straight lines between them.
fn noise(seed: u64, stream: u64, at: i64, period: i64) -> u64 {
    let bucket = at.div_euclid(period);
    let value = |bucket: i64| mix(seed ^ mix(stream ^ mix(bucket as u64))) % (WHOLE + 1);
    let (before, after) = (value(bucket), value(bucket + 1));
    let (passed, period) = (at.rem_euclid(period).unsigned_abs(), period.unsigned_abs());
    (before * (period - passed) + after * passed) / period
}

/// A number below `below` that depends on the seed and on what it is for.
pub(super) fn draw(seed: u64, what: u64, below: u32) -> u32 {
    let below = u64::from(below.max(1));
    u32::try_from(mix(seed ^ mix(what)) % below).unwrap_or_default()
}

/// SplitMix64: a seed to a number that looks random.
fn mix(seed: u64) -> u64 {
    let seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}
