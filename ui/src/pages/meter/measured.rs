//! What a meter measures: all five subsystems with their units in one table.

use enerlink_domain::{MicroWatts, Sensors, Subsystem, reading::BatteryState};
use leptos::prelude::*;

use crate::{
    format::{self, PowerUnit},
    i18n::{Key, Language, text},
    pages::meter::words::unknown,
    prefs::prefs,
};

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Solar,
    Load,
    Export,
    Import,
    Battery,
}

impl Line {
    const ALL: [Self; 5] = [Self::Solar, Self::Load, Self::Export, Self::Import, Self::Battery];

    fn label(self) -> Key {
        match self {
            Self::Solar => Key::Sun,
            Self::Load => Key::HomePlace,
            Self::Export => Key::Exported,
            Self::Import => Key::Imported,
            Self::Battery => Key::Battery,
        }
    }

    /// The class of its dot, and the end of its test id.
    fn name(self) -> &'static str {
        match self {
            Self::Solar => "solar",
            Self::Load => "home",
            Self::Export => "export",
            Self::Import => "import",
            Self::Battery => "battery",
        }
    }

    fn of(self, sensors: &Sensors) -> Option<Subsystem> {
        match self {
            Self::Solar => sensors.solar,
            Self::Load => sensors.load,
            Self::Export => sensors.export,
            Self::Import => sensors.import,
            Self::Battery => sensors.battery,
        }
    }
}

/// The table of the last message.
#[component]
pub(super) fn Measured(
    /// The last message; none before one.
    #[prop(into)]
    sensors: Signal<Option<Sensors>>,
) -> impl IntoView {
    let language = prefs().language;
    let unit = Memo::new(move |_| sensors.with(|sensors| power_unit(sensors.as_ref())));
    let row = move |line: Line| {
        let part = Memo::new(move |_| sensors.with(|sensors| line.of(sensors.as_ref()?)));
        let cell = move |pick: fn(Language, PowerUnit, Subsystem) -> Option<String>| {
            move || {
                let part = part.get()?;
                pick(language.get(), unit.get(), part)
            }
        };
        let figure = move |pick: fn(Language, PowerUnit, Subsystem) -> Option<String>| {
            let cell = cell(pick);
            view! { <td class="n">{move || cell().unwrap_or_else(unknown)}</td> }
        };
        view! {
            <tr data-testid=format!("measured-{}", line.name()) class:absent=move || part.get().is_none()>
                <th scope="row"><span class=format!("dot {}", line.name())></span>{text(line.label())}</th>
                {figure(|language, unit, part| Some(unit.figure(language, part.power?).text()))}
                {figure(|language, _, part| Some(format::volts(language, part.voltage?)))}
                {figure(|language, _, part| Some(format::amps(language, part.current?)))}
                {figure(|language, _, part| Some(format::energy(language, part.daily_energy?).text()))}
                {figure(|language, _, part| Some(format::energy(language, part.total_energy?).text()))}
                {figure(|language, _, part| Some(format::energy(language, part.settlement_energy?).text()))}
                <td class="states">{move || part.get().map(|part| states(language.get(), part))}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll">
            <table class="list measured" aria-label=text(Key::Measured)>
                <thead>
                    <tr>
                        <th scope="col"><span class="unseen">{text(Key::Subsystem)}</span></th>
                        <th scope="col" class="n">{text(Key::Power)}</th>
                        <th scope="col" class="n">{text(Key::Voltage)}</th>
                        <th scope="col" class="n">{text(Key::Current)}</th>
                        <th scope="col" class="n">{text(Key::Today)}</th>
                        <th scope="col" class="n">{text(Key::TotalEnergy)}</th>
                        <th scope="col" class="n" title=text(Key::SettlementEnergyHint)>{text(Key::SettlementEnergy)}</th>
                        <th scope="col">{text(Key::State)}</th>
                    </tr>
                </thead>
                <tbody>{Line::ALL.map(row).into_iter().collect_view()}</tbody>
            </table>
        </div>
    }
}

/// One unit for all powers, so that they can be compared.
fn power_unit(sensors: Option<&Sensors>) -> PowerUnit {
    let largest = sensors.and_then(|sensors| {
        let powers = Line::ALL.into_iter().filter_map(|line| line.of(sensors)?.power);
        powers.map(|power: MicroWatts| power.0.unsigned_abs()).max()
    });
    PowerUnit::for_largest(largest.unwrap_or_default())
}

/// What a subsystem says of itself, as chips.
fn states(language: Language, part: Subsystem) -> impl IntoView {
    state_words(language, part)
        .into_iter()
        .map(|(words, class)| view! { <span class=class>{words}</span> })
        .collect_view()
}

fn state_words(language: Language, part: Subsystem) -> Vec<(String, &'static str)> {
    let mut words = Vec::new();
    let mut put = |key: Key, class| words.push((key.text(language).to_owned(), class));
    match part.generating {
        Some(true) => put(Key::Generating, "chip good"),
        Some(false) => put(Key::NotGenerating, "chip"),
        None => {}
    }
    match part.active {
        Some(true) => put(Key::Active, "chip good"),
        Some(false) => put(Key::Idle, "chip"),
        None => {}
    }
    match part.state {
        Some(BatteryState::Charging) => put(Key::Charging, "chip good"),
        Some(BatteryState::Discharging) => put(Key::Discharging, "chip warn"),
        Some(BatteryState::Idle) => put(Key::Idle, "chip"),
        None => {}
    }
    if part.connected == Some(false) {
        put(Key::SensorGone, "chip bad");
    }
    if part.valid == Some(false) {
        put(Key::NotValid, "chip bad");
    }
    if let Some(charge) = part.soc_permille {
        let percent = format::decimal(language, i128::from(charge), 1, 0, format::Sign::Negative);
        words.push((format!("{percent}\u{a0}%"), "chip"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subsystem_says_what_it_does_and_what_is_wrong() {
        let battery = Subsystem {
            state: Some(BatteryState::Charging),
            soc_permille: Some(744),
            connected: Some(false),
            ..Subsystem::default()
        };
        let words: Vec<String> = state_words(Language::English, battery)
            .into_iter()
            .map(|(words, _)| words.replace('\u{a0}', " "))
            .collect();
        assert_eq!(words, ["charging", "sensor not connected", "74 %"]);
        assert_eq!(state_words(Language::English, Subsystem::default()), []);
    }

    #[test]
    fn powers_of_one_message_share_their_unit() {
        let of = |watts: i64| {
            Some(Subsystem {
                power: Some(MicroWatts(watts * 1_000_000)),
                ..Subsystem::default()
            })
        };
        let mut sensors = Sensors {
            solar: of(2840),
            load: of(3),
            ..Sensors::default()
        };
        assert_eq!(power_unit(Some(&sensors)), PowerUnit::Kilowatts);
        sensors.solar = of(-9);
        assert_eq!(power_unit(Some(&sensors)), PowerUnit::SmallWatts);
    }
}
