//! Rollups against a model that keeps every sample.

use std::{collections::BTreeMap, time::Duration};

use enerlink_domain::{
    MeterId, MicroWatts, MicroWh, UnixMillis,
    view::{DayEnergy, PowerPoint, Spread},
};
use enerlink_store::{Sample, Store, StoreError, Tx, meters, rollups};
use proptest::{collection::vec, option::of, prelude::*, sample::select};

use crate::{
    backend,
    generate::{meter_id, plain_meter},
    round_trips::{each, store_with_meter},
};

const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
/// 2026-11-21T00:00:00Z.
const START: i64 = 1_795_219_200_000;

fn sample() -> impl Strategy<Value = Sample> {
    let power = || of((-6_000_000_000..6_000_000_000_i64).prop_map(MicroWatts));
    let energy = || (0..9_000_000_u64).prop_map(MicroWh);
    (
        START..START + 3 * DAY,
        (power(), power(), power(), power()),
        (energy(), energy(), energy(), energy()),
    )
        .prop_map(|(at, powers, energies)| Sample {
            at: UnixMillis(at),
            solar: powers.0,
            load: powers.1,
            grid: powers.2,
            battery: powers.3,
            produced: energies.0,
            used: energies.1,
            exported: energies.2,
            imported: energies.3,
        })
}

fn total<'a>(samples: impl Iterator<Item = &'a Sample>) -> DayEnergy {
    samples.fold(DayEnergy::default(), |sum, sample| DayEnergy {
        produced: MicroWh(sum.produced.0 + sample.produced.0),
        used: MicroWh(sum.used.0 + sample.used.0),
        exported: MicroWh(sum.exported.0 + sample.exported.0),
        imported: MicroWh(sum.imported.0 + sample.imported.0),
    })
}

fn spread(values: impl Iterator<Item = Option<MicroWatts>>) -> Option<Spread> {
    let values: Vec<i64> = values.flatten().map(|value| value.0).collect();
    let count = i64::try_from(values.len()).expect("few");
    Some(Spread {
        low: MicroWatts(*values.iter().min()?),
        high: MicroWatts(*values.iter().max()?),
        mean: MicroWatts(values.iter().sum::<i64>() / count),
    })
}

fn within(sample: &Sample, from: i64, to: i64) -> bool {
    (from..to).contains(&sample.at.0)
}

/// A batch of one meter.
async fn add(tx: &Tx, meter: &MeterId, samples: &[Sample]) -> Result<(), StoreError> {
    rollups::add(tx, &BTreeMap::from([(meter.clone(), samples.to_vec())])).await
}

async fn compare(
    tx: &Tx,
    samples: &[Sample],
    (from, to, points): (i64, i64, u16),
) -> Result<(), TestCaseError> {
    let meter = meter_id();
    let energy = rollups::energy(tx, &meter, UnixMillis(from), UnixMillis(to)).await?;
    let start = from.div_euclid(MINUTE) * MINUTE;
    let end = (to + MINUTE - 1).div_euclid(MINUTE) * MINUTE;
    let end = if from < to { end } else { start };
    prop_assert_eq!(
        energy,
        total(samples.iter().filter(|sample| within(sample, start, end)))
    );

    let curve = rollups::curve(tx, &meter, UnixMillis(from), UnixMillis(to), points).await?;
    let width = i64::try_from(curve.bucket_ms).expect("a width");
    prop_assert!(curve.points.len() <= usize::from(points.max(1)));
    prop_assert!(width % MINUTE == 0);
    let mut expected = Vec::new();
    let mut at = from.div_euclid(width) * width;
    while at < to {
        let inside: Vec<_> = samples
            .iter()
            .filter(|sample| within(sample, at, at + width))
            .collect();
        if !inside.is_empty() {
            expected.push(PowerPoint {
                at: UnixMillis(at),
                solar: spread(inside.iter().map(|sample| sample.solar)),
                load: spread(inside.iter().map(|sample| sample.load)),
                grid: spread(inside.iter().map(|sample| sample.grid)),
                battery: spread(inside.iter().map(|sample| sample.battery)),
            });
        }
        at += width;
    }
    prop_assert_eq!(curve.points, expected);
    Ok(())
}

#[test]
fn rollups_equal_a_model_that_keeps_everything() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store: Store = runtime.block_on(store_with_meter());
    let question = (START - DAY..START + 4 * DAY, 0..5 * DAY, 0..2_000_u16)
        .prop_map(|(from, span, points)| (from, from + span, points));
    let batches = vec(vec(sample(), 0..30), 0..6);
    let config = ProptestConfig::with_cases(backend::cases() / 2);
    proptest!(config, |(batches in batches, questions in vec(question, 1..8))| {
        runtime.block_on(async {
            let tx = store.begin().await?;
            for batch in &batches {
                add(&tx, &meter_id(), batch).await?;
            }
            let samples = batches.concat();
            for question in questions {
                compare(&tx, &samples, question).await?;
            }
            Ok::<_, TestCaseError>(())
        })?;
    });
}

/// Edges as calendars make them: any offset to UTC in whole minutes, days of 23, 24 and 25 hours, and any order.
fn edges() -> impl Strategy<Value = Vec<i64>> {
    let steps = select(vec![
        DAY,
        DAY,
        DAY - 60 * MINUTE,
        DAY + 60 * MINUTE,
        60 * MINUTE,
        1,
        0,
    ]);
    let start = prop_oneof![
        (-14 * 60..14 * 60_i64).prop_map(|offset| START + offset * MINUTE),
        START - DAY..START + 3 * DAY,
    ];
    let calendar = (start, vec(steps, 0..12)).prop_map(|(start, steps)| {
        let mut at = start;
        let rest = steps.into_iter().map(|step| {
            at += step;
            at
        });
        std::iter::once(start).chain(rest).collect()
    });
    prop_oneof![4 => calendar, 1 => vec(START - DAY..START + 4 * DAY, 0..300)]
}

#[test]
fn bars_equal_a_model_that_keeps_everything() {
    let batches = vec(vec(sample(), 0..30), 0..8);
    each(
        (batches, vec(edges(), 1..6)),
        |tx, (batches, questions)| async move {
            // Batches come in any order of time: the clock was set back between them.
            for batch in &batches {
                add(&tx, &meter_id(), batch).await?;
            }
            let samples = batches.concat();
            for edges in questions {
                let moments: Vec<_> = edges.iter().map(|edge| UnixMillis(*edge)).collect();
                let found = rollups::bars(&tx, &meter_id(), &moments).await?;
                let minute = |at: i64| at.div_euclid(MINUTE) * MINUTE;
                let expected: Vec<_> = edges
                    .windows(2)
                    .map(|pair| (minute(pair[0]), minute(pair[1])))
                    .map(|(from, to)| total(samples.iter().filter(|sample| within(sample, from, to))))
                    .collect();
                prop_assert_eq!(found, expected);
            }
            Ok(())
        },
    );
}

#[tokio::test]
async fn a_curve_is_as_fine_as_its_points_allow() {
    let store = store_with_meter().await;
    let reader = store.reader();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    for (span, points, width) in [
        (1, 60, minutes(1)),
        (60, 60, minutes(1)),
        (1_440, 1_440, minutes(1)),
        (1_440, 720, minutes(2)),
        (1_440, 719, minutes(15)),
        (300, 150, minutes(2)),
        (30 * 60, 900, minutes(2)),
        (1_440, 96, minutes(15)),
        (7 * 1_440, 400, minutes(30)),
        (31 * 1_440, 800, minutes(60)),
        (365 * 1_440, 365, minutes(1_440)),
        (3_650 * 1_440, 1_000, minutes(4 * 1_440)),
    ] {
        let to = UnixMillis(START + span * MINUTE);
        let curve = rollups::curve(&reader, &meter_id(), UnixMillis(START), to, points).await;
        let found = curve.expect("a curve").bucket_ms;
        assert_eq!(
            u128::from(found),
            width.as_millis(),
            "{span} min in {points} points"
        );
    }
    let all = rollups::curve(
        &reader,
        &meter_id(),
        UnixMillis(i64::MIN),
        UnixMillis(i64::MAX),
        1,
    )
    .await;
    assert_eq!(all.expect("a curve").points, []);
    let none = rollups::curve(&reader, &meter_id(), UnixMillis(5), UnixMillis(5), 0).await;
    assert_eq!(none.expect("a curve").points, []);
}

#[tokio::test]
async fn absurd_readings_stay_at_the_end_of_the_range() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let absurd = Sample {
        at: UnixMillis(START),
        grid: Some(MicroWatts(i64::MAX)),
        solar: Some(MicroWatts(i64::MIN)),
        exported: MicroWh::MAX,
        ..Sample::default()
    };
    for _ in 0..3 {
        add(&tx, &meter_id(), &[absurd, absurd]).await.expect("an add");
    }
    let day = (UnixMillis(START), UnixMillis(START + DAY));
    let energy = rollups::energy(&tx, &meter_id(), day.0, day.1)
        .await
        .expect("an energy");
    assert_eq!(energy.exported, MicroWh::MAX);
    let curve = rollups::curve(&tx, &meter_id(), day.0, day.1, 1)
        .await
        .expect("a curve");
    assert!(curve.points[0].grid.expect("a value").mean.0 > 0);
    assert!(curve.points[0].solar.expect("a value").mean.0 < 0);
}

/// More meters than one question names: each keeps its own, also what is added to minutes that are there.
#[tokio::test]
async fn meters_of_one_batch_do_not_mix() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let mut batch = BTreeMap::new();
    for number in 1..=70_u64 {
        let meter = plain_meter(&format!("M{number}"));
        meters::insert(&tx, &meter).await.expect("a meter");
        let produced = [MicroWh(number), MicroWh(1_000 * number)];
        let samples = produced.map(|produced| Sample {
            at: UnixMillis(START + 7 * MINUTE * i64::try_from(produced.0 % 1_000).expect("few")),
            produced,
            ..Sample::default()
        });
        batch.insert(meter.id, samples.to_vec());
    }
    for _ in 0..2 {
        rollups::add(&tx, &batch).await.expect("an add");
    }
    for (meter, samples) in &batch {
        for end in [START + MINUTE, START + DAY] {
            let energy = rollups::energy(&tx, meter, UnixMillis(START), UnixMillis(end)).await;
            let expected = total(samples.iter().filter(|sample| within(sample, START, end)));
            assert_eq!(
                energy.expect("an energy").produced.0,
                2 * expected.produced.0,
                "{meter}"
            );
            let curve = rollups::curve(&tx, meter, UnixMillis(START), UnixMillis(end), 1).await;
            assert_eq!(curve.expect("a curve").points.len(), 1, "{meter}");
        }
    }
    let nobody = rollups::energy(&tx, &meter_id(), UnixMillis(START), UnixMillis(START + DAY)).await;
    assert_eq!(nobody.expect("an energy"), DayEnergy::default());
}
