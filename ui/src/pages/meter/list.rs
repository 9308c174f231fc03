//! Every meter of the household: how each stands, and those that are not listened to any more.

use enerlink_domain::{MeterId, NetMicroWh, Presence, view::MeterView};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{
        icon::{Glyph, Icon},
        loaded::Waiting,
        standing::{HealthChip, PresenceChip, age, last_heard, presence_words},
    },
    feed::feed,
    format,
    i18n::{Key, Language, notice, say, text},
    pages::meter::{One, one, part, words},
    prefs::prefs,
    session::{MeterPart, MeterPlace, session},
};

/// The list.
#[component]
pub(super) fn MeterList() -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let ids = move |retired: bool| {
        Memo::new(move |_| {
            feed.state.with(|state| {
                let meters = state.meters.iter().flatten();
                meters
                    .filter(|view| view.meter.retired_at.is_some() == retired)
                    .map(|view| view.meter.id.clone())
                    .collect::<Vec<MeterId>>()
            })
        })
    };
    let (active, retired) = (ids(false), ids(true));
    let brokers = Memo::new(move |_| {
        feed.state.with(|state| {
            let meters = state.meters.iter().flatten();
            let mut brokers: Vec<String> = meters
                .filter(|view| view.meter.retired_at.is_none())
                .map(|view| view.meter.broker.url())
                .collect();
            brokers.sort();
            brokers.dedup();
            brokers.len()
        })
    });
    let read = Memo::new(move |_| feed.state.with(|state| state.meters.is_some()));
    let failure = RwSignal::new(None);
    Effect::new(move || failure.set(feed.state.with(|state| state.failure.clone())));
    let summary = move || {
        let (meters, brokers) = (active.with(Vec::len).to_string(), brokers.get().to_string());
        say(
            language.get(),
            Key::MetersOnBrokers,
            &[("meters", &meters), ("brokers", &brokers)],
        )
    };
    let add = move |_| session.meter_place.set(MeterPlace::Adding);
    let retired_title = move || {
        let count = retired.with(Vec::len).to_string();
        say(language.get(), Key::RetiredMeters, &[("count", &count)])
    };
    view! {
        <Show
            when=move || read.get()
            fallback=move || view! {
                <section class="card"><Waiting error=failure retry=move |()| spawn_local(feed.refresh_all()) rows=4 /></section>
            }
        >
            <Show when=move || !active.with(Vec::is_empty) fallback=move || view! { <NoMeter /> }>
                <div class="row spread">
                    <p class="mut" data-testid="meters-summary">{summary}</p>
                    <button type="button" class="button" data-testid="meter-add" on:click=add>
                        <Glyph icon=Icon::Plus />
                        {text(Key::AddMeter)}
                    </button>
                </div>
                <For each=move || active.get() key=|id| id.clone() let:id>
                    <MeterRow id=id />
                </For>
            </Show>
            <Show when=move || !retired.with(Vec::is_empty)>
                <details class="fold" data-testid="meters-retired">
                    <summary>{retired_title}</summary>
                    <div class="meter-page folded">
                        <For each=move || retired.get() key=|id| id.clone() let:id>
                            <MeterRow id=id />
                        </For>
                    </div>
                </details>
            </Show>
        </Show>
    }
}

/// What to do first.
#[component]
fn NoMeter() -> impl IntoView {
    let session = session();
    view! {
        <section class="card first-step" data-testid="meters-empty">
            <Glyph icon=Icon::Meter />
            <h2>{text(Key::NoMeters)}</h2>
            <p class="mut">{text(Key::NoMetersHint)}</p>
            <button
                type="button"
                class="button"
                data-testid="meter-add"
                on:click=move |_| session.meter_place.set(MeterPlace::Adding)
            >
                <Glyph icon=Icon::Plus />
                {text(Key::AddMeter)}
            </button>
        </section>
    }
}

/// One meter in short; its name leads to all of it.
#[component]
fn MeterRow(id: MeterId) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let meter = one(id.clone());
    let presence = part(meter, |view| view.device.presence);
    let health = Signal::derive(move || meter.with(|meter| meter.as_ref()?.device.health));
    let heard = Signal::derive(move || meter.with(|meter| last_heard(meter.as_ref()?)));
    let heard = age(heard);
    let heard = move || match heard.get() {
        age if age.is_empty() => Key::NeverHeard.text(language.get()).to_owned(),
        age => age,
    };
    let shown_id = id.to_string();
    let (open, go) = (id.clone(), id);
    let state = Signal::derive(move || presence.get().unwrap_or_default());
    view! {
        <section class="card meter-row" data-testid="meter-row" data-meter=shown_id.clone()>
            <header>
                <h2>
                    <button
                        type="button"
                        class="name"
                        data-testid="meter-open"
                        on:click=move |_| session.open_meter(open.clone(), MeterPart::Live)
                    >
                        {move || meter.with(|meter| meter.as_ref().map(|view| view.meter.name.clone()))}
                    </button>
                </h2>
                <small>{move || meter.with(|meter| meter.as_ref().map(subtitle))}</small>
                <span class="end row">
                    <Show when=move || state.get() != Presence::Retired>
                        <HealthChip health=health />
                    </Show>
                    <PresenceChip presence=state />
                </span>
            </header>
            <dl class="facts">
                <div>
                    <dt>{text(Key::LinkState)}</dt>
                    <dd class="wrap">{move || presence_words(language.get(), state.get())}</dd>
                </div>
                <div><dt>{text(Key::LastHeard)}</dt><dd data-testid="meter-heard">{heard}</dd></div>
                <Fact label=Key::ExportRegister meter=meter pick=exported />
                <Fact label=Key::ImportRegister meter=meter pick=imported />
                <Fact label=Key::NetRegister meter=meter pick=net />
                <Fact label=Key::RegistrationState meter=meter pick=|language, view| {
                    words::registration(view.registration).0.text(language).to_owned()
                } />
            </dl>
            <Troubles meter=meter />
            <button
                type="button"
                class="ghost open"
                tabindex="-1"
                aria-hidden="true"
                on:click=move |_| session.open_meter(go.clone(), MeterPart::Live)
            >
                <Glyph icon=Icon::Forward />
            </button>
        </section>
    }
}

/// What is wrong with it now, in a few words each.
#[component]
fn Troubles(meter: One) -> impl IntoView {
    let language = prefs().language;
    let troubles = part(meter, |view| {
        let conditions = view.device.conditions.iter();
        conditions.map(|notice| notice.kind).collect::<Vec<_>>()
    });
    move || {
        let troubles = troubles.get().filter(|troubles| !troubles.is_empty())?;
        let chips = troubles
            .into_iter()
            .map(|kind| view! { <li class="chip warn">{move || notice::begun(language.get(), kind)}</li> })
            .collect_view();
        Some(view! { <ul class="row troubles" data-testid="meter-troubles">{chips}</ul> })
    }
}

/// One figure of a meter.
#[component]
fn Fact(label: Key, meter: One, pick: fn(Language, &MeterView) -> String) -> impl IntoView {
    let language = prefs().language;
    let value = Memo::new(move |_| meter.with(|meter| meter.as_ref().map(|view| pick(language.get(), view))));
    view! { <div><dt>{text(label)}</dt><dd>{move || value.get()}</dd></div> }
}

/// The id, where the name does not say it, and where it is heard.
fn subtitle(view: &MeterView) -> String {
    let meter = &view.meter;
    let place = format!("{} · {}", meter.broker.host, meter.base_topic);
    if meter.name == meter.id.as_str() {
        place
    } else {
        format!("{} · {place}", meter.id)
    }
}

fn exported(language: Language, view: &MeterView) -> String {
    let registers = view.registers.as_ref();
    registers.map_or_else(words::unknown, |registers| {
        format::energy(language, registers.export).text()
    })
}

fn imported(language: Language, view: &MeterView) -> String {
    let registers = view.registers.as_ref();
    registers.map_or_else(words::unknown, |registers| {
        format::energy(language, registers.import).text()
    })
}

/// What was given less what was taken.
fn net(language: Language, view: &MeterView) -> String {
    let Some(registers) = view.registers.as_ref() else {
        return words::unknown();
    };
    let net = NetMicroWh::between(registers.export, registers.import);
    format::net_energy(language, net, format::Sign::Always).text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_said_once() {
        let mut meter = crate::live::tests::home().meter.expect("a meter");
        assert_eq!(subtitle(&meter), "SM-001 · 127.0.0.1 · home/energy-monitor");
        meter.meter.name = "SM-001".into();
        assert_eq!(subtitle(&meter), "127.0.0.1 · home/energy-monitor");
    }
}
