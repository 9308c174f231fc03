//! One writer, many readers: what each sees, and what is left of a transaction that did not commit.

use std::time::Duration;

use enerlink_domain::{Sensors, UnixMillis, Verdict};
use enerlink_store::{StoreError, StoredReading, readings, settings};

use crate::{backend, generate::meter_id, round_trips::store_with_meter};

async fn counter(r: &impl enerlink_store::Read) -> u64 {
    let text = settings::get(r, "counter").await.expect("a read");
    text.map_or(0, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_is_lost_among_writers_and_readers() {
    let store = backend::empty().await;
    let writers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..25 {
                let tx = store.begin().await.expect("a transaction");
                let next = counter(&tx).await + 1;
                settings::set(&tx, "counter", &next.to_string())
                    .await
                    .expect("a write");
                tx.commit().await.expect("a commit");
            }
        })
    });
    let readers = (0..6).map(|_| {
        let reader = store.reader();
        tokio::spawn(async move {
            let mut last = 0;
            while last < 200 {
                let now = counter(&reader).await;
                assert!(now >= last, "a commit was un-done");
                last = now;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    });
    let tasks: Vec<_> = writers.chain(readers).collect();
    for task in tasks {
        let done = tokio::time::timeout(Duration::from_secs(20), task).await;
        done.expect("everybody finishes").expect("nobody fails");
    }
    assert_eq!(counter(&store.reader()).await, 200);
}

#[tokio::test]
async fn readers_neither_wait_nor_see_what_is_not_committed() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    settings::set(&tx, "counter", "1").await.expect("a write");
    assert_eq!(counter(&tx).await, 1);
    assert_eq!(counter(&store.reader()).await, 0);
    let second = tokio::time::timeout(Duration::from_millis(100), store.begin()).await;
    assert!(second.is_err(), "a second writer waits");
    tx.commit().await.expect("a commit");
    assert_eq!(counter(&store.reader()).await, 1);
}

#[tokio::test]
async fn a_transaction_without_commit_leaves_no_trace() {
    let store = backend::empty().await;
    for way in 0..3 {
        let tx = store.begin().await.expect("a transaction");
        settings::set(&tx, "counter", "1").await.expect("a write");
        match way {
            0 => tx.rollback().await.expect("a rollback"),
            1 => drop(tx),
            _ => {
                let task = tokio::spawn(async move {
                    let _tx = tx;
                    std::future::pending::<()>().await;
                });
                tokio::task::yield_now().await;
                task.abort();
                assert!(task.await.expect_err("it was aborted").is_cancelled());
            }
        }
        let tx = store.begin().await.expect("the next transaction");
        assert_eq!(counter(&tx).await, 0, "way {way}");
    }
}

#[tokio::test]
async fn a_refused_statement_leaves_the_transaction_usable() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let mut orphan = reading(1);
    orphan.meter_id = "unknown".parse().expect("a meter id");
    let refused = readings::insert(&tx, &[orphan]).await;
    assert!(
        matches!(refused, Err(StoreError::Database(_))),
        "a reading needs its meter"
    );
    settings::set(&tx, "counter", "1").await.expect("a write");
    tx.commit().await.expect("a commit");
    assert_eq!(counter(&store.reader()).await, 1);
}

fn reading(at: i64) -> StoredReading {
    StoredReading {
        meter_id: meter_id(),
        received_at: UnixMillis(at),
        sensors: Sensors::default(),
        verdict: Verdict::First,
        registers: None,
        epoch: 0,
        boot: 0,
    }
}

#[tokio::test]
async fn a_burst_is_stored_whole_with_its_duplicates() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    // 1 023 rows are ten statements of different sizes; all were received in the same millisecond.
    let burst: Vec<_> = (0..1_023).map(|_| reading(5)).collect();
    readings::insert(&tx, &burst).await.expect("an insert");
    readings::insert(&tx, &[]).await.expect("nothing");
    tx.commit().await.expect("a commit");
    let reader = store.reader();
    assert_eq!(
        readings::count(&reader, &meter_id()).await.expect("a count"),
        1_023
    );
    let some = readings::range(&reader, &meter_id(), UnixMillis(5), UnixMillis(6), 7).await;
    assert_eq!(some.expect("a range").len(), 7);
}
