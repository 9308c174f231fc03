//! What `docs/meter-protocol.md` shows to makers of meters is what this program understands and says.

use enerlink_domain::{
    MeterCommand, UnixMillis,
    command::{Direction, EnergyCounter, MotorName},
    device::PayloadFamily,
    reading::{GridMode, Units},
};
use enerlink_meter::{Channel, Message, decode, encode};
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../../docs/meter-protocol.md");

/// The JSON samples with the word behind `json`, in the order of the document.
fn samples() -> Vec<(&'static str, &'static str)> {
    DOCUMENT
        .split("```json")
        .skip(1)
        .map(|rest| {
            let (word, rest) = rest.split_once('\n').expect("a line");
            let (text, _) = rest.split_once("```").expect("an end");
            (word.trim(), text)
        })
        .collect()
}

#[test]
fn every_sample_of_a_message_is_understood() {
    let mut seen = Vec::new();
    let mut families = Vec::new();
    for (word, text) in samples() {
        let Some(channel) = Channel::ALL.into_iter().find(|channel| channel.as_str() == word) else {
            assert_eq!(word, "command", "{text}");
            continue;
        };
        let message = decode(channel, text.as_bytes(), Units::Milli).unwrap_or_else(|error| {
            panic!("{error}: {text}");
        });
        if let Message::Sensors(sensors) = &message {
            families.push(sensors.family.expect("told by its content"));
            let (export, import) = (sensors.export.expect("export"), sensors.import.expect("import"));
            for side in [export, import] {
                assert!(side.total_energy.or(side.settlement_energy).is_some(), "{text}");
            }
        }
        seen.push(channel);
    }
    for channel in Channel::ALL {
        assert!(seen.contains(&channel), "no sample of {channel:?}");
        assert!(DOCUMENT.contains(&format!("`{{base}}/{}`", channel.as_str())));
    }
    for family in [
        PayloadFamily::Flat,
        PayloadFamily::Nested,
        PayloadFamily::Envelope,
    ] {
        assert!(families.contains(&family), "no sample of {family:?}");
    }
}

#[test]
fn every_documented_command_is_written_as_documented() {
    let commands = [
        MeterCommand::Grid {
            mode: GridMode::Export,
        },
        MeterCommand::ResetSettlement,
        MeterCommand::ResetEnergy {
            counter: EnergyCounter::Solar,
        },
        MeterCommand::Intervals {
            sensor_ms: Some(5000),
            heartbeat_ms: Some(30_000),
        },
        MeterCommand::Intervals {
            sensor_ms: Some(10_000),
            heartbeat_ms: None,
        },
        MeterCommand::Relay {
            name: "pump".to_owned(),
            on: true,
        },
        MeterCommand::Motor {
            motor: MotorName::First,
            percent: 75,
            direction: Direction::Reverse,
        },
        MeterCommand::Led { duty: 128 },
    ];
    let documented: Vec<Value> = samples()
        .into_iter()
        .filter(|(word, _)| *word == "command")
        .map(|(_, text)| serde_json::from_str(text).expect("JSON"))
        .collect();
    assert_eq!(documented.len(), commands.len());
    for (command, documented) in commands.iter().zip(documented) {
        let id = documented["correlation_id"].as_str().expect("an id");
        let sent_at = documented["timestamp"].as_i64().expect("a time");
        let written = encode(command, id, UnixMillis(sent_at));
        let written: Value = serde_json::from_str(&written).expect("JSON");
        assert_eq!(written, documented);
        // The table says who has to confirm it.
        let key = documented.as_object().expect("an object").keys();
        let key = key
            .into_iter()
            .find(|key| !["correlation_id", "timestamp"].contains(&key.as_str()));
        let key = key.expect("a command").trim_end_matches('1').to_owned();
        let row = DOCUMENT
            .lines()
            .find(|line| line.starts_with(&format!("| `{key}")));
        let confirmed = row.expect("a row of the table").ends_with("| yes |");
        assert_eq!(confirmed, command.switches_power() || command.resets(), "{key}");
    }
}

#[test]
fn the_documented_ranges_are_the_ones_that_are_kept() {
    let (least, most) = enerlink_domain::command::INTERVAL_MS;
    let spaced = |number: u32| format!("{} {:03}", number / 1000, number % 1000);
    assert!(DOCUMENT.contains(&format!("| {} to {} ms |", spaced(least), spaced(most))));
    let duty = enerlink_domain::command::DEFAULT_MAX_PWM;
    assert!(DOCUMENT.contains(&format!("`max_pwm` of the status, {duty} without one")));
    assert!(DOCUMENT.contains(&format!(
        "Up to {} KiB and {} levels",
        enerlink_meter::MAX_PAYLOAD / 1024,
        enerlink_meter::MAX_DEPTH
    )));
}
