//! What a meter says, decoded: sensors, heartbeat, status. A missing field is missing, never zero.

use serde::{Deserialize, Serialize};

use crate::{MeterId, MicroAmps, MicroVolts, MicroWatts, MicroWh, device::PayloadFamily, register::Pair};

/// The `timestamp` of a message, told apart by its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceTime {
    /// Below 2^32: milliseconds since the device booted; rolls over at 2^32.
    Uptime(u32),
    /// Milliseconds since 1970.
    Unix(i64),
}

impl DeviceTime {
    /// Reads a `timestamp` field.
    pub fn from_timestamp(value: u64) -> Self {
        match u32::try_from(value) {
            Ok(uptime) => Self::Uptime(uptime),
            Err(_) => Self::Unix(i64::try_from(value).unwrap_or(i64::MAX)),
        }
    }
}

/// What the battery does, in the device's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatteryState {
    /// Takes energy.
    Charging,
    /// Gives energy.
    Discharging,
    /// Neither.
    Idle,
}

impl BatteryState {
    /// The device's own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Charging => "charging",
            Self::Discharging => "discharging",
            Self::Idle => "idle",
        }
    }

    /// The reverse of [`BatteryState::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Charging, Self::Discharging, Self::Idle]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// Part of the device a measurement belongs to, as the source documents name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DeviceSubsystem {
    /// Grid import and export.
    Grid,
    /// Storage.
    Battery,
    /// Photovoltaics.
    Solar,
    /// Consumption of the home.
    Load,
    /// The device itself.
    System,
}

/// One subsystem in one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subsystem {
    /// Magnitude of the power.
    pub power: Option<MicroWatts>,
    /// Current with the device's sign.
    pub current: Option<MicroAmps>,
    /// Voltage.
    pub voltage: Option<MicroVolts>,
    /// Energy since midnight by the device's count.
    pub daily_energy: Option<MicroWh>,
    /// Energy since installation.
    pub total_energy: Option<MicroWh>,
    /// Energy since the settlement counters were last reset.
    pub settlement_energy: Option<MicroWh>,
    /// `active` of import and export.
    pub active: Option<bool>,
    /// `generating` of solar.
    pub generating: Option<bool>,
    /// `state` of the battery.
    pub state: Option<BatteryState>,
    /// State of charge of the battery, in thousandths.
    pub soc_permille: Option<u16>,
    /// Whether the sensor is there; newer firmware says so of the battery.
    pub connected: Option<bool>,
    /// Whether the device trusts the measurement itself.
    pub valid: Option<bool>,
}

/// One message on `{base}/sensors` or, from newer firmware, on `{base}/data`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sensors {
    /// The id in the payload, when the firmware sends one.
    pub meter_id: Option<MeterId>,
    /// The device's time, when it sends one.
    pub device_time: Option<DeviceTime>,
    /// Consumption of the home.
    pub load: Option<Subsystem>,
    /// Photovoltaics.
    pub solar: Option<Subsystem>,
    /// To the grid.
    pub export: Option<Subsystem>,
    /// From the grid.
    pub import: Option<Subsystem>,
    /// Storage.
    pub battery: Option<Subsystem>,
    /// How it was written.
    pub family: Option<PayloadFamily>,
    /// Units of power and current, when the message declares them.
    pub declared: Option<Units>,
}

/// How the device says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeartbeatStatus {
    /// All well.
    Alive,
    /// Works, with a problem.
    Warning,
    /// Does not work.
    Error,
}

impl HeartbeatStatus {
    /// The device's own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The reverse of [`HeartbeatStatus::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Alive, Self::Warning, Self::Error]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// One message on `{base}/heartbeat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The id in the payload, when the firmware sends one.
    pub meter_id: Option<MeterId>,
    /// The device's time, when it sends one.
    pub device_time: Option<DeviceTime>,
    /// MQTT quality of service that the device claims.
    pub qos: Option<u8>,
    /// How the device says it is.
    pub status: HeartbeatStatus,
    /// Milliseconds since it booted.
    pub uptime_ms: Option<u64>,
    /// Free memory in bytes.
    pub free_heap: Option<u64>,
}

/// The device's grid switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GridMode {
    /// Takes energy from the grid.
    Import,
    /// Gives energy to the grid.
    Export,
    /// Disconnected.
    Off,
}

impl GridMode {
    /// The device's own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Export => "export",
            Self::Off => "off",
        }
    }

    /// The reverse of [`GridMode::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Import, Self::Export, Self::Off]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }
}

/// A motor output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Motor {
    /// `motor`, `motor1`, `motor2`.
    pub name: String,
    /// Duty, 0 to `max_pwm`.
    pub duty: Option<u32>,
    /// The duty that is 100 %.
    pub max_pwm: Option<u32>,
    /// Speed, 0 to 100.
    pub percent: Option<u32>,
    /// `forward` or `reverse`.
    pub direction: Option<String>,
}

/// One message on `{base}/status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusSnapshot {
    /// The id in the payload, when the firmware sends one.
    pub meter_id: Option<MeterId>,
    /// The device's time, when it sends one.
    pub device_time: Option<DeviceTime>,
    /// Grid switch.
    pub grid_mode: Option<GridMode>,
    /// Whether energy flows to the grid.
    pub exporting: Option<bool>,
    /// Whether energy flows from the grid.
    pub importing: Option<bool>,
    /// LED duty, 0 to `pwm_max`.
    pub led_duty: Option<u32>,
    /// The duty that is 100 %.
    pub pwm_max: Option<u32>,
    /// The device's view of its broker connection.
    pub mqtt_connected: Option<bool>,
    /// Connection attempts.
    pub mqtt_attempts: Option<u32>,
    /// Whether the device is on the wireless network.
    pub wifi_connected: Option<bool>,
    /// Its address there.
    pub wifi_ip: Option<String>,
    /// Signal strength in dBm.
    pub wifi_rssi: Option<i32>,
    /// Motor outputs, in the order of their names.
    pub motors: Vec<Motor>,
    /// Relays, in the order of their names.
    pub relays: Vec<Relay>,
    /// Free memory in bytes.
    pub free_heap: Option<u64>,
    /// Milliseconds since it booted.
    pub uptime_ms: Option<u64>,
    /// How the device says it is, in its own word.
    pub system_status: Option<String>,
    /// Its sensors, in the order of their names.
    pub sensors: Vec<SensorState>,
    /// What the device is for, in its own word.
    pub device_role: Option<String>,
}

/// A relay output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// Its name in the firmware.
    pub name: String,
    /// Whether it is on.
    pub on: bool,
}

/// A sensor in the inventory of newer firmware.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensorState {
    /// Its name in the firmware.
    pub name: String,
    /// Whether it works.
    pub ok: bool,
}

/// One message on `{base}/response`: the answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// The command's UUID.
    pub correlation_id: String,
    /// Whether it was carried out.
    pub ok: bool,
    /// Why not.
    pub error: Option<String>,
    /// `settlement_energy_wh` of export just before a reset, when reported.
    pub export_before_reset: Option<MicroWh>,
    /// `settlement_energy_wh` of import just before a reset, when reported.
    pub import_before_reset: Option<MicroWh>,
}

impl Response {
    /// The settlement counters just before a reset that was carried out; both or none.
    pub fn before_reset(&self) -> Option<Pair<MicroWh>> {
        Some(Pair {
            export: self.export_before_reset?,
            import: self.import_before_reset?,
        })
        .filter(|_| self.ok)
    }
}

/// The `power` and `current` of the device are in these units; voltage is always in V, energy in Wh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// mW and mA, as the sample of the device shows.
    #[default]
    Milli,
    /// W and A, as the field descriptions say.
    Base,
}

impl Units {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Milli => "milli",
            Self::Base => "base",
        }
    }

    /// The reverse of [`Units::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Milli, Self::Base]
            .into_iter()
            .find(|units| units.as_str() == text)
    }
}

impl Sensors {
    /// Power across the grid connection; positive is export. `active` decides the direction when the device says
    /// it, because an idle direction still measures noise.
    pub fn grid_power(&self) -> Option<MicroWatts> {
        let (export, import) = (self.export?, self.import?);
        let flowing = |side: Subsystem| match side.active {
            Some(false) => Some(0),
            _ => side.power.map(|power| power.0.abs()),
        };
        Some(MicroWatts(flowing(export)? - flowing(import)?))
    }

    /// Power into the battery; positive is charging. The state gives the direction, power is a magnitude.
    pub fn battery_power(&self) -> Option<MicroWatts> {
        let battery = self.battery?;
        let magnitude = battery.power?.0.abs();
        battery.state.map(|state| match state {
            BatteryState::Charging => MicroWatts(magnitude),
            BatteryState::Discharging => MicroWatts(-magnitude),
            BatteryState::Idle => MicroWatts::ZERO,
        })
    }
}
