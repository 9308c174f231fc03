//! Which notices are shown in the window and on the desktop.

use enerlink_domain::device::NoticeKind;
use leptos::prelude::*;

use crate::{
    components::{doing::Doing, loaded::Waiting},
    household::household,
    i18n::{Key, notice as words, text},
    prefs::prefs,
};

/// A switch for each kind.
#[component]
pub(super) fn NotificationsCard() -> impl IntoView {
    let household = household();
    let doing = Doing::new();
    let known = Memo::new(move |_| household.preferences.value.with(Option::is_some));
    let rows = move || {
        NoticeKind::ALL
            .map(|kind| view! { <Switch kind=kind doing=doing /> })
            .into_iter()
            .collect_view()
    };
    view! {
        <section class="card" data-testid="notifications-card">
            <header><h2>{text(Key::Notifications)}</h2></header>
            <p class="aside">{text(Key::NotificationsHint)}</p>
            {move || if known.get() {
                rows().into_any()
            } else {
                view! { <Waiting error=household.preferences.error retry=move |()| household.read() rows=4 /> }.into_any()
            }}
            {doing.problem()}
        </section>
    }
}

#[component]
fn Switch(kind: NoticeKind, doing: Doing) -> impl IntoView {
    let (household, language) = (household(), prefs().language);
    let on = move || {
        household.preferences.value.with(|preferences| {
            preferences
                .as_ref()
                .is_none_or(|preferences| !preferences.muted.contains(&kind))
        })
    };
    let turn = move |event| {
        let wanted = event_target_checked(&event);
        household.change(
            doing,
            |preferences| {
                preferences.muted.retain(|muted| *muted != kind);
                if !wanted {
                    preferences.muted.push(kind);
                }
            },
            || {},
        );
    };
    view! {
        <label class="setting">
            <div>
                <b>{move || words::begun(language.get(), kind)}</b>
                <small>{move || words::meaning(language.get(), kind)}</small>
            </div>
            <input
                type="checkbox"
                class="switch"
                data-testid=format!("notify-{}", kind.as_str())
                // A refusal leaves the preferences as they were; read again, the switch falls back.
                prop:checked=move || {
                    doing.error.track();
                    on()
                }
                disabled=doing.busy
                on:change=turn
            />
        </label>
    }
}
