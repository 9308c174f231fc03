//! What the device says of itself: radio, broker, memory, switches, outputs, sensors; each only when it said so.

use enerlink_domain::{
    StatusSnapshot,
    reading::{HeartbeatStatus, Motor},
    view::MeterView,
};
use leptos::prelude::*;

use crate::{
    components::{device_card, standing::age},
    i18n::{Key, Language, say, text},
    pages::meter::{One, words},
    prefs::prefs,
};

/// A fact and its words, absent when the device has not said it.
type Fact = (Key, fn(Language, &MeterView) -> Option<String>);

const FACTS: [Fact; 14] = [
    (Key::DeviceRole, |_, view| status(view)?.device_role.clone()),
    (Key::DeviceSays, |_, view| status(view)?.system_status.clone()),
    (Key::HeartbeatSays, |language, view| {
        let status = view.device.heartbeat.as_ref()?.1.status;
        Some(heartbeat(status).text(language).to_owned())
    }),
    (Key::Wifi, wifi),
    (Key::IpAddress, |_, view| status(view)?.wifi_ip.clone()),
    (Key::Mqtt, mqtt),
    (Key::GridSwitch, |language, view| {
        Some(
            words::grid_mode(status(view)?.grid_mode?)
                .text(language)
                .to_owned(),
        )
    }),
    (Key::FlowByDevice, flow),
    (Key::FreeMemory, |language, view| {
        known(device_card::memory(language, view))
    }),
    (Key::Uptime, |language, view| {
        known(device_card::uptime(language, view))
    }),
    (Key::Led, |_, view| {
        let status = status(view)?;
        let of = status.pwm_max.map(|max| format!(" / {max}")).unwrap_or_default();
        Some(format!("{}{of}", status.led_duty?))
    }),
    (Key::SpeaksAs, |language, view| {
        Some(words::family(view.meter.family?).text(language).to_owned())
    }),
    (Key::ElectricalSide, |language, view| {
        Some(words::profile(view.meter.profile?).text(language).to_owned())
    }),
    (Key::CountedBy, |language, view| {
        let source = match view.meter.source? {
            enerlink_domain::register::CounterSource::Total => Key::SourceTotal,
            enerlink_domain::register::CounterSource::Settlement => Key::SourceSettlement,
        };
        Some(source.text(language).to_owned())
    }),
];

/// The card.
#[component]
pub(super) fn DeviceFacts(meter: One) -> impl IntoView {
    let language = prefs().language;
    let heard = age(Signal::derive(move || {
        meter.with(|meter| Some(meter.as_ref()?.device.status.as_ref()?.0))
    }));
    let told = Memo::new(move |_| {
        meter.with(|meter| {
            let view = meter.as_ref()?;
            let facts = FACTS.iter().filter_map(|(label, pick)| {
                let words = pick(language.get(), view)?;
                Some((*label, words))
            });
            Some(facts.collect::<Vec<_>>())
        })
    });
    let facts = move || {
        let facts = told.get().unwrap_or_default().into_iter();
        facts
            .map(|(label, words)| view! { <div><dt>{text(label)}</dt><dd class="wrap">{words}</dd></div> })
            .collect_view()
    };
    let silent = move || told.with(|told| told.as_ref().is_none_or(Vec::is_empty));
    let parts = Memo::new(move |_| {
        meter.with(|meter| {
            let status = meter.as_ref().and_then(status);
            status
                .map(|status| parts(language.get(), status))
                .unwrap_or_default()
        })
    });
    let groups = move || {
        let groups = parts.get().into_iter();
        groups
            .map(|(label, chips)| {
                let chips = chips
                    .into_iter()
                    .map(|(words, class)| view! { <li class=class>{words}</li> })
                    .collect_view();
                view! { <div><dt>{text(label)}</dt><dd><ul class="row chips">{chips}</ul></dd></div> }
            })
            .collect_view()
    };
    view! {
        <section class="card" aria-label=text(Key::DeviceStatus) data-testid="device-facts">
            <header><h2>{text(Key::DeviceStatus)}</h2><small>{move || heard.get()}</small></header>
            <Show when=move || !silent() fallback=move || view! { <p class="empty">{text(Key::NoStatusYet)}</p> }>
                <dl class="facts many">{facts}</dl>
                <dl class="facts groups">{groups}</dl>
            </Show>
        </section>
    }
}

fn status(view: &MeterView) -> Option<&StatusSnapshot> {
    view.device.status.as_ref().map(|(_, status)| status)
}

/// Words that say something.
fn known(words: String) -> Option<String> {
    (words != words::unknown()).then_some(words)
}

fn wifi(language: Language, view: &MeterView) -> Option<String> {
    let status = status(view)?;
    let signal = known(device_card::wifi(language, view));
    match (status.wifi_connected, signal) {
        (Some(false), _) => Some(Key::NotConnected.text(language).to_owned()),
        (_, Some(signal)) => Some(signal),
        (Some(true), None) => Some(Key::Connected.text(language).to_owned()),
        (None, None) => None,
    }
}

fn mqtt(language: Language, view: &MeterView) -> Option<String> {
    let status = status(view)?;
    let state = match status.mqtt_connected {
        Some(true) => Some(Key::Connected.text(language).to_owned()),
        Some(false) => Some(Key::NotConnected.text(language).to_owned()),
        None => None,
    };
    let attempts = status.mqtt_attempts.filter(|attempts| *attempts > 0);
    let attempts = attempts.map(|count| say(language, Key::MqttAttempts, &[("count", &count.to_string())]));
    let words: Vec<String> = [state, attempts].into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" · "))
}

fn flow(language: Language, view: &MeterView) -> Option<String> {
    let status = status(view)?;
    let key = match (status.exporting, status.importing) {
        (None, None) => return None,
        (Some(true), _) => Key::Exporting,
        (_, Some(true)) => Key::Importing,
        (Some(false), _) | (None, Some(false)) => Key::Idle,
    };
    Some(key.text(language).to_owned())
}

fn heartbeat(status: HeartbeatStatus) -> Key {
    match status {
        HeartbeatStatus::Alive => Key::HeartbeatAlive,
        HeartbeatStatus::Warning => Key::HeartbeatWarns,
        HeartbeatStatus::Error => Key::HeartbeatFails,
    }
}

/// Chips of one kind, each with its class.
type Chips = Vec<(String, &'static str)>;

/// Relays, motors and sensors, as far as there are some.
fn parts(language: Language, status: &StatusSnapshot) -> Vec<(Key, Chips)> {
    let state = |on: bool| words::on_off(on).text(language);
    let relays: Chips = status
        .relays
        .iter()
        .map(|relay| {
            let class = if relay.on { "chip good" } else { "chip" };
            (format!("{} {}", relay.name, state(relay.on)), class)
        })
        .collect();
    let motors: Chips = status
        .motors
        .iter()
        .map(|motor| {
            (
                format!(
                    "{} {}",
                    words::motor_name(language, &motor.name),
                    motor_words(language, motor)
                ),
                "chip",
            )
        })
        .collect();
    let sensors: Chips = status
        .sensors
        .iter()
        .map(|sensor| {
            let (key, class) = if sensor.ok {
                (Key::SensorWorks, "chip good")
            } else {
                (Key::SensorFails, "chip bad")
            };
            (format!("{} {}", sensor.name, key.text(language)), class)
        })
        .collect();
    let all = [
        (Key::Relays, relays),
        (Key::Motors, motors),
        (Key::Sensors, sensors),
    ];
    all.into_iter().filter(|(_, chips)| !chips.is_empty()).collect()
}

/// `40 % forward`, as far as the device says it.
pub(super) fn motor_words(language: Language, motor: &Motor) -> String {
    let percent = motor.percent.map(|percent| format!("{percent}\u{a0}%"));
    let duty = motor.duty.map(|duty| match motor.max_pwm {
        Some(max) => format!("{duty} / {max}"),
        None => duty.to_string(),
    });
    let way = motor.direction.as_deref().map(|way| match way {
        "forward" => Key::Forward.text(language).to_owned(),
        "reverse" => Key::Backward.text(language).to_owned(),
        other => other.to_owned(),
    });
    let words: Vec<String> = [percent.or(duty), way].into_iter().flatten().collect();
    if words.is_empty() {
        words::unknown()
    } else {
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        UnixMillis,
        reading::{Relay, SensorState},
    };

    use super::*;

    fn told(status: StatusSnapshot) -> Vec<(Key, String)> {
        let mut view = crate::live::tests::home().meter.expect("a meter");
        view.device.status = Some((UnixMillis(0), status));
        let facts = FACTS.iter();
        facts
            .filter_map(|(label, pick)| Some((*label, pick(Language::English, &view)?)))
            .collect()
    }

    #[test]
    fn only_what_was_said_is_shown() {
        assert_eq!(told(StatusSnapshot::default()), []);
        let facts = told(StatusSnapshot {
            wifi_connected: Some(true),
            wifi_rssi: Some(-61),
            mqtt_connected: Some(false),
            mqtt_attempts: Some(3),
            importing: Some(true),
            led_duty: Some(40),
            pwm_max: Some(255),
            ..StatusSnapshot::default()
        });
        let facts: Vec<(Key, String)> = facts
            .into_iter()
            .map(|(key, words)| (key, words.replace('\u{a0}', " ")))
            .collect();
        assert_eq!(
            facts,
            [
                (Key::Wifi, "\u{2212}61 dBm".to_owned()),
                (Key::Mqtt, "not connected · attempts: 3".to_owned()),
                (Key::FlowByDevice, "importing".to_owned()),
                (Key::Led, "40 / 255".to_owned()),
            ]
        );
    }

    #[test]
    fn outputs_and_sensors_are_listed_by_name() {
        let status = StatusSnapshot {
            relays: vec![Relay {
                name: "pump".into(),
                on: true,
            }],
            motors: vec![Motor {
                name: "motor1".into(),
                duty: Some(100),
                max_pwm: Some(255),
                percent: Some(40),
                direction: Some("reverse".into()),
            }],
            sensors: vec![SensorState {
                name: "ina226".into(),
                ok: false,
            }],
            ..StatusSnapshot::default()
        };
        let groups = parts(Language::English, &status);
        let chips: Vec<String> = groups
            .into_iter()
            .flat_map(|(_, chips)| chips)
            .map(|(words, _)| words.replace('\u{a0}', " "))
            .collect();
        assert_eq!(chips, ["pump on", "Motor 1 40 % backward", "ina226 fails"]);
    }
}
