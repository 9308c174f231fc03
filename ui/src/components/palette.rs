//! The command palette: what is typed narrows the list of everything that can be done, the arrows choose, Enter does it.

use leptos::prelude::*;

use crate::{
    components::{
        dialog::Dialog,
        icon::{Glyph, Icon},
    },
    feed::feed,
    i18n::{Key, say, text},
    ipc,
    prefs::prefs,
    session::session,
    verbs::{Means, Situation, Verb, found},
};

/// The id of the list; those of its options begin with it.
const LIST: &str = "palette-list";

/// The palette, open for as long as it is there.
#[component]
pub(crate) fn Palette(
    /// Takes it away.
    on_close: Callback<()>,
) -> impl IntoView {
    let (feed, session, prefs) = (feed(), session(), prefs());
    let language = prefs.language;
    let means = Means { feed, session, prefs };
    let typed = RwSignal::new(String::new());
    let situation = Memo::new(move |_| {
        feed.state
            .with(|state| Situation::of(state, prefs, means.paused()))
    });
    let verbs = Memo::new(move |_| {
        let all = situation.with(Verb::all);
        typed.with(|typed| found(&all, typed, language.get()))
    });
    // Another list begins at its top.
    let chosen = RwSignal::new(0_usize);
    Effect::new(move || {
        verbs.track();
        chosen.set(0);
    });
    let run = move |verb: Verb| {
        // First of all, so that the focus goes back before the verb takes it elsewhere.
        on_close.run(());
        means.run(verb);
    };
    let press = move |event: web_sys::KeyboardEvent| {
        let verbs = verbs.get_untracked();
        let at = chosen.get_untracked();
        if event.key() == "Enter" {
            event.prevent_default();
            if let Some(verb) = verbs.get(at) {
                run(*verb);
            }
        } else if let Some(next) = step(at, &event.key(), verbs.len()) {
            event.prevent_default();
            chosen.set(next);
            ipc::scroll_to(&option_id(next));
        }
    };
    let options = move || {
        let verbs = verbs.get().into_iter().enumerate();
        verbs
            .map(|(at, verb)| view! { <Choice at=at verb=verb chosen=chosen on_run=move |()| run(verb) /> })
            .collect_view()
    };
    let none = move || verbs.with(Vec::is_empty);
    let active = move || (!none()).then(|| option_id(chosen.get()));
    let standing = move || {
        let count = verbs.with(Vec::len).to_string();
        if none() {
            Key::NothingFound.text(language.get()).to_owned()
        } else {
            say(language.get(), Key::PaletteCount, &[("count", &count)])
        }
    };
    let title = Signal::derive(move || Key::Palette.text(language.get()).to_owned());
    view! {
        <Dialog testid="palette" title=title on_close=on_close>
            <label class="search wide">
                <Glyph icon=Icon::Search />
                <input
                    type="text"
                    role="combobox"
                    data-testid="palette-search"
                    aria-label=text(Key::PaletteHint)
                    placeholder=text(Key::PaletteHint)
                    aria-expanded="true"
                    aria-autocomplete="list"
                    aria-controls=LIST
                    aria-activedescendant=active
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    bind:value=typed
                    on:keydown=press
                />
            </label>
            <ul class="palette" role="listbox" id=LIST aria-label=text(Key::Palette) hidden=none>{options}</ul>
            <p class="aside" role="status" data-testid="palette-status">{standing}</p>
        </Dialog>
    }
}

/// One verb: its name, its kind, and the key that does the same.
#[component]
fn Choice(
    at: usize,
    verb: Verb,
    chosen: RwSignal<usize>,
    #[prop(into)] on_run: Callback<()>,
) -> impl IntoView {
    let language = prefs().language;
    let on = move || chosen.get() == at;
    let keys = verb
        .shortcut()
        .map(|shortcut| view! { <kbd>{shortcut.keys()}</kbd> });
    view! {
        <li
            id=option_id(at)
            role="option"
            data-testid="palette-option"
            data-verb=format!("{verb:?}")
            class:on=on
            aria-selected=move || if on() { "true" } else { "false" }
            // The cursor stays in the search.
            on:pointerdown=|event| event.prevent_default()
            on:click=move |_| on_run.run(())
        >
            <span>{move || verb.words(language.get())}</span>
            <small>{text(verb.group())}</small>
            {keys}
        </li>
    }
}

fn option_id(at: usize) -> String {
    format!("{LIST}-{at}")
}

/// Where a key leads from option `now` of `count`, round and round; none for a key that does not move.
fn step(now: usize, key: &str, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    match key {
        "ArrowDown" => Some(if now >= last { 0 } else { now + 1 }),
        "ArrowUp" => Some(now.checked_sub(1).unwrap_or(last).min(last)),
        "PageDown" => Some((now + 8).min(last)),
        "PageUp" => Some(now.saturating_sub(8)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrows_go_round_and_letters_do_not_move() {
        for (now, key, count, expected) in [
            (0, "ArrowDown", 3, Some(1)),
            (2, "ArrowDown", 3, Some(0)),
            (0, "ArrowUp", 3, Some(2)),
            (2, "ArrowUp", 3, Some(1)),
            (9, "ArrowUp", 3, Some(2)),
            (1, "PageDown", 30, Some(9)),
            (25, "PageDown", 30, Some(29)),
            (3, "PageUp", 30, Some(0)),
            (0, "ArrowDown", 0, None),
            (1, "a", 3, None),
            (1, "Home", 3, None),
        ] {
            assert_eq!(step(now, key, count), expected, "{now} {key} {count}");
        }
    }
}
