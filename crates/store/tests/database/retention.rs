//! Retention against a model that looks at everything at once.

use enerlink_domain::{
    Heartbeat, MeterId, MicroWh, Sensors, Status, StatusSnapshot, UnixMillis, Verdict,
    reading::HeartbeatStatus,
    register::{Pair, Reason},
    view::{MessageDirection, MessageFilter, Preferences},
};
use enerlink_store::{
    MessageLog, StoredReading, Tx, heartbeats, messages, meters, readings, retention, rollups, settlements,
    statuses,
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    generate::{meter_id, plain_meter, plain_settlement},
    round_trips::{each, store_with_meter},
};

const DAY: i64 = 86_400_000;
/// Later than every reading of these tests.
const LATER: UnixMillis = UnixMillis(i64::MAX);

fn reading(meter: &MeterId, at: i64, verdict: Verdict) -> StoredReading {
    StoredReading {
        meter_id: meter.clone(),
        received_at: UnixMillis(at),
        sensors: Sensors::default(),
        verdict,
        registers: None,
        epoch: 0,
        boot: 0,
    }
}

fn counted(new_epoch: bool) -> Verdict {
    Verdict::Counted {
        added: Pair {
            export: MicroWh(1),
            import: MicroWh(0),
        },
        new_epoch,
        remark: None,
    }
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let refused = Verdict::Refused {
        reason: Reason::Duplicate,
    };
    prop_oneof![
        8 => Just(counted(false)),
        2 => Just(refused),
        1 => Just(counted(true)),
        1 => Just(Verdict::First),
    ]
}

/// Gaps between readings, some of them none, with what became of each; and moments at which it was settled.
fn history() -> impl Strategy<Value = (Vec<(i64, Verdict)>, Vec<i64>)> {
    let gaps = select(vec![0, 0, 1, 5, 5, 5, 60]);
    let rows = vec((gaps, verdict()), 0..80).prop_map(|steps| {
        let mut at = 0;
        let rows = steps.into_iter().map(|(gap, verdict)| {
            at += gap;
            (at, verdict)
        });
        rows.collect()
    });
    (rows, vec(0..500_i64, 0..8))
}

/// The places in `rows` that stay.
fn expected(rows: &[(i64, Verdict)], cuts: &[i64], horizon: i64) -> Vec<usize> {
    let counts = |at: &usize| !matches!(rows[*at].1, Verdict::Refused { .. });
    let begins = |at: usize| {
        matches!(
            rows[at].1,
            Verdict::First | Verdict::Counted { new_epoch: true, .. }
        )
    };
    let cut = |from: i64, to: i64| cuts.iter().any(|cut| (from..to).contains(cut));
    let old: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].0 < horizon).collect();
    let line: Vec<usize> = old.iter().copied().filter(counts).collect();
    let mut stay: Vec<usize> = (old.len()..rows.len()).collect();
    stay.extend(old.first());
    stay.extend(rows.len().checked_sub(1));
    stay.extend(line.first().into_iter().chain(line.last()));
    for pair in line.windows(2) {
        let (one, next) = (pair[0], pair[1]);
        if begins(next) || cut(rows[one].0, rows[next].0) {
            stay.extend([one, next]);
        }
        stay.extend(Some(one).filter(|one| begins(*one)));
    }
    stay.sort_unstable();
    stay.dedup();
    stay
}

async fn prune_all(tx: &Tx, horizon: i64, most: u32) -> Result<u64, TestCaseError> {
    let preferences = Preferences {
        raw_days: 1,
        log_messages: 0,
        ..Preferences::default()
    };
    let mut deleted = 0;
    for _ in 0..1_000 {
        let pruned = retention::prune(tx, UnixMillis(horizon + DAY), &preferences, most).await?;
        deleted += pruned.readings;
        if !pruned.more {
            return Ok(deleted);
        }
    }
    Err(TestCaseError::fail("it never ends"))
}

#[test]
fn what_settlements_and_epochs_stand_on_stays() {
    let values = (history(), 0..6_u32, vec(0..600_i64, 1..4));
    each(values, |tx, ((rows, cuts), most, mut horizons)| async move {
        let meter = meter_id();
        let all: Vec<_> = rows
            .iter()
            .map(|(at, verdict)| reading(&meter, *at, *verdict))
            .collect();
        readings::insert(&tx, &all).await?;
        for (number, cut) in cuts.iter().enumerate() {
            let mut row = plain_settlement(&number.to_string(), &meter, Status::Failed, 100);
            row.created_at = UnixMillis(*cut);
            settlements::insert(&tx, &row).await?;
        }
        horizons.sort_unstable();
        let before = readings::page(&tx, &meter, UnixMillis(0), LATER, None, 100).await?;
        let mut deleted = 0;
        for horizon in &horizons {
            deleted += prune_all(&tx, *horizon, most).await?;
        }
        let left = readings::page(&tx, &meter, UnixMillis(0), LATER, None, 100).await?;
        let left: Vec<i64> = left.into_iter().map(|(id, _)| id).collect();
        let last = horizons.last().copied().unwrap_or_default();
        let stay: Vec<i64> = expected(&rows, &cuts, last)
            .iter()
            .map(|at| before[*at].0)
            .collect();
        prop_assert_eq!(deleted, (rows.len() - left.len()) as u64);
        prop_assert_eq!(left, stay);
        Ok(())
    });
}

#[tokio::test]
async fn the_last_word_of_each_meter_stays() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let other: MeterId = "METER-002".parse().expect("a meter id");
    meters::insert(&tx, &plain_meter("METER-002"))
        .await
        .expect("a meter");
    let beat = Heartbeat {
        meter_id: None,
        device_time: None,
        qos: None,
        status: HeartbeatStatus::Alive,
        uptime_ms: None,
        free_heap: None,
    };
    for at in 0..50 {
        for meter in [meter_id(), other.clone()] {
            let at = UnixMillis(at);
            heartbeats::insert(&tx, &meter, at, &beat)
                .await
                .expect("a heartbeat");
            let status = StatusSnapshot::default();
            statuses::insert(&tx, &meter, at, &status)
                .await
                .expect("a status");
        }
    }
    heartbeats::insert(&tx, &other, UnixMillis(DAY), &beat)
        .await
        .expect("a heartbeat");
    let preferences = Preferences {
        raw_days: 1,
        ..Preferences::default()
    };
    let mut sums = (0, 0);
    loop {
        let pruned = retention::prune(&tx, UnixMillis(DAY + 50), &preferences, 7)
            .await
            .expect("pruned");
        assert!(pruned.heartbeats <= 14 && pruned.statuses <= 14, "small steps");
        sums = (sums.0 + pruned.heartbeats, sums.1 + pruned.statuses);
        if !pruned.more {
            break;
        }
    }
    assert_eq!(sums, (49 + 50, 49 + 49));
    let last = heartbeats::last(&tx, &meter_id()).await.expect("a read");
    assert_eq!(last, Some((UnixMillis(49), beat)));
    let kept = Preferences {
        raw_days: 0,
        ..preferences
    };
    let pruned = retention::prune(&tx, LATER, &kept, 7).await.expect("pruned");
    assert_eq!(pruned, enerlink_store::Pruned::default(), "0 days are for ever");
}

#[tokio::test]
async fn the_log_is_cut_to_its_rows() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let logs: Vec<_> = (0..100)
        .map(|at| MessageLog {
            received_at: UnixMillis(at),
            direction: MessageDirection::In,
            topic: "a/sensors".to_owned(),
            meter_id: None,
            correlation_id: None,
            payload: Vec::new(),
            accepted: true,
            reason: None,
            retained: false,
            duplicate: false,
        })
        .collect();
    messages::insert(&tx, &logs).await.expect("an insert");
    let preferences = Preferences {
        raw_days: 0,
        log_messages: 30,
        ..Preferences::default()
    };
    let mut steps = Vec::new();
    loop {
        let pruned = retention::prune(&tx, UnixMillis(0), &preferences, 25)
            .await
            .expect("pruned");
        steps.push(pruned.messages);
        if !pruned.more {
            break;
        }
    }
    assert_eq!(steps, [25, 25, 20]);
    let left = messages::export(&tx, &MessageFilter::default(), None, 100)
        .await
        .expect("a page");
    let times: Vec<i64> = left.iter().map(|view| view.at.0).collect();
    assert_eq!(times, (70..100).collect::<Vec<i64>>());
}

#[tokio::test]
async fn an_export_goes_on_when_its_place_was_thinned_out() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let meter = meter_id();
    let all: Vec<_> = (0..20)
        .map(|at| reading(&meter, at / 4, counted(false)))
        .collect();
    readings::insert(&tx, &all).await.expect("an insert");
    let page = async |after, limit| {
        readings::page(&tx, &meter, UnixMillis(0), UnixMillis(4), after, limit)
            .await
            .expect("a page")
    };
    let whole = page(None, 100).await;
    assert_eq!(whole.len(), 16, "the end is not in it");
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let rows = page(after, 5).await;
        let Some((last, _)) = rows.last() else { break };
        after = Some(*last);
        seen.extend(rows);
    }
    assert_eq!(seen, whole);
    // Fifteen are older than 4 and neither the first nor the last of those.
    assert_eq!(prune_all(&tx, 4, 100).await.expect("pruned"), 14);
    let rest = page(Some(whole[3].0), 5).await;
    assert_eq!(rest, whole[15..], "its successor comes next");
    let first = readings::first(&tx, &meter).await.expect("a read");
    assert_eq!(first, Some(UnixMillis(0)));
}

#[tokio::test]
async fn thinned_readings_leave_the_curve_to_the_minutes() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let meter = meter_id();
    let at = |second: i64| UnixMillis(3_600_000 + second * 1_000);
    let all: Vec<_> = (0..120)
        .map(|second| reading(&meter, at(second).0, counted(false)))
        .collect();
    readings::insert(&tx, &all).await.expect("an insert");
    let curve = async || {
        rollups::curve(&tx, &meter, at(0), at(120), 200)
            .await
            .expect("a curve")
    };
    assert_eq!(curve().await.bucket_ms, 2_000, "two readings in each");
    prune_all(&tx, at(60).0, 100).await.expect("pruned");
    assert_eq!(curve().await.bucket_ms, 60_000);
    let later = rollups::curve(&tx, &meter, at(61), at(120), 200)
        .await
        .expect("a curve");
    assert_eq!(later.bucket_ms, 2_000, "these are whole");
}
