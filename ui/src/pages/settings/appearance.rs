//! Appearance: language, numbers, clock, theme, colours, covered amounts. All of it shows at once.

use leptos::prelude::*;

use crate::{
    i18n::{Key, text},
    locale::{HomeZone, Numbers},
    pages::sheet::LanguageSwitch,
    prefs::{Theme, prefs},
    verbs::theme_key,
};

/// The card.
#[component]
pub(super) fn AppearanceCard() -> impl IntoView {
    let prefs = prefs();
    let themes = Theme::ALL.map(|theme| {
        view! {
            <button
                type="button"
                data-testid=format!("theme-{}", theme.as_str())
                class:on=move || prefs.theme.get() == theme
                aria-pressed=move || if prefs.theme.get() == theme { "true" } else { "false" }
                on:click=move |_| prefs.theme.set(theme)
            >
                {text(theme_key(theme))}
            </button>
        }
    });
    view! {
        <section class="card">
            <header><h2>{text(Key::Appearance)}</h2></header>
            <div class="setting">
                <div><b>{text(Key::LanguageName)}</b><small>{text(Key::LanguageHint)}</small></div>
                <LanguageSwitch />
            </div>
            <Choose
                testid="setting-numbers"
                label=Key::NumbersName
                hint=Key::NumbersHint
                options=Numbers::ALL.map(|numbers| (numbers, numbers_key(numbers), numbers.as_str())).to_vec()
                chosen=prefs.numbers
            />
            <Choose
                testid="setting-time-zone"
                label=Key::ZoneName
                hint=Key::ZoneHint
                options=HomeZone::ALL.map(|zone| (zone, zone_key(zone), zone.as_str())).to_vec()
                chosen=prefs.zone
            />
            <div class="setting">
                <div><b>{text(Key::ThemeName)}</b><small>{text(Key::ThemeHint)}</small></div>
                <div class="segments" role="group" aria-label=text(Key::ThemeName)>{themes.into_iter().collect_view()}</div>
            </div>
            <label class="setting">
                <div><b>{text(Key::SafeColours)}</b><small>{text(Key::SafeColoursHint)}</small></div>
                <input type="checkbox" class="switch" data-testid="setting-safe-colours" bind:checked=prefs.safe_colours />
            </label>
            <label class="setting">
                <div><b>{text(Key::HideAmounts)}</b><small>{text(Key::HideAmountsHint)}</small></div>
                <input type="checkbox" class="switch" data-testid="setting-hide-amounts" bind:checked=prefs.hidden />
            </label>
        </section>
    }
}

/// A line with a list to choose from.
#[component]
fn Choose<T>(
    testid: &'static str,
    label: Key,
    hint: Key,
    /// Each with its word and its value in the list.
    options: Vec<(T, Key, &'static str)>,
    chosen: RwSignal<T>,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let choices = StoredValue::new(options.clone());
    let choose = move |event| {
        let wanted = event_target_value(&event);
        let found =
            choices.with_value(|choices| choices.iter().find(|(.., value)| *value == wanted).copied());
        if let Some((choice, ..)) = found {
            chosen.set(choice);
        }
    };
    let options = options
        .into_iter()
        .map(|(choice, word, value)| {
            view! { <option value=value prop:selected=move || chosen.get() == choice>{text(word)}</option> }
        })
        .collect_view();
    view! {
        <label class="setting">
            <div><b>{text(label)}</b><small>{text(hint)}</small></div>
            <select class="select" data-testid=testid on:change=choose>{options}</select>
        </label>
    }
}

fn numbers_key(numbers: Numbers) -> Key {
    match numbers {
        Numbers::Language => Key::NumbersLanguage,
        Numbers::Comma => Key::NumbersComma,
        Numbers::Point => Key::NumbersPoint,
    }
}

fn zone_key(zone: HomeZone) -> Key {
    match zone {
        HomeZone::System => Key::ZoneSystem,
        HomeZone::Wib => Key::ZoneWib,
        HomeZone::Wita => Key::ZoneWita,
        HomeZone::Wit => Key::ZoneWit,
    }
}
