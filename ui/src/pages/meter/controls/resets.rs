//! How often the meter speaks, and its counters set back to zero.

use enerlink_domain::{
    MeterCommand,
    command::{EnergyCounter, INTERVAL_MS},
    register::CounterSource,
};
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    components::field::Field,
    i18n::{Key, Language, say, text},
    pages::meter::{One, command::Teller, part, words},
    prefs::prefs,
};

/// Milliseconds of typed seconds, within the limits; nothing typed leaves it as it is.
fn interval(text: &str) -> Option<Option<u32>> {
    let text = text.trim().trim_end_matches('s').trim();
    if text.is_empty() {
        return Some(None);
    }
    let text = text.replace(',', ".");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    let fraction: u32 = format!("{fraction:0<3}").parse().ok()?;
    let milliseconds = whole.checked_mul(1000)?.checked_add(fraction)?;
    let (least, most) = INTERVAL_MS;
    (least..=most)
        .contains(&milliseconds)
        .then_some(Some(milliseconds))
}

/// Both intervals.
#[component]
pub(super) fn IntervalsCard(meter: One, teller: Teller) -> impl IntoView {
    let language = prefs().language;
    let (sensor, heartbeat) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let tried = RwSignal::new(false);
    let complain = move |value: RwSignal<String>| {
        Signal::derive(move || {
            let wrong = value.with(|typed| interval(typed).is_none());
            (tried.get() && wrong).then_some(Key::IntervalWrong)
        })
    };
    let observed = part(meter, |view| view.device.interval_ms);
    let observed = move || {
        let interval = observed
            .get()
            .flatten()
            .and_then(|interval| u32::try_from(interval).ok());
        interval.map(|interval| {
            let every = words::seconds(language.get(), interval);
            say(language.get(), Key::IntervalObserved, &[("interval", &every)])
        })
    };
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let typed = |value: RwSignal<String>| value.with_untracked(|typed| interval(typed));
        let (Some(sensor_ms), Some(heartbeat_ms)) = (typed(sensor), typed(heartbeat)) else {
            return;
        };
        if sensor_ms.is_some() || heartbeat_ms.is_some() {
            teller.tell(MeterCommand::Intervals {
                sensor_ms,
                heartbeat_ms,
            });
        }
    };
    let nothing = move || {
        sensor.with(|typed| typed.trim().is_empty()) && heartbeat.with(|typed| typed.trim().is_empty())
    };
    view! {
        <section class="card" aria-label=text(Key::Intervals) data-testid="intervals">
            <header><h2>{text(Key::Intervals)}</h2><small>{observed}</small></header>
            <form on:submit=send novalidate>
                <fieldset disabled=teller.busy()>
                    <div class="columns">
                        <Field testid="interval-sensor" label=Key::SensorIntervalField value=sensor mode="decimal"
                            placeholder="5" complaint=complain(sensor) />
                        <Field testid="interval-heartbeat" label=Key::HeartbeatIntervalField value=heartbeat mode="decimal"
                            placeholder="30" complaint=complain(heartbeat) />
                    </div>
                    <p class="aside">{text(Key::IntervalHint)}</p>
                    <button type="submit" class="button quiet small" data-testid="interval-send" disabled=nothing>
                        {text(Key::SendCommand)}
                    </button>
                </fieldset>
            </form>
        </section>
    }
}

/// Energy counters and settlement counters.
#[component]
pub(super) fn ResetsCard(meter: One, teller: Teller) -> impl IntoView {
    let language = prefs().language;
    let which = RwSignal::new(EnergyCounter::All);
    let counters = [
        (EnergyCounter::All, "all"),
        (EnergyCounter::Battery, "battery"),
        (EnergyCounter::Solar, "solar"),
        (EnergyCounter::Load, "load"),
    ];
    let choose = move |event: web_sys::Event| {
        let chosen = event_target_value(&event);
        if let Some((counter, _)) = counters.into_iter().find(|(_, name)| *name == chosen) {
            which.set(counter);
        }
    };
    let options = counters
        .map(|(counter, name)| {
            view! { <option value=name prop:selected=move || which.get() == counter>{text(words::counter(counter))}</option> }
        })
        .into_iter()
        .collect_view();
    let source = part(meter, |view| view.meter.source);
    let warning = move || settlement_warning(language.get(), source.get().flatten());
    view! {
        <section class="card" aria-label=text(Key::Resets) data-testid="resets">
            <header><h2>{text(Key::Resets)}</h2></header>
            <div class="setting">
                <div><b>{text(Key::ResetEnergy)}</b><small>{text(Key::ResetEnergyHint)}</small></div>
                <div class="row">
                    <select class="select" data-testid="reset-counter" aria-label=text(Key::ResetEnergy) on:change=choose>{options}</select>
                    <button
                        type="button"
                        class="button quiet small"
                        data-testid="reset-energy"
                        disabled=teller.busy()
                        on:click=move |_| teller.tell(MeterCommand::ResetEnergy { counter: which.get_untracked() })
                    >
                        {text(Key::Reset)}
                    </button>
                </div>
            </div>
            <div class="setting">
                <div><b>{text(Key::ResetSettlement)}</b><small>{warning}</small></div>
                <button
                    type="button"
                    class="button quiet small"
                    data-testid="reset-settlement"
                    disabled=teller.busy()
                    on:click=move |_| teller.tell(MeterCommand::ResetSettlement)
                >
                    {text(Key::Reset)}
                </button>
            </div>
        </section>
    }
}

/// What a reset of the settlement counters costs, which depends on what energy is counted by.
fn settlement_warning(language: Language, source: Option<CounterSource>) -> &'static str {
    match source {
        Some(CounterSource::Settlement) => Key::ResetSettlementRisk,
        Some(CounterSource::Total) | None => Key::ResetSettlementHint,
    }
    .text(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_seconds_become_milliseconds_within_the_limits() {
        for (typed, expected) in [
            ("", Some(None)),
            ("5", Some(Some(5_000))),
            ("2,5", Some(Some(2_500))),
            ("1.25 s", Some(Some(1_250))),
            ("600", Some(Some(600_000))),
            ("0.5", None),
            ("601", None),
            ("1.2345", None),
            ("-3", None),
            ("soon", None),
        ] {
            assert_eq!(interval(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_meter_counted_by_its_settlement_counters_is_warned_about() {
        let said = |source| settlement_warning(Language::English, source);
        assert_ne!(
            said(Some(CounterSource::Settlement)),
            said(Some(CounterSource::Total))
        );
        assert_eq!(said(None), said(Some(CounterSource::Total)));
    }
}
