//! Settings: appearance, profile, security, the network in use, the desktop, notifications, data, diagnostics, and what this program is.

mod about;
mod appearance;
mod data;
mod desktop;
mod diagnostics;
mod notifications;
mod profile;
mod settling;
mod typed;

use std::time::Duration;

use leptos::{prelude::*, wasm_bindgen::JsCast};

use crate::{
    components::copy::CopyButton,
    feed::feed,
    i18n::{Key, text},
    pages::security::SecurityCards,
    session::{Form, Page, SettingsPart, session},
};

use about::AboutCard;
use appearance::AppearanceCard;
use data::DataCard;
use desktop::DesktopCard;
use diagnostics::DiagnosticsCard;
use notifications::NotificationsCard;
use profile::ProfileCard;
use settling::SettlingCard;

/// The settings page.
#[component]
pub(crate) fn SettingsPage() -> impl IntoView {
    show_what_was_asked_for();
    view! {
        <div class="settings">
            <Part part=SettingsPart::Appearance><AppearanceCard /></Part>
            <Part part=SettingsPart::Profile><ProfileCard /></Part>
            <Part part=SettingsPart::Security><SecurityCards /></Part>
            <Part part=SettingsPart::Settling><SettlingCard /></Part>
            <Part part=SettingsPart::Network><Network /></Part>
            <Part part=SettingsPart::Desktop><DesktopCard /></Part>
            <Part part=SettingsPart::Notifications><NotificationsCard /></Part>
            <Part part=SettingsPart::Data><DataCard /></Part>
            <Part part=SettingsPart::Diagnostics><DiagnosticsCard /></Part>
            <Part part=SettingsPart::About><AboutCard /></Part>
        </div>
    }
}

/// Where the command palette leads to.
#[component]
fn Part(part: SettingsPart, children: Children) -> impl IntoView {
    view! { <div class="part" id=part.id() data-testid=part.id() tabindex="-1">{children()}</div> }
}

/// Gives the focus to the card that was asked for, once it is there and the palette is gone.
fn show_what_was_asked_for() {
    let wanted = session().settings_part;
    Effect::new(move || {
        let Some(part) = wanted.get() else { return };
        wanted.set(None);
        let show = move || {
            let card = document().get_element_by_id(part.id());
            if let Some(card) = card.and_then(|card| card.dyn_into::<web_sys::HtmlElement>().ok()) {
                // A card that cannot take the focus is scrolled to all the same.
                let _ = card.focus();
                card.scroll_into_view();
            }
        };
        set_timeout(show, Duration::ZERO);
    });
}

#[component]
fn Network() -> impl IntoView {
    let (feed, session) = (feed(), session());
    let network = Memo::new(move |_| feed.state.with(|state| state.network.clone()));
    let change = move |_| {
        session.page.set(Page::Home);
        session.form.set(Some(Form::Network));
    };
    let facts = move || match network.get() {
        None => view! { <p class="mut">{text(Key::NotSetUp)}</p> }.into_any(),
        Some(network) => view! {
            <dl class="figures wide">
                <Fact label=Key::NodeUrl value=network.rpc_url.clone() />
                {network.fallback_url.clone().map(|url| view! { <Fact label=Key::FallbackUrl value=url /> })}
                {network.fallback_url.map(|_| view! {
                    <div>
                        <dt>{text(Key::AnsweringUrl)}</dt>
                        <dd class="code" data-testid="network-answering">{network.answering}</dd>
                    </div>
                })}
                <Fact label=Key::ChainId value=network.chain_id.to_string() />
                <Fact label=Key::GenesisHash value=network.genesis.to_string() />
                <Fact label=Key::ConverterContract value=network.converter.to_string() />
                <Fact label=Key::EtkContract value=network.etk.to_string() />
                <Fact label=Key::IdrsContract value=network.idrs.to_string() />
                <Fact label=Key::ConfirmationsNeeded value=network.confirmations.to_string() />
            </dl>
        }
        .into_any(),
    };
    view! {
        <section class="card">
            <header>
                <h2>{text(Key::Network)}</h2>
                <button type="button" class="end button quiet small" data-testid="settings-network" on:click=change>
                    {text(Key::ChangeNetwork)}
                </button>
            </header>
            {facts}
        </section>
    }
}

#[component]
fn Fact(label: Key, value: String) -> impl IntoView {
    let long = value.len() > 30;
    let copied = value.clone();
    view! {
        <div>
            <dt>{text(label)}</dt>
            <dd class="code">
                {value}
                {long.then(|| view! { <CopyButton value=copied label=Key::Copy /> })}
            </dd>
        </div>
    }
}
