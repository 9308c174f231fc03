//! What the core's words about a meter are called on the page.

use enerlink_domain::{
    CommandStage, MeterCommand, Registration,
    command::{Capabilities, Direction, EnergyCounter, OutputSetting},
    device::{ElectricalProfile, PayloadFamily, UnitsCheck},
    reading::{GridMode, Units},
    view::UnitsReason,
};

use crate::{
    format,
    i18n::{Key, Language, say},
};

/// Stands for what a meter has not said.
pub(super) fn unknown() -> String {
    "–".to_owned()
}

/// A standing on chain: its word, and how it looks.
pub(super) fn registration(registration: Registration) -> (Key, &'static str) {
    match registration {
        Registration::Unknown => (Key::RegistrationUnknown, "chip"),
        Registration::Missing => (Key::RegistrationMissing, "chip warn"),
        Registration::Foreign { .. } => (Key::RegistrationForeign, "chip bad"),
        Registration::Retired => (Key::RegistrationRetired, "chip bad"),
        Registration::Registered => (Key::RegistrationDone, "chip good"),
        Registration::Open { .. } => (Key::RegistrationOpen, "chip good"),
    }
}

/// What a standing on chain means for the household.
pub(super) fn registration_meaning(registration: Registration) -> Key {
    match registration {
        Registration::Unknown => Key::RegistrationUnknownHint,
        Registration::Missing => Key::RequestWhy,
        Registration::Foreign { .. } => Key::RegistrationForeignHint,
        Registration::Retired => Key::RegistrationRetiredHint,
        Registration::Registered => Key::RegistrationDoneHint,
        Registration::Open { .. } => Key::RegistrationOpenHint,
    }
}

/// Units of power and current.
pub(super) fn units(units: Units) -> Key {
    match units {
        Units::Milli => Key::UnitsMilli,
        Units::Base => Key::UnitsBase,
    }
}

/// The other units.
pub(super) fn other_units(units: Units) -> Units {
    match units {
        Units::Milli => Units::Base,
        Units::Base => Units::Milli,
    }
}

/// Whether units are proven: a word, its look, and what it means.
pub(super) fn units_check(check: UnitsCheck) -> (Key, &'static str, Key) {
    match check {
        UnitsCheck::NotConfirmed => (Key::UnitsNotConfirmed, "chip", Key::UnitsNotConfirmedHint),
        UnitsCheck::Confirmed => (Key::UnitsConfirmed, "chip good", Key::UnitsConfirmedHint),
        UnitsCheck::Contradicted => (Key::UnitsContradicted, "chip bad", Key::UnitsContradictedHint),
    }
}

/// Why units are proposed, as a sentence.
pub(super) fn units_reason(reason: UnitsReason) -> Key {
    match reason {
        UnitsReason::Declared => Key::ReasonDeclared,
        UnitsReason::Counters => Key::ReasonCounters,
        UnitsReason::VoltageTimesCurrent => Key::ReasonVoltage,
        UnitsReason::Magnitude => Key::ReasonMagnitude,
        UnitsReason::Default => Key::ReasonDefault,
    }
}

/// What the electrical side is.
pub(super) fn profile(profile: ElectricalProfile) -> Key {
    match profile {
        ElectricalProfile::DcBench => Key::ProfileBench,
        ElectricalProfile::AcGrid => Key::ProfileGrid,
    }
}

/// How a meter speaks.
pub(super) fn family(family: PayloadFamily) -> Key {
    match family {
        PayloadFamily::Flat => Key::FamilyFlat,
        PayloadFamily::Nested => Key::FamilyNested,
        PayloadFamily::Envelope => Key::FamilyEnvelope,
    }
}

/// What a meter can do, one word each.
pub(super) fn capabilities(language: Language, can: &Capabilities) -> Vec<String> {
    let mut words = Vec::new();
    let mut put = |there: bool, key: Key| {
        if there {
            words.push(key.text(language).to_owned());
        }
    };
    put(can.solar, Key::CanSolar);
    put(can.battery, Key::CanBattery);
    put(can.grid_control, Key::CanGrid);
    for relay in &can.relays {
        words.push(say(language, Key::CanRelay, &[("name", relay)]));
    }
    for motor in &can.motors {
        words.push(motor_name(language, motor.as_str()));
    }
    if can.max_pwm.is_some() {
        words.push(Key::CanPwm.text(language).to_owned());
    }
    if can.responds {
        words.push(Key::CanRespond.text(language).to_owned());
    }
    words
}

/// A mode of the grid switch.
pub(super) fn grid_mode(mode: GridMode) -> Key {
    match mode {
        GridMode::Import => Key::GridImport,
        GridMode::Export => Key::GridExport,
        GridMode::Off => Key::GridOff,
    }
}

/// Which counters a reset sets back.
pub(super) fn counter(counter: EnergyCounter) -> Key {
    match counter {
        EnergyCounter::All => Key::CounterAll,
        EnergyCounter::Battery => Key::Battery,
        EnergyCounter::Solar => Key::Sun,
        EnergyCounter::Load => Key::HomePlace,
    }
}

/// Which way a motor turns.
pub(super) fn direction(direction: Direction) -> Key {
    match direction {
        Direction::Forward => Key::Forward,
        Direction::Reverse => Key::Backward,
    }
}

/// What the household calls an output: its own name, or what it is.
pub(super) fn output(language: Language, outputs: &[OutputSetting], key: &str) -> String {
    let own = outputs.iter().find(|output| output.key == key);
    match own.map(|output| output.name.trim()) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => output_kind(language, key),
    }
}

/// What an output is, by its key.
pub(super) fn output_kind(language: Language, key: &str) -> String {
    match key {
        "grid" => Key::GridSwitch.text(language).to_owned(),
        "pwm" => Key::Led.text(language).to_owned(),
        _ => match key.strip_prefix("relay:") {
            Some(name) => say(language, Key::CanRelay, &[("name", name)]),
            None => motor_name(language, key),
        },
    }
}

/// `Motor 1` for `motor1`, `Motor` for `motor`.
pub(super) fn motor_name(language: Language, name: &str) -> String {
    let which = name.strip_prefix("motor").unwrap_or(name);
    say(language, Key::CanMotor, &[("name", which)]).trim().to_owned()
}

/// A command in one line.
pub(super) fn command(
    language: Language,
    outputs: &[OutputSetting],
    command: Option<&MeterCommand>,
) -> String {
    let word = |key: Key| key.text(language);
    let Some(command) = command else {
        return word(Key::CommandUnknown).to_owned();
    };
    let name = command.output().map(|key| output(language, outputs, &key));
    let name = name.unwrap_or_default();
    match command {
        MeterCommand::Grid { mode } => format!("{name}: {}", word(grid_mode(*mode))),
        MeterCommand::ResetSettlement => word(Key::ResetSettlement).to_owned(),
        MeterCommand::ResetEnergy { counter: which } => {
            say(language, Key::ResetOf, &[("counter", word(counter(*which)))])
        }
        MeterCommand::Intervals {
            sensor_ms,
            heartbeat_ms,
        } => {
            let part = |key: Key, value: &Option<u32>| {
                value.map(|ms| format!("{} {}", word(key), seconds(language, ms)))
            };
            let parts = [
                part(Key::SensorInterval, sensor_ms),
                part(Key::HeartbeatInterval, heartbeat_ms),
            ];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
        }
        MeterCommand::Relay { on, .. } => format!("{name}: {}", word(on_off(*on))),
        MeterCommand::Motor {
            percent,
            direction: way,
            ..
        } => format!("{name}: {percent}\u{a0}% {}", word(direction(*way))),
        MeterCommand::Led { duty } => format!("{name}: {duty}"),
    }
}

/// `5 s`, `0,5 s`.
pub(super) fn seconds(language: Language, milliseconds: u32) -> String {
    let shown = if milliseconds.is_multiple_of(1000) { 0 } else { 1 };
    let seconds = format::decimal(
        language,
        i128::from(milliseconds),
        3,
        shown,
        format::Sign::Negative,
    );
    format!("{seconds}\u{a0}s")
}

/// Whether something is switched on.
pub(super) fn on_off(on: bool) -> Key {
    if on { Key::SwitchedOn } else { Key::SwitchedOff }
}

/// How far a command has come: its word, its look, and what it means.
pub(super) fn stage(stage: CommandStage) -> (Key, &'static str, Key) {
    match stage {
        CommandStage::Queued => (Key::StageQueued, "chip accent", Key::CommandQueuedHint),
        CommandStage::Sent => (Key::StageSent, "chip accent", Key::CommandSentHint),
        CommandStage::Acknowledged => (
            Key::CommandAcknowledged,
            "chip good",
            Key::CommandAcknowledgedHint,
        ),
        CommandStage::Observed => (Key::CommandObserved, "chip good", Key::CommandObservedHint),
        CommandStage::Failed => (Key::StageFailed, "chip bad", Key::CommandFailedHint),
        CommandStage::TimedOut => (Key::CommandTimedOut, "chip bad", Key::CommandTimedOutHint),
        CommandStage::Late => (Key::CommandLate, "chip warn", Key::CommandLateHint),
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::command::MotorName;

    use super::*;

    #[test]
    fn commands_are_told_with_the_household_s_own_names() {
        let outputs = [OutputSetting {
            key: "relay:pump".into(),
            name: "Pompa".into(),
            hidden: false,
            limit_percent: None,
        }];
        let said =
            |told: MeterCommand| command(Language::English, &outputs, Some(&told)).replace('\u{a0}', " ");
        for (told, expected) in [
            (MeterCommand::Grid { mode: GridMode::Off }, "Grid switch: off"),
            (
                MeterCommand::Relay {
                    name: "pump".into(),
                    on: true,
                },
                "Pompa: on",
            ),
            (
                MeterCommand::Motor {
                    motor: MotorName::First,
                    percent: 40,
                    direction: Direction::Reverse,
                },
                "Motor 1: 40 % backward",
            ),
            (
                MeterCommand::Intervals {
                    sensor_ms: Some(2500),
                    heartbeat_ms: None,
                },
                "Readings every 2.5 s",
            ),
            (
                MeterCommand::ResetEnergy {
                    counter: EnergyCounter::Solar,
                },
                "Reset energy counter: Sun",
            ),
        ] {
            assert_eq!(said(told), expected);
        }
        assert_eq!(
            command(Language::English, &[], None),
            "A command of a newer version"
        );
    }

    #[test]
    fn every_stage_is_told_apart() {
        let words: std::collections::HashSet<Key> = CommandStage::ALL
            .into_iter()
            .flat_map(|known| [stage(known).0, stage(known).2])
            .collect();
        assert_eq!(words.len(), 2 * CommandStage::ALL.len());
    }

    #[test]
    fn capabilities_name_each_output() {
        let can = Capabilities {
            solar: true,
            relays: vec!["pump".into()],
            motors: vec![MotorName::Main],
            max_pwm: Some(255),
            ..Capabilities::default()
        };
        assert_eq!(
            capabilities(Language::English, &can),
            ["solar", "Relay pump", "Motor", "LED dimmer"]
        );
    }
}
