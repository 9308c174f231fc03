//! What a household chooses about settling, where each value comes from, and which of them counts.

mod env_file;
mod given;

use std::{ops::RangeInclusive, time::Duration};

use serde::{Deserialize, Serialize};

pub use self::{
    env_file::{BadLine, EnvFile},
    given::{BadVariable, Given},
};
use crate::{Address, Code, Error, MeterId, WattHours};

/// Minutes that a period may have.
pub const PERIOD_MINUTES: RangeInclusive<u32> = 1..=1440;

/// Where a value in effect comes from, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Automatic settlement is paused.
    Pause,
    /// A variable of the environment.
    Environment,
    /// The file `.env` in the data directory.
    EnvFile,
    /// Chosen for this meter.
    Meter,
    /// Chosen for this account.
    Account,
    /// The contract.
    Contract,
    /// Nobody chose.
    Default,
}

/// A value in effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Who says so.
    pub source: Source,
}

/// What is chosen for an account, or for one meter over its account; what is absent is inherited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SettlingChoice {
    /// Whether a period's end settles by itself.
    pub automatic: Option<bool>,
    /// Length of a period, 1 to 1440 minutes.
    pub period_minutes: Option<u32>,
    /// The smallest net energy worth a settlement; the contract's counts when it is larger.
    pub minimum: Option<WattHours>,
    /// Settle before the period's end when this much is owed; 0 is never.
    pub early: Option<WattHours>,
    /// Whether the grid is switched off before more is imported than the ETK can pay.
    pub guard: Option<bool>,
}

/// What counts for one meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlingInEffect {
    /// Whether a period's end settles by itself.
    pub automatic: Sourced<bool>,
    /// Length of a period in minutes, aligned to the wall clock.
    pub period_minutes: Sourced<u32>,
    /// The effective minimum: the larger of the local and the contract's.
    pub minimum: Sourced<WattHours>,
    /// Settle early when this much is owed; 0 is never.
    pub early: Sourced<WattHours>,
    /// Whether the guard may switch the grid.
    pub guard: Sourced<bool>,
}

impl SettlingChoice {
    /// Whether everything is inherited.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses what cannot be meant, with `INVALID_INPUT`: a period that is not 1 to 1440 minutes, energy that no
    /// register can hold.
    pub fn check(&self) -> Result<(), Error> {
        let refused = |text: &str| Err(Error::new(Code::InvalidInput, text));
        if self
            .period_minutes
            .is_some_and(|minutes| !PERIOD_MINUTES.contains(&minutes))
        {
            return refused("a period has 1 to 1440 minutes");
        }
        let beyond = |energy: Option<WattHours>| energy.is_some_and(|energy| energy.micro().is_none());
        if beyond(self.minimum) || beyond(self.early) {
            return refused("that is more energy than a register holds");
        }
        Ok(())
    }
}

impl SettlingInEffect {
    /// What counts of `layers`, the strongest first: for each value the first layer that names it. Nobody having
    /// chosen, every five minutes from 100 Wh, never early, guarded. The minimum is `contract`'s, once it was read, where that is larger.
    pub fn of(layers: &[(Source, SettlingChoice)], contract: Option<WattHours>) -> Self {
        let local = pick(layers, |choice| choice.minimum, WattHours(100));
        Self {
            automatic: pick(layers, |choice| choice.automatic, true),
            period_minutes: pick(layers, |choice| choice.period_minutes, 5),
            minimum: match contract {
                Some(value) if value > local.value => Sourced {
                    value,
                    source: Source::Contract,
                },
                _ => local,
            },
            early: pick(layers, |choice| choice.early, WattHours::ZERO),
            guard: pick(layers, |choice| choice.guard, true),
        }
    }

    /// Length of a period.
    pub fn period(&self) -> Duration {
        Duration::from_secs(u64::from(self.period_minutes.value) * 60)
    }
}

fn pick<T>(
    layers: &[(Source, SettlingChoice)],
    named: impl Fn(&SettlingChoice) -> Option<T>,
    default: T,
) -> Sourced<T> {
    let first = layers.iter().find_map(|(source, choice)| {
        named(choice).map(|value| Sourced {
            value,
            source: *source,
        })
    });
    first.unwrap_or(Sourced {
        value: default,
        source: Source::Default,
    })
}

/// The settings of settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlingView {
    /// What was chosen for each account that has a meter.
    pub accounts: Vec<(Address, SettlingChoice)>,
    /// What was chosen for each meter, and what is in effect.
    pub meters: Vec<MeterSettling>,
    /// ETK base units per 1000 Wh, as the contract says; absent until it was read.
    pub ratio: Option<u64>,
    /// The contract's minimum; absent until it was read.
    pub contract_minimum: Option<WattHours>,
    /// The ratio of the live estimate, when the environment names another one.
    pub estimate_ratio: Option<Sourced<u64>>,
    /// Whether automatic settlement is paused, whatever the environment says and was chosen for accounts and meters.
    pub paused: bool,
}

/// The settings of one meter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterSettling {
    /// Which meter.
    pub meter_id: MeterId,
    /// Whose it is.
    pub owner: Address,
    /// What was chosen for it.
    pub choice: SettlingChoice,
    /// What counts.
    pub effect: SettlingInEffect,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn choice() -> impl Strategy<Value = SettlingChoice> {
        let energy = || proptest::option::of((0_u64..500).prop_map(WattHours));
        (
            any::<Option<bool>>(),
            proptest::option::of(PERIOD_MINUTES),
            energy(),
            energy(),
            any::<Option<bool>>(),
        )
            .prop_map(
                |(automatic, period_minutes, minimum, early, guard)| SettlingChoice {
                    automatic,
                    period_minutes,
                    minimum,
                    early,
                    guard,
                },
            )
    }

    const ORDER: [Source; 4] = [
        Source::Environment,
        Source::EnvFile,
        Source::Meter,
        Source::Account,
    ];

    #[test]
    fn nobody_having_chosen_the_defaults_hold() {
        let effect = SettlingInEffect::of(&[], None);
        assert_eq!(effect.period(), Duration::from_secs(300));
        assert_eq!((effect.automatic.value, effect.guard.value), (true, true));
        assert_eq!(
            (effect.minimum.value, effect.early.value),
            (WattHours(100), WattHours::ZERO)
        );
        assert_eq!(effect.early.source, Source::Default);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let period = |minutes| SettlingChoice {
            period_minutes: Some(minutes),
            ..SettlingChoice::default()
        };
        let minimum = |energy| SettlingChoice {
            minimum: Some(WattHours(energy)),
            ..SettlingChoice::default()
        };
        for fine in [
            period(1),
            period(1440),
            minimum(0),
            minimum(1_000_000),
            SettlingChoice::default(),
        ] {
            fine.check().expect("it can be meant");
        }
        for wrong in [period(0), period(1441), minimum(u64::MAX)] {
            assert_eq!(wrong.check().expect_err("refused").code, Code::InvalidInput);
        }
    }

    proptest! {
        /// Each value by itself: the first who names it wins, whatever the weaker ones say, and nobody lowers the contract's minimum.
        #[test]
        fn the_strongest_that_names_a_value_wins(
            choices in proptest::array::uniform4(choice()), contract in proptest::option::of((0_u64..500).prop_map(WattHours)),
        ) {
            let layers: Vec<_> = ORDER.into_iter().zip(choices).collect();
            let effect = SettlingInEffect::of(&layers, contract);
            macro_rules! wins {
                ($field:ident, $got:expr) => {
                    match layers.iter().position(|(_, choice)| choice.$field.is_some()) {
                        Some(at) => prop_assert_eq!((Some($got.value), $got.source), (choices[at].$field, ORDER[at])),
                        None => prop_assert_eq!($got.source, Source::Default),
                    }
                };
            }
            wins!(automatic, effect.automatic);
            wins!(period_minutes, effect.period_minutes);
            wins!(early, effect.early);
            wins!(guard, effect.guard);
            let local = choices.iter().find_map(|choice| choice.minimum).unwrap_or(WattHours(100));
            let larger = contract.is_some_and(|contract| contract > local);
            prop_assert_eq!(effect.minimum.value, contract.unwrap_or_default().max(local));
            prop_assert_eq!(effect.minimum.source == Source::Contract, larger);
            if !larger {
                wins!(minimum, effect.minimum);
            }
            // A layer that says nothing is as if it were not there.
            let spoken: Vec<_> = layers.iter().copied().filter(|(_, choice)| !choice.is_empty()).collect();
            prop_assert_eq!(SettlingInEffect::of(&spoken, contract), effect);
        }
    }
}
