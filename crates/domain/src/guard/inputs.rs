//! What the guard looks at: time, money, meters. Every rounding is against the household.

use std::time::Duration;

use crate::{Etk, MeterId, MicroWatts, NetMicroWh, UnixMillis, reading::GridMode};

/// A burn is expected to be this much higher, in percent.
const MARGIN: i128 = 105;
/// A threat is over when the balance covers this much of the burn, in percent.
const CALM: i128 = 110;
/// The former mode comes back when the balance covers this much of what it will cost, in percent.
const RESTORE: i128 = 110;
/// Micro-watt-hours of 1000 Wh, which a ratio is about.
const THOUSAND_WH: i128 = 1_000_000_000;

/// Everything that one look of the guard sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// The clock that nobody sets.
    pub steady: Duration,
    /// The time of day.
    pub wall: UnixMillis,
    /// Whether a settlement has succeeded or tokens have been received, ever.
    pub funded: bool,
    /// What the chain says; absent when it is not known, which is not the same as nothing.
    pub money: Option<Money>,
    /// Every meter of the account.
    pub meters: Vec<Seen>,
}

/// What the chain says about the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// Tokens of the account; what lies in the market's escrow is not among them.
    pub balance: Etk,
    /// What settlements on their way will burn, as a positive amount.
    pub pending_burns: Etk,
    /// ETK base units per 1000 Wh.
    pub ratio: u64,
}

/// One meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub meter: MeterId,
    /// Whether the guard may switch it, as the household has chosen.
    pub guarded: bool,
    /// Whether it is heard and can switch the grid.
    pub switchable: bool,
    /// What is owed and in no settlement yet; positive is export.
    pub owed: NetMicroWh,
    /// What the chain carries from the last settlement, thousandths of a base unit.
    pub carry: i64,
    /// Average power across the grid connection; positive is export.
    pub average: Option<MicroWatts>,
    /// Whether it takes from the grid now.
    pub importing: bool,
    /// What the sun gives beyond what the home uses.
    pub surplus: Option<MicroWatts>,
    /// The grid switch, as the device said last.
    pub mode: Option<GridMode>,
    /// When it said so, by the steady clock; absent when that was before this run.
    pub said_at: Option<Duration>,
    /// The guard's last command to it has failed.
    pub failed: bool,
    /// How long until its period ends.
    pub left: Duration,
    /// How long its periods are.
    pub period: Duration,
}

/// How the balance stands to what will be burned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// The balance is not known.
    Unknown,
    /// It lasts.
    Calm,
    /// It lasts, but not by much: what was begun goes on, nothing begins.
    Close,
    /// It will not last.
    Threat,
}

impl Inputs {
    /// The balance less what is on its way; none when unknown.
    pub fn available(&self) -> Option<Etk> {
        let money = self.money?;
        Some(Etk(money.balance.0.saturating_sub(money.pending_burns.0)))
    }

    /// What this period will burn over all meters, margin included; none when the ratio is unknown.
    pub fn burn(&self) -> Option<Etk> {
        Some(percent(self.projected()?, MARGIN))
    }

    pub(super) fn level(&self) -> Level {
        let (Some(available), Some(projected)) = (self.available(), self.projected()) else {
            return Level::Unknown;
        };
        if projected <= Etk::ZERO || !self.meters.iter().any(|meter| meter.importing) {
            Level::Calm
        } else if percent(projected, MARGIN) >= available {
            Level::Threat
        } else if percent(projected, CALM) >= available {
            Level::Close
        } else {
            Level::Calm
        }
    }

    /// The balance that brings back the former mode when the meters will import `energy` (µWh) in a period; none when
    /// the ratio is unknown.
    pub(super) fn restore_at(&self, energy: i128) -> Option<Etk> {
        let owed: i128 = self.meters.iter().map(|meter| i128::from(meter.owed.0)).sum();
        // What is owed to the household is no money yet.
        let cost = self.cost(owed.min(0).saturating_sub(energy.max(0)))?;
        Some(percent(cost, RESTORE))
    }

    pub(super) fn meter(&self, id: &MeterId) -> Option<&Seen> {
        self.meters.iter().find(|meter| meter.meter == *id)
    }

    fn projected(&self) -> Option<Etk> {
        let net = self.meters.iter().map(|meter| {
            let left = i128::try_from(meter.left.as_millis()).unwrap_or(i128::MAX);
            let more = i128::from(meter.average.unwrap_or_default().0).saturating_mul(left) / 3_600_000;
            i128::from(meter.owed.0).saturating_add(more)
        });
        self.cost(net.fold(0, i128::saturating_add))
    }

    /// What `net` energy (µWh, positive is export) burns, rounded up; nothing when it mints.
    fn cost(&self, net: i128) -> Option<Etk> {
        let money = self.money?;
        let carry: i128 = self.meters.iter().map(|meter| i128::from(meter.carry)).sum();
        // In thousandths of a base unit times a million, which is exact.
        let fine = net
            .saturating_mul(i128::from(money.ratio))
            .saturating_add(carry.saturating_mul(1_000_000));
        let burned = fine.min(0).saturating_neg();
        Some(Etk(burned / THOUSAND_WH + i128::from(burned % THOUSAND_WH != 0)))
    }
}

impl Seen {
    /// Energy (µWh) of one of its periods at this `power`.
    pub(super) fn period_energy(&self, power: MicroWatts) -> i128 {
        let period = i128::try_from(self.period.as_millis()).unwrap_or(i128::MAX);
        i128::from(power.0).saturating_mul(period) / 3_600_000
    }
}

fn percent(amount: Etk, percent: i128) -> Etk {
    let product = amount.0.saturating_mul(percent);
    Etk(product / 100 + i128::from(product % 100 > 0))
}
