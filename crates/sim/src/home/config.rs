//! What a home is made of.

use std::time::Duration;

use chrono::Local;
use enerlink_domain::{
    MeterId,
    device::PayloadFamily,
    reading::{GridMode, Units},
};

use super::weather;

/// What a home is made of. Power in W, energy in Wh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeConfig {
    /// What the panels give at noon under a clear sky.
    pub peak_solar_w: u32,
    /// What clouds take at most, in percent.
    pub cloudiness_percent: u8,
    /// What the appliances always take.
    pub base_load_w: u32,
    /// What the evening adds at its height; the morning adds half of it.
    pub peak_load_w: u32,
    /// The battery; 0 for none.
    pub battery_wh: u32,
    /// How fast the battery charges and discharges at most.
    pub battery_w: u32,
    /// How full the battery is at first, in percent.
    pub charge_percent: u8,
    /// The most that goes through the meter in one direction.
    pub rated_power_w: u32,
    /// Units of power and current in messages.
    pub units: Units,
    /// How the firmware speaks: flat with daily, total and settlement counters; nested with settlement counters of the
    /// grid only; or in envelopes on `{base}/data`.
    pub family: PayloadFamily,
    /// The id to put into messages, when the firmware does so. In envelopes it is always there.
    pub meter_id: Option<MeterId>,
    /// The names of the relays.
    pub relays: Vec<String>,
    /// Minutes by which the home's clock is ahead of UTC; decides when the sun shines.
    pub utc_offset_minutes: i32,
    /// The grid switch at first.
    pub mode: GridMode,
    /// Between sensors messages.
    pub sensor_interval: Duration,
    /// Between heartbeats.
    pub heartbeat_interval: Duration,
    /// Between status messages.
    pub status_interval: Duration,
    /// Whether the firmware answers commands on `{base}/response`.
    pub answers: bool,
}

impl Default for HomeConfig {
    /// A solar home that exports 2 to 4 kW through the morning, in mW and mA as the documented sample.
    fn default() -> Self {
        Self {
            peak_solar_w: 5000,
            cloudiness_percent: 10,
            base_load_w: 250,
            peak_load_w: 1800,
            battery_wh: 5000,
            battery_w: 600,
            charge_percent: 40,
            rated_power_w: 6000,
            units: Units::Milli,
            family: PayloadFamily::Flat,
            meter_id: None,
            relays: ["relay1", "relay2"].map(str::to_owned).into(),
            utc_offset_minutes: 0,
            mode: GridMode::Export,
            sensor_interval: Duration::from_secs(5),
            heartbeat_interval: Duration::from_secs(30),
            status_interval: Duration::from_secs(15),
            answers: true,
        }
    }
}

impl HomeConfig {
    /// The demo's own home: the default, where the sun rises by this machine's time zone.
    pub fn household() -> Self {
        Self {
            utc_offset_minutes: Local::now().offset().local_minus_utc() / 60,
            ..Self::default()
        }
    }

    /// A home without panels and battery, which only imports.
    pub fn consumer() -> Self {
        Self {
            peak_solar_w: 0,
            battery_wh: 0,
            base_load_w: 900,
            ..Self::household()
        }
    }

    /// One of the others: every second has panels of 3 to 8 kW, the rest consume.
    pub fn neighbour(seed: u64, number: u8) -> Self {
        let draw = |what: u64, below: u32| weather::draw(seed, (u64::from(number) << 8) | what, below);
        if number.is_multiple_of(2) {
            Self {
                peak_solar_w: 3000 + draw(1, 5001),
                base_load_w: 150 + draw(2, 300),
                battery_wh: 2500 * draw(3, 3),
                rated_power_w: 8000,
                ..Self::household()
            }
        } else {
            Self {
                base_load_w: 600 + draw(2, 1200),
                ..Self::consumer()
            }
        }
    }

    /// The most that goes through the meter in one direction, in W.
    pub fn rated_power_w(&self) -> u32 {
        self.rated_power_w
    }
}
