//! Who the meter is and whose, what it can carry, and whether what stands on its settlement counters is taken.

use enerlink_domain::MicroWh;
use enerlink_ipc::AddMeter;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use super::{Adding, Step, meter_id, opening, watts};
use crate::{
    components::{doing::Doing, field::Field},
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    pages::meter::owner::OwnerField,
    prefs::prefs,
    session::{Form, session},
};

/// The fourth step.
#[component]
pub(super) fn DetailsStep(adding: Adding) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let (doing, tried) = (Doing::new(), RwSignal::new(false));
    let complain = move |wrong: fn(&str) -> bool, value: RwSignal<String>, key: Key| {
        Signal::derive(move || (tried.get() && value.with(|value| wrong(value))).then_some(key))
    };
    let told = Memo::new(move |_| adding.found().and_then(|found| found.meter_id));
    let primary = Memo::new(move |_| feed.state.with(|state| state.status.as_ref()?.primary));
    let stands = Memo::new(move |_| {
        let (export, import) = opening(&adding.found()?.sensors?);
        (export > 0 || import > 0).then_some((export, import))
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let Some(draft) = adding.draft() else { return };
        // The set-up page stays with these steps until they are through, although there is a meter by then.
        if session.form.get_untracked().is_none()
            && session.page.get_untracked() == crate::session::Page::Home
        {
            session.form.set(Some(Form::Meter));
        }
        doing.call(AddMeter { draft }, move |view| {
            adding.broker.wipe();
            adding.added.set(Some(view.meter.id.clone()));
            feed.state.update(|state| {
                state.apply(enerlink_domain::Event::Meter(view));
            });
            adding.go(Step::Registered);
            spawn_local(feed.refresh_all());
        });
    };
    let id_field = move || match told.get() {
        Some(id) => view! {
            <div class="field">
                <label for="meter-id">{text(Key::MeterId)}</label>
                <input id="meter-id" data-testid="meter-id" type="text" readonly prop:value=id.to_string() />
                <p class="hint">{text(Key::MeterIdTold)}</p>
            </div>
        }
        .into_any(),
        None => view! {
            <Field testid="meter-id" label=Key::MeterId value=adding.id hint=Key::MeterIdHint first=true
                complaint=complain(|text| meter_id(text).is_none(), adding.id, Key::MeterIdWrong) />
        }
        .into_any(),
    };
    view! {
        <p class="mut">{text(Key::DetailsLead)}</p>
        <form on:submit=submit novalidate>
            <fieldset disabled=doing.busy>
                <div class="columns">
                    {id_field}
                    <Field testid="meter-name" label=Key::MeterName value=adding.name hint=Key::MeterNameHint />
                    <Field testid="meter-rated" label=Key::RatedPower value=adding.rated_power mode="numeric"
                        placeholder="5000" hint=Key::RatedPowerHint
                        complaint=complain(|text| watts(text).is_none(), adding.rated_power, Key::RatedPowerWrong) />
                    <OwnerField owner=adding.owner proposed=primary />
                </div>
                {move || stands.get().map(|stands| view! { <OpeningChoice adding=adding stands=stands /> })}
                <label class="choice alone">
                    <input type="checkbox" data-testid="meter-settlement-key" bind:checked=adding.settlement_key />
                    <span><b>{text(Key::SettleWhileLocked)}</b><small>{text(Key::SettleWhileLockedHint)}</small></span>
                </label>
                {doing.problem()}
                <button type="submit" class="button" data-testid="meter-submit">
                    {move || if doing.busy.get() { Key::AddingMeter } else { Key::AddMeter }.text(language.get())}
                </button>
            </fieldset>
        </form>
    }
}

/// What stands on the settlement counters: taken or skipped.
#[component]
fn OpeningChoice(adding: Adding, stands: (u64, u64)) -> impl IntoView {
    let language = prefs().language;
    let choice = move |take: bool, label: Key, hint: Key, testid: &'static str| {
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="meter-opening"
                    data-testid=testid
                    prop:checked=move || adding.take_opening.get() == take
                    on:change=move |_| adding.take_opening.set(take)
                />
                <span><b>{text(label)}</b><small>{text(hint)}</small></span>
            </label>
        }
    };
    let words = move || opening_words(language.get(), stands);
    let bound = move || {
        let watts = adding.rated_power.with(|typed| watts(typed))?;
        let day = format::energy(language.get(), MicroWh(u64::from(watts) * 24 * 1_000_000)).text();
        Some(say(language.get(), Key::OpeningBound, &[("energy", &day)]))
    };
    view! {
        <fieldset class="choices" data-testid="meter-opening">
            <legend>{text(Key::OpeningTitle)}</legend>
            <p class="small wide" data-testid="opening-stands">{words}" "<span class="dim">{bound}</span></p>
            {choice(false, Key::OpeningSkip, Key::OpeningSkipHint, "opening-skip")}
            {choice(true, Key::OpeningTake, Key::OpeningTakeHint, "opening-take")}
        </fieldset>
    }
}

/// Both counters in Wh with every digit.
fn opening_words(language: Language, (export, import): (u64, u64)) -> String {
    let wh = |micro: u64| format::exact_energy(language, i128::from(micro));
    say(
        language,
        Key::OpeningStands,
        &[("export", &wh(export)), ("import", &wh(import))],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_opening_balance_is_said_in_watt_hours() {
        let said = opening_words(Language::English, (5_120_000, 0)).replace('\u{a0}', " ");
        assert!(
            said.contains("5.120000 Wh") && said.contains("0.000000 Wh"),
            "{said}"
        );
    }
}
