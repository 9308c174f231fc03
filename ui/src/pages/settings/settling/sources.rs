//! The settings one by one: their words, their values in effect, and who decides them.

use enerlink_domain::choice::{SettlingInEffect, Source};

use crate::{
    format,
    i18n::{Key, Language},
};

/// A setting of settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    Automatic,
    Period,
    Minimum,
    Early,
    Guard,
}

impl Setting {
    pub(super) const ALL: [Self; 5] = [
        Self::Automatic,
        Self::Period,
        Self::Minimum,
        Self::Early,
        Self::Guard,
    ];

    /// Ends its test ids.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Period => "period",
            Self::Minimum => "minimum",
            Self::Early => "early",
            Self::Guard => "guard",
        }
    }

    pub(super) fn label(self) -> Key {
        match self {
            Self::Automatic => Key::SettingAutomatic,
            Self::Period => Key::SettingPeriod,
            Self::Minimum => Key::SettingMinimum,
            Self::Early => Key::SettingEarly,
            Self::Guard => Key::Guard,
        }
    }

    pub(super) fn hint(self) -> Key {
        match self {
            Self::Automatic => Key::SettingAutomaticHint,
            Self::Period => Key::SettingPeriodHint,
            Self::Minimum => Key::SettingMinimumHint,
            Self::Early => Key::SettingEarlyHint,
            Self::Guard => Key::SettingGuardHint,
        }
    }

    pub(super) fn complaint(self) -> Key {
        match self {
            Self::Period => Key::SettingPeriodWrong,
            Self::Minimum | Self::Early | Self::Automatic | Self::Guard => Key::SettingWhWrong,
        }
    }

    pub(super) fn unit(self) -> Key {
        match self {
            Self::Period => Key::Minutes,
            Self::Minimum | Self::Early | Self::Automatic | Self::Guard => Key::WattHoursUnit,
        }
    }

    /// The variable of the environment that decides it.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::Automatic => "AUTO_SETTLEMENT_ENABLED",
            Self::Period => "SETTLEMENT_INTERVAL_MINUTES",
            Self::Minimum => "SETTLEMENT_THRESHOLD_WH",
            Self::Early => "EARLY_SETTLEMENT_WH",
            Self::Guard => "AUTO_GRID_SHUTDOWN_ENABLED",
        }
    }

    pub(super) fn source(self, effect: &SettlingInEffect) -> Source {
        match self {
            Self::Automatic => effect.automatic.source,
            Self::Period => effect.period_minutes.source,
            Self::Minimum => effect.minimum.source,
            Self::Early => effect.early.source,
            Self::Guard => effect.guard.source,
        }
    }
}

/// Whether a person at the window cannot change it.
pub(super) fn is_fixed(source: Source) -> bool {
    matches!(source, Source::Environment | Source::EnvFile)
}

/// Who says so.
pub(super) fn source_words(source: Source) -> Key {
    match source {
        Source::Environment => Key::SourceEnvironment,
        Source::EnvFile => Key::SourceEnvFile,
        Source::Pause => Key::SourcePause,
        Source::Meter => Key::SourceMeter,
        Source::Account => Key::SourceAccount,
        Source::Contract => Key::SourceContract,
        Source::Default => Key::SourceDefault,
    }
}

/// The value in effect.
pub(super) fn value_words(language: Language, setting: Setting, effect: &SettlingInEffect) -> String {
    let switch = |on: bool| {
        let key = if on { Key::SwitchedOn } else { Key::SwitchedOff };
        key.text(language).to_owned()
    };
    let number =
        |value: u64, unit: Key| format!("{}\u{a0}{}", format::count(language, value), unit.text(language));
    match setting {
        Setting::Automatic => switch(effect.automatic.value),
        Setting::Guard => switch(effect.guard.value),
        Setting::Period => number(effect.period_minutes.value.into(), Key::Minutes),
        Setting::Minimum => number(effect.minimum.value.0, Key::WattHoursUnit),
        Setting::Early if effect.early.value.0 == 0 => Key::EarlyNever.text(language).to_owned(),
        Setting::Early => number(effect.early.value.0, Key::WattHoursUnit),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use enerlink_domain::choice::Given;

    use super::*;

    #[test]
    fn every_setting_names_the_variable_that_the_core_reads() {
        for setting in Setting::ALL {
            let given = Given::read(|name| {
                (name == setting.variable()).then(|| match setting {
                    Setting::Automatic | Setting::Guard => "true".to_owned(),
                    Setting::Period | Setting::Minimum | Setting::Early => "7".to_owned(),
                })
            });
            let effect = SettlingInEffect::of(&[(Source::Environment, given.expect("read").choice)], None);
            for other in Setting::ALL {
                assert_eq!(
                    other.source(&effect) == Source::Environment,
                    other == setting,
                    "{setting:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn every_setting_and_source_has_its_own_words() {
        for words in [Setting::label, Setting::hint] {
            let seen: HashSet<Key> = Setting::ALL.map(words).into_iter().collect();
            assert_eq!(seen.len(), Setting::ALL.len());
        }
        let sources = [
            Source::Environment,
            Source::EnvFile,
            Source::Pause,
            Source::Meter,
            Source::Account,
            Source::Contract,
            Source::Default,
        ];
        let seen: HashSet<Key> = sources.map(source_words).into_iter().collect();
        assert_eq!(seen.len(), sources.len());
        let fixed = sources.map(is_fixed);
        assert_eq!(fixed, [true, true, false, false, false, false, false]);
    }
}
