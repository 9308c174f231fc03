//! The frame around every page: rail on the left, bar on top.

use leptos::prelude::*;

use crate::{
    components::{
        icon::{Glyph, Icon},
        links::Links,
        top_bar::TopBar,
    },
    i18n::{Key, text},
    keys::Shortcut,
    prefs::prefs,
    security::security,
    session::{Page, session},
};

/// Rail, top bar, and the page between them.
#[component]
pub(crate) fn Frame(
    /// The page.
    children: Children,
) -> impl IntoView {
    let security = security();
    view! {
        <div class="app">
            <nav class="rail" aria-label=text(Key::Navigation)>
                <div class="brand">
                    <i aria-hidden="true"></i>
                    <span>"EnerLink"</span>
                </div>
                <RailLink page=Page::Home icon=Icon::Home testid="nav-home" />
                <RailLink page=Page::Energy icon=Icon::Energy testid="nav-energy" />
                <RailLink page=Page::Market icon=Icon::Market testid="nav-market" />
                <RailLink page=Page::Wallet icon=Icon::Wallet testid="nav-wallet" due=security.due() />
                <RailLink page=Page::Meter icon=Icon::Meter testid="nav-meter" />
                <RailLink page=Page::Settings icon=Icon::Settings testid="nav-settings" />
                <Links />
            </nav>
            <div class="main">
                <TopBar />
                <main class="page">{children()}</main>
            </div>
        </div>
    }
}

#[component]
fn RailLink(
    page: Page,
    icon: Icon,
    testid: &'static str,
    /// Whether something waits there to be done, and what.
    #[prop(optional, into)]
    due: Signal<Option<Key>>,
) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let open = move |_| session.open(page);
    view! {
        <button
            type="button"
            class="nav"
            class:on=move || session.page.get() == page
            data-testid=testid
            title=text(page.title())
            aria-current=move || (session.page.get() == page).then_some("page")
            on:click=open
        >
            <Glyph icon=icon />
            <span>{text(page.title())}</span>
            {move || due.get().map(|due| view! {
                <i class="due" role="img" data-testid="nav-due" title=due.text(language.get()) aria-label=due.text(language.get())></i>
            })}
            <kbd>{Shortcut::Page(page).keys()}</kbd>
        </button>
    }
}
