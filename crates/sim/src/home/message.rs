//! What the device sends, in the documented JSON; numbers are written from integers.

use std::fmt::Write;

use enerlink_domain::{
    MicroWh,
    device::PayloadFamily,
    reading::{GridMode, Units},
};
use enerlink_meter::Channel;

use super::{
    Answer, Home,
    counter::Counter,
    device::{LED_MAX, MOTOR_MAX, MOTORS, MotorOutput},
};

/// Voltages in µV.
pub(super) const GRID: u64 = 230_000_000;
pub(super) const PANELS: u64 = 360_000_000;
pub(super) const BATTERY: u64 = 51_200_000;
/// What is left of the device's memory, in bytes.
pub(super) const FREE_HEAP: u64 = 225_968;

impl Home {
    /// Where measurements are said: `{base}/sensors`, or `{base}/data` in envelopes.
    pub fn sensors_channel(&self) -> Channel {
        match self.config.family {
            PayloadFamily::Flat | PayloadFamily::Nested => Channel::Sensors,
            PayloadFamily::Envelope => Channel::Data,
        }
    }

    /// The message for [`Home::sensors_channel`].
    pub fn sensors_json(&self) -> String {
        match self.config.family {
            PayloadFamily::Flat => self.flat(),
            PayloadFamily::Nested => self.nested(),
            PayloadFamily::Envelope => self.envelope(),
        }
    }

    fn flat(&self) -> String {
        let flow = self.flow;
        let battery_power = flow.charge.max(flow.discharge);
        let state = match (flow.charge, flow.discharge) {
            (0, 0) => "idle",
            (_, 0) => "charging",
            _ => "discharging",
        };
        // The current into the battery is negative, as the documented sample has it.
        let sign = if flow.charge > 0 { "-" } else { "" };
        format!(
            r#"{{{}"timestamp":{},"load":{{{},{}}},"solar":{{{},"generating":{},{}}},"export":{{{}}},"import":{{{}}},"battery":{{"power":{},"state":"{state}","current":{sign}{},"voltage":{},{}}}}}"#,
            self.id_field(),
            self.uptime(),
            self.electricity(flow.load, GRID),
            energy(&self.load),
            self.electricity(flow.solar, PANELS),
            flow.solar > 0,
            energy(&self.solar),
            self.direction(flow.export, &self.export),
            self.direction(flow.import, &self.import),
            self.unit(battery_power),
            self.unit(current(battery_power, BATTERY)),
            decimal(BATTERY, 6),
            energy(&self.charge),
        )
    }

    fn nested(&self) -> String {
        format!(
            r#"{{{}"timestamp":{},"grid":{{"export":{{"settlement_energy_wh":{}}},"import":{{"settlement_energy_wh":{}}}}}}}"#,
            self.id_field(),
            self.uptime(),
            watt_hours(self.export.settlement()),
            watt_hours(self.import.settlement()),
        )
    }

    /// The message for `{base}/heartbeat`.
    pub fn heartbeat_json(&self) -> String {
        format!(
            r#"{{{}"qos":1,"status":"alive","uptime":{uptime},"free_heap":{FREE_HEAP},"timestamp":{uptime}}}"#,
            self.id_field(),
            uptime = self.uptime(),
        )
    }

    /// The message for `{base}/status`.
    pub fn status_json(&self) -> String {
        match self.config.family {
            PayloadFamily::Flat | PayloadFamily::Nested => format!(
                r#"{{{}"timestamp":{},{},"system":{{"free_heap":{FREE_HEAP}}}}}"#,
                self.id_field(),
                self.uptime(),
                self.switches(),
            ),
            PayloadFamily::Envelope => self.status_envelope(),
        }
    }

    /// Outputs, grid and links, as every family shows them in its status.
    pub(super) fn switches(&self) -> String {
        let mut text = format!(
            r#""pwm":{{"max_pwm":{LED_MAX},"led_duty":{}}},"grid":{{"mode":"{}","exporting":{},"importing":{}}},"mqtt":{{"attempts":0,"connected":true}},"wifi":{{"ip":"192.168.1.2","rssi":-60,"connected":true}}"#,
            self.outputs.led_duty,
            self.mode.as_str(),
            self.flow.export > 0,
            self.flow.import > 0,
        );
        for (name, motor) in MOTORS.iter().zip(self.outputs.motors) {
            text.push_str(&motor_field(name, motor));
        }
        if !self.outputs.relays.is_empty() {
            let relays: Vec<String> = self
                .outputs
                .relays
                .iter()
                .map(|(name, on)| format!("{}:{on}", quoted(name)))
                .collect();
            // Writing to a string cannot fail.
            let _ = write!(text, r#","relay":{{{}}}"#, relays.join(","));
        }
        text
    }

    pub(super) fn id_field(&self) -> String {
        let id = self.config.meter_id.as_ref();
        id.map(|id| format!("\"meterId\":{},", quoted(id.as_str())))
            .unwrap_or_default()
    }

    fn direction(&self, power: u64, counter: &Counter) -> String {
        let voltage = if self.mode == GridMode::Off { 0 } else { GRID };
        format!(
            r#""power":{},"active":{},"current":{},"voltage":{},{}"#,
            self.unit(power),
            power > 0,
            self.unit(current(power, GRID)),
            decimal(voltage, 6),
            energy(counter),
        )
    }

    fn electricity(&self, power: u64, voltage: u64) -> String {
        let (watts, amperes) = (self.unit(power), self.unit(current(power, voltage)));
        format!(
            r#""power":{watts},"current":{amperes},"voltage":{}"#,
            decimal(voltage, 6)
        )
    }

    /// A millionth unit in the units of the device.
    pub(super) fn unit(&self, micro: u64) -> String {
        match self.config.units {
            Units::Milli => decimal(micro, 3),
            Units::Base => decimal(micro, 6),
        }
    }
}

impl Answer {
    /// The message for `{base}/response`; none for a command without a correlation id.
    pub fn json(&self) -> Option<String> {
        let id = quoted(self.correlation_id.as_ref()?);
        let mut text = format!(r#"{{"correlation_id":{id},"ok":{}"#, self.error.is_none());
        if let Some(error) = &self.error {
            let _ = write!(text, r#","error":{}"#, quoted(error));
        }
        if let (Some((export, import)), None) = (self.counters, &self.error) {
            let (export, import) = (watt_hours(export), watt_hours(import));
            let _ = write!(
                text,
                r#","counters":{{"export_wh":{export},"import_wh":{import}}}"#
            );
        }
        text.push('}');
        Some(text)
    }
}

fn motor_field(name: &str, motor: MotorOutput) -> String {
    let duty = motor.percent * MOTOR_MAX / 100;
    let limit = if name == MOTORS[0] {
        format!("\"max_pwm\":{MOTOR_MAX},")
    } else {
        String::new()
    };
    let direction = if motor.reverse { "reverse" } else { "forward" };
    format!(
        r#","{name}":{{"duty":{duty},{limit}"percent":{},"direction":"{direction}"}}"#,
        motor.percent
    )
}

fn energy(counter: &Counter) -> String {
    format!(
        r#""daily_energy_wh":{},"total_energy_wh":{},"settlement_energy_wh":{}"#,
        watt_hours(counter.daily()),
        watt_hours(counter.total()),
        watt_hours(counter.settlement()),
    )
}

pub(super) fn watt_hours(energy: MicroWh) -> String {
    decimal(energy.0, 6)
}

/// Amperes in millionths, of µW and µV.
pub(super) fn current(power: u64, voltage: u64) -> u64 {
    u64::try_from(u128::from(power) * 1_000_000 / u128::from(voltage)).unwrap_or(u64::MAX)
}

/// `value` divided by 10^`digits`, without zeros at the end.
pub(super) fn decimal(value: u64, digits: usize) -> String {
    let unit = 10_u64.pow(digits as u32);
    let text = format!("{}.{:0digits$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_short() {
        for (value, digits, text) in [
            (0, 6, "0"),
            (1, 6, "0.000001"),
            (15_234_950, 6, "15.23495"),
            (994_800, 3, "994.8"),
            (1_000_000, 6, "1"),
            (10_000_000, 6, "10"),
            (u64::MAX, 6, "18446744073709.551615"),
        ] {
            assert_eq!(decimal(value, digits), text);
        }
    }
}
