//! What newer firmware sends: measurements and status in envelopes that say their time and their units.

use chrono::{DateTime, SecondsFormat};
use enerlink_domain::reading::{GridMode, Units};

use super::{
    Fine, Home, MICRO, MS_PER_HOUR,
    counter::Counter,
    message::{BATTERY, FREE_HEAP, GRID, PANELS, current, decimal, watt_hours},
};

impl Home {
    /// The message for `{base}/data`.
    pub(super) fn envelope(&self) -> String {
        let flow = self.flow;
        let off = self.mode == GridMode::Off;
        let direction = |power: u64, counter: &Counter| {
            let voltage = if off { 0 } else { GRID };
            format!(
                "{},\"active\":{}",
                self.measured(power, GRID, voltage, counter),
                power > 0
            )
        };
        let (power, units) = match self.config.units {
            Units::Milli => ("mW", "mA"),
            Units::Base => ("W", "A"),
        };
        let (export, import) = (
            direction(flow.export, &self.export),
            direction(flow.import, &self.import),
        );
        let load = self.measured(flow.load, GRID, GRID, &self.load);
        let solar = self.measured(flow.solar, PANELS, PANELS, &self.solar);
        self.wrapped(&format!(
            r#""units":{{"voltage":"V","current":"{units}","power":"{power}","energy":"Wh"}},"data":{{"battery":{{{battery}}},"export":{{{export}}},"import":{{{import}}},"load_smart_mtr":{{{load}}},"load_home":{{{load}}},"solar_input":{{{solar}}},"solar_output":{{{solar},"generating":{generating}}},"net_solar":{{"power":{net_solar}}},"net_grid":{{"power":{net_grid}}}}}"#,
            battery = self.battery(),
            generating = flow.solar > 0,
            net_solar = self.difference(flow.solar, flow.load),
            net_grid = self.difference(flow.export, flow.import),
        ))
    }

    /// The message for `{base}/status`.
    pub(super) fn status_envelope(&self) -> String {
        self.wrapped(&format!(
            r#""data":{{{},"system":{{"free_heap":{FREE_HEAP},"uptime":{},"status":"running"}},"sensors":{{"battery":{},"export":true,"import":true,"load_home":true,"solar_output":true}},"device_role":"prosumer"}}"#,
            self.switches(),
            self.uptime(),
            self.config.battery_wh > 0,
        ))
    }

    fn wrapped(&self, content: &str) -> String {
        // Every simulated moment lies in the years that a calendar has.
        let now = DateTime::from_timestamp_millis(self.now).unwrap_or_default();
        let now = now.to_rfc3339_opts(SecondsFormat::Millis, true);
        format!(r#"{{{}"datetime":"{now}",{content}}}"#, self.id_field())
    }

    fn measured(&self, power: u64, nominal: u64, voltage: u64, counter: &Counter) -> String {
        format!(
            r#""voltage":{},"current":{},"power":{},"daily_energy":{},"total_energy":{},"settlement_energy":{}"#,
            decimal(voltage, 6),
            self.unit(current(power, nominal)),
            self.unit(power),
            watt_hours(counter.daily()),
            watt_hours(counter.total()),
            watt_hours(counter.settlement()),
        )
    }

    /// The charge in percent and the rate in percent an hour, as a fuel gauge has them.
    fn battery(&self) -> String {
        let capacity = u64::from(self.config.battery_wh) * MICRO;
        if capacity == 0 {
            return r#""voltage":0,"soc":0,"charge_rate":0,"is_charging":false,"connected":false,"valid":false"#
                .to_owned();
        }
        let tenths = self.stored * 1000 / (Fine::from(capacity) * MS_PER_HOUR);
        let rate = |power: u64| decimal(power.saturating_mul(1000) / capacity, 1);
        let rate = if self.flow.discharge > 0 {
            format!("-{}", rate(self.flow.discharge))
        } else {
            rate(self.flow.charge)
        };
        format!(
            r#""voltage":{},"soc":{},"charge_rate":{rate},"is_charging":{},"connected":true,"valid":true"#,
            decimal(BATTERY, 6),
            decimal(u64::try_from(tenths).unwrap_or(1000), 1),
            self.flow.charge > 0,
        )
    }

    fn difference(&self, more: u64, less: u64) -> String {
        let sign = if less > more { "-" } else { "" };
        format!("{sign}{}", self.unit(more.abs_diff(less)))
    }
}
