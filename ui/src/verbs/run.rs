//! Does what a verb says, with what the pages themselves use.

use enerlink_domain::Code;
use enerlink_ipc::{PauseSettling, Quit, SettleNow};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{copy::copy_text, problem},
    feed::Feed,
    i18n::Key,
    ipc,
    live::LiveState,
    prefs::Prefs,
    session::{Flow, Form, MeterPlace, Over, Page, Session, TokenAct, Tone, WalletPart},
    verbs::Verb,
};

/// What verbs act on.
#[derive(Clone, Copy)]
pub(crate) struct Means {
    /// The core, and what it told.
    pub feed: Feed,
    /// Pages, forms and toasts.
    pub session: Session,
    /// Theme, language, covered amounts.
    pub prefs: Prefs,
}

impl Means {
    /// Does it.
    pub(crate) fn run(self, verb: Verb) {
        let Self { feed, session, prefs } = self;
        match verb {
            Verb::Page(page) => session.open(page),
            Verb::Energy(part) => {
                session.energy_part.set(part);
                session.open(Page::Energy);
            }
            Verb::Wallet(part) => session.open_wallet(part),
            Verb::Meter(part) => {
                if let Some(id) = feed.state.with_untracked(|state| state.meter_id().cloned()) {
                    session.open_meter(id, part);
                }
            }
            Verb::Settings(part) => {
                session.open(Page::Settings);
                session.settings_part.set(Some(part));
            }
            Verb::Settle => self.settle(),
            Verb::Automatic { pause } => self.pause(pause),
            Verb::Lock | Verb::Unlock => feed.turn_key(),
            Verb::Amounts { hide } => prefs.hidden.set(hide),
            Verb::Theme(theme) => prefs.theme.set(theme),
            Verb::Colours { safe } => prefs.safe_colours.set(safe),
            Verb::Language(language) => prefs.language.set(language),
            Verb::Inbox => session.inbox.set(true),
            Verb::Send => self.with_tokens(TokenAct::Send),
            Verb::Receive => self.with_tokens(TokenAct::Receive),
            Verb::CopyAddress => self.copy_address(),
            Verb::AddMeter => {
                session.meter_place.set(MeterPlace::Adding);
                session.open(Page::Meter);
            }
            Verb::BackUp => session.open_wallet(WalletPart::Backup),
            Verb::Restore => session.flow.set(Some(Flow::Restore)),
            Verb::NewWallet => session.flow.set(Some(Flow::Create)),
            Verb::ImportWallet => session.flow.set(Some(Flow::Import)),
            Verb::Network => {
                session.open(Page::Home);
                session.form.set(Some(Form::Network));
            }
            Verb::Sheet => session.over.set(Some(Over::Sheet)),
            // It says itself what is in the way.
            Verb::Quit => spawn_local(async { drop(ipc::call(&Quit {}).await) }),
        }
    }

    /// Whether automatic settlement rests; none without a meter that could settle.
    pub(crate) fn paused(self) -> Option<bool> {
        self.feed.household.settling.value.with(|view| {
            let view = view.as_ref().filter(|view| !view.meters.is_empty())?;
            Some(view.paused)
        })
    }

    fn pause(self, paused: bool) {
        let Self { feed, prefs, .. } = self;
        spawn_local(async move {
            let answer = ipc::call(&PauseSettling { paused }).await;
            let language = prefs.language.get_untracked();
            match answer {
                Ok(view) => {
                    let said = if view.paused {
                        Key::PausedNow
                    } else {
                        Key::ResumedNow
                    };
                    feed.household.settling.value.set(Some(view));
                    feed.announce(Tone::Good, said.text(language).to_owned());
                }
                Err(error) => feed.announce(Tone::Bad, problem::sentence(language, &error)),
            }
        });
    }

    /// Settles what Home's meter is owed; the core refuses what cannot be settled, in words that are shown.
    fn settle(self) {
        let Self { feed, prefs, .. } = self;
        let language = prefs.language;
        let estimate = |state: &LiveState| state.home.as_ref()?.estimate.clone();
        let Some(estimate) = feed.state.with_untracked(estimate) else {
            return;
        };
        let locked = estimate.obstacle == Some(Code::Locked);
        let meter_id = estimate.meter_id;
        let settle = move || {
            spawn_local(async move {
                let answer = ipc::call(&SettleNow { meter_id }).await;
                let language = language.get_untracked();
                match answer {
                    Ok(_) => feed.announce(Tone::Good, Key::SettleStarted.text(language).to_owned()),
                    Err(error) => feed.announce(Tone::Bad, problem::sentence(language, &error)),
                }
                feed.refresh_home().await;
            });
        };
        if locked {
            feed.with_keys(settle);
        } else {
            settle();
        }
    }

    /// Opens a dialog of the balances for the account that the bar on top shows.
    fn with_tokens(self, act: fn(enerlink_domain::Address) -> TokenAct) {
        if let Some(address) = self.feed.state.with_untracked(LiveState::account) {
            self.session.open_wallet(WalletPart::Tokens);
            self.session.token_act.set(Some(act(address)));
        }
    }

    fn copy_address(self) {
        let (session, language) = (self.session, self.prefs.language.get_untracked());
        if let Some(address) = self.feed.state.with_untracked(LiveState::account) {
            copy_text(address.to_string(), session, language, move || {
                session.say(Tone::Good, Key::Copied.text(language).to_owned());
            });
        }
    }
}
