//! How large the database becomes: what a day of messages takes, and what another program may do to a writer.

use std::{collections::BTreeMap, path::Path, time::Duration};

use enerlink_domain::{
    Heartbeat, MicroWatts, MicroWh, Registers, Sensors, Subsystem, UnixMillis, Verdict,
    reading::HeartbeatStatus,
    register::{CounterSource, Pair},
    view::{MessageDirection, Preferences},
};
use enerlink_store::{
    MessageLog, Sample, Store, StoredReading, heartbeats, messages, meters, readings, registers, retention,
    rollups, settings,
};
use sea_orm::ConnectionTrait;

use crate::{
    generate::{meter_id, plain_meter},
    opening::{beside, connect, directory, set},
};

/// Milliseconds between two sensors messages of a meter.
const INTERVAL: i64 = 5_000;
const DAY: i64 = 86_400_000;
/// What a day of one meter may take, in bytes.
const BOUND: u64 = 100_000_000;

/// A subsystem that says everything.
fn subsystem(at: i64) -> Subsystem {
    let energy = Some(MicroWh(u64::try_from(at).expect("positive") * 1_000));
    Subsystem {
        power: Some(MicroWatts(994_800_000)),
        daily_energy: energy,
        total_energy: energy,
        settlement_energy: energy,
        ..Subsystem::default()
    }
}

/// Writes one message, as the engine does: log, reading, registers and rollups in one transaction.
async fn hear(store: &Store, at: i64) {
    let tx = store.begin().await.expect("a transaction");
    let log = |channel: &str, payload: usize| MessageLog {
        received_at: UnixMillis(at),
        direction: MessageDirection::In,
        topic: format!("home/energy-monitor/{channel}"),
        meter_id: Some(meter_id()),
        correlation_id: None,
        payload: vec![b'x'; payload],
        accepted: true,
        reason: None,
        retained: false,
        duplicate: false,
    };
    let added = Pair {
        export: MicroWh(1_000),
        import: MicroWh(0),
    };
    let part = Some(subsystem(at));
    let reading = StoredReading {
        meter_id: meter_id(),
        received_at: UnixMillis(at),
        sensors: Sensors {
            load: part,
            solar: part,
            export: part,
            import: part,
            battery: part,
            ..Sensors::default()
        },
        verdict: Verdict::Counted {
            added,
            new_epoch: false,
            remark: None,
        },
        registers: Some((MicroWh(5), MicroWh(6))),
        epoch: 0,
        boot: 0,
    };
    // The sample of the sources has about 900 bytes.
    let mut logs = vec![log("sensors", 900)];
    if at % 30_000 == 0 {
        let beat = Heartbeat {
            meter_id: None,
            device_time: None,
            status: HeartbeatStatus::Alive,
            qos: Some(1),
            uptime_ms: Some(1),
            free_heap: Some(180_000),
        };
        heartbeats::insert(&tx, &meter_id(), UnixMillis(at), &beat)
            .await
            .expect("a heartbeat");
        logs.push(log("heartbeat", 150));
    }
    messages::insert(&tx, &logs).await.expect("a log");
    readings::insert(&tx, &[reading]).await.expect("a reading");
    let sample = Sample {
        at: UnixMillis(at),
        exported: added.export,
        ..Sample::default()
    };
    rollups::add(&tx, &BTreeMap::from([(meter_id(), vec![sample])]))
        .await
        .expect("rollups");
    let mut value = Registers::new(CounterSource::Total);
    value.export = MicroWh(u64::try_from(at).expect("positive"));
    registers::save(&tx, &meter_id(), &value, UnixMillis(at))
        .await
        .expect("registers");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn a_day_of_messages_stays_within_its_bound_and_retention_ends_the_growth() {
    let store = Store::in_memory().await.expect("a store");
    let tx = store.begin().await.expect("a transaction");
    meters::insert(&tx, &plain_meter("METER-001"))
        .await
        .expect("a meter");
    tx.commit().await.expect("a commit");
    let keep = Preferences {
        raw_days: 1,
        log_messages: 1_000,
        ..Preferences::default()
    };
    // An hour of each day, so that the days are many.
    let hour = DAY / 24;
    let mut sizes = vec![store.size().await.expect("a size")];
    for day in 0..4 {
        for at in (0..hour).step_by(usize::try_from(INTERVAL).expect("small")) {
            hear(&store, day * DAY + at).await;
            // As the engine does, twice a second.
            store.checkpoint().await.expect("a checkpoint");
        }
        let tx = store.begin().await.expect("a transaction");
        let now = UnixMillis((day + 1) * DAY);
        retention::prune(&tx, now, &keep, 10_000).await.expect("pruned");
        tx.commit().await.expect("a commit");
        store.checkpoint().await.expect("a checkpoint");
        // File and log.
        sizes.push(store.size().await.expect("a size"));
    }
    let grown: Vec<u64> = sizes
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]))
        .collect();
    assert!(grown[0] * 24 < BOUND, "{} bytes a day: {sizes:?}", grown[0] * 24);
    assert!(grown[3] * 4 < grown[0], "what is removed makes room: {sizes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_waits_for_another_program_and_nothing_is_lost() {
    let (_directory, path) = directory();
    let store = Store::open(&path).await.expect("a store");
    set(&store, "ours", "0").await;
    let held = hold(&path);
    set(&store, "ours", "1").await;
    assert!(held.await.expect("held"), "the other one has written first");
    let reader = store.reader();
    for (key, expected) in [("ours", "1"), ("theirs", "1")] {
        let found = settings::get(&reader, key).await.expect("a read");
        assert_eq!(found.as_deref(), Some(expected), "{key}");
    }
}

/// Another program has the write lock for a second.
fn hold(path: &Path) -> tokio::task::JoinHandle<bool> {
    let path = path.to_owned();
    let (taken, is_taken) = std::sync::mpsc::channel();
    let task = tokio::spawn(async move {
        let db = connect(&path).await;
        db.execute_unprepared("BEGIN IMMEDIATE; INSERT INTO settings VALUES ('theirs', '1')")
            .await
            .expect("the lock");
        taken.send(()).expect("somebody waits");
        tokio::time::sleep(Duration::from_secs(1)).await;
        let done = db.execute_unprepared("COMMIT").await;
        done.is_ok()
    });
    is_taken.recv().expect("taken");
    task
}

#[tokio::test]
async fn a_long_read_loses_no_write_and_the_log_shrinks_after_it() {
    let (_directory, path) = directory();
    let store = Store::open(&path).await.expect("a store");
    set(&store, "n", "0").await;
    let reader = connect(&path).await;
    let ask = async || {
        let row = reader
            .query_one_raw(sea_orm::Statement::from_string(
                sea_orm::DbBackend::Sqlite,
                "SELECT value FROM settings WHERE key = 'n'",
            ))
            .await;
        row.expect("an answer")
            .expect("a row")
            .try_get_by_index::<String>(0)
    };
    reader.execute_unprepared("BEGIN").await.expect("a long read");
    assert_eq!(ask().await.as_deref(), Ok("0"));
    for n in 1..=200 {
        set(&store, "n", &n.to_string()).await;
        store.checkpoint().await.expect("nobody waits");
    }
    assert_eq!(
        ask().await.as_deref(),
        Ok("0"),
        "it sees what was there when it began"
    );
    reader.execute_unprepared("COMMIT").await.expect("an end");
    assert_eq!(ask().await.as_deref(), Ok("200"), "no write was lost");
    let log = || std::fs::metadata(beside(&path, "-wal")).expect("a log").len();
    let grown = log();
    store.checkpoint().await.expect("a checkpoint");
    for n in 0..50 {
        set(&store, "n", &n.to_string()).await;
    }
    assert!(
        log() <= grown,
        "the log is used again: {grown} bytes, then {}",
        log()
    );
    reader.close().await.expect("a close");
}
