//! Settlements and the outbox: what may be there at the same time, in which order it comes, what it adds up to.

use std::collections::BTreeMap;

use enerlink_domain::settlement::SettlementFilter;
use enerlink_domain::{Address, Code, Error, Etk, NetWattHours, Settlement, Status, TxStage, view::Totals};
use enerlink_store::{Store, StoreError, Tx, meters, outbox, settlements};
use proptest::prelude::*;

use crate::{
    generate::{meter_id, plain_meter, plain_outbox, plain_settlement},
    round_trips::store_with_meter,
};

#[tokio::test]
async fn a_meter_has_one_pending_settlement() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let meter = meter_id();
    assert_eq!(settlements::open(&tx, &meter).await.expect("a read"), None);
    let mut first = plain_settlement("METER-001/100/0", &meter, Status::Pending, 10_000);
    settlements::insert(&tx, &first).await.expect("an insert");
    let second = plain_settlement("METER-001/200/0", &meter, Status::Pending, 10_000);
    let refused = settlements::insert(&tx, &second).await.expect_err("a second one");
    assert!(matches!(refused, StoreError::Exists { .. }), "{refused}");
    assert_eq!(Error::from(refused).code, Code::SettlementPending);

    let pending = settlements::pending(&tx, &first.settlement_id)
        .await
        .expect("a read");
    assert_eq!(pending.as_ref(), Some(&first));
    first.status = Status::Success;
    settlements::update(&tx, &first).await.expect("an update");
    assert_eq!(
        settlements::pending(&tx, &first.settlement_id)
            .await
            .expect("a read"),
        None
    );
    settlements::insert(&tx, &second).await.expect("the next one");
    assert_eq!(
        settlements::open(&tx, &meter).await.expect("a read"),
        Some(second)
    );
    assert_eq!(
        settlements::last_success(&tx, &meter).await.expect("a read"),
        Some(first)
    );
}

#[tokio::test]
async fn an_id_is_used_again_only_after_it_failed() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let meter = meter_id();
    let id = "METER-001/100/0";
    let failed = plain_settlement(id, &meter, Status::Failed, 10_000);
    settlements::insert(&tx, &failed).await.expect("an insert");
    settlements::insert(&tx, &failed).await.expect("another failure");
    let mut last = plain_settlement(id, &meter, Status::Pending, 10_000);
    settlements::insert(&tx, &last).await.expect("a new attempt");
    last.status = Status::Success;
    settlements::update(&tx, &last).await.expect("an update");
    let again = plain_settlement(id, &meter, Status::Success, 10_000);
    assert!(matches!(
        settlements::insert(&tx, &again).await,
        Err(StoreError::Exists { .. })
    ));
    assert_eq!(settlements::get(&tx, id).await.expect("a read"), Some(last));
    let rows = settlements::list(&tx, &SettlementFilter::default(), 10, None)
        .await
        .expect("a page")
        .rows;
    let statuses: Vec<_> = rows.iter().map(|row| row.status).collect();
    assert_eq!(statuses, [Status::Success, Status::Failed, Status::Failed]);
    let missing = plain_settlement("METER-001/7/7", &meter, Status::Failed, 1);
    assert!(matches!(
        settlements::update(&tx, &missing).await,
        Err(StoreError::Missing { .. })
    ));
}

#[tokio::test]
async fn settlements_come_in_pages() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let other = plain_meter("METER-002");
    meters::insert(&tx, &other).await.expect("a meter");
    for at in 0..12 {
        let meter = if at % 3 == 0 { other.id.clone() } else { meter_id() };
        let row = plain_settlement(&format!("{meter}/{at}/0"), &meter, Status::Success, at);
        settlements::insert(&tx, &row).await.expect("an insert");
    }
    tx.commit().await.expect("a commit");
    let reader = store.reader();
    let (mut seen, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = settlements::list(&reader, &SettlementFilter::of(&meter_id()), 4, before)
            .await
            .expect("a page");
        seen.extend(page.rows.iter().map(|row| row.etk.0));
        pages += 1;
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, [11, 10, 8, 7, 5, 4, 2, 1]);
    assert_eq!(pages, 2, "a full last page says that it is the last");
    let all = settlements::list(&reader, &SettlementFilter::default(), u16::MAX, None)
        .await
        .expect("a page");
    assert_eq!((all.rows.len(), all.next), (12, None));
}

/// What the sums must be, from the rows alone.
fn sums<'a>(rows: impl Iterator<Item = &'a Settlement>) -> (Totals, NetWattHours) {
    let (mut totals, mut energy) = (Totals::default(), 0);
    for row in rows.filter(|row| row.status == Status::Success) {
        totals.settlements += 1;
        totals.minted = Etk(totals.minted.0 + row.etk.0.max(0));
        totals.burned = Etk(totals.burned.0 - row.etk.0.min(0));
        energy += row.energy_wh.0;
    }
    (totals, NetWattHours(energy))
}

async fn replay(tx: Tx, steps: Vec<(u8, u8, i32)>) -> Result<(), TestCaseError> {
    let meter = meter_id();
    let mut model: BTreeMap<String, Settlement> = BTreeMap::new();
    for (name, status, etk) in steps {
        let id = format!("METER-001/{}/0", name % 6);
        let status = [Status::Success, Status::Failed, Status::Pending][usize::from(status % 3)];
        let row = plain_settlement(&id, &meter, status, i128::from(etk));
        let others = model.values().filter(|other| other.settlement_id != id);
        let taken = status == Status::Pending && others.into_iter().any(|row| row.status == Status::Pending);
        let outcome = if model.contains_key(&id) {
            settlements::update(&tx, &row).await
        } else {
            settlements::insert(&tx, &row).await.map(|_| ())
        };
        match outcome {
            Ok(()) => {
                prop_assert!(!taken);
                model.insert(id, row);
            }
            Err(StoreError::Exists { .. }) => prop_assert!(taken),
            Err(other) => return Err(other.into()),
        }
        let (totals, energy) = sums(model.values());
        prop_assert_eq!(settlements::totals(&tx, &meter).await?, totals);
        prop_assert_eq!(settlements::settled_wh(&tx, &meter).await?, energy);
    }
    Ok(())
}

#[test]
fn the_sums_follow_every_change() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store: Store = runtime.block_on(store_with_meter());
    proptest!(ProptestConfig::with_cases(24), |(steps in proptest::collection::vec(any::<(u8, u8, i32)>(), 0..20))| {
        runtime.block_on(async { replay(store.begin().await?, steps).await })?;
    });
}

#[tokio::test]
async fn the_outbox_is_worked_off_in_order() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    for (nonce, stage) in TxStage::ALL.into_iter().enumerate() {
        let id = outbox::insert(&tx, &plain_outbox(Address([1; 20])))
            .await
            .expect("a row");
        let mut row = outbox::get(&tx, id).await.expect("a read").expect("the row");
        row.stage = stage;
        row.nonce = Some(nonce as u64);
        row.raw = stage.is_signed().then(|| vec![2]);
        outbox::update(&tx, &row).await.expect("an update");
    }
    tx.commit().await.expect("a commit");
    let rows = outbox::unfinished(&store.reader()).await.expect("a list");
    let stages: Vec<_> = rows.iter().map(|row| row.stage).collect();
    assert_eq!(
        stages,
        TxStage::ALL[..6],
        "neither confirmed nor failed, oldest first"
    );
    let newest = outbox::recent(&store.reader(), 3).await.expect("a list");
    let newest: Vec<_> = newest.iter().map(|row| row.stage).collect();
    assert_eq!(newest, [TxStage::Failed, TxStage::Confirmed, TxStage::Mined]);
}

#[tokio::test]
async fn a_nonce_that_nobody_can_have_sent_is_free() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let account = Address([1; 20]);
    let set = async |account, chain_id, nonce, stage, raw: Option<Vec<u8>>| {
        let new = enerlink_store::NewOutbox {
            chain_id,
            ..plain_outbox(account)
        };
        let id = outbox::insert(&tx, &new).await.expect("a row");
        let mut row = outbox::get(&tx, id).await.expect("a read").expect("the row");
        (row.nonce, row.stage, row.raw) = (nonce, stage, raw);
        outbox::update(&tx, &row).await.expect("an update");
    };
    let highest = async || outbox::highest_nonce(&tx, account, 1).await.expect("a read");
    set(account, 1, None, TxStage::Queued, None).await;
    assert_eq!(highest().await, None);
    set(account, 1, Some(4), TxStage::Confirmed, Some(vec![1])).await;
    set(account, 1, Some(9), TxStage::Failed, None).await;
    set(Address([2; 20]), 1, Some(11), TxStage::Sent, Some(vec![1])).await;
    set(account, 2, Some(12), TxStage::Sent, Some(vec![1])).await;
    assert_eq!(highest().await, Some(4));
    set(account, 1, Some(6), TxStage::Failed, Some(vec![1])).await;
    assert_eq!(highest().await, Some(6), "signed bytes may be out there");
    set(account, 1, Some(8), TxStage::Queued, None).await;
    assert_eq!(highest().await, Some(8), "given away, about to be signed");
}
