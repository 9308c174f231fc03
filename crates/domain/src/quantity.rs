//! Integers with their unit in the type: energy, power, tokens.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::decimal::{self, ParseDecimalError};

/// Defines a newtype over an integer that is a decimal string in JSON.
macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0);

            /// The sum, or `None` when it leaves the range of the type.
            pub fn checked_add(self, other: Self) -> Option<Self> {
                self.0.checked_add(other.0).map(Self)
            }

            /// The difference, or `None` when it leaves the range of the type.
            pub fn checked_sub(self, other: Self) -> Option<Self> {
                self.0.checked_sub(other.0).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map(Self).map_err(D::Error::custom)
            }
        }
    };
}
pub(crate) use quantity;

quantity! {
    /// Energy that only grows, such as a register: micro-watt-hours.
    MicroWh(u64)
}
quantity! {
    /// A signed amount of energy in micro-watt-hours; positive is export.
    NetMicroWh(i64)
}
quantity! {
    /// Whole watt-hours, the unit of the registers on chain.
    WattHours(u64)
}
quantity! {
    /// Signed whole watt-hours; positive is export, negative is import.
    NetWattHours(i64)
}
quantity! {
    /// Power in micro-watts; a magnitude unless its field says otherwise.
    MicroWatts(i64)
}
quantity! {
    /// Current in micro-amperes; the sign is the device's.
    MicroAmps(i64)
}
quantity! {
    /// Voltage in micro-volts.
    MicroVolts(i64)
}
quantity! {
    /// ETK in base units of 0.01 ETK; signed, because a settlement may burn.
    Etk(i128)
}
quantity! {
    /// IDRS in base units of 0.01 IDRS (1 IDRS = 1 IDR).
    Idrs(i128)
}
quantity! {
    /// The chain's native coin in wei (10^-18).
    Wei(u128)
}

/// Micro-watt-hours in one watt-hour.
pub const MICRO: u64 = 1_000_000;

impl MicroWh {
    /// The largest register that is accepted: what an SQL `BIGINT` holds, 9.2 TWh.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// Whole watt-hours, rounded down; what is cut off stays in the register.
    pub fn floor_wh(self) -> WattHours {
        WattHours(self.0 / MICRO)
    }
}

impl WattHours {
    /// The same energy in micro-watt-hours, or `None` above [`MicroWh::MAX`].
    pub fn micro(self) -> Option<MicroWh> {
        self.0
            .checked_mul(MICRO)
            .filter(|value| *value <= MicroWh::MAX.0)
            .map(MicroWh)
    }
}

impl NetMicroWh {
    /// `export - import`. Both are at most [`MicroWh::MAX`], so the difference always fits.
    pub fn between(export: MicroWh, import: MicroWh) -> Self {
        Self(i64::try_from(i128::from(export.0) - i128::from(import.0)).unwrap_or(i64::MAX))
    }

    /// Whole watt-hours, truncated toward zero.
    pub fn whole_wh(self) -> NetWattHours {
        NetWattHours(self.0 / MICRO as i64)
    }
}

impl NetWattHours {
    /// Without the sign.
    pub fn magnitude(self) -> WattHours {
        WattHours(self.0.unsigned_abs())
    }
}

impl Etk {
    /// What `energy` converts to at `ratio` (ETK base units per 1000 Wh) with `carry` left over from before, in
    /// thousandths of a base unit, and the new carry; truncated toward zero as the contract does.
    ///
    /// The chain's own arithmetic decides what is settled; this is for live estimates.
    pub fn from_energy(energy: NetWattHours, ratio: u64, carry: i64) -> (Self, i64) {
        let thousandths = i128::from(energy.0) * i128::from(ratio) + i128::from(carry);
        let carry = i64::try_from(thousandths % 1000).unwrap_or_default();
        (Self(thousandths / 1000), carry)
    }
}

/// Writes `value` with two decimals, the way both tokens count.
fn write_cents(formatter: &mut fmt::Formatter<'_>, value: i128) -> fmt::Result {
    let sign = if value < 0 { "-" } else { "" };
    let cents = value.unsigned_abs();
    write!(formatter, "{sign}{}.{:02}", cents / 100, cents % 100)
}

impl fmt::Display for Etk {
    /// A plain decimal such as `1234.00`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cents(formatter, self.0)
    }
}

impl fmt::Display for Idrs {
    /// A plain decimal such as `1234.00`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cents(formatter, self.0)
    }
}

impl fmt::Display for Wei {
    /// Whole coins as a plain decimal without trailing zeros, such as `0.0002`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const COIN: u128 = 1_000_000_000_000_000_000;
        let (whole, rest) = (self.0 / COIN, self.0 % COIN);
        let fraction = format!("{rest:018}");
        match fraction.trim_end_matches('0') {
            "" => write!(formatter, "{whole}"),
            fraction => write!(formatter, "{whole}.{fraction}"),
        }
    }
}

impl MicroWh {
    /// Reads a JSON number in watt-hours; digits below 1 µWh are cut off, a negative value is refused.
    pub fn parse_wh(text: &str) -> Result<Self, ParseDecimalError> {
        let value = decimal::parse_scaled(text, 6)?;
        let value = u64::try_from(value).map_err(|_| ParseDecimalError::Negative)?;
        if value > Self::MAX.0 {
            Err(ParseDecimalError::OutOfRange)
        } else {
            Ok(Self(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energy_converts_with_the_remainder_carried() {
        assert_eq!(
            Etk::from_energy(NetWattHours(1000), 100_000, 0),
            (Etk(100_000), 0)
        );
        assert_eq!(
            Etk::from_energy(NetWattHours(-500), 100_000, 0),
            (Etk(-50_000), 0)
        );
        assert_eq!(Etk::from_energy(NetWattHours(105), 100, 0), (Etk(10), 500));
        assert_eq!(Etk::from_energy(NetWattHours(105), 100, 500), (Etk(11), 0));
        assert_eq!(Etk::from_energy(NetWattHours(-105), 100, 0), (Etk(-10), -500));
    }

    #[test]
    fn amounts_are_strings_in_json() {
        assert_eq!(
            serde_json::to_string(&MicroWh(u64::MAX)).expect("json"),
            "\"18446744073709551615\""
        );
        assert_eq!(serde_json::from_str::<Etk>("\"-7\"").expect("json"), Etk(-7));
        assert!(serde_json::from_str::<Etk>("7").is_err());
        assert_eq!(Etk(-5).to_string(), "-0.05");
        assert_eq!(Etk(123_400).to_string(), "1234.00");
        assert_eq!(Wei(200_000_000_000_000).to_string(), "0.0002");
        assert_eq!(Wei(3_000_000_000_000_000_000).to_string(), "3");
    }

    #[test]
    fn counters_are_cut_below_a_micro_watt_hour() {
        assert_eq!(MicroWh::parse_wh("1.959955"), Ok(MicroWh(1_959_955)));
        assert_eq!(MicroWh::parse_wh("0.0000019"), Ok(MicroWh(1)));
        assert_eq!(MicroWh::parse_wh("-1"), Err(ParseDecimalError::Negative));
        assert_eq!(MicroWh::parse_wh("1e400"), Err(ParseDecimalError::OutOfRange));
    }
}
