//! The form of one scope: what is left empty is inherited.

use enerlink_domain::{
    WattHours,
    choice::{MeterSettling, SettlingChoice, SettlingView, Source},
};
use enerlink_ipc::SetSettling;
use leptos::{ev, prelude::*};

use super::{
    Scope,
    sources::{Setting, is_fixed, source_words, value_words},
};
use crate::{
    components::doing::Doing,
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    pages::settings::typed::whole,
    prefs::prefs,
    session::{Tone, session},
};

/// Minutes of a day.
const MOST_MINUTES: u32 = 1440;
/// More than any household moves in a period.
const MOST_WH: u32 = 1_000_000_000;

/// What was typed and picked; an empty text and no pick are inherited.
#[derive(Clone, Copy)]
struct Typed {
    automatic: RwSignal<Option<bool>>,
    guard: RwSignal<Option<bool>>,
    period: RwSignal<String>,
    minimum: RwSignal<String>,
    early: RwSignal<String>,
}

impl Typed {
    fn of(choice: SettlingChoice, language: Language) -> Self {
        let number = |value: Option<u64>| {
            let words = value.map(|value| format::count(language, value));
            RwSignal::new(words.unwrap_or_default())
        };
        Self {
            automatic: RwSignal::new(choice.automatic),
            guard: RwSignal::new(choice.guard),
            period: number(choice.period_minutes.map(u64::from)),
            minimum: number(choice.minimum.map(|minimum| minimum.0)),
            early: number(choice.early.map(|early| early.0)),
        }
    }

    fn number(self, setting: Setting) -> RwSignal<String> {
        match setting {
            Setting::Period => self.period,
            Setting::Minimum => self.minimum,
            Setting::Early | Setting::Automatic | Setting::Guard => self.early,
        }
    }

    /// The choice that was made; none while a number is not one.
    fn choice(self) -> Option<SettlingChoice> {
        let wh = |text: String| read(&text, 0, MOST_WH).map(|wh| wh.map(|wh| WattHours(wh.into())));
        Some(SettlingChoice {
            automatic: self.automatic.get(),
            period_minutes: read(&self.period.get(), 1, MOST_MINUTES)?,
            minimum: wh(self.minimum.get())?,
            early: wh(self.early.get())?,
            guard: self.guard.get(),
        })
    }
}

/// A whole number within bounds; nothing typed is nothing chosen.
fn read(text: &str, least: u32, most: u32) -> Option<Option<u32>> {
    if text.trim().is_empty() {
        return Some(None);
    }
    whole(text, most).filter(|number| *number >= least).map(Some)
}

/// The form.
#[component]
pub(super) fn ChoiceForm(view: RwSignal<Option<SettlingView>>, scope: Scope) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let doing = Doing::new();
    let known = view.with_untracked(|view| view.as_ref().map(|view| scope.choice(view)).unwrap_or_default());
    let typed = Typed::of(known, language.get_untracked());
    let kept = RwSignal::new(known);
    let scope = StoredValue::new(scope);
    let changed = move || typed.choice() != Some(kept.get());
    let save = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(choice) = untrack(|| typed.choice()) else {
            return;
        };
        let Scope { owner, meter } = scope.get_value();
        let command = SetSettling {
            owner,
            meter_id: meter,
            choice,
        };
        doing.call(command, move |told| {
            kept.try_set(choice);
            view.try_set(Some(told));
            let words = Key::ChangesSaved.text(language.get_untracked());
            session.say(Tone::Good, words.to_owned());
        });
    };
    let rows =
        Setting::ALL.map(|setting| view! { <Row setting=setting typed=typed view=view scope=scope /> });
    view! {
        <form on:submit=save data-testid="settling-form" novalidate>
            {rows.into_iter().collect_view()}
            <div class="row foot">
                {doing.problem()}
                <button
                    type="submit"
                    class="end button small"
                    data-testid="settling-save"
                    disabled=move || doing.busy.get() || typed.choice().is_none() || !changed()
                >
                    {move || text(if doing.busy.get() { Key::SavingChanges } else { Key::SaveChanges })()}
                </button>
            </div>
        </form>
    }
}

/// One setting: what it means, its control, and what is in effect and who says so.
#[component]
fn Row(
    setting: Setting,
    typed: Typed,
    view: RwSignal<Option<SettlingView>>,
    scope: StoredValue<Scope>,
) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let meters = Memo::new(move |_| {
        view.with(|view| {
            let meters = view.iter().flat_map(|view| &view.meters);
            scope.with_value(|scope| {
                meters
                    .filter(|meter| match &scope.meter {
                        Some(id) => meter.meter_id == *id,
                        None => meter.owner == scope.owner,
                    })
                    .cloned()
                    .collect::<Vec<MeterSettling>>()
            })
        })
    });
    let fixed = Memo::new(move |_| {
        meters.with(|meters| {
            let mut sources = meters.iter().map(|meter| setting.source(&meter.effect));
            sources.find(|source| is_fixed(*source))
        })
    });
    let alone = move || meters.with(|meters| meters.len() == 1);
    let effects = move || {
        let effect = |meter: MeterSettling| {
            let source = setting.source(&meter.effect);
            let value = value_words(language.get(), setting, &meter.effect);
            let who = source_words(source).text(language.get());
            let words = if alone() {
                say(
                    language.get(),
                    Key::InEffect,
                    &[("value", &value), ("source", who)],
                )
            } else {
                let name = feed.state.with(|state| state.name_of(&meter.meter_id));
                format!("{name}: {value}, {who}")
            };
            view! { <small class="effect" data-testid=format!("settling-{}-effect", setting.name()) data-source=source_name(source)>{words}</small> }
        };
        meters.get().into_iter().map(effect).collect_view()
    };
    let why = move || {
        fixed.get().map(|source| {
            let words = say(
                language.get(),
                if source == Source::Environment { Key::FixedByEnvironment } else { Key::FixedByEnvFile },
                &[("variable", setting.variable())],
            );
            view! { <small class="warn" data-testid=format!("settling-{}-fixed", setting.name())>{words}</small> }
        })
    };
    let shut = move || fixed.get().is_some();
    let wrong = move || match setting {
        Setting::Automatic | Setting::Guard => false,
        Setting::Period => read(&typed.period.get(), 1, MOST_MINUTES).is_none(),
        Setting::Minimum | Setting::Early => read(&typed.number(setting).get(), 0, MOST_WH).is_none(),
    };
    let control = match setting {
        Setting::Automatic => {
            view! { <Switch value=typed.automatic setting=setting shut=Signal::derive(shut) /> }.into_any()
        }
        Setting::Guard => {
            view! { <Switch value=typed.guard setting=setting shut=Signal::derive(shut) /> }.into_any()
        }
        Setting::Period | Setting::Minimum | Setting::Early => {
            let value = typed.number(setting);
            view! {
                <span class="with-unit">
                    <input
                        type="text"
                        class="number own"
                        class:wrong=wrong
                        inputmode="numeric"
                        autocomplete="off"
                        data-testid=format!("settling-{}", setting.name())
                        aria-label=text(setting.label())
                        aria-invalid=move || if wrong() { "true" } else { "false" }
                        placeholder=text(Key::Inherited)
                        disabled=shut
                        bind:value=value
                    />
                    <span class="dim">{text(setting.unit())}</span>
                </span>
            }
            .into_any()
        }
    };
    view! {
        <div class="setting choice-row">
            <div>
                <b>{text(setting.label())}</b>
                <small>{text(setting.hint())}</small>
                {effects}
                {why}
                {move || wrong().then(|| view! { <small class="bad">{text(setting.complaint())}</small> })}
            </div>
            {control}
        </div>
    }
}

/// On, off, or as inherited.
#[component]
fn Switch(value: RwSignal<Option<bool>>, setting: Setting, shut: Signal<bool>) -> impl IntoView {
    let options = [
        ("", None, Key::Inherited),
        ("on", Some(true), Key::SwitchedOn),
        ("off", Some(false), Key::SwitchedOff),
    ]
    .map(|(name, state, label)| {
        view! { <option value=name prop:selected=move || value.get() == state>{text(label)}</option> }
    });
    let choose = move |event: ev::Event| {
        value.set(match event_target_value(&event).as_str() {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        });
    };
    view! {
        <select
            class="select"
            data-testid=format!("settling-{}", setting.name())
            aria-label=text(setting.label())
            disabled=shut
            on:change=choose
        >
            {options.into_iter().collect_view()}
        </select>
    }
}

/// The source's name in JSON, for tests.
fn source_name(source: Source) -> String {
    serde_json::to_value(source)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_inherited_and_numbers_keep_their_bounds() {
        assert_eq!(read("  ", 1, MOST_MINUTES), Some(None));
        assert_eq!(read("5", 1, MOST_MINUTES), Some(Some(5)));
        assert_eq!(read("1.440", 1, MOST_MINUTES), Some(Some(1440)));
        for text in ["0", "1441", "5,5", "five"] {
            assert_eq!(read(text, 1, MOST_MINUTES), None, "{text}");
        }
        assert_eq!(read("0", 0, MOST_WH), Some(Some(0)));
    }
}
