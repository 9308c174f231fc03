//! The estimates of several meters together.

use serde::{Deserialize, Serialize};

use super::{Estimate, FlowState, Readiness};
use crate::{Code, Etk, MicroWatts, NetMicroWh, UnixMillis};

/// The figures of several meters together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// How many meters.
    pub meters: usize,
    /// How many of them the end of their period settles, as far as can be told.
    pub ready: usize,
    /// What stands in the way of others, each once.
    pub blocked: Vec<Code>,
    /// Direction now.
    pub flow: FlowState,
    /// Grid power now, of the meters that say it; positive is export.
    pub grid_power: Option<MicroWatts>,
    /// Average grid power of their periods; positive is export.
    pub average_power: Option<MicroWatts>,
    /// Exported in their periods.
    pub exported: NetMicroWh,
    /// Imported in their periods.
    pub imported: NetMicroWh,
    /// Owed from before; positive is export.
    pub carried: NetMicroWh,
    /// Owed now.
    pub owed: NetMicroWh,
    /// On its way in open settlements.
    pub pending: NetMicroWh,
    /// ETK that settling all of them now would mint or burn.
    pub etk_now: Etk,
    /// ETK that the ends of their periods will mint or burn.
    pub etk_at_end: Etk,
    /// ETK that their accounts lack for what the ends of their periods will burn; absent when they lack none.
    pub short: Option<Etk>,
    /// When the first of their periods ends.
    pub period_end: UnixMillis,
    /// The time of the newest estimate.
    pub now: UnixMillis,
}

/// Adds estimates up; nothing for none. Sums that leave their range stay at its end.
pub fn total<'a>(estimates: impl Iterator<Item = &'a Estimate> + Clone) -> Option<Total> {
    let all = || estimates.clone();
    let energy = |pick: fn(&Estimate) -> NetMicroWh| {
        let sum = all().map(|estimate| i128::from(pick(estimate).0)).sum();
        NetMicroWh(clamp(sum))
    };
    let power = |pick: fn(&Estimate) -> Option<MicroWatts>| {
        let known = all().filter_map(pick).map(|power| i128::from(power.0));
        known.reduce(|a, b| a + b).map(|sum| MicroWatts(clamp(sum)))
    };
    let tokens = |pick: fn(&Estimate) -> Etk| Etk(all().map(|estimate| pick(estimate).0).sum());
    let mut blocked = Vec::new();
    for estimate in all() {
        if let Readiness::Blocked { code } = estimate.readiness
            && !blocked.contains(&code)
        {
            blocked.push(code);
        }
    }
    let grid_power = power(|estimate| estimate.grid_power);
    Some(Total {
        meters: all().count(),
        ready: all()
            .filter(|estimate| estimate.readiness == Readiness::Ready)
            .count(),
        blocked,
        flow: FlowState::of(grid_power),
        grid_power,
        average_power: power(|estimate| estimate.average_power),
        exported: energy(|estimate| estimate.exported),
        imported: energy(|estimate| estimate.imported),
        carried: energy(|estimate| estimate.carried),
        owed: energy(|estimate| estimate.owed),
        pending: energy(|estimate| estimate.pending),
        etk_now: tokens(|estimate| estimate.etk_now),
        etk_at_end: tokens(|estimate| estimate.etk_at_end),
        short: all()
            .filter_map(|estimate| estimate.short)
            .reduce(|a, b| Etk(a.0 + b.0)),
        period_end: all().map(|estimate| estimate.period_end).min()?,
        now: all().map(|estimate| estimate.now).max()?,
    })
}

fn clamp(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WattHours;

    fn estimate(meter: &str, power: Option<i64>, owed: i64, readiness: Readiness) -> Estimate {
        Estimate {
            meter_id: meter.parse().expect("an id"),
            flow: FlowState::Idle,
            grid_power: power.map(MicroWatts),
            average_power: power.map(MicroWatts),
            period_start: UnixMillis(0),
            period_end: UnixMillis(300_000 + owed),
            now: UnixMillis(owed),
            exported: NetMicroWh(owed),
            imported: NetMicroWh(1),
            carried: NetMicroWh(2),
            owed: NetMicroWh(owed),
            pending: NetMicroWh(3),
            etk_now: Etk(i128::from(owed)),
            etk_at_end: Etk(4),
            minimum: WattHours(100),
            readiness,
            obstacle: None,
            short: None,
        }
    }

    #[test]
    fn meters_add_up() {
        assert_eq!(total([].iter()), None);
        let blocked = || Readiness::Blocked { code: Code::NoGas };
        let all = [
            estimate("A", Some(5_000_000), 700, Readiness::Ready),
            estimate("B", None, -900, blocked()),
            estimate("C", Some(-9_000_000), 50, blocked()),
        ];
        let sum = total(all.iter()).expect("three");
        assert_eq!((sum.meters, sum.ready, sum.blocked), (3, 1, vec![Code::NoGas]));
        assert_eq!(
            (sum.flow, sum.grid_power),
            (FlowState::Importing, Some(MicroWatts(-4_000_000)))
        );
        assert_eq!(
            (sum.owed.0, sum.imported.0, sum.carried.0, sum.pending.0),
            (-150, 3, 6, 9)
        );
        assert_eq!((sum.etk_now.0, sum.etk_at_end.0), (-150, 12));
        assert_eq!((sum.period_end.0, sum.now.0), (299_100, 700));
    }
}
