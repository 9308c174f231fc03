//! Where one can be: the pages of the rail, and the parts that some of them have.

use enerlink_domain::MeterId;

use crate::i18n::Key;

/// A page of the rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// Live energy and settlement.
    Home,
    /// What flowed, in any period.
    Energy,
    /// Where ETK are bought and sold.
    Market,
    /// Wallets, backups, what was done with them.
    Wallet,
    /// Meters: what they measure, what they can be told.
    Meter,
    /// Preferences, security, network, about.
    Settings,
}

impl Page {
    /// Every page, in the order of the rail.
    pub(crate) const ALL: [Self; 6] = [
        Self::Home,
        Self::Energy,
        Self::Market,
        Self::Wallet,
        Self::Meter,
        Self::Settings,
    ];

    /// What it is called.
    pub(crate) fn title(self) -> Key {
        match self {
            Self::Home => Key::Home,
            Self::Energy => Key::EnergyPage,
            Self::Market => Key::Market,
            Self::Wallet => Key::Wallet,
            Self::Meter => Key::Meter,
            Self::Settings => Key::Settings,
        }
    }
}

/// A part of the energy page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnergyPart {
    /// What flowed.
    Flow,
    /// What was settled.
    Settlements,
    /// Whether all of it is accounted for.
    Audit,
}

impl EnergyPart {
    /// Every part, in the order of the tabs.
    pub(crate) const ALL: [Self; 3] = [Self::Flow, Self::Settlements, Self::Audit];
}

/// A part of the wallet page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WalletPart {
    /// Wallets and the address book.
    Wallets,
    /// What the accounts hold, sent, exchanged and allowed.
    Tokens,
    /// What is backed up, and how to do it.
    Backup,
    /// What was done.
    Activity,
}

impl WalletPart {
    /// Every part, in the order of the switch.
    pub(crate) const ALL: [Self; 4] = [Self::Wallets, Self::Tokens, Self::Backup, Self::Activity];
}

/// What the meter page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MeterPlace {
    /// Every meter.
    All,
    /// The steps that add one.
    Adding,
    /// One of them.
    One(MeterId),
}

/// A part of one meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MeterPart {
    /// What it measures and how it fares.
    Live,
    /// What it can be told.
    Controls,
    /// What it said and was told, word by word.
    Messages,
    /// Where it is heard, whose it is.
    Setup,
}

impl MeterPart {
    /// Every part, in the order of the tabs.
    pub(crate) const ALL: [Self; 4] = [Self::Live, Self::Controls, Self::Messages, Self::Setup];
}

/// A card of the settings, or a few that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettingsPart {
    /// How the window looks.
    Appearance,
    /// Who lives here.
    Profile,
    /// Password, idle lock, settlement keys.
    Security,
    /// What rules settlement and the guard.
    Settling,
    /// Node and contracts.
    Network,
    /// Start at login, and what closing does.
    Desktop,
    /// What the desktop shows.
    Notifications,
    /// What is kept for how long.
    Data,
    /// How the core fares.
    Diagnostics,
    /// What this program is.
    About,
}

impl SettingsPart {
    /// Every card, from top to bottom.
    pub(crate) const ALL: [Self; 10] = [
        Self::Appearance,
        Self::Profile,
        Self::Security,
        Self::Settling,
        Self::Network,
        Self::Desktop,
        Self::Notifications,
        Self::Data,
        Self::Diagnostics,
        Self::About,
    ];

    /// The id of its element.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Appearance => "settings-appearance",
            Self::Profile => "settings-profile",
            Self::Security => "settings-security",
            Self::Settling => "settings-settling",
            Self::Network => "settings-network-part",
            Self::Desktop => "settings-desktop",
            Self::Notifications => "settings-notifications",
            Self::Data => "settings-data",
            Self::Diagnostics => "settings-diagnostics",
            Self::About => "settings-about",
        }
    }
}
