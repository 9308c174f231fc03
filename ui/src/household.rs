//! What the household pays, keeps, wants to be told and lets rest, as the core stores it.

use enerlink_domain::{choice::SettlingView, device::NoticeKind, view::Preferences};
use enerlink_ipc::{ReadPreferences, ReadSettling, SetPreferences};
use leptos::prelude::*;

use crate::components::{doing::Doing, loaded::Loaded};

/// The preferences of the profile.
#[derive(Clone, Copy)]
pub(crate) struct Household {
    /// As they were read or saved last.
    pub preferences: Loaded<Preferences>,
    /// The settings of settlement, as they were read or saved last.
    pub settling: Loaded<SettlingView>,
}

impl Household {
    /// Nothing was read yet.
    pub(crate) fn new() -> Self {
        Self {
            preferences: Loaded::new(),
            settling: Loaded::new(),
        }
    }

    /// Reads them again.
    pub(crate) fn read(self) {
        self.preferences.read(ReadPreferences {});
        self.settling.read(ReadSettling {});
    }

    /// What a kWh costs, in hundredths of a rupiah.
    pub(crate) fn tariff(self) -> u64 {
        self.preferences.value.with(|preferences| {
            preferences
                .as_ref()
                .map_or(Preferences::default().tariff_sen_per_kwh, |preferences| {
                    preferences.tariff_sen_per_kwh
                })
        })
    }

    /// Whether a kind of notice is not to be shown on the desktop.
    pub(crate) fn mutes(self, kind: NoticeKind) -> bool {
        self.preferences.value.with_untracked(|preferences| {
            preferences
                .as_ref()
                .is_some_and(|preferences| preferences.muted.contains(&kind))
        })
    }

    /// Saves them changed; what else is in them stays as it is.
    pub(crate) fn change(
        self,
        doing: Doing,
        change: impl FnOnce(&mut Preferences),
        done: impl FnOnce() + 'static,
    ) {
        let Some(mut preferences) = self.preferences.value.get_untracked() else {
            return;
        };
        change(&mut preferences);
        doing.call(SetPreferences { preferences }, move |saved| {
            self.preferences.value.try_set(Some(saved));
            done();
        });
    }
}

/// The household of this window.
pub(crate) fn household() -> Household {
    expect_context::<Household>()
}
