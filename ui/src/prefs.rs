//! What the person prefers to see: theme, colours, language, numbers, clock, hidden amounts, the meter on Home. Remembered by the web view, not by the core.

#[cfg(test)]
mod contrast;

use enerlink_domain::MeterId;
use enerlink_ipc::desktop::Closing;
use leptos::prelude::*;

use crate::{
    i18n::Language,
    ipc,
    locale::{self, HomeZone, Numbers},
};

const THEME: &str = "enerlink.theme";
const LANGUAGE: &str = "enerlink.language";
const PALETTE: &str = "enerlink.palette";
const NUMBERS: &str = "enerlink.numbers";
const ZONE: &str = "enerlink.time-zone";
const HIDDEN: &str = "enerlink.hide-amounts";
const CLOSING: &str = "enerlink.closing";
const HOME_METER: &str = "enerlink.home-meter";

/// Dark, light, or as the desktop says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the desktop says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Every choice, in the order of the switch.
    pub(crate) const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word in storage and in test ids.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The preferences, as signals. Changing one shows at once and is remembered.
#[derive(Clone, Copy)]
pub(crate) struct Prefs {
    /// The chosen theme.
    pub theme: RwSignal<Theme>,
    /// Whether the colours are those that are told apart without red against green.
    pub safe_colours: RwSignal<bool>,
    /// The language of every text and number.
    pub language: RwSignal<Language>,
    /// Which signs stand in numbers.
    pub numbers: RwSignal<Numbers>,
    /// Whose clock times are told by.
    pub zone: RwSignal<HomeZone>,
    /// Whether amounts of tokens are hidden.
    pub hidden: RwSignal<bool>,
    /// What closing the window does, where there is a tray.
    pub closing: RwSignal<Closing>,
    /// The meter that was chosen for Home; another profile may not know it.
    pub home_meter: RwSignal<Option<MeterId>>,
}

impl Prefs {
    /// Reads what was remembered, and remembers what changes from now on.
    pub(crate) fn load() -> Self {
        let theme = read(THEME);
        let theme = Theme::ALL
            .into_iter()
            .find(|choice| Some(choice.as_str()) == theme.as_deref());
        let theme = RwSignal::new(theme.unwrap_or(Theme::Auto));
        let desktop_light = ipc::follow_light_desktop();
        let language = read(LANGUAGE)
            .and_then(|code| Language::parse(&code))
            .unwrap_or_else(Language::of_browser);
        let numbers = read(NUMBERS)
            .and_then(|word| Numbers::parse(&word))
            .unwrap_or(Numbers::Language);
        let zone = read(ZONE)
            .and_then(|word| HomeZone::parse(&word))
            .unwrap_or(HomeZone::System);
        let closing = read(CLOSING);
        let closing = [Closing::Keep, Closing::Quit]
            .into_iter()
            .find(|choice| Some(closing_word(*choice)) == closing.as_deref());
        // Before anything is written.
        locale::use_numbers(numbers);
        locale::use_zone(zone);
        let prefs = Self {
            theme,
            safe_colours: RwSignal::new(read(PALETTE).as_deref() == Some(palette(true))),
            language: RwSignal::new(language),
            numbers: RwSignal::new(numbers),
            zone: RwSignal::new(zone),
            hidden: RwSignal::new(read(HIDDEN).as_deref() == Some("yes")),
            closing: RwSignal::new(closing.unwrap_or_default()),
            home_meter: RwSignal::new(read(HOME_METER).and_then(|id| id.parse().ok())),
        };
        Effect::new(move || write(THEME, prefs.theme.get().as_str()));
        Effect::new(move || {
            let shown = match (prefs.theme.get(), desktop_light.get()) {
                (Theme::Auto, true) => Theme::Light,
                (Theme::Auto, false) => Theme::Dark,
                (chosen, _) => chosen,
            };
            set_root("data-theme", shown.as_str());
        });
        Effect::new(move || {
            let palette = palette(prefs.safe_colours.get());
            write(PALETTE, palette);
            set_root("data-palette", palette);
        });
        Effect::new(move || {
            let language = prefs.language.get();
            write(LANGUAGE, language.code());
            set_root("lang", language.code());
        });
        Effect::new(move || write(HIDDEN, if prefs.hidden.get() { "yes" } else { "no" }));
        Effect::new(move || write(CLOSING, closing_word(prefs.closing.get())));
        Effect::new(move || {
            if let Some(id) = prefs.home_meter.get() {
                write(HOME_METER, id.as_str());
            }
        });
        Effect::new(move |before: Option<(Numbers, HomeZone)>| {
            let chosen = (prefs.numbers.get(), prefs.zone.get());
            locale::use_numbers(chosen.0);
            locale::use_zone(chosen.1);
            write(NUMBERS, chosen.0.as_str());
            write(ZONE, chosen.1.as_str());
            if before.is_some_and(|before| before != chosen) {
                // Every number and time is written in the language, and is written anew with it.
                prefs.language.notify();
            }
            chosen
        });
        prefs
    }

    /// Calls `changed` whenever numbers are written with other signs than before: what was typed would mean another
    /// number now.
    pub(crate) fn on_other_signs(self, changed: impl Fn() + 'static) {
        Effect::new(move |before: Option<(char, char)>| {
            let signs = self.numbers.get().signs(self.language.get());
            if before.is_some_and(|before| before != signs) {
                changed();
            }
            signs
        });
    }
}

/// The word for a choice of colours, in storage and in the style sheet.
fn palette(safe: bool) -> &'static str {
    if safe { "safe" } else { "usual" }
}

/// The word for what closing does, in storage and in test ids.
pub(crate) fn closing_word(closing: Closing) -> &'static str {
    match closing {
        Closing::Ask => "ask",
        Closing::Keep => "keep",
        Closing::Quit => "quit",
    }
}

/// The preferences of this window.
pub(crate) fn prefs() -> Prefs {
    expect_context::<Prefs>()
}

fn set_root(attribute: &str, value: &str) {
    if let Some(root) = document().document_element() {
        // A web view without attributes would show nothing at all.
        let _ = root.set_attribute(attribute, value);
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Remembers a choice; a web view without storage forgets it at the end, which harms nobody.
fn write(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}
