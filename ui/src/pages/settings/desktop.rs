//! How the app behaves on the desktop: whether it starts at login, and what closing its window does.

use enerlink_ipc::{
    ReadDesktop, SetAtLogin,
    desktop::{Closing, DesktopView},
};
use leptos::prelude::*;

use crate::{
    components::{
        doing::Doing,
        loaded::{Loaded, Waiting},
    },
    i18n::{Key, text},
    prefs::{closing_word, prefs},
};

/// The card.
#[component]
pub(super) fn DesktopCard() -> impl IntoView {
    let loaded = Loaded::<DesktopView>::new();
    let read = move || loaded.read(ReadDesktop {});
    read();
    let known = Memo::new(move |_| loaded.value.with(Option::is_some));
    view! {
        <section class="card" data-testid="desktop-card">
            <header><h2>{text(Key::Desktop)}</h2></header>
            {move || if known.get() {
                view! { <AtLogin view=loaded.value /> }.into_any()
            } else {
                view! { <Waiting error=loaded.error retry=move |()| read() rows=2 /> }.into_any()
            }}
            <OnClosing view=loaded.value />
        </section>
    }
}

/// The switch shows how the desktop's own list stands, which others may change too.
#[component]
fn AtLogin(view: RwSignal<Option<DesktopView>>) -> impl IntoView {
    let doing = Doing::new();
    let listed = Memo::new(move |_| view.with(|view| view.and_then(|view| view.at_login)));
    let change = move |event| {
        let enabled = event_target_checked(&event);
        doing.call(SetAtLogin { enabled }, move |now| view.set(Some(now)));
    };
    view! {
        <label class="setting">
            <div><b>{text(Key::AtLogin)}</b><small>{text(Key::AtLoginHint)}</small></div>
            <input
                type="checkbox"
                class="switch"
                data-testid="setting-at-login"
                prop:checked=move || listed.get() == Some(true)
                disabled=move || listed.get().is_none() || doing.busy.get()
                on:change=change
            />
        </label>
        {doing.problem()}
    }
}

#[component]
fn OnClosing(view: RwSignal<Option<DesktopView>>) -> impl IntoView {
    let closing = prefs().closing;
    let choices = [
        (Closing::Ask, Key::ClosingAsks),
        (Closing::Keep, Key::KeepRunning),
        (Closing::Quit, Key::Quit),
    ];
    let options = choices.map(|(choice, label)| {
        view! {
            <option value=closing_word(choice) prop:selected=move || closing.get() == choice>{text(label)}</option>
        }
    });
    let choose = move |event| {
        let wanted = event_target_value(&event);
        if let Some((choice, _)) = choices.iter().find(|(choice, _)| closing_word(*choice) == wanted) {
            closing.set(*choice);
        }
    };
    let trayless = move || view.with(|view| view.is_some_and(|view| !view.tray));
    view! {
        <label class="setting">
            <div>
                <b>{text(Key::OnClosing)}</b>
                <small>{text(Key::OnClosingHint)}</small>
                {move || trayless().then(|| view! { <small class="warn" data-testid="no-tray">{text(Key::NoTray)}</small> })}
            </div>
            <select class="select" data-testid="setting-closing" on:change=choose>{options.into_iter().collect_view()}</select>
        </label>
    }
}
