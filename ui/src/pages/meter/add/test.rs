//! What the chosen meter sends: its first message, what it can do, and the units that are proposed, with the reason.

use enerlink_domain::{
    device::ElectricalProfile,
    reading::Units,
    view::{FoundMeter, UnitsProposal},
};
use leptos::prelude::*;

use super::{Adding, Step, listening::Progress};
use crate::{
    components::icon::{Glyph, Icon},
    format,
    i18n::{Key, say, text},
    pages::meter::{measured::Measured, words},
    prefs::prefs,
};

/// The third step.
#[component]
pub(super) fn TestStep(adding: Adding) -> impl IntoView {
    let language = prefs().language;
    let testing = adding.testing;
    let start = move || {
        if let Some(broker) = adding.broker.draft() {
            testing.start(broker, Some(adding.topic.get_untracked()));
        }
    };
    if testing.is_fresh() {
        start();
    }
    let found = Memo::new(move |_| adding.found());
    // What was heard is proposed; what a person has chosen meanwhile is asked again.
    Effect::new(move || {
        if let Some(found) = found.get() {
            adding.units.set(found.units.units);
            adding.profile.set(found.profile);
            adding
                .id
                .set(found.meter_id.map(|id| id.to_string()).unwrap_or_default());
        }
    });
    let lead = move || say(language.get(), Key::TestLead, &[("topic", &adding.topic.get())]);
    let nothing = move || {
        let heard = testing
            .probe
            .with(|probe| probe.as_ref().map(|probe| probe.found.is_empty()));
        heard == Some(true)
    };
    let sensors = Signal::derive(move || found.with(|found| found.as_ref()?.sensors.clone()));
    let ready = Memo::new(move |_| sensors.with(Option::is_some));
    let next = move || {
        if ready.get() {
            Key::Continue
        } else {
            Key::ContinueAnyway
        }
    };
    view! {
        <p class="mut">{lead}</p>
        <Progress listening=testing />
        <Show when=nothing>
            <div class="problem notice" data-testid="test-nothing">
                <Glyph icon=Icon::Radio />
                <div class="words">
                    <p>{text(Key::TopicSilent)}</p>
                    <p class="next">{text(Key::TopicSilentHint)}</p>
                </div>
            </div>
        </Show>
        <Show when=move || found.with(Option::is_some)>
            <Several adding=adding />
            {move || found.get().map(|found| view! { <Heard found=found /> })}
            <Show when=move || ready.get()>
                <h3>{text(Key::FirstMessage)}</h3>
                <Measured sensors=sensors />
                {move || found.get().map(|found| view! { <UnitsChoice adding=adding proposal=found.units /> })}
                {move || found.get().map(|found| view! { <ProfileChoice adding=adding found=found /> })}
            </Show>
        </Show>
        <Show when=move || !testing.busy()>
            <div class="row">
                <button
                    type="button"
                    class="button"
                    class:quiet=move || !ready.get()
                    data-testid="test-continue"
                    on:click=move |_| adding.go(Step::Details)
                >
                    {move || next().text(language.get())}
                </button>
                <button type="button" class="button quiet" data-testid="test-again" on:click=move |_| start()>
                    {text(Key::ListenAgain)}
                </button>
            </div>
        </Show>
    }
}

/// Several meters on one base topic: which one is meant.
#[component]
fn Several(adding: Adding) -> impl IntoView {
    let ids = Memo::new(move |_| {
        adding.testing.probe.with(|probe| {
            let found = probe.iter().flat_map(|probe| &probe.found);
            found
                .filter_map(|meter| meter.meter_id.clone())
                .collect::<Vec<_>>()
        })
    });
    let chosen = move || adding.found().and_then(|found| found.meter_id);
    let choose = move |event| adding.wanted.set(event_target_value(&event).parse().ok());
    let options = move || {
        let ids = ids.get().into_iter();
        ids.map(|id| {
            let (name, value) = (id.to_string(), id.to_string());
            view! { <option value=value prop:selected=move || chosen().as_ref() == Some(&id)>{name}</option> }
        })
        .collect_view()
    };
    view! {
        <Show when=move || ids.with(|ids| ids.len() > 1)>
            <div class="field">
                <label for="test-which">{text(Key::WhichMeter)}</label>
                <select id="test-which" class="select" data-testid="test-which" on:change=choose>{options}</select>
            </div>
        </Show>
    }
}

/// What it can do, and what is odd about it.
#[component]
fn Heard(found: FoundMeter) -> impl IntoView {
    let language = prefs().language;
    let can = found.capabilities.clone();
    let chips = move || {
        let words = words::capabilities(language.get(), &can);
        if words.is_empty() {
            view! { <li class="dim small">{text(Key::NoCapabilities)}</li> }.into_any()
        } else {
            let words = words.into_iter();
            words
                .map(|word| view! { <li class="chip good">{word}</li> })
                .collect_view()
                .into_any()
        }
    };
    let warnings = [
        found.only_retained.then_some(Key::OnlyRetained),
        found.retained_command.then_some(Key::RetainedCommandThere),
        found.sensors.is_none().then_some(Key::NoSensorsYet),
    ];
    let warnings = warnings
        .into_iter()
        .flatten()
        .map(|warning| view! { <p class="warn small">{text(warning)}</p> })
        .collect_view();
    let refused = found.refused.map(|reason| {
        let words = move || say(language.get(), Key::LastRefused, &[("reason", &reason)]);
        view! { <p class="warn small" data-testid="test-refused">{words}</p> }
    });
    let family = found
        .family
        .map(|family| view! { <span class="mut">{text(words::family(family))}</span> });
    view! {
        <div class="heard" data-testid="test-heard" aria-live="polite">
            <div class="row"><Glyph icon=Icon::Check /><b>{text(Key::MeterHeard)}</b>{family}</div>
            <ul class="row chips" data-testid="test-capabilities" aria-label=text(Key::Capabilities)>{chips}</ul>
            {warnings}
            {refused}
        </div>
    }
}

/// The units: the proposal with its reason, and the choice.
#[component]
fn UnitsChoice(adding: Adding, proposal: UnitsProposal) -> impl IntoView {
    let language = prefs().language;
    let (check, class, _) = words::units_check(proposal.check);
    let reason = move || {
        let units = words::units(proposal.units).text(language.get());
        say(
            language.get(),
            words::units_reason(proposal.reason),
            &[("units", units)],
        )
    };
    let choice = move |value: Units, testid: &'static str| {
        let proposed = value == proposal.units;
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="meter-units"
                    data-testid=testid
                    prop:checked=move || adding.units.get() == value
                    on:change=move |_| adding.units.set(value)
                />
                <span>
                    <b>{text(words::units(value))}</b>
                    {proposed.then(|| view! { <small>{text(Key::Proposed)}</small> })}
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="choices" data-testid="test-units">
            <legend>{text(Key::UnitsTitle)}</legend>
            {choice(Units::Milli, "meter-units-milli")}
            {choice(Units::Base, "meter-units-base")}
        </fieldset>
        <p class="small mut" data-testid="test-units-reason">
            <span class=class data-testid="test-units-check">{text(check)}</span>
            " "
            {reason}
        </p>
    }
}

/// What the electrical side is: the proposal with its reason, and the choice.
#[component]
fn ProfileChoice(adding: Adding, found: FoundMeter) -> impl IntoView {
    let language = prefs().language;
    let reason = found.profile.zip(found.voltage).map(|(profile, voltage)| {
        let words = move || {
            let language = language.get();
            let (name, volts) = (
                words::profile(profile).text(language),
                format::volts(language, voltage),
            );
            say(
                language,
                Key::ProfileReason,
                &[("profile", name), ("voltage", &volts)],
            )
        };
        view! { <p class="small mut" data-testid="test-profile-reason">{words}</p> }
    });
    let choice = move |value: ElectricalProfile, hint: Key, testid: &'static str| {
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="meter-profile"
                    data-testid=testid
                    prop:checked=move || adding.profile.get() == Some(value)
                    on:change=move |_| adding.profile.set(Some(value))
                />
                <span><b>{text(words::profile(value))}</b><small>{text(hint)}</small></span>
            </label>
        }
    };
    view! {
        <fieldset class="choices">
            <legend>{text(Key::ElectricalSide)}</legend>
            {choice(ElectricalProfile::DcBench, Key::ProfileBenchHint, "meter-profile-dc")}
            {choice(ElectricalProfile::AcGrid, Key::ProfileGridHint, "meter-profile-ac")}
        </fieldset>
        {reason}
    }
}
