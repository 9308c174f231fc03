//! The sheet of shortcuts: those of the whole window, and those of lists, tabs and charts.

use leptos::prelude::*;

use crate::{
    components::dialog::Dialog,
    i18n::{Key, text},
    keys::Shortcut,
    prefs::prefs,
};

/// Keys that belong to a part of the window, which acts on them itself.
const WITHIN: [(&str, Key); 7] = [
    ("↑ ↓", Key::KeysPalette),
    ("← →", Key::KeysTabs),
    ("← →", Key::KeysPeriods),
    ("+ −", Key::KeysZoom),
    ("0", Key::KeysWhole),
    ("Tab", Key::KeysNext),
    ("Enter", Key::KeysEnter),
];

/// The sheet, open for as long as it is there.
#[component]
pub(crate) fn KeySheet(
    /// Takes it away.
    on_close: Callback<()>,
) -> impl IntoView {
    let language = prefs().language;
    let title = Signal::derive(move || Key::ShortcutSheet.text(language.get()).to_owned());
    let everywhere = Shortcut::ALL.map(|shortcut| line(shortcut.keys(), shortcut.label()));
    let within = WITHIN.map(|(keys, label)| line(keys, label));
    view! {
        <Dialog testid="key-sheet" title=title on_close=on_close>
            <h3>{text(Key::KeysEverywhere)}</h3>
            <dl class="keys-list" data-testid="key-sheet-window">{everywhere.into_iter().collect_view()}</dl>
            <h3>{text(Key::KeysWithin)}</h3>
            <dl class="keys-list">{within.into_iter().collect_view()}</dl>
        </Dialog>
    }
}

fn line(keys: &'static str, label: Key) -> impl IntoView {
    let keys = keys
        .split(' ')
        .map(|key| view! { <kbd>{key}</kbd> })
        .collect_view();
    view! { <div><dt>{text(label)}</dt><dd>{keys}</dd></div> }
}
