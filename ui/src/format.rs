//! Numbers, units and times as a person reads them. Energy and money stay integers up to the last digit.

mod amount;
mod date;

pub(crate) use amount::{amount, canonical, exact};
pub(crate) use date::{
    civil, date, date_and_time, day_and_month, day_and_time, iso_time, month, month_and_year, weekday,
};

use enerlink_domain::{
    Address, Etk, Idrs, MicroAmps, MicroVolts, MicroWatts, MicroWh, NetMicroWh, NetWattHours, TxHash,
    UnixMillis, Wei,
};

use crate::{calendar::Zone, i18n::Language, locale};

/// Micro-watt-hours below which energy is shown in Wh: 10 Wh.
const SMALL_ENERGY: u128 = 10_000_000;
/// A minus that is as wide as a plus.
const MINUS: char = '\u{2212}';

/// Stands for an amount that is not to be seen; its length says nothing.
pub(crate) const HIDDEN: &str = "•••••";

/// A figure and its unit, so that a page can set them differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    /// The digits.
    pub value: String,
    /// The unit.
    pub unit: &'static str,
}

impl Figure {
    /// Both, with a space that does not break.
    pub(crate) fn text(&self) -> String {
        format!("{}\u{a0}{}", self.value, self.unit)
    }
}

/// Whether a sign stands before positive figures too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Only before negative ones.
    Negative,
    /// Always, except before zero.
    Always,
}

/// `value` divided by 10^`scale`, with `shown` decimals, rounded half away from zero.
pub(crate) fn decimal(language: Language, value: i128, scale: u32, shown: u32, sign: Sign) -> String {
    let magnitude = value.unsigned_abs();
    let rounded = match scale.checked_sub(shown) {
        Some(cut) => (magnitude + 10_u128.pow(cut) / 2) / 10_u128.pow(cut),
        None => magnitude.saturating_mul(10_u128.pow(shown - scale)),
    };
    let (whole, fraction) = (rounded / 10_u128.pow(shown), rounded % 10_u128.pow(shown));
    let (group, point) = locale::signs(language);
    let mut text = String::new();
    match (rounded, value < 0, sign) {
        (0, ..) | (_, false, Sign::Negative) => {}
        (_, true, _) => text.push(MINUS),
        (_, false, Sign::Always) => text.push('+'),
    }
    let digits = whole.to_string();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    if shown > 0 {
        text.push(point);
        text.push_str(&format!("{fraction:0width$}", width = shown as usize));
    }
    text
}

/// A whole number.
pub(crate) fn count(language: Language, value: u64) -> String {
    decimal(language, i128::from(value), 0, 0, Sign::Negative)
}

/// Energy as kWh with `decimals`, below 10 Wh as Wh.
fn energy_figure(language: Language, micro: i128, decimals: u32, sign: Sign) -> Figure {
    if micro == 0 || micro.unsigned_abs() >= SMALL_ENERGY {
        Figure {
            value: decimal(language, micro, 9, decimals, sign),
            unit: "kWh",
        }
    } else {
        Figure {
            value: decimal(language, micro, 6, 2, sign),
            unit: "Wh",
        }
    }
}

/// Energy that only grows, two decimals.
pub(crate) fn energy(language: Language, energy: MicroWh) -> Figure {
    energy_figure(language, i128::from(energy.0), 2, Sign::Negative)
}

/// Signed energy, two decimals.
pub(crate) fn net_energy(language: Language, energy: NetMicroWh, sign: Sign) -> Figure {
    energy_figure(language, i128::from(energy.0), 2, sign)
}

/// Signed energy of one period, which is small: three decimals.
pub(crate) fn period_energy(language: Language, energy: NetMicroWh) -> Figure {
    energy_figure(language, i128::from(energy.0), 3, Sign::Negative)
}

/// Every digit that is known, in Wh, for a hover.
pub(crate) fn exact_energy(language: Language, micro: i128) -> String {
    format!("{}\u{a0}Wh", decimal(language, micro, 6, 6, Sign::Negative))
}

/// Whole watt-hours of signed micro-watt-hours, without the sign, as on the settle button.
pub(crate) fn whole_wh(language: Language, energy: NetMicroWh) -> String {
    format!("{}\u{a0}Wh", count(language, energy.whole_wh().magnitude().0))
}

/// Signed whole watt-hours, as a settlement moves them.
pub(crate) fn whole_energy(language: Language, energy: NetWattHours) -> String {
    format!(
        "{}\u{a0}Wh",
        decimal(language, i128::from(energy.0), 0, 0, Sign::Always)
    )
}

/// The unit that a group of powers is shown in, so that they can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PowerUnit {
    /// Watts with two decimals.
    SmallWatts,
    /// Kilowatts with two decimals.
    Kilowatts,
}

impl PowerUnit {
    /// The unit for a group whose largest magnitude this is, in µW.
    pub(crate) fn for_largest(largest: u64) -> Self {
        if largest >= 100_000_000 {
            Self::Kilowatts
        } else {
            Self::SmallWatts
        }
    }

    /// The unit's symbol.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::SmallWatts => "W",
            Self::Kilowatts => "kW",
        }
    }

    /// Micro-watts in one of it, as a power of ten.
    pub(crate) fn scale(self) -> u32 {
        match self {
            Self::SmallWatts => 6,
            Self::Kilowatts => 9,
        }
    }

    /// The digits with a sign before what is below zero.
    pub(crate) fn signed(self, language: Language, power: MicroWatts) -> String {
        decimal(language, i128::from(power.0), self.scale(), 2, Sign::Negative)
    }

    /// The magnitude's digits.
    pub(crate) fn digits(self, language: Language, power: MicroWatts) -> String {
        decimal(
            language,
            i128::from(power.0.unsigned_abs()),
            self.scale(),
            2,
            Sign::Negative,
        )
    }

    /// The magnitude with its unit.
    pub(crate) fn figure(self, language: Language, power: MicroWatts) -> Figure {
        Figure {
            value: self.digits(language, power),
            unit: self.symbol(),
        }
    }
}

/// The magnitude of one power in the unit that suits it.
pub(crate) fn power(language: Language, power: MicroWatts) -> String {
    PowerUnit::for_largest(power.0.unsigned_abs())
        .figure(language, power)
        .text()
}

/// A voltage, two decimals.
pub(crate) fn volts(language: Language, voltage: MicroVolts) -> String {
    let volts = decimal(language, i128::from(voltage.0), 6, 2, Sign::Negative);
    format!("{volts}\u{a0}V")
}

/// A current with its sign: below 1 A as mA with one decimal, else as A with two.
pub(crate) fn amps(language: Language, current: MicroAmps) -> String {
    let value = i128::from(current.0);
    if value.unsigned_abs() < 1_000_000 {
        format!("{}\u{a0}mA", decimal(language, value, 3, 1, Sign::Negative))
    } else {
        format!("{}\u{a0}A", decimal(language, value, 6, 2, Sign::Negative))
    }
}

/// Energy tokens, two decimals.
pub(crate) fn etk(language: Language, amount: Etk, sign: Sign) -> String {
    decimal(language, amount.0, 2, 2, sign)
}

/// Rupiah tokens, two decimals.
pub(crate) fn idrs(language: Language, amount: Idrs) -> String {
    decimal(language, amount.0, 2, 2, Sign::Negative)
}

/// Rupiah from hundredths: `Rp 1.444,70`; whole ones from Rp 1,000 on when there is little room.
pub(crate) fn rupiah(language: Language, sen: i128, room: Room) -> String {
    let shown = match room {
        Room::Little if sen.unsigned_abs() >= 100_000 => 0,
        Room::Little | Room::Enough => 2,
    };
    format!("Rp\u{a0}{}", decimal(language, sen, 2, shown, Sign::Negative))
}

/// How much room there is for digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// A tile.
    Little,
    /// A line of a table.
    Enough,
}

/// Decimals that a round `step`, in units of 10^-`scale`, needs; at most three.
pub(crate) fn decimals_of(step: i64, scale: u32) -> u32 {
    (0..3)
        .find(|shown| step % 10_i64.pow(scale - shown) == 0)
        .unwrap_or(3)
}

/// `0x71C7…976F`.
pub(crate) fn short_address(address: Address) -> String {
    shorten(&address.to_string())
}

/// `0x71C7…976F`, of a transaction.
pub(crate) fn short_hash(hash: TxHash) -> String {
    shorten(&hash.to_string())
}

/// Its first six and last four letters.
pub(crate) fn shorten(text: &str) -> String {
    match (
        text.get(..6),
        text.len().checked_sub(4).and_then(|at| text.get(at..)),
    ) {
        (Some(head), Some(tail)) if text.len() > 12 => format!("{head}…{tail}"),
        _ => text.to_owned(),
    }
}

/// Minutes and seconds that are left, rounded up: `1:48`.
pub(crate) fn countdown(left_ms: i64) -> String {
    let seconds = (left_ms.max(0) + 999) / 1000;
    if seconds >= 3600 {
        format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    } else {
        format!("{}:{:02}", seconds / 60, seconds % 60)
    }
}

/// A span of time in its two largest units: `3 d 4 h`.
pub(crate) fn span(language: Language, milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let [day, hour, minute, second] = match language {
        Language::Indonesian => ["hr", "jam", "mnt", "dtk"],
        Language::English => ["d", "h", "min", "s"],
    };
    let (large, small) = match seconds {
        0..60 => return format!("{seconds}\u{a0}{second}"),
        60..3600 => return format!("{}\u{a0}{minute}", seconds / 60),
        3600..86_400 => ((seconds / 3600, hour), (seconds / 60 % 60, minute)),
        _ => ((seconds / 86_400, day), (seconds / 3600 % 24, hour)),
    };
    if small.0 == 0 {
        format!("{}\u{a0}{}", large.0, large.1)
    } else {
        format!("{}\u{a0}{} {}\u{a0}{}", large.0, large.1, small.0, small.1)
    }
}

/// Local time of day, `10:45`; `offset` is local time minus UTC in minutes.
pub(crate) fn time_of_day(at: UnixMillis, offset: i64) -> String {
    let minutes = (at.0.div_euclid(60_000) + offset).rem_euclid(1440);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Time of day, with the date when it was before `today` began.
pub(crate) fn moment(language: Language, at: UnixMillis, today: UnixMillis, zone: Zone) -> String {
    let offset = zone(at.0);
    let time = time_of_day(at, offset);
    if at >= today {
        time
    } else {
        format!("{} {time}", day_and_month(language, at, offset))
    }
}

/// Local time of day to the second, `10:45:03`.
pub(crate) fn time_with_seconds(at: UnixMillis, offset: i64) -> String {
    let seconds = at.0.div_euclid(1000).rem_euclid(60);
    format!("{}:{seconds:02}", time_of_day(at, offset))
}

/// The start of the local day in which `at` lies.
pub(crate) fn day_start(at: UnixMillis, offset: i64) -> UnixMillis {
    let local = at.0 + offset * 60_000;
    UnixMillis(local.div_euclid(86_400_000) * 86_400_000 - offset * 60_000)
}

/// The native coin, four decimals.
pub(crate) fn coin(language: Language, amount: Wei) -> String {
    let wei = i128::try_from(amount.0).unwrap_or(i128::MAX);
    decimal(language, wei, 18, 4, Sign::Negative)
}

/// A file's length: bytes below 10 KiB, KiB, MiB or GiB with one decimal above.
pub(crate) fn file_size(language: Language, bytes: u64) -> String {
    let (shift, unit) = match bytes {
        0..10_240 => return format!("{}\u{a0}B", count(language, bytes)),
        10_240..10_485_760 => (10, "KiB"),
        10_485_760..10_737_418_240 => (20, "MiB"),
        _ => (30, "GiB"),
    };
    let tenths = (i128::from(bytes) * 10) >> shift;
    format!("{}\u{a0}{unit}", decimal(language, tenths, 1, 1, Sign::Negative))
}

/// A short time from microseconds in the unit that suits it: `850 µs`, `1.2 ms`, `3.40 s`.
pub(crate) fn latency(language: Language, micros: u64) -> String {
    let (scale, shown, unit) = match micros {
        0..1000 => (0, 0, "µs"),
        1000..100_000 => (3, 1, "ms"),
        100_000..1_000_000 => (3, 0, "ms"),
        _ => (6, 2, "s"),
    };
    format!(
        "{}\u{a0}{unit}",
        decimal(language, i128::from(micros), scale, shown, Sign::Negative)
    )
}

#[cfg(test)]
mod tests;
