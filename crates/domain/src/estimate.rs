//! The estimator: what this period will bring, and what is missing before it settles.

mod figures;
mod readiness;
mod total;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::{
    figures::{Figures, Owing},
    readiness::{Circumstances, Readiness},
    total::{Total, total},
};
use crate::{Code, Etk, MeterId, MicroWatts, NetMicroWh, UnixMillis, WattHours};

/// Below this the grid is idle: 1 W, or what a device measures as noise.
const IDLE: MicroWatts = MicroWatts(1_000_000);

/// Which way energy crosses the grid connection now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowState {
    /// To the grid.
    Exporting,
    /// From the grid.
    Importing,
    /// Neither.
    #[default]
    Idle,
}

impl FlowState {
    /// What `power` means; positive is export.
    pub fn of(power: Option<MicroWatts>) -> Self {
        match power {
            Some(power) if power > IDLE => Self::Exporting,
            Some(power) if power.0 < -IDLE.0 => Self::Importing,
            Some(_) | None => Self::Idle,
        }
    }
}

/// The figures of the settlement card, for one meter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Which meter.
    pub meter_id: MeterId,
    /// Direction now.
    pub flow: FlowState,
    /// Grid power now; positive is export.
    pub grid_power: Option<MicroWatts>,
    /// Average grid power of this period; positive is export.
    pub average_power: Option<MicroWatts>,
    /// When this period began.
    pub period_start: UnixMillis,
    /// When it ends.
    pub period_end: UnixMillis,
    /// The time of this estimate.
    pub now: UnixMillis,
    /// Exported in this period.
    pub exported: NetMicroWh,
    /// Imported in this period.
    pub imported: NetMicroWh,
    /// Owed from before this period; positive is export.
    pub carried: NetMicroWh,
    /// Owed now in total: `register - watermark` less what is pending.
    pub owed: NetMicroWh,
    /// On its way in an open settlement.
    pub pending: NetMicroWh,
    /// ETK that settling now would mint or burn; equal to what is then settled, to the unit.
    pub etk_now: Etk,
    /// ETK that the period's end will mint or burn at the average power.
    pub etk_at_end: Etk,
    /// The effective minimum.
    pub minimum: WattHours,
    /// Whether the period's end will settle.
    pub readiness: Readiness,
    /// What keeps a hand from settling now; nothing when it would succeed.
    #[serde(default)]
    pub obstacle: Option<Code>,
    /// ETK that the account lacks for what the period's end will burn; absent when it lacks none, or is not known.
    #[serde(default)]
    pub short: Option<Etk>,
}

impl Estimate {
    /// Time left in the period.
    pub fn left(&self) -> Duration {
        self.period_end.since(self.now)
    }
}
