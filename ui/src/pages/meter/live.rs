//! A meter as it is now: what it measures, what is wrong with it, what the device says of itself, what was not counted.

use enerlink_domain::{Presence, view::MeterEdit};
use enerlink_ipc::EditMeter;
use leptos::prelude::*;

use crate::{
    components::{doing::Doing, power_flow::equation, standing::age},
    feed::feed,
    flow::Powers,
    i18n::{Key, say, text},
    pages::meter::{
        One, facts::DeviceFacts, measured::Measured, part, take_over, tally::TallyCard, unwell::UnwellCard,
        words,
    },
    prefs::prefs,
};

/// The part.
#[component]
pub(super) fn LivePart(meter: One) -> impl IntoView {
    view! {
        <MeasuredCard meter=meter />
        <div class="pair even">
            <div class="stack">
                <UnwellCard meter=meter />
                <DeviceFacts meter=meter />
            </div>
            <TallyCard meter=meter />
        </div>
    }
}

/// The table with its age and its units.
#[component]
fn MeasuredCard(meter: One) -> impl IntoView {
    let language = prefs().language;
    let sensors =
        Signal::derive(move || meter.with(|meter| Some(meter.as_ref()?.device.sensors.as_ref()?.1.clone())));
    let heard = age(Signal::derive(move || {
        meter.with(|meter| Some(meter.as_ref()?.device.sensors.as_ref()?.0))
    }));
    let stale = part(meter, |view| view.device.presence != Presence::Online);
    let interval = part(meter, |view| view.device.interval_ms);
    let interval = move || {
        let interval = u32::try_from(interval.get()??).ok()?;
        let every = words::seconds(language.get(), interval);
        Some(say(language.get(), Key::EveryInterval, &[("interval", &every)]))
    };
    let subtitle = move || {
        let parts = [Some(heard.get()).filter(|age| !age.is_empty()), interval()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    };
    let adds_up = move || {
        meter.with(|meter| {
            let device = &meter.as_ref()?.device;
            device.sensors.as_ref()?;
            Some(equation(language.get(), &Powers::of(device)))
        })
    };
    view! {
        <section class="card" class:stale=move || stale.get() == Some(true) aria-label=text(Key::Measured) data-testid="measured">
            <header>
                <h2>{text(Key::Measured)}</h2>
                <small data-testid="measured-age">{subtitle}</small>
            </header>
            <Measured sensors=sensors />
            <p class="equation">{adds_up}</p>
            <UnitsNote meter=meter />
        </section>
    }
}

/// Which units are taken, whether that is proven, and the way to the other ones.
#[component]
fn UnitsNote(meter: One) -> impl IntoView {
    let (feed, language, doing) = (feed(), prefs().language, Doing::new());
    let units = part(meter, |view| {
        (view.meter.units, view.meter.units_check, view.meter.id.clone())
    });
    let switch = move |_| {
        let Some((units, _, meter_id)) = units.get_untracked() else {
            return;
        };
        let edit = MeterEdit {
            units: Some(words::other_units(units)),
            ..MeterEdit::default()
        };
        doing.call(EditMeter { meter_id, edit }, move |view| take_over(feed, view));
    };
    move || {
        units.get().map(|(units, check, _)| {
            let (word, class, meaning) = words::units_check(check);
            let other = words::units(words::other_units(units)).text(language.get());
            let label = say(language.get(), Key::SwitchUnits, &[("units", other)]);
            let sure = check == enerlink_domain::device::UnitsCheck::Confirmed;
            view! {
                <div class="units-note" data-testid="units-note">
                    <b>{text(words::units(units))}</b>
                    <span class=class data-testid="units-check">{text(word)}</span>
                    <span class="mut small">{text(meaning)}</span>
                    {(!sure).then(|| view! {
                        <button
                            type="button"
                            class="button quiet small end"
                            data-testid="units-switch"
                            disabled=doing.busy
                            on:click=switch
                        >
                            {label}
                        </button>
                    })}
                </div>
                {doing.problem()}
            }
        })
    }
}
