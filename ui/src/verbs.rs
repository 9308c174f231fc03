//! Everything that can be done from anywhere: the entries of the command palette, and which of them make sense now.

mod rank;
mod run;
mod words;

use enerlink_domain::{Address, MeterId, Readiness};

use crate::{
    i18n::Language,
    keys::Shortcut,
    live::LiveState,
    prefs::{Prefs, Theme},
    session::{EnergyPart, MeterPart, Page, SettingsPart, WalletPart},
};

use leptos::prelude::*;

pub(crate) use rank::found;
pub(crate) use run::Means;
pub(crate) use words::theme_key;

/// One thing that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Goes to a page.
    Page(Page),
    /// Goes to a part of the energy page.
    Energy(EnergyPart),
    /// Goes to a part of the wallet page.
    Wallet(WalletPart),
    /// Goes to a part of Home's meter.
    Meter(MeterPart),
    /// Goes to a card of the settings.
    Settings(SettingsPart),
    /// Settles what is owed.
    Settle,
    /// Lets automatic settlement rest, or go on.
    Automatic {
        /// Whether it rests.
        pause: bool,
    },
    /// Wipes the keys from memory.
    Lock,
    /// Asks for the password.
    Unlock,
    /// Covers amounts, or shows them again.
    Amounts {
        /// Whether they are covered.
        hide: bool,
    },
    /// Another theme.
    Theme(Theme),
    /// Colours that are told apart without red against green, or the usual ones.
    Colours {
        /// Whether it is the former.
        safe: bool,
    },
    /// Another language.
    Language(Language),
    /// What meters had to tell.
    Inbox,
    /// Tokens or coins to somebody.
    Send,
    /// The own address, to be shown to somebody.
    Receive,
    /// The own address, to the clipboard.
    CopyAddress,
    /// The steps that add a meter.
    AddMeter,
    /// How wallets are backed up.
    BackUp,
    /// What a backup holds.
    Restore,
    /// A wallet from a new phrase.
    NewWallet,
    /// A wallet from elsewhere.
    ImportWallet,
    /// Node and contracts.
    Network,
    /// All shortcuts.
    Sheet,
    /// Ends the program.
    Quit,
}

/// What decides which verbs make sense.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Situation {
    unlocked: bool,
    hidden: bool,
    safe_colours: bool,
    theme: Theme,
    language: Language,
    /// Home's meter.
    meter: Option<MeterId>,
    /// Whether there is anything to settle with.
    settles: bool,
    /// Whether automatic settlement rests, where there is a meter.
    paused: Option<bool>,
    /// The account that the bar on top shows.
    account: Option<Address>,
}

impl Situation {
    /// As it is now.
    pub(crate) fn of(state: &LiveState, prefs: Prefs, paused: Option<bool>) -> Self {
        let estimate = state.home.as_ref().and_then(|home| home.estimate.as_ref());
        Self {
            unlocked: state.unlocked(),
            hidden: prefs.hidden.get(),
            safe_colours: prefs.safe_colours.get(),
            theme: prefs.theme.get(),
            language: prefs.language.get(),
            meter: state.meter_id().cloned(),
            settles: estimate.is_some_and(|estimate| estimate.readiness != Readiness::Settling),
            paused,
            account: state.account(),
        }
    }
}

impl Verb {
    /// Every verb that makes sense, in the order in which they are listed.
    pub(crate) fn all(now: &Situation) -> Vec<Self> {
        let pages = Page::ALL.map(Self::Page);
        let acts = [
            Self::Settle,
            Self::Automatic { pause: true },
            Self::Automatic { pause: false },
            Self::Lock,
            Self::Unlock,
            Self::Send,
            Self::Receive,
            Self::CopyAddress,
            Self::Inbox,
            Self::Amounts { hide: true },
            Self::Amounts { hide: false },
            Self::BackUp,
            Self::AddMeter,
            Self::Restore,
            Self::NewWallet,
            Self::ImportWallet,
            Self::Network,
            Self::Sheet,
            Self::Quit,
        ];
        let all = pages
            .into_iter()
            .chain(acts)
            .chain(Theme::ALL.map(Self::Theme))
            .chain([true, false].map(|safe| Self::Colours { safe }))
            .chain(Language::ALL.map(Self::Language))
            .chain(EnergyPart::ALL.map(Self::Energy))
            .chain(WalletPart::ALL.map(Self::Wallet))
            .chain(MeterPart::ALL.map(Self::Meter))
            .chain(SettingsPart::ALL.map(Self::Settings));
        all.filter(|verb| verb.fits(now)).collect()
    }

    /// Whether it would do something.
    fn fits(self, now: &Situation) -> bool {
        match self {
            Self::Settle => now.settles,
            Self::Automatic { pause } => now.paused == Some(!pause),
            Self::Lock => now.unlocked,
            Self::Unlock => !now.unlocked,
            Self::Amounts { hide } => hide != now.hidden,
            Self::Theme(theme) => theme != now.theme,
            Self::Colours { safe } => safe != now.safe_colours,
            Self::Language(language) => language != now.language,
            Self::Send | Self::Receive | Self::CopyAddress => now.account.is_some(),
            Self::Meter(_) => now.meter.is_some(),
            Self::Page(_)
            | Self::Energy(_)
            | Self::Wallet(_)
            | Self::Settings(_)
            | Self::Inbox
            | Self::AddMeter
            | Self::BackUp
            | Self::Restore
            | Self::NewWallet
            | Self::ImportWallet
            | Self::Network
            | Self::Sheet
            | Self::Quit => true,
        }
    }

    /// The key that does the same without the palette.
    pub(crate) fn shortcut(self) -> Option<Shortcut> {
        match self {
            Self::Page(page) => Some(Shortcut::Page(page)),
            Self::Lock | Self::Unlock => Some(Shortcut::TurnKey),
            Self::Sheet => Some(Shortcut::Sheet),
            Self::Quit => Some(Shortcut::Quit),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::live::tests::{ACCOUNT, meter_id};

    /// An open wallet with a meter, in English and dark.
    pub(crate) fn situation() -> Situation {
        Situation {
            unlocked: true,
            hidden: false,
            safe_colours: false,
            theme: Theme::Dark,
            language: Language::English,
            meter: Some(meter_id()),
            settles: true,
            paused: Some(false),
            account: Some(ACCOUNT),
        }
    }

    #[test]
    fn what_would_do_nothing_is_not_offered() {
        let open = Verb::all(&situation());
        for (verb, offered) in [
            (Verb::Automatic { pause: true }, true),
            (Verb::Automatic { pause: false }, false),
            (Verb::Lock, true),
            (Verb::Unlock, false),
            (Verb::Amounts { hide: true }, true),
            (Verb::Amounts { hide: false }, false),
            (Verb::Theme(Theme::Light), true),
            (Verb::Theme(Theme::Dark), false),
            (Verb::Language(Language::Indonesian), true),
            (Verb::Language(Language::English), false),
        ] {
            assert_eq!(open.contains(&verb), offered, "{verb:?}");
        }
        let bare = Verb::all(&Situation {
            unlocked: false,
            hidden: true,
            meter: None,
            settles: false,
            paused: None,
            account: None,
            ..situation()
        });
        for verb in [Verb::Settle, Verb::Send, Verb::CopyAddress, Verb::Lock] {
            assert!(open.contains(&verb) && !bare.contains(&verb), "{verb:?}");
        }
        assert!(bare.contains(&Verb::Unlock) && bare.contains(&Verb::AddMeter));
        assert!(!bare.contains(&Verb::Meter(MeterPart::Live)));
    }

    #[test]
    fn every_page_and_part_is_there_once() {
        let all = Verb::all(&situation());
        for (at, verb) in all.iter().enumerate() {
            assert!(!all[..at].contains(verb), "{verb:?} twice");
        }
        for page in Page::ALL {
            let verb = Verb::Page(page);
            assert!(all.contains(&verb));
            assert_eq!(verb.shortcut(), Some(Shortcut::Page(page)));
        }
    }
}
