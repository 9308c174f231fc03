//! What the window is doing right now: which page, which form, which word in passing. Nothing of it is stored.

mod places;

use std::sync::Arc;

use enerlink_domain::{Address, MeterId, view::MessageFilter, wallet::WalletId};
use enerlink_ipc::desktop::Wish;
use leptos::prelude::*;

pub(crate) use places::{EnergyPart, MeterPart, MeterPlace, Page, SettingsPart, WalletPart};

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

/// What lies over the pages, asked for by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// The command palette.
    Palette,
    /// The sheet of shortcuts.
    Sheet,
}

/// What is being done with the tokens of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenAct {
    /// Some leave it.
    Send(Address),
    /// Its address is shown.
    Receive(Address),
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
#[derive(Clone)]
pub(crate) struct Toast {
    /// Tells toasts apart.
    pub id: u64,
    /// What is said.
    pub text: String,
    /// Whether it is good.
    pub tone: Tone,
    /// Takes back what it tells of.
    pub undo: Option<Undo>,
}

/// Takes something back, whatever page is shown by then.
pub(crate) type Undo = Arc<dyn Fn() + Send + Sync>;

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
    /// Whether a flow must not be left now, because the core is writing.
    pub held: RwSignal<bool>,
    /// Whether the pages were entered, by unlocking or to watch: locking does not lead out of them again.
    pub inside: RwSignal<bool>,
    /// Whether the dialog asks for the password because an action needs keys.
    pub unlocking: RwSignal<bool>,
    /// The part of the energy page that is shown.
    pub energy_part: RwSignal<EnergyPart>,
    /// The part of the wallet page that is shown.
    pub wallet_part: RwSignal<WalletPart>,
    /// The dialog of the balances, when one is open.
    pub token_act: RwSignal<Option<TokenAct>>,
    /// The card of the settings that is to be shown next.
    pub settings_part: RwSignal<Option<SettingsPart>>,
    /// What lies over the pages.
    pub over: RwSignal<Option<Over>>,
    /// What the meter page shows.
    pub meter_place: RwSignal<MeterPlace>,
    /// The part of a meter that is shown.
    pub meter_part: RwSignal<MeterPart>,
    /// Which messages of the log are shown.
    pub message_filter: RwSignal<MessageFilter>,
    /// The form on Home, when one is open.
    pub form: RwSignal<Option<Form>>,
    /// Whether the inbox is open.
    pub inbox: RwSignal<bool>,
    /// What is asked before the window or the program goes.
    pub parting: RwSignal<Option<Wish>>,
    /// What is being said.
    pub toasts: RwSignal<Vec<Toast>>,
    next_toast: StoredValue<u64>,
    then: StoredValue<Option<Box<dyn FnOnce()>>, LocalStorage>,
}

impl Session {
    /// A window that has just opened.
    pub(crate) fn new() -> Self {
        Self {
            page: RwSignal::new(Page::Home),
            flow: RwSignal::new(None),
            held: RwSignal::new(false),
            inside: RwSignal::new(false),
            unlocking: RwSignal::new(false),
            energy_part: RwSignal::new(EnergyPart::Flow),
            wallet_part: RwSignal::new(WalletPart::Wallets),
            token_act: RwSignal::new(None),
            settings_part: RwSignal::new(None),
            over: RwSignal::new(None),
            meter_place: RwSignal::new(MeterPlace::All),
            meter_part: RwSignal::new(MeterPart::Live),
            message_filter: RwSignal::new(MessageFilter::default()),
            form: RwSignal::new(None),
            inbox: RwSignal::new(false),
            parting: RwSignal::new(None),
            toasts: RwSignal::new(Vec::new()),
            next_toast: StoredValue::new(0),
            then: StoredValue::new_local(None),
        }
    }

    /// Goes to a page; a form that was open on Home is closed.
    pub(crate) fn open(self, page: Page) {
        self.form.set(None);
        self.page.set(page);
    }

    /// Goes to the list of settlements.
    pub(crate) fn open_settlements(self) {
        self.energy_part.set(EnergyPart::Settlements);
        self.open(Page::Energy);
    }

    /// Goes to a part of the wallet page.
    pub(crate) fn open_wallet(self, part: WalletPart) {
        self.wallet_part.set(part);
        self.open(Page::Wallet);
    }

    /// Goes to one meter.
    pub(crate) fn open_meter(self, id: MeterId, part: MeterPart) {
        self.meter_part.set(part);
        self.message_filter.set(MessageFilter {
            meter_id: Some(id.clone()),
            ..MessageFilter::default()
        });
        self.meter_place.set(MeterPlace::One(id));
        self.open(Page::Meter);
    }

    /// Leaves what takes the whole window, back to where it was opened.
    pub(crate) fn leave(self) {
        if !self.held.get_untracked() {
            self.flow.set(None);
        }
    }

    /// Asks for the password, and does `action` once the vault is open.
    pub(crate) fn ask_for_keys(self, action: impl FnOnce() + 'static) {
        self.then.set_value(Some(Box::new(action)));
        self.unlocking.set(true);
    }

    /// The vault is open: what waited for it goes on.
    pub(crate) fn keys_given(self) {
        let action = self.then.try_update_value(Option::take).flatten();
        self.unlocking.set(false);
        if let Some(action) = action {
            action();
        }
    }

    /// The person would rather not: what waited is forgotten.
    pub(crate) fn keys_refused(self) {
        self.then.set_value(None);
        self.unlocking.set(false);
    }

    /// Says something for a few seconds.
    pub(crate) fn say(self, tone: Tone, text: String) {
        self.tell(tone, text, None);
    }

    /// Says that something was done, with a button that takes it back.
    pub(crate) fn say_with_undo(self, text: String, undo: impl Fn() + Send + Sync + 'static) {
        self.tell(Tone::Good, text, Some(Arc::new(undo)));
    }

    fn tell(self, tone: Tone, text: String, undo: Option<Undo>) {
        let id = self.next_toast.get_value();
        self.next_toast.set_value(id + 1);
        self.toasts.update(|toasts| {
            toasts.push(Toast { id, text, tone, undo });
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
