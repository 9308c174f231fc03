//! What a meter is called, what it can carry, its units, its display, its opening balance.

use enerlink_domain::{
    Meter,
    device::ElectricalProfile,
    reading::Units,
    register::CounterSource,
    view::{MeterEdit, Opening},
};
use enerlink_ipc::EditMeter;
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    components::{doing::Doing, field::Field},
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    pages::meter::{One, add::watts, part, take_over},
    prefs::prefs,
    session::{Tone, session},
};

/// What is typed; it begins with what is known.
#[derive(Clone, Copy)]
struct Typed {
    name: RwSignal<String>,
    rated_power: RwSignal<String>,
    units: RwSignal<Units>,
    profile: RwSignal<Option<ElectricalProfile>>,
    auto_reset: RwSignal<Option<bool>>,
    take_opening: RwSignal<bool>,
}

impl Typed {
    fn of(meter: &Meter) -> Self {
        Self {
            name: RwSignal::new(meter.name.clone()),
            rated_power: RwSignal::new(meter.rated_power_w.to_string()),
            units: RwSignal::new(meter.units),
            profile: RwSignal::new(meter.profile),
            auto_reset: RwSignal::new(meter.auto_reset),
            take_opening: RwSignal::new(meter.take_opening),
        }
    }

    /// What differs from the meter; none when something cannot be read.
    fn edit(self, meter: &Meter, opening: Option<Opening>) -> Option<MeterEdit> {
        let rated = watts(&self.rated_power.get())?;
        let name = self.name.get().trim().to_owned();
        let profile = self.profile.get();
        let take = self.take_opening.get();
        let open = opening.is_some_and(|opening| opening.open);
        Some(MeterEdit {
            name: (name != meter.name && !name.is_empty()).then_some(name),
            units: Some(self.units.get()).filter(|units| *units != meter.units),
            profile: profile.filter(|_| profile != meter.profile),
            rated_power_w: Some(rated).filter(|rated| *rated != meter.rated_power_w),
            auto_reset: self
                .auto_reset
                .get()
                .filter(|wanted| Some(*wanted) != meter.auto_reset),
            take_opening: (open && take != meter.take_opening).then_some(take),
            ..MeterEdit::default()
        })
    }
}

/// The card.
#[component]
pub(super) fn EditCard(meter: One) -> impl IntoView {
    let body = move || {
        meter
            .with_untracked(|meter| meter.as_ref().map(|view| Typed::of(&view.meter)))
            .map(|typed| view! { <EditForm meter=meter typed=typed /> })
    };
    view! {
        <section class="card" aria-label=text(Key::MeterSettings) data-testid="setup-edit">
            <header><h2>{text(Key::MeterSettings)}</h2></header>
            {body}
        </section>
    }
}

#[component]
fn EditForm(meter: One, typed: Typed) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let (doing, tried) = (Doing::new(), RwSignal::new(false));
    let opening = part(meter, |view| view.registers.map(|registers| registers.opening));
    let opening = Memo::new(move |_| opening.get().flatten());
    let edit = Memo::new(move |_| meter.with(|meter| typed.edit(&meter.as_ref()?.meter, opening.get())));
    let changed = move || edit.with(|edit| edit.as_ref().is_none_or(|edit| *edit != MeterEdit::default()));
    let rated_wrong = Signal::derive(move || {
        let wrong = typed.rated_power.with(|typed| watts(typed).is_none());
        (tried.get() && wrong).then_some(Key::RatedPowerWrong)
    });
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let id = meter.with_untracked(|meter| meter.as_ref().map(|view| view.meter.id.clone()));
        let (Some(meter_id), Some(edit)) = (id, edit.get_untracked()) else {
            return;
        };
        doing.call(EditMeter { meter_id, edit }, move |view| {
            take_over(feed, view);
            session.say(
                Tone::Good,
                Key::MeterSaved.text(language.get_untracked()).to_owned(),
            );
        });
    };
    view! {
        <form on:submit=save novalidate>
            <fieldset disabled=doing.busy>
                <div class="columns">
                    <Field testid="edit-name" label=Key::MeterName value=typed.name />
                    <Field testid="edit-rated" label=Key::RatedPower value=typed.rated_power mode="numeric" complaint=rated_wrong />
                    <Choice testid="edit-units" label=Key::UnitsTitle options=vec![
                        ("milli", Key::UnitsMilli), ("base", Key::UnitsBase),
                    ] value=Signal::derive(move || typed.units.get().as_str())
                        on_pick=move |name: String| { if let Some(units) = Units::parse(&name) { typed.units.set(units); } } />
                    <Choice testid="edit-profile" label=Key::ElectricalSide options=vec![
                        ("", Key::ProfileUnknown), ("dc_bench", Key::ProfileBench), ("ac_grid", Key::ProfileGrid),
                    ] value=Signal::derive(move || typed.profile.get().map_or("", ElectricalProfile::as_str))
                        on_pick=move |name: String| typed.profile.set(ElectricalProfile::parse(&name)) />
                </div>
                <AutoReset typed=typed meter=meter />
                {move || opening.get().map(|opening| view! { <OpeningSetting typed=typed opening=opening /> })}
                {doing.problem()}
                <button type="submit" class="button" data-testid="edit-save" disabled=move || !changed()>{text(Key::Save)}</button>
            </fieldset>
        </form>
    }
}

/// A labelled list to pick from.
#[component]
fn Choice(
    testid: &'static str,
    label: Key,
    options: Vec<(&'static str, Key)>,
    value: Signal<&'static str>,
    #[prop(into)] on_pick: Callback<String>,
) -> impl IntoView {
    let options = options
        .into_iter()
        .map(|(name, word)| {
            view! { <option value=name prop:selected=move || value.get() == name>{text(word)}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=testid>{text(label)}</label>
            <select
                id=testid
                class="select"
                data-testid=testid
                on:change=move |event| on_pick.run(event_target_value(&event))
            >
                {options}
            </select>
        </div>
    }
}

/// Whether the display of the meter is reset after each settlement.
#[component]
fn AutoReset(typed: Typed, meter: One) -> impl IntoView {
    let known = part(meter, |view| {
        (view.meter.resets_display(), loses_by_reset(&view.meter))
    });
    let on = move || {
        let resets = known.get().is_some_and(|(resets, _)| resets);
        typed.auto_reset.get().unwrap_or(resets)
    };
    let hint = move || match known.get() {
        Some((_, true)) => Key::AutoResetRisk,
        Some((_, false)) | None => Key::AutoResetHint,
    };
    let language = prefs().language;
    let turn = move |event| typed.auto_reset.set(Some(event_target_checked(&event)));
    view! {
        <label class="setting">
            <div><b>{text(Key::AutoReset)}</b><small>{move || hint().text(language.get())}</small></div>
            <input type="checkbox" class="switch" data-testid="edit-auto-reset" prop:checked=on on:change=turn />
        </label>
    }
}

/// Whether a reset of the display may lose energy.
fn loses_by_reset(meter: &Meter) -> bool {
    meter.source == Some(CounterSource::Settlement) && !meter.capabilities.reports_counters
}

/// The opening balance: taken or skipped, as long as that can be changed.
#[component]
fn OpeningSetting(typed: Typed, opening: Opening) -> impl IntoView {
    let language = prefs().language;
    if opening.export.0 == 0 && opening.import.0 == 0 {
        return ().into_any();
    }
    let words = move || opening_words(language.get(), opening);
    view! {
        <label class="setting">
            <div><b>{text(Key::OpeningTake)}</b><small data-testid="edit-opening-words">{words}</small></div>
            <input
                type="checkbox"
                class="switch"
                data-testid="edit-opening"
                disabled=!opening.open
                bind:checked=typed.take_opening
            />
        </label>
    }
    .into_any()
}

/// What stands there, and whether it can still be chosen.
pub(super) fn opening_words(language: Language, opening: Opening) -> String {
    let wh = |micro: u64| format::exact_energy(language, i128::from(micro));
    let stands = say(
        language,
        Key::OpeningStands,
        &[
            ("export", &wh(opening.export.0)),
            ("import", &wh(opening.import.0)),
        ],
    );
    let fixed = match (opening.open, opening.taken) {
        (true, _) => return stands,
        (false, true) => Key::OpeningTaken,
        (false, false) => Key::OpeningSkipped,
    };
    format!("{stands} {}", fixed.text(language))
}

#[cfg(test)]
mod tests {
    use enerlink_domain::MicroWh;

    use super::*;

    #[test]
    fn an_opening_balance_that_was_decided_says_so() {
        let mut opening = Opening {
            export: MicroWh(1_000_000),
            import: MicroWh(0),
            taken: true,
            open: true,
        };
        assert!(!opening_words(Language::English, opening).contains("taken"));
        opening.open = false;
        assert!(opening_words(Language::English, opening).ends_with("It was taken."));
        opening.taken = false;
        assert!(opening_words(Language::English, opening).ends_with("It was skipped."));
    }
}
