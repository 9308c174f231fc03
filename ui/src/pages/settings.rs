//! Settings: appearance, security, the network in use, notifications, data, diagnostics, and what this program is.

mod data;
mod diagnostics;
mod notifications;
mod settling;

use leptos::prelude::*;

use crate::{
    components::copy::CopyButton,
    feed::feed,
    i18n::{Key, text},
    pages::{security::SecurityCards, sheet::LanguageSwitch},
    prefs::{Theme, prefs},
    session::{Form, Page, session},
};

use data::DataCard;
use diagnostics::DiagnosticsCard;
use notifications::NotificationsCard;
use settling::SettlingCard;

/// The settings page.
#[component]
pub(crate) fn SettingsPage() -> impl IntoView {
    view! {
        <div class="settings">
            <Appearance />
            <SecurityCards />
            <SettlingCard />
            <Network />
            <NotificationsCard />
            <DataCard />
            <DiagnosticsCard />
            <About />
        </div>
    }
}

#[component]
fn Appearance() -> impl IntoView {
    let prefs = prefs();
    let theme_word = |theme: Theme| match theme {
        Theme::Auto => Key::ThemeAuto,
        Theme::Light => Key::ThemeLight,
        Theme::Dark => Key::ThemeDark,
    };
    let themes = Theme::ALL.map(|theme| {
        view! {
            <button
                type="button"
                data-testid=format!("theme-{}", theme.as_str())
                class:on=move || prefs.theme.get() == theme
                aria-pressed=move || if prefs.theme.get() == theme { "true" } else { "false" }
                on:click=move |_| prefs.theme.set(theme)
            >
                {text(theme_word(theme))}
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
            <div class="setting">
                <div><b>{text(Key::ThemeName)}</b><small>{text(Key::ThemeHint)}</small></div>
                <div class="segments" role="group" aria-label=text(Key::ThemeName)>{themes.into_iter().collect_view()}</div>
            </div>
            <label class="setting">
                <div><b>{text(Key::HideAmounts)}</b><small>{text(Key::HideAmountsHint)}</small></div>
                <input type="checkbox" class="switch" data-testid="setting-hide-amounts" bind:checked=prefs.hidden />
            </label>
        </section>
    }
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

#[component]
fn About() -> impl IntoView {
    let feed = feed();
    let about = Memo::new(move |_| {
        feed.state.with(|state| {
            state
                .status
                .as_ref()
                .map(|status| (status.version.clone(), status.data_dir.clone()))
        })
    });
    view! {
        <section class="card">
            <header><h2>{text(Key::About)}</h2></header>
            {move || about.get().map(|(version, data_dir)| view! {
                <dl class="figures wide">
                    <Fact label=Key::Version value=version />
                    <Fact label=Key::DataDirectory value=data_dir />
                    <Fact label=Key::Licence value="Apache-2.0".to_owned() />
                    <Fact label=Key::Font value="Inter, SIL Open Font License 1.1".to_owned() />
                </dl>
            })}
        </section>
    }
}
