//! `enerlink settle estimate`: what meters will settle now and at their period's end, and what is missing.

use enerlink_domain::{
    Estimate, FlowState, MicroWatts, NetMicroWh, Readiness,
    estimate::{Total, total},
};
use enerlink_engine::Access;
use serde::Serialize;

use crate::{arguments::EstimateArguments, failure::Outcome, moment, output, session};

/// The answer.
#[derive(Serialize)]
struct Estimates {
    meters: Vec<Estimate>,
    /// All of them together; absent without a meter.
    total: Option<Total>,
}

pub(crate) async fn estimate(arguments: &EstimateArguments, json: bool) -> Outcome {
    let engine = session::open(&arguments.profile.data_dir, Access::ReadOnly).await?;
    let meter = arguments.meter.as_ref();
    let meters = match session::in_time(engine.ask_estimates(meter)).await {
        Some(meters) => meters,
        None => engine.estimates(meter).await?,
    };
    let total = total(meters.iter());
    output::answer(json, &Estimates { meters, total }, said);
    Ok(())
}

fn said(estimates: &Estimates) -> String {
    let Estimates { meters, total: sum } = estimates;
    let mut lines = Vec::new();
    for estimate in meters {
        lines.push(format!("{}: {}", estimate.meter_id, standing(estimate)));
        lines.extend(total([estimate].into_iter()).as_ref().map(figures));
    }
    match sum {
        Some(sum) if sum.meters > 1 => {
            lines.push(format!("all {} meters: {} of them settle", sum.meters, sum.ready));
            lines.push(figures(sum));
        }
        Some(_) => {}
        None => lines.push("There is no meter in use.".to_owned()),
    }
    lines.join("\n")
}

/// How a meter stands, in a few words.
fn standing(estimate: &Estimate) -> String {
    let mut words = match &estimate.readiness {
        Readiness::Ready => "settles at the period's end".to_owned(),
        Readiness::BelowMinimum { missing } => format!(
            "{} Wh more until the minimum of {} Wh",
            wh(*missing),
            estimate.minimum.0
        ),
        Readiness::BucketFull => {
            "the chain lets no more through for the moment; it is carried and settled once there is room"
                .to_owned()
        }
        Readiness::Settling => "a settlement is on its way".to_owned(),
        Readiness::Manual => "automatic settlement is off".to_owned(),
        Readiness::Blocked { code } => format!("not settled. {}", code.next_step()),
    };
    if let Some(short) = estimate.short {
        words += &format!(" ({short} ETK are missing)");
    }
    words
}

fn figures(sum: &Total) -> String {
    let flow = match sum.flow {
        FlowState::Exporting => "exporting",
        FlowState::Importing => "importing",
        FlowState::Idle => "idle",
    };
    format!(
        "  owed {} Wh: exported {}, imported {}, from before {}; on its way {} Wh\n  \
         now {} ETK; at the period's end, {}, {} ETK\n  {flow}, {}; {} on average",
        wh(sum.owed),
        wh(sum.exported),
        wh(sum.imported),
        wh(sum.carried),
        wh(sum.pending),
        sum.etk_now,
        moment::shown(sum.period_end),
        sum.etk_at_end,
        watts(sum.grid_power),
        watts(sum.average_power),
    )
}

/// Watt-hours, to the milliwatt-hour.
fn wh(energy: NetMicroWh) -> String {
    let sign = if energy.0 < 0 { "-" } else { "" };
    let milli = energy.0.unsigned_abs() / 1000;
    format!("{sign}{}.{:03}", milli / 1000, milli % 1000)
}

fn watts(power: Option<MicroWatts>) -> String {
    power.map_or("power unknown".to_owned(), |power| {
        format!("{} W", power.0 / 1_000_000)
    })
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Code, Etk, UnixMillis, WattHours};

    use super::*;

    fn estimate(meter: &str, readiness: Readiness) -> Estimate {
        Estimate {
            meter_id: meter.parse().expect("an id"),
            flow: FlowState::Exporting,
            grid_power: Some(MicroWatts(2_400_000_000)),
            average_power: None,
            period_start: UnixMillis(0),
            period_end: UnixMillis(300_000),
            now: UnixMillis(1_000),
            exported: NetMicroWh(60_955_955),
            imported: NetMicroWh::ZERO,
            carried: NetMicroWh(-4_500),
            owed: NetMicroWh(60_951_455),
            pending: NetMicroWh::ZERO,
            etk_now: Etk(6_000),
            etk_at_end: Etk(12_000),
            minimum: WattHours(100),
            readiness,
            obstacle: None,
            short: None,
        }
    }

    #[test]
    fn each_meter_and_all_together_are_told() {
        let missing = NetMicroWh(39_000_001);
        let below = estimate("A", Readiness::BelowMinimum { missing });
        let unpaid = Estimate {
            short: Some(Etk(3_700)),
            ..estimate(
                "B",
                Readiness::Blocked {
                    code: Code::InsufficientBalance,
                },
            )
        };
        let meters = vec![below, unpaid];
        let sum = total(meters.iter());
        let text = said(&Estimates { meters, total: sum });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 12, "{text}");
        assert_eq!(lines[0], "A: 39.000 Wh more until the minimum of 100 Wh");
        assert_eq!(
            lines[1],
            "  owed 60.951 Wh: exported 60.955, imported 0.000, from before -0.004; on its way 0.000 Wh"
        );
        assert!(
            lines[2].starts_with("  now 60.00 ETK; ") && lines[2].ends_with(", 120.00 ETK"),
            "{text}"
        );
        assert_eq!(lines[3], "  exporting, 2400 W; power unknown on average");
        assert!(lines[4].ends_with(" (37.00 ETK are missing)"), "{text}");
        assert_eq!(lines[8], "all 2 meters: 0 of them settle");
        assert!(lines[9].starts_with("  owed 121.902 Wh"), "{text}");
        let none = Estimates {
            meters: Vec::new(),
            total: None,
        };
        assert_eq!(said(&none), "There is no meter in use.");
    }
}
