//! The frame around every page: rail on the left, bar on top.

use leptos::prelude::*;

use crate::{
    components::{
        icon::{Glyph, Icon},
        links::Links,
        top_bar::TopBar,
    },
    i18n::{Key, text},
    session::{Page, session},
};

/// Rail, top bar, and the page between them.
#[component]
pub(crate) fn Frame(
    /// The page.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="app">
            <nav class="rail" aria-label=text(Key::Navigation)>
                <div class="brand">
                    <i aria-hidden="true"></i>
                    <span>"EnerLink"</span>
                </div>
                <RailLink page=Page::Home label=Key::Home icon=Icon::Home shortcut="Ctrl 1" testid="nav-home" />
                <RailLink
                    page=Page::Settings
                    label=Key::Settings
                    icon=Icon::Settings
                    shortcut="Ctrl 6"
                    testid="nav-settings"
                />
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
    label: Key,
    icon: Icon,
    shortcut: &'static str,
    testid: &'static str,
) -> impl IntoView {
    let session = session();
    let open = move |_| session.open(page);
    view! {
        <button
            type="button"
            class="nav"
            class:on=move || session.page.get() == page
            data-testid=testid
            title=text(label)
            aria-current=move || (session.page.get() == page).then_some("page")
            on:click=open
        >
            <Glyph icon=icon />
            <span>{text(label)}</span>
            <kbd>{shortcut}</kbd>
        </button>
    }
}
