//! What a verb is called, and what kind of thing it is.

use crate::{
    i18n::{Key, Language},
    prefs::Theme,
    session::{EnergyPart, MeterPart, Page, SettingsPart, WalletPart},
    verbs::Verb,
};

impl Verb {
    /// Its name in a language; a part is named after its page.
    pub(crate) fn words(self, language: Language) -> String {
        let of = |page: Page, part: Key| {
            let [page, part] = [page.title(), part].map(|key| key.text(language));
            format!("{page} › {part}")
        };
        let named = |what: Key, choice: &str| format!("{}: {choice}", what.text(language));
        match self {
            Self::Energy(part) => of(Page::Energy, energy(part)),
            Self::Wallet(part) => of(Page::Wallet, wallet(part)),
            Self::Meter(part) => of(Page::Meter, meter(part)),
            Self::Settings(part) => of(Page::Settings, settings(part)),
            Self::Theme(theme) => named(Key::ThemeName, theme_key(theme).text(language)),
            Self::Language(choice) => named(Key::LanguageName, choice.name()),
            other => other.key().text(language).to_owned(),
        }
    }

    /// The text of what has one of its own.
    fn key(self) -> Key {
        match self {
            Self::Page(page) => page.title(),
            Self::Energy(part) => energy(part),
            Self::Wallet(part) => wallet(part),
            Self::Meter(part) => meter(part),
            Self::Settings(part) => settings(part),
            Self::Theme(theme) => theme_key(theme),
            Self::Language(_) => Key::LanguageName,
            Self::Colours { safe: true } => Key::VerbSafeColours,
            Self::Colours { safe: false } => Key::VerbUsualColours,
            Self::Settle => Key::VerbSettle,
            Self::Automatic { pause: true } => Key::VerbPause,
            Self::Automatic { pause: false } => Key::VerbResume,
            Self::Lock => Key::Lock,
            Self::Unlock => Key::Unlock,
            Self::Amounts { hide: true } => Key::HideAmounts,
            Self::Amounts { hide: false } => Key::ShowAmounts,
            Self::Inbox => Key::VerbInbox,
            Self::Send => Key::VerbSend,
            Self::Receive => Key::VerbReceive,
            Self::CopyAddress => Key::VerbCopyAddress,
            Self::AddMeter => Key::AddMeter,
            Self::BackUp => Key::VerbBackUp,
            Self::Restore => Key::VerbRestore,
            Self::NewWallet => Key::VerbNewWallet,
            Self::ImportWallet => Key::VerbImportWallet,
            Self::Network => Key::ChangeNetwork,
            Self::Sheet => Key::ShortcutSheet,
            Self::Quit => Key::Quit,
        }
    }

    /// Whether it leads somewhere, changes how things look, or does something.
    pub(crate) fn group(self) -> Key {
        match self {
            Self::Page(_) => Key::GroupPage,
            Self::Energy(_) | Self::Wallet(_) | Self::Meter(_) | Self::Settings(_) => Key::GroupPart,
            Self::Amounts { .. } | Self::Theme(_) | Self::Colours { .. } | Self::Language(_) => {
                Key::GroupLook
            }
            _ => Key::GroupAct,
        }
    }
}

/// What a part of the energy page is called.
fn energy(part: EnergyPart) -> Key {
    match part {
        EnergyPart::Flow => Key::FlowPart,
        EnergyPart::Settlements => Key::Settlements,
        EnergyPart::Audit => Key::AuditPart,
    }
}

/// What a part of the wallet page is called.
fn wallet(part: WalletPart) -> Key {
    match part {
        WalletPart::Wallets => Key::Wallets,
        WalletPart::Tokens => Key::TokensPart,
        WalletPart::Backup => Key::BackupSection,
        WalletPart::Activity => Key::Activity,
    }
}

/// What a part of a meter is called.
fn meter(part: MeterPart) -> Key {
    match part {
        MeterPart::Live => Key::LivePart,
        MeterPart::Controls => Key::ControlsPart,
        MeterPart::Messages => Key::MessagesPart,
        MeterPart::Setup => Key::SetupPart,
    }
}

/// What a card of the settings is called.
fn settings(part: SettingsPart) -> Key {
    match part {
        SettingsPart::Appearance => Key::Appearance,
        SettingsPart::Profile => Key::Profile,
        SettingsPart::Security => Key::Security,
        SettingsPart::Settling => Key::SettlingSettings,
        SettingsPart::Network => Key::Network,
        SettingsPart::Desktop => Key::Desktop,
        SettingsPart::Notifications => Key::Notifications,
        SettingsPart::Data => Key::DataSettings,
        SettingsPart::Diagnostics => Key::Diagnostics,
        SettingsPart::About => Key::About,
    }
}

/// What a theme is called.
pub(crate) fn theme_key(theme: Theme) -> Key {
    match theme {
        Theme::Auto => Key::ThemeAuto,
        Theme::Light => Key::ThemeLight,
        Theme::Dark => Key::ThemeDark,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::verbs::tests::situation;

    #[test]
    fn no_two_verbs_have_the_same_name() {
        for language in Language::ALL {
            let mut seen = BTreeSet::new();
            for verb in Verb::all(&situation()) {
                let words = verb.words(language);
                assert!(!words.trim().is_empty(), "{verb:?}");
                assert!(seen.insert(words), "{verb:?}");
            }
        }
    }
}
