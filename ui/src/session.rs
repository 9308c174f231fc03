//! What the window is doing right now: which page, which form, which word in passing. Nothing of it is stored.

use enerlink_domain::wallet::WalletId;
use leptos::prelude::*;

/// A page of the rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// Live energy and settlement.
    Home,
    /// Preferences, network, about.
    Settings,
}

/// A task that takes the whole window until it is done or left, whatever the vault says meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// A wallet from a new phrase.
    Create,
    /// A wallet's phrase is written down.
    Phrase(WalletId),
    /// A wallet from a phrase, a key or a key file.
    Import,
    /// What a backup holds.
    Restore,
}

/// A form that takes the place of Home's cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Node and addresses.
    Network,
    /// A new meter.
    Meter,
}

/// Whether news is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Something worked.
    Good,
    /// Something did not.
    Bad,
}

/// A word in passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toast {
    /// Tells toasts apart.
    pub id: u64,
    /// What is said.
    pub text: String,
    /// Whether it is good.
    pub tone: Tone,
}

/// How long a toast stays.
const TOAST_MS: u64 = 6000;

/// More at once would cover the page; the oldest give way.
const MOST_TOASTS: usize = 3;

/// The window's own state, as signals.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    /// The page shown.
    pub page: RwSignal<Page>,
    /// What takes the whole window, when something does.
    pub flow: RwSignal<Option<Flow>>,
    /// Whether Home is watched although the wallet is locked.
    pub watching: RwSignal<bool>,
    /// The form on Home, when one is open.
    pub form: RwSignal<Option<Form>>,
    /// What is being said.
    pub toasts: RwSignal<Vec<Toast>>,
    next_toast: StoredValue<u64>,
}

impl Session {
    /// A window that has just opened.
    pub(crate) fn new() -> Self {
        Self {
            page: RwSignal::new(Page::Home),
            flow: RwSignal::new(None),
            watching: RwSignal::new(false),
            form: RwSignal::new(None),
            toasts: RwSignal::new(Vec::new()),
            next_toast: StoredValue::new(0),
        }
    }

    /// Goes to a page; a form that was open on Home is closed.
    pub(crate) fn open(self, page: Page) {
        self.form.set(None);
        self.page.set(page);
    }

    /// Says something for a few seconds.
    pub(crate) fn say(self, tone: Tone, text: String) {
        let id = self.next_toast.get_value();
        self.next_toast.set_value(id + 1);
        self.toasts.update(|toasts| {
            toasts.push(Toast { id, text, tone });
            let surplus = toasts.len().saturating_sub(MOST_TOASTS);
            toasts.drain(..surplus);
        });
        set_timeout(
            move || self.dismiss(id),
            std::time::Duration::from_millis(TOAST_MS),
        );
    }

    /// Takes a toast away.
    pub(crate) fn dismiss(self, id: u64) {
        self.toasts.update(|toasts| toasts.retain(|toast| toast.id != id));
    }
}

/// The state of this window.
pub(crate) fn session() -> Session {
    expect_context::<Session>()
}
