//! Readings and messages as lines of a table, with the unit of each column in its title.

use chrono::{DateTime, SecondsFormat};
use enerlink_domain::{
    Sensors, Subsystem, UnixMillis, Verdict,
    decimal::millionths,
    reading::DeviceTime,
    register::Remark,
    view::{MessageDirection, MessageView},
};
use enerlink_store::StoredReading;

/// A value of a subsystem as it is written.
type Written = fn(&Subsystem) -> Option<String>;
/// A subsystem of a message.
type Part = fn(&Sensors) -> Option<Subsystem>;

/// What every subsystem has, in this order; and how its value is written.
const MEASURED: [(&str, Written); 12] = [
    ("power_w", |part| {
        part.power.map(|value| millionths(value.0.into()))
    }),
    ("current_a", |part| {
        part.current.map(|value| millionths(value.0.into()))
    }),
    ("voltage_v", |part| {
        part.voltage.map(|value| millionths(value.0.into()))
    }),
    ("daily_wh", |part| {
        part.daily_energy.map(|value| millionths(value.0.into()))
    }),
    ("total_wh", |part| {
        part.total_energy.map(|value| millionths(value.0.into()))
    }),
    ("settlement_wh", |part| {
        part.settlement_energy.map(|value| millionths(value.0.into()))
    }),
    ("active", |part| part.active.map(|value| value.to_string())),
    ("generating", |part| {
        part.generating.map(|value| value.to_string())
    }),
    ("state", |part| part.state.map(|value| value.as_str().to_owned())),
    ("charge_percent", |part| part.soc_permille.map(tenths)),
    ("connected", |part| part.connected.map(|value| value.to_string())),
    ("valid", |part| part.valid.map(|value| value.to_string())),
];
const PARTS: [(&str, Part); 5] = [
    ("export", |sensors| sensors.export),
    ("import", |sensors| sensors.import),
    ("solar", |sensors| sensors.solar),
    ("load", |sensors| sensors.load),
    ("battery", |sensors| sensors.battery),
];

/// The titles of [`reading`]'s columns.
pub(super) fn reading_titles() -> Vec<String> {
    let first = [
        "received_at_utc",
        "received_at_ms",
        "uptime_ms",
        "device_time_utc",
        "outcome",
        "reason",
        "boot",
        "epoch",
        "register_export_wh",
        "register_import_wh",
    ];
    let measured = columns().map(|(part, value)| format!("{part}_{value}"));
    first.into_iter().map(str::to_owned).chain(measured).collect()
}

/// Titles of what is measured. Only a battery is charged, and only a sun generates.
fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    PARTS.iter().flat_map(|(part, _)| {
        let values = MEASURED.iter().map(|(value, _)| *value);
        values
            .filter(|value| belongs(part, value))
            .map(|value| (*part, value))
    })
}

fn belongs(part: &str, value: &str) -> bool {
    match value {
        "active" => matches!(part, "export" | "import"),
        "generating" => part == "solar",
        "state" | "charge_percent" | "connected" => part == "battery",
        _ => true,
    }
}

/// One reading.
pub(super) fn reading(reading: &StoredReading) -> Vec<String> {
    let sensors = &reading.sensors;
    let (uptime, clock) = match sensors.device_time {
        Some(DeviceTime::Uptime(uptime)) => (uptime.to_string(), String::new()),
        Some(DeviceTime::Unix(at)) => (String::new(), utc(UnixMillis(at))),
        None => Default::default(),
    };
    let (outcome, reason) = match &reading.verdict {
        Verdict::First => ("first", ""),
        Verdict::Counted { remark, .. } => ("counted", remark.map_or("", Remark::as_str)),
        Verdict::Refused { reason } => ("refused", reason.as_str()),
    };
    let register =
        |pick: fn((enerlink_domain::MicroWh, enerlink_domain::MicroWh)) -> enerlink_domain::MicroWh| {
            reading
                .registers
                .map_or_else(String::new, |pair| millionths(pick(pair).0.into()))
        };
    let mut fields = vec![
        utc(reading.received_at),
        reading.received_at.to_string(),
        uptime,
        clock,
        outcome.to_owned(),
        reason.to_owned(),
        reading.boot.to_string(),
        reading.epoch.to_string(),
        register(|(export, _)| export),
        register(|(_, import)| import),
    ];
    for (name, part) in PARTS {
        let part = part(sensors);
        let values = MEASURED.iter().filter(|(value, _)| belongs(name, value));
        fields.extend(values.map(|(_, text)| part.as_ref().and_then(text).unwrap_or_default()));
    }
    fields
}

/// The titles of [`message`]'s columns.
pub(super) fn message_titles() -> Vec<String> {
    let titles = [
        "at_utc",
        "at_ms",
        "direction",
        "topic",
        "meter_id",
        "correlation_id",
        "accepted",
        "reason",
        "retained",
        "duplicate",
        "length_bytes",
        "payload",
    ];
    titles.map(str::to_owned).to_vec()
}

/// One message.
pub(super) fn message(message: &MessageView) -> Vec<String> {
    let direction = match message.direction {
        MessageDirection::In => "IN",
        MessageDirection::Out => "OUT",
    };
    vec![
        utc(message.at),
        message.at.to_string(),
        direction.to_owned(),
        message.topic.clone(),
        message
            .meter_id
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        message.correlation_id.clone().unwrap_or_default(),
        message.accepted.to_string(),
        message.reason.clone().unwrap_or_default(),
        message.retained.to_string(),
        message.duplicate.to_string(),
        message.length.to_string(),
        message.payload.clone(),
    ]
}

/// A moment as ISO 8601 in UTC, to the millisecond; as a number where no calendar reaches.
pub(super) fn utc(at: UnixMillis) -> String {
    let moment = DateTime::from_timestamp_millis(at.0);
    moment.map_or_else(
        || at.to_string(),
        |moment| moment.to_rfc3339_opts(SecondsFormat::Millis, true),
    )
}

fn tenths(value: u16) -> String {
    let text = format!("{}.{}", value / 10, value % 10);
    text.trim_end_matches(".0").to_owned()
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{MeterId, MicroWatts, MicroWh, register::Pair};

    use super::*;

    #[test]
    fn figures_are_exact_and_the_columns_fit_their_titles() {
        assert_eq!(
            (tenths(1000), tenths(5), tenths(873)),
            ("100".into(), "0.5".into(), "87.3".into())
        );
        assert_eq!(utc(UnixMillis(1_762_074_000_123)), "2025-11-02T09:00:00.123Z");
        assert_eq!(utc(UnixMillis(i64::MAX)), i64::MAX.to_string());
        let export = Subsystem {
            power: Some(MicroWatts(-1_500_000)),
            active: Some(true),
            valid: Some(false),
            ..Subsystem::default()
        };
        let stored = StoredReading {
            meter_id: "METER-001".parse::<MeterId>().expect("an id"),
            received_at: UnixMillis(1_762_074_000_123),
            sensors: Sensors {
                device_time: Some(DeviceTime::Uptime(77)),
                export: Some(export),
                ..Sensors::default()
            },
            verdict: Verdict::First,
            registers: Some((MicroWh(2_000_001), MicroWh(0))),
            epoch: 3,
            boot: 2,
        };
        let (titles, fields) = (reading_titles(), reading(&stored));
        assert_eq!(titles.len(), fields.len());
        let of = |title: &str| {
            let column = titles.iter().position(|other| other == title);
            fields[column.unwrap_or_else(|| panic!("no column {title} in {titles:?}"))].as_str()
        };
        for (title, value) in [
            ("received_at_utc", "2025-11-02T09:00:00.123Z"),
            ("uptime_ms", "77"),
            ("outcome", "first"),
            ("register_export_wh", "2.000001"),
            ("register_import_wh", "0"),
            ("export_power_w", "-1.5"),
            ("reason", ""),
            ("export_active", "true"),
            ("export_valid", "false"),
            ("load_valid", ""),
            ("export_total_wh", ""),
            ("battery_charge_percent", ""),
            ("solar_generating", ""),
        ] {
            assert_eq!(of(title), value, "{title}");
        }
        assert!(!titles.contains(&"load_generating".to_owned()));
        let reason = titles
            .iter()
            .position(|title| title == "reason")
            .expect("a column");
        for remark in Remark::ALL {
            let counted = StoredReading {
                verdict: Verdict::Counted {
                    added: Pair::default(),
                    new_epoch: false,
                    remark: Some(remark),
                },
                ..stored.clone()
            };
            assert_eq!(reading(&counted)[reason], remark.as_str());
        }
    }
}
