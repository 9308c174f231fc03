//! What a household chooses about settling, where each value comes from, and which of them counts.

use serde::{Deserialize, Serialize};

use crate::{Address, MeterId, WattHours};

/// Where a value in effect comes from, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
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
