//! The window: which page is due, the keys that work everywhere, and the word to the core that somebody is there.

use enerlink_domain::{Error, event::VaultState, wallet::BackupContent};
use enerlink_ipc::Touch;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{
        frame::Frame, key_sheet::KeySheet, palette::Palette, parting::Parting, toasts::Toasts,
        unlock_form::UnlockDialog,
    },
    feed::{Feed, feed},
    household::Household,
    ipc,
    keys::{self, Press, Shortcut},
    live::LiveState,
    pages::{
        backup::BackupPage,
        create::CreatePage,
        energy::EnergyPage,
        home::HomePage,
        import::ImportPage,
        market::{self, MarketPage},
        meter::MeterPage,
        restore::{RestorePage, RestoredPage},
        settings::SettingsPage,
        starting::StartingPage,
        unlock::UnlockPage,
        wallet::WalletPage,
        welcome::WelcomePage,
    },
    prefs::Prefs,
    presence::Presence,
    security::Security,
    session::{Flow, Over, Page, Session},
    tray,
    verbs::{Means, Verb},
};

/// What fills the window.
#[derive(Clone, Debug, PartialEq)]
enum Screen {
    /// The core has not answered yet, or it answered with an error.
    Starting(Option<Error>),
    /// There is no wallet, and nothing was chosen yet.
    Welcome,
    /// A task that takes the whole window.
    Flow(Flow),
    /// What was restored waits to be looked at.
    Restored(BackupContent),
    /// The wallet is locked, and nobody has entered yet.
    Unlock,
    /// The pages with the rail.
    Main,
}

impl Screen {
    fn of(state: &LiveState, flow: Option<Flow>, inside: bool) -> Self {
        if let Some(flow) = flow {
            return Self::Flow(flow);
        }
        let Some(status) = &state.status else {
            return Self::Starting(state.failure.clone());
        };
        match (status.vault, &state.restored) {
            (VaultState::Missing, _) => Self::Welcome,
            (_, Some(content)) => Self::Restored(content.clone()),
            (VaultState::Locked, None) if !inside => Self::Unlock,
            (VaultState::Locked | VaultState::Unlocked, None) => Self::Main,
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
    let household = Household::new();
    provide_context(household);
    let ticket = market::Form::new();
    provide_context(ticket);
    let feed = Feed::new(session, prefs, household);
    provide_context(feed);
    feed.start();
    tell_presence(feed);
    let vault = Memo::new(move |_| {
        feed.state
            .with(|state| state.status.as_ref().map(|status| status.vault))
    });
    Effect::new(move || match vault.get() {
        Some(VaultState::Unlocked) => session.inside.set(true),
        Some(VaultState::Missing) => session.inside.set(false),
        Some(VaultState::Locked) | None => {}
    });
    let reason = Memo::new(move |_| feed.state.with(|state| state.lock_reason));
    Effect::new(move || {
        // What was typed into a flow or a ticket does not stay on the screen of somebody who is gone.
        if reason.get().is_some() {
            session.leave();
            ticket.clear();
        }
    });
    prefs.on_other_signs(move || ticket.clear());
    Effect::new(move |before: Option<()>| {
        prefs.zone.track();
        // Today begins at another moment.
        if before.is_some() {
            spawn_local(feed.refresh_home());
        }
    });
    let screen = Memo::new(move |_| {
        let (flow, inside) = (session.flow.get(), session.inside.get());
        feed.state.with(|state| Screen::of(state, flow, inside))
    });
    let means = Means { feed, session, prefs };
    tray::follow(means);
    act_on_keys(screen, means);
    view! {
        {move || match screen.get() {
            Screen::Starting(error) => view! { <StartingPage error=error /> }.into_any(),
            Screen::Welcome => view! { <WelcomePage /> }.into_any(),
            Screen::Flow(Flow::Create) => view! { <CreatePage /> }.into_any(),
            Screen::Flow(Flow::Phrase(wallet)) => view! { <BackupPage wallet=wallet /> }.into_any(),
            Screen::Flow(Flow::Import) => view! { <ImportPage /> }.into_any(),
            Screen::Flow(Flow::Restore) => view! { <RestorePage /> }.into_any(),
            Screen::Restored(content) => view! { <RestoredPage content=content /> }.into_any(),
            Screen::Unlock => view! { <UnlockPage /> }.into_any(),
            Screen::Main => view! { <Main /> }.into_any(),
        }}
        <Parting />
        <Toasts />
    }
}

#[component]
fn Main() -> impl IntoView {
    let session = crate::session::session();
    provide_context(Security::follow(feed()));
    view! {
        <Frame>
            {move || match session.page.get() {
                Page::Home => view! { <HomePage /> }.into_any(),
                Page::Energy => view! { <EnergyPage /> }.into_any(),
                Page::Market => view! { <MarketPage /> }.into_any(),
                Page::Wallet => view! { <WalletPage /> }.into_any(),
                Page::Meter => view! { <MeterPage /> }.into_any(),
                Page::Settings => view! { <SettingsPage /> }.into_any(),
            }}
        </Frame>
        <UnlockDialog />
        <Overlay />
    }
}

/// What was asked for over the pages.
#[component]
fn Overlay() -> impl IntoView {
    let over = crate::session::session().over;
    let close = Callback::new(move |()| over.set(None));
    move || match over.get() {
        Some(Over::Palette) => view! { <Palette on_close=close /> }.into_any(),
        Some(Over::Sheet) => view! { <KeySheet on_close=close /> }.into_any(),
        None => ().into_any(),
    }
}

/// The keys of the whole window. What lies over the pages needs pages below it.
fn act_on_keys(screen: Memo<Screen>, means: Means) {
    let Means { feed, session, .. } = means;
    window_event_listener(leptos::ev::keydown, move |event| {
        let shortcut = Shortcut::of(Press {
            key: &event.key(),
            control: event.ctrl_key(),
            alt: event.alt_key(),
            shift: event.shift_key(),
            dialog: keys::in_dialog(),
            field: keys::in_field(),
        });
        let Some(shortcut) = shortcut else { return };
        let main = screen.get_untracked() == Screen::Main;
        match shortcut {
            Shortcut::Leave => {
                session.form.set(None);
                // A phrase that was not written down is left by the button that says what it costs.
                if !matches!(session.flow.get_untracked(), Some(Flow::Phrase(_))) {
                    session.leave();
                }
                return;
            }
            Shortcut::TurnKey => feed.turn_key(),
            Shortcut::Quit => means.run(Verb::Quit),
            Shortcut::Page(page) => session.open(page),
            Shortcut::Palette if main => session.over.set(Some(Over::Palette)),
            Shortcut::Sheet if main => session.over.set(Some(Over::Sheet)),
            Shortcut::Search if keys::focus_search() => {}
            Shortcut::Palette | Shortcut::Sheet | Shortcut::Search => return,
        }
        event.prevent_default();
    });
}

/// Keys, pointer and wheel start the idle lock anew, told to the core now and then while the vault is open.
fn tell_presence(feed: Feed) {
    let presence = StoredValue::new(Presence::default());
    let seen = move || {
        let told = feed.state.with_untracked(LiveState::unlocked)
            && presence.try_update_value(|presence| presence.seen(ipc::wall_millis())) == Some(true);
        if told {
            // The next sign of life tells it again.
            spawn_local(async { drop(ipc::call(&Touch {}).await) });
        }
    };
    window_event_listener(leptos::ev::keydown, move |_| seen());
    window_event_listener(leptos::ev::pointerdown, move |_| seen());
    window_event_listener(leptos::ev::pointermove, move |_| seen());
    window_event_listener(leptos::ev::wheel, move |_| seen());
}

#[cfg(test)]
mod tests {
    use enerlink_domain::wallet::WalletId;

    use super::*;
    use crate::live::tests::{home, state_with};

    fn state(vault: VaultState) -> LiveState {
        let mut state = state_with(home());
        if let Some(status) = &mut state.status {
            status.vault = vault;
        }
        state
    }

    #[test]
    fn the_vault_decides_until_somebody_is_inside() {
        for (vault, inside, expected) in [
            (VaultState::Missing, false, Screen::Welcome),
            (VaultState::Missing, true, Screen::Welcome),
            (VaultState::Locked, false, Screen::Unlock),
            (VaultState::Locked, true, Screen::Main),
            (VaultState::Unlocked, false, Screen::Main),
        ] {
            assert_eq!(
                Screen::of(&state(vault), None, inside),
                expected,
                "{vault:?} {inside}"
            );
        }
        assert_eq!(
            Screen::of(&LiveState::default(), None, false),
            Screen::Starting(None)
        );
    }

    #[test]
    fn a_flow_holds_the_window_and_a_restored_profile_comes_first() {
        let flow = Flow::Phrase(WalletId([1; 16]));
        assert_eq!(
            Screen::of(&state(VaultState::Locked), Some(flow), false),
            Screen::Flow(flow)
        );
        let content = BackupContent {
            created_at: None,
            wallets: Vec::new(),
            meters: Vec::new(),
            settings: 3,
            contacts: 0,
        };
        for vault in [VaultState::Locked, VaultState::Unlocked] {
            let mut state = state(vault);
            state.restored = Some(content.clone());
            assert_eq!(Screen::of(&state, None, true), Screen::Restored(content.clone()));
        }
    }
}
