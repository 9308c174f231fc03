//! The bar on top: page, balances, address, and the eye that hides amounts.

use leptos::prelude::*;

use crate::{
    components::{
        amount::concealed,
        copy::CopyButton,
        demo::DemoBadge,
        icon::{Glyph, Icon},
        inbox::Bell,
    },
    feed::feed,
    format::{self, Sign},
    i18n::Key,
    prefs::prefs,
    session::session,
};

/// Title, demo mark, balances, address.
#[component]
pub(crate) fn TopBar() -> impl IntoView {
    let (session, prefs) = (session(), prefs());
    let hide = move |_| prefs.hidden.update(|hidden| *hidden = !*hidden);
    let eye = Signal::derive(move || {
        if prefs.hidden.get() {
            Icon::EyeOff
        } else {
            Icon::Eye
        }
    });
    let eye_name = move || {
        if prefs.hidden.get() {
            Key::ShowAmounts
        } else {
            Key::HideAmounts
        }
        .text(prefs.language.get())
    };
    view! {
        <header class="top">
            <h1>{move || session.page.get().title().text(prefs.language.get())}</h1>
            <DemoBadge />
            <span class="space"></span>
            <Balances />
            <button
                type="button"
                class="ghost"
                data-testid="hide-amounts"
                title=eye_name
                aria-label=eye_name
                aria-pressed=move || if prefs.hidden.get() { "true" } else { "false" }
                on:click=hide
            >
                <Glyph icon=eye />
            </button>
            <Bell />
            <WalletAddress />
        </header>
    }
}

#[component]
fn Balances() -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let balances = Memo::new(move |_| {
        feed.state
            .with(|state| state.home.as_ref().and_then(|home| home.balances))
    });
    let etk = concealed(move || match balances.get() {
        Some(balances) => format::etk(language.get(), balances.etk, Sign::Negative),
        None => "–".into(),
    });
    let idrs = concealed(move || match balances.get() {
        Some(balances) => format::idrs(language.get(), balances.idrs),
        None => "–".into(),
    });
    let unknown = move || {
        balances
            .get()
            .is_none()
            .then(|| Key::BalanceUnknown.text(language.get()))
    };
    view! {
        <div class="balances" title=unknown>
            <div>
                <b data-testid="etk-balance">{etk}</b>
                <span>"ETK"</span>
            </div>
            <div>
                <b data-testid="idrs-balance">{idrs}</b>
                <span>"IDRS"</span>
            </div>
        </div>
    }
}

#[component]
fn WalletAddress() -> impl IntoView {
    let feed = feed();
    let address = Memo::new(move |_| feed.state.with(|state| state.account()));
    move || {
        address.get().map(|address| {
            view! {
                <span class="address" title=address.to_string()>
                    <span data-testid="wallet-address" data-address=address.to_string()>
                        {format::short_address(address)}
                    </span>
                    <CopyButton value=address.to_string() label=Key::CopyAddress testid="copy-address" />
                </span>
            }
        })
    }
}
