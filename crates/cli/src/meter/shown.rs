//! Meters in words, for a terminal.

use enerlink_domain::{
    Presence, Registration, Sensors, Subsystem,
    command::Capabilities,
    decimal::millionths,
    device::{ElectricalProfile, OfflineReason, UnitsCheck},
    reading::Units,
    view::{FoundMeter, MeterView, Probe, QrCode, UnitsReason},
};
use serde::Serialize;

/// A meter, and how long ago it was said how it fares.
#[derive(Serialize)]
pub(super) struct Told {
    #[serde(flatten)]
    pub(super) view: MeterView,
    pub(super) age_ms: Option<u64>,
}

/// A meter with its age.
pub(super) fn told(told: &Told) -> String {
    let age = told.age_ms.map(|age| format!("\n  as of {} s ago", age / 1000));
    meter(&told.view) + &age.unwrap_or_default()
}

/// A meter, in two lines.
pub(super) fn meter(view: &MeterView) -> String {
    let registers = view.registers.map_or_else(
        || "not heard yet".to_owned(),
        |registers| {
            format!(
                "export {} Wh, import {} Wh",
                registers.export.floor_wh().0,
                registers.import.floor_wh().0
            )
        },
    );
    let health = view
        .device
        .health
        .map(|health| format!(", health {health}"))
        .unwrap_or_default();
    let conditions: String = view
        .device
        .conditions
        .iter()
        .map(|notice| format!(", {} {}", notice.kind.as_str(), notice.detail))
        .collect();
    format!(
        "{} ({}) at {}/{}: {}, {registers}{health}{conditions}\n  of {}, {}; {}",
        view.meter.id,
        view.meter.name,
        view.meter.broker.url(),
        view.meter.base_topic,
        presence(view.device.presence),
        view.meter.owner,
        registration(view.registration),
        abilities(&view.meter.capabilities),
    )
}

fn registration(registration: Registration) -> String {
    match registration {
        Registration::Unknown => "its standing on chain is not known yet".to_owned(),
        Registration::Missing => "not registered: send the operator its request".to_owned(),
        Registration::Foreign { prosumer } => format!("registered to {prosumer}"),
        Registration::Retired => "retired by the operator".to_owned(),
        Registration::Registered => "registered, to be opened with its first reading".to_owned(),
        Registration::Open { watermark, .. } => format!(
            "open, settled up to export {} Wh, import {} Wh",
            watermark.export.0, watermark.import.0
        ),
    }
}

fn presence(presence: Presence) -> &'static str {
    match presence {
        Presence::Waiting => "waiting",
        Presence::Online => "online",
        Presence::Stale => "stale",
        Presence::Retired => "retired",
        Presence::Offline { reason } => match reason {
            OfflineReason::Broker => "offline: no connection to its broker",
            OfflineReason::SubscriptionSilent => {
                "offline: the subscription is silent, check the broker's access list"
            }
            OfflineReason::Wifi => "offline: it was not on the wireless network",
            OfflineReason::Mqtt => "offline: it lost its broker",
            OfflineReason::HeartbeatMissed => "offline: three heartbeats are missing",
            OfflineReason::NoData => "offline: no data",
        },
    }
}

/// What was heard at a broker, a line for each meter.
pub(super) fn probe(probe: &Probe) -> String {
    heard(probe, found)
}

/// What was heard of one base topic, with the last message that measures.
pub(super) fn tested(probe: &Probe) -> String {
    heard(probe, |meter| {
        found(meter) + &meter.sensors.as_ref().map(measured).unwrap_or_default()
    })
}

fn heard(probe: &Probe, words: impl Fn(&FoundMeter) -> String) -> String {
    let mut lines: Vec<String> = probe.found.iter().map(words).collect();
    if lines.is_empty() {
        lines.push("No meter was heard.".to_owned());
    }
    if probe.others > 0 {
        lines.push(format!("{} other message(s)", probe.others));
    }
    lines.join("\n")
}

fn found(found: &FoundMeter) -> String {
    let id = found.meter_id.as_ref().map_or("without an id", |id| id.as_str());
    let family = found
        .family
        .map_or("no sensors message", |family| family.as_str());
    let units = match found.units.units {
        Units::Milli => "mW and mA",
        Units::Base => "W and A",
    };
    let why = match found.units.reason {
        UnitsReason::Declared => "the messages say so",
        UnitsReason::Counters => "power over time gives what the counters gained",
        UnitsReason::VoltageTimesCurrent => "voltage times current gives the power",
        UnitsReason::Magnitude => "in the other units it would exceed any roof",
        UnitsReason::Default => "nothing was heard that could tell",
    };
    let sure = match found.units.check {
        UnitsCheck::Confirmed => "",
        UnitsCheck::NotConfirmed => ", not confirmed",
        UnitsCheck::Contradicted => ", CONTRADICTED",
    };
    let profile = match found.profile {
        Some(ElectricalProfile::DcBench) => "DC bench",
        Some(ElectricalProfile::AcGrid) => "AC grid",
        None => "profile not known",
    };
    let heard = found.voltage.filter(|_| found.profile.is_some());
    let heard = heard.map_or_else(String::new, |voltage| {
        format!(
            " (proposed, because {} V was heard)",
            millionths(voltage.0.into())
        )
    });
    let mut text = format!(
        "{}: {id}, {} message(s), {family}, {units} ({why}{sure}), {profile}{heard}, {}",
        found.base_topic,
        found.messages,
        abilities(&found.capabilities)
    );
    if found.only_retained {
        text += "; only old messages that the broker kept: it may be switched off";
    }
    if found.retained_command {
        text += "; A RETAINED COMMAND lies on the broker";
    }
    if let Some(refused) = &found.refused {
        text += &format!("; the last message was refused: {refused}");
    }
    text
}

/// What each subsystem shows, a line for each.
fn measured(sensors: &Sensors) -> String {
    let parts = [
        ("export", sensors.export),
        ("import", sensors.import),
        ("solar", sensors.solar),
        ("load", sensors.load),
        ("battery", sensors.battery),
    ];
    let line = |(name, part): (&str, Option<Subsystem>)| {
        let part = part?;
        let figure = |value: Option<i128>, unit| value.map(|value| format!("{} {unit}", millionths(value)));
        let word = |flag: Option<bool>, word: &str| {
            flag.map(|flag| {
                if flag {
                    word.to_owned()
                } else {
                    format!("not {word}")
                }
            })
        };
        let words = [
            figure(part.power.map(|value| value.0.into()), "W"),
            figure(part.current.map(|value| value.0.into()), "A"),
            figure(part.voltage.map(|value| value.0.into()), "V"),
            figure(part.total_energy.map(|value| value.0.into()), "Wh in all"),
            figure(part.settlement_energy.map(|value| value.0.into()), "Wh to settle"),
            part.soc_permille
                .map(|charge| format!("{}.{} % charged", charge / 10, charge % 10)),
            part.state.map(|state| state.as_str().to_owned()),
            word(part.active, "active"),
            word(part.generating, "generating"),
            word(part.connected, "connected"),
            word(part.valid, "valid"),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        Some(format!("\n  {name}: {}", words.join(", ")))
    };
    parts.into_iter().filter_map(line).collect()
}

fn abilities(abilities: &Capabilities) -> String {
    let mut words: Vec<String> = [
        (abilities.battery, "battery"),
        (abilities.solar, "solar"),
        (abilities.grid_control, "grid control"),
    ]
    .into_iter()
    .filter(|(has, _)| *has)
    .map(|(_, word)| word.to_owned())
    .collect();
    words.extend(abilities.relays.iter().map(|name| format!("relay {name}")));
    words.extend(abilities.motors.iter().map(|motor| motor.as_str().to_owned()));
    words.extend(abilities.max_pwm.map(|max| format!("LED 0..{max}")));
    if words.is_empty() {
        "it has shown no outputs".to_owned()
    } else {
        words.join(", ")
    }
}

/// A QR code in half blocks, dark on light whatever the terminal's colours are.
pub(super) fn qr(code: &QrCode) -> String {
    const MARGIN: usize = 4;
    let width = code.rows.len() + 2 * MARGIN;
    let dark = |row: usize, column: usize| {
        let cell = row.checked_sub(MARGIN).zip(column.checked_sub(MARGIN));
        let cell = cell.and_then(|(row, column)| code.rows.get(row)?.as_bytes().get(column).copied());
        cell == Some(b'1')
    };
    let line = |row: usize| -> String {
        (0..width)
            .map(|column| match (dark(row, column), dark(row + 1, column)) {
                (true, true) => ' ',
                (true, false) => '▄',
                (false, true) => '▀',
                (false, false) => '█',
            })
            .collect()
    };
    let rows = (0..width)
        .step_by(2)
        .map(|row| format!("\u{1b}[97;40m{}\u{1b}[0m", line(row)));
    rows.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{MicroVolts, MicroWatts, MicroWh, reading::BatteryState};

    use super::*;

    #[test]
    fn a_message_is_shown_by_subsystem() {
        let sensors = Sensors {
            export: Some(Subsystem {
                power: Some(MicroWatts(38_600)),
                voltage: Some(MicroVolts(4_126_000)),
                total_energy: Some(MicroWh(1_959_955)),
                active: Some(true),
                ..Subsystem::default()
            }),
            battery: Some(Subsystem {
                state: Some(BatteryState::Charging),
                soc_permille: Some(873),
                valid: Some(false),
                ..Subsystem::default()
            }),
            ..Sensors::default()
        };
        assert_eq!(
            measured(&sensors),
            "\n  export: 0.0386 W, 4.126 V, 1.959955 Wh in all, active\n  battery: 87.3 % charged, charging, not valid"
        );
    }

    #[test]
    fn a_code_keeps_its_margin_and_its_modules() {
        let code = QrCode {
            rows: vec!["10".to_owned(), "11".to_owned()],
        };
        let lines: Vec<String> = qr(&code)
            .lines()
            .map(|line| line.replace("\u{1b}[97;40m", "").replace("\u{1b}[0m", ""))
            .collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[0], "█".repeat(10));
        assert_eq!(lines[2], format!("{} ▀{}", "█".repeat(4), "█".repeat(4)));
    }
}
