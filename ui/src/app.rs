//! The window: which page is due, and the keys that work everywhere.

use enerlink_domain::{Error, event::VaultState};
use leptos::prelude::*;

use crate::{
    components::{frame::Frame, toasts::Toasts},
    feed::{Feed, feed},
    live::LiveState,
    pages::{
        backup::BackupPage, create::CreatePage, home::HomePage, import::ImportPage, restore::RestorePage,
        settings::SettingsPage, starting::StartingPage, unlock::UnlockPage,
    },
    prefs::Prefs,
    session::{Flow, Page, Session},
};

/// What fills the window.
#[derive(Clone, Debug, PartialEq)]
enum Screen {
    /// The core has not answered yet, or it answered with an error.
    Starting(Option<Error>),
    /// A task that takes the whole window.
    Flow(Flow),
    /// The wallet is locked.
    Unlock,
    /// The pages with the rail.
    Main,
}

impl Screen {
    fn of(state: &LiveState, session: Session) -> Self {
        if let Some(flow) = session.flow.get() {
            return Self::Flow(flow);
        }
        let Some(status) = &state.status else {
            return Self::Starting(state.failure.clone());
        };
        match status.vault {
            VaultState::Missing => Self::Flow(Flow::Create),
            VaultState::Locked if !session.watching.get() => Self::Unlock,
            VaultState::Locked | VaultState::Unlocked => Self::Main,
        }
    }
}

/// The whole window.
#[component]
pub(crate) fn App() -> impl IntoView {
    let prefs = Prefs::load();
    provide_context(prefs);
    let session = Session::new();
    provide_context(session);
    let feed = Feed::new(session, prefs);
    provide_context(feed);
    feed.start();
    lock_by_key();
    let screen = Memo::new(move |_| feed.state.with(|state| Screen::of(state, session)));
    view! {
        {move || match screen.get() {
            Screen::Starting(error) => view! { <StartingPage error=error /> }.into_any(),
            Screen::Flow(Flow::Create) => view! { <CreatePage /> }.into_any(),
            Screen::Flow(Flow::Phrase(wallet)) => view! { <BackupPage wallet=wallet /> }.into_any(),
            Screen::Flow(Flow::Import) => view! { <ImportPage /> }.into_any(),
            Screen::Flow(Flow::Restore) => view! { <RestorePage /> }.into_any(),
            Screen::Unlock => view! { <UnlockPage /> }.into_any(),
            Screen::Main => view! { <Main /> }.into_any(),
        }}
        <Toasts />
    }
}

#[component]
fn Main() -> impl IntoView {
    let session = crate::session::session();
    view! {
        <Frame>
            {move || match session.page.get() {
                Page::Home => view! { <HomePage /> }.into_any(),
                Page::Settings => view! { <SettingsPage /> }.into_any(),
            }}
        </Frame>
    }
}

/// Ctrl+L locks, Ctrl+1 and Ctrl+6 choose a page, Escape closes a form.
fn lock_by_key() {
    let (session, feed) = (crate::session::session(), feed());
    window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" {
            session.form.set(None);
        }
        if !event.ctrl_key() || event.alt_key() || event.shift_key() {
            return;
        }
        match event.key().as_str() {
            "l" | "L" => feed.lock(),
            "1" => session.open(Page::Home),
            "6" => session.open(Page::Settings),
            _ => return,
        }
        event.prevent_default();
    });
}
