//! What goes in comes out, for every table and the whole range of its values.

use std::future::Future;

use enerlink_domain::settlement::SettlementFilter;
use enerlink_domain::{
    Address, BrokerAddress, Hash32, MeterId, Status, TxKind, TxStage, UnixMillis, Verdict,
    register::CounterSource,
};
use enerlink_store::{
    LogKind, Store, StoreError, Tx, cursors, heartbeats, meters, outbox, prosumers, readings, registers,
    settings, settlements, statuses, transaction_logs,
};
use proptest::prelude::*;

use crate::{
    backend,
    generate::{self, meter_id, plain_meter},
};

/// Runs a property over values of `strategy`, each in a transaction of its own that is rolled back.
pub(crate) fn each<T, F>(strategy: impl Strategy<Value = T>, property: impl Fn(Tx, T) -> F)
where
    T: std::fmt::Debug,
    F: Future<Output = Result<(), TestCaseError>>,
{
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = runtime.block_on(store_with_meter());
    let config = ProptestConfig::with_cases(backend::cases());
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&strategy, |value| {
        runtime.block_on(async { property(store.begin().await.expect("a transaction"), value).await })
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

pub(crate) async fn store_with_meter() -> Store {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    meters::insert(&tx, &plain_meter("METER-001"))
        .await
        .expect("a meter");
    tx.commit().await.expect("a commit");
    store
}

#[test]
fn readings_keep_every_field() {
    each(generate::reading(), |tx, reading| async move {
        let at = reading.received_at;
        prop_assume!(at.0 < i64::MAX);
        readings::insert(&tx, std::slice::from_ref(&reading)).await?;
        let counts = !matches!(reading.verdict, Verdict::Refused { .. });
        let last = readings::last(&tx, &meter_id(), at).await?;
        prop_assert_eq!(last, counts.then(|| (at, reading.sensors.clone())));
        let found = readings::range(&tx, &meter_id(), at, UnixMillis(at.0 + 1), 10).await?;
        prop_assert_eq!(found, vec![reading]);
        Ok(())
    });
}

#[test]
fn meters_keep_every_field() {
    each(generate::meter(), |tx, meter| async move {
        meters::insert(&tx, &meter).await?;
        prop_assert_eq!(meters::get(&tx, &meter.id).await?, Some(meter.clone()));
        meters::update(&tx, &plain_meter("METER-002")).await?;
        meters::update(&tx, &meter).await?;
        prop_assert_eq!(meters::list(&tx).await?.pop(), Some(meter));
        Ok(())
    });
}

#[test]
fn registers_keep_every_field() {
    each(generate::registers(), |tx, value| async move {
        prop_assert_eq!(registers::load(&tx, &meter_id()).await?, None);
        for now in [1, 2] {
            registers::save(&tx, &meter_id(), &value, UnixMillis(now)).await?;
            prop_assert_eq!(registers::load(&tx, &meter_id()).await?, Some(value));
        }
        Ok(())
    });
}

#[test]
fn heartbeats_and_statuses_keep_every_field() {
    let values = (generate::heartbeat(), generate::status(), any::<i64>());
    each(values, |tx, (heartbeat, status, at)| async move {
        let at = UnixMillis(at);
        heartbeats::insert(&tx, &meter_id(), at, &heartbeat).await?;
        statuses::insert(&tx, &meter_id(), at, &status).await?;
        let last = heartbeats::last(&tx, &meter_id()).await?;
        prop_assert_eq!(last, Some((at, heartbeat)));
        prop_assert_eq!(statuses::last(&tx, &meter_id()).await?, Some((at, status)));
        Ok(())
    });
}

#[test]
fn settlements_keep_every_field() {
    let values = (generate::settlement(), generate::settlement());
    each(values, |tx, (first, second)| async move {
        settlements::insert(&tx, &first).await?;
        let found = settlements::get(&tx, &first.settlement_id).await?;
        prop_assert_eq!(found.as_ref(), Some(&first));
        let second = enerlink_domain::Settlement {
            settlement_id: first.settlement_id,
            ..second
        };
        settlements::update(&tx, &second).await?;
        let found = settlements::get(&tx, &second.settlement_id).await?;
        prop_assert_eq!(found.as_ref(), Some(&second));
        let page = settlements::list(&tx, &SettlementFilter::of(&meter_id()), 10, None).await?;
        prop_assert_eq!((page.rows, page.next), (vec![second], None));
        Ok(())
    });
}

#[test]
fn the_outbox_keeps_every_field() {
    each(generate::outbox(), |tx, (new, row)| async move {
        let id = outbox::insert(&tx, &new).await?;
        let queued = outbox::get(&tx, id).await?.expect("the row");
        prop_assert_eq!(queued.stage, TxStage::Queued);
        prop_assert_eq!(&queued.input, &new.input);
        prop_assert_eq!((queued.nonce, queued.updated_at), (None, new.created_at));
        let row = enerlink_store::OutboxRow { id, ..row };
        outbox::update(&tx, &row).await?;
        prop_assert_eq!(outbox::list(&tx, 5, None).await?.rows, vec![row.transaction()]);
        prop_assert_eq!(outbox::get(&tx, id).await?, Some(row));
        Ok(())
    });
}

#[tokio::test]
async fn meters_are_unique_and_can_be_changed() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let again = meters::insert(&tx, &plain_meter("METER-001")).await;
    assert!(matches!(again, Err(StoreError::Exists { key, .. }) if key == "METER-001"));
    let mut other = plain_meter("Zähler-2");
    other.broker = BrokerAddress::parse("mqtts://meter@[::1]:8884").expect("an address");
    other.added_at = UnixMillis(0);
    meters::insert(&tx, &other).await.expect("an insert");
    other.source = Some(CounterSource::Settlement);
    meters::update(&tx, &other).await.expect("an update");
    let all = meters::list(&tx).await.expect("a list");
    assert_eq!(all, [other.clone(), plain_meter("METER-001")]);
    other.name = "Shed".to_owned();
    other.rated_power_w = u32::MAX;
    meters::update(&tx, &other).await.expect("an update");
    tx.commit().await.expect("a commit");
    let found = meters::get(&store.reader(), &other.id).await.expect("a read");
    assert_eq!(found, Some(other));
    let unknown: MeterId = "nobody".parse().expect("a meter id");
    assert_eq!(
        meters::get(&store.reader(), &unknown).await.expect("a read"),
        None
    );
    let tx = store.begin().await.expect("a transaction");
    let missing = meters::update(&tx, &plain_meter("nobody")).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })));
}

#[tokio::test]
async fn the_household_is_kept() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    let id = prosumers::ensure(&tx, "Sari", UnixMillis(1))
        .await
        .expect("a prosumer");
    let again = prosumers::ensure(&tx, "Sari", UnixMillis(2))
        .await
        .expect("a prosumer");
    assert_eq!(id, again);
    let other = prosumers::ensure(&tx, "Budi", UnixMillis(3))
        .await
        .expect("a prosumer");
    assert_ne!(id, other);
    let names = prosumers::list(&tx).await.expect("a list");
    let names: Vec<_> = names.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["Sari", "Budi"]);
}

#[tokio::test]
async fn settings_and_cursors_are_replaced() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    for (key, value) in [("b", "1"), ("a", "ü'\"; DROP TABLE settings;--"), ("b", "2")] {
        settings::set(&tx, key, value).await.expect("a setting");
    }
    let all: Vec<_> = settings::all(&tx).await.expect("all").into_iter().collect();
    let expected = [("a", "ü'\"; DROP TABLE settings;--"), ("b", "2")];
    assert_eq!(
        all,
        expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    settings::remove(&tx, "b").await.expect("a removal");
    settings::remove(&tx, "b").await.expect("a removal of nothing");
    assert_eq!(settings::get(&tx, "b").await.expect("a read"), None);

    for block in [10, 7] {
        cursors::set(&tx, 31_337, "settled", block, Hash32([1; 32]))
            .await
            .expect("a cursor");
    }
    cursors::set(&tx, 1, "settled", 99, Hash32([2; 32]))
        .await
        .expect("a cursor");
    let cursor = cursors::get(&tx, 31_337, "settled").await.expect("a read");
    assert_eq!(cursor, Some((7, Hash32([1; 32]))));
    assert_eq!(cursors::get(&tx, 31_337, "other").await.expect("a read"), None);
    let more = ["settled", "moved"];
    let written = cursors::set_all(&tx, 31_337, more, 8, Hash32([3; 32])).await;
    written.expect("two cursors");
    let all = cursors::by_name(&tx, 31_337).await.expect("a read");
    let at = (8, Hash32([3; 32]));
    assert_eq!(all, more.map(|name| (name.to_owned(), at)).into());
    let refused = cursors::set(&tx, u64::MAX, "settled", 1, Hash32::default()).await;
    assert!(matches!(refused, Err(StoreError::Range { .. })));
}

#[tokio::test]
async fn a_finished_transaction_leaves_a_line() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let id = outbox::insert(&tx, &generate::plain_outbox(Address([1; 20])))
        .await
        .expect("a row");
    let mut row = outbox::get(&tx, id).await.expect("a read").expect("the row");
    row.stage = TxStage::Confirmed;
    row.block = Some((12, Hash32([3; 32])));
    row.hash = Some(Hash32([4; 32]));
    transaction_logs::append(&tx, &[&row]).await.expect("a line");
    row.stage = TxStage::Failed;
    row.reason = Some("its nonce was used".to_owned());
    row.block = None;
    transaction_logs::append(&tx, &[&row]).await.expect("a line");
    let lines = transaction_logs::list(&tx, 10, None).await.expect("a list");
    let texts: Vec<_> = lines.iter().map(|(_, log)| log.line.as_str()).collect();
    assert_eq!(
        texts,
        [
            "settle_meter METER-001/100/0 failed: its nonce was used",
            "settle_meter METER-001/100/0 succeeded in block 12",
        ]
    );
    assert_eq!(
        (lines[0].1.kind, lines[0].1.hash),
        (LogKind::Transaction(TxKind::SettleMeter), row.hash)
    );
    let older = transaction_logs::list(&tx, 10, Some(lines[0].0))
        .await
        .expect("a list");
    assert_eq!(older, lines[1..]);
    // What a line in another language is made of.
    let page = transaction_logs::transactions(&tx, 1, None)
        .await
        .expect("a page");
    let failed = &page.rows[0];
    assert_eq!(
        (failed.status, failed.about.block, &failed.about.reason),
        (Status::Failed, None, &row.reason)
    );
    let page = transaction_logs::transactions(&tx, 9, page.next)
        .await
        .expect("a page");
    let [done] = &page.rows[..] else {
        panic!("{page:?}");
    };
    assert_eq!(
        (done.status, done.about.block, page.next),
        (Status::Success, Some(12), None)
    );
    assert_eq!(
        (&done.about.meter_id, &done.about.settlement_id),
        (&row.meter_id, &row.settlement_id)
    );
}
