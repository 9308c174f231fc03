//! Settlements and the outbox: what may be there at the same time, in which order it comes, what it adds up to.

use std::collections::BTreeMap;

use enerlink_domain::settlement::SettlementFilter;
use enerlink_domain::{
    Address, Code, Error, Etk, Hash32, NetWattHours, Settlement, Status, TxStage, UnixMillis, Wei,
    view::Totals,
};
use enerlink_store::{
    OutboxRow, Store, StoreError, Tx, TxVersion, meters, outbox, outbox_versions, settlements,
};
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
        // A reorganisation may bring a settlement back beside one that is pending; nobody begins one there.
        let new = !model.contains_key(&id) && status == Status::Pending;
        let taken = new && others.into_iter().any(|row| row.status == Status::Pending);
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
    let reader = store.reader();
    let rows = outbox::unfinished(&reader).await.expect("a list");
    let stages: Vec<_> = rows.iter().map(|row| row.stage).collect();
    let pending = TxStage::ALL.map(|stage| (stage.status() == Status::Pending).then_some(stage));
    let pending: Vec<_> = pending.into_iter().flatten().collect();
    assert_eq!(stages, pending, "oldest first");
    let first = outbox::list(&reader, 8, None).await.expect("a page");
    let second = outbox::list(&reader, 8, first.next).await.expect("a page");
    let mut listed: Vec<_> = first.rows.iter().chain(&second.rows).collect();
    listed.reverse();
    let listed: Vec<_> = listed.into_iter().map(|row| row.stage).collect();
    assert_eq!((listed, second.next), (TxStage::ALL.to_vec(), None));
    let offers = |offered: fn(&OutboxRow) -> bool| {
        let offered = rows.iter().filter(|row| offered(row));
        offered.map(|row| row.stage).collect::<Vec<_>>()
    };
    use TxStage::{AwaitingUnlock, Dropped, NoGas, Queued, Sent, Signed};
    assert_eq!(offers(OutboxRow::can_speed_up), [Signed, Sent, Dropped]);
    assert_eq!(
        offers(OutboxRow::can_cancel),
        [Queued, AwaitingUnlock, NoGas, Signed, Sent, Dropped]
    );
}

#[tokio::test]
async fn confirmed_transactions_are_found_by_their_block() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    for (block, stage) in [
        (9, TxStage::Confirmed),
        (3, TxStage::Confirmed),
        (4, TxStage::Final),
        (5, TxStage::Mined),
        (7, TxStage::Confirmed),
    ] {
        let id = outbox::insert(&tx, &plain_outbox(Address([1; 20])))
            .await
            .expect("a row");
        let mut row = outbox::get(&tx, id).await.expect("a read").expect("the row");
        (row.stage, row.block) = (stage, Some((block, Hash32([1; 32]))));
        outbox::update(&tx, &row).await.expect("an update");
    }
    let found = async |chain, blocks, limit| {
        let rows = outbox::confirmed(&tx, chain, blocks, limit)
            .await
            .expect("a list");
        let blocks = rows.iter().map(|row| row.block.expect("set").0);
        blocks.collect::<Vec<_>>()
    };
    assert_eq!(found(31_337, 0..u64::MAX, 10).await, [3, 7, 9]);
    assert_eq!(found(31_337, 0..u64::MAX, 2).await, [3, 7]);
    assert_eq!(found(31_337, 4..9, 10).await, [7]);
    assert!(found(1, 0..u64::MAX, 10).await.is_empty());
}

#[tokio::test]
async fn every_signed_version_is_kept() {
    let store = store_with_meter().await;
    let tx = store.begin().await.expect("a transaction");
    let id = outbox::insert(&tx, &plain_outbox(Address([1; 20])))
        .await
        .expect("a row");
    let mut row = outbox::get(&tx, id).await.expect("a read").expect("the row");
    assert_eq!(outbox_versions::list(&tx, &row).await.expect("a list"), []);
    (row.raw, row.hash, row.max_fee) = (Some(vec![2, 3]), Some(Hash32([7; 32])), Some(Wei(5)));
    let old = outbox_versions::list(&tx, &row).await.expect("a list");
    assert_eq!(
        (old.len(), old[0].hash, old[0].max_fee),
        (1, Hash32([7; 32]), Wei(5))
    );
    let version = |number, cancels| TxVersion {
        number,
        hash: Hash32([number as u8; 32]),
        raw: vec![number as u8],
        max_fee: Wei(u128::MAX),
        priority_fee: (number > 1).then_some(Wei(0)),
        cancels,
        created_at: UnixMillis(9),
    };
    for version in [version(1, false), version(2, true)] {
        outbox_versions::insert(&tx, id, &version)
            .await
            .expect("an insert");
    }
    let again = outbox_versions::insert(&tx, id, &version(2, false)).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })));
    let all = outbox_versions::list(&tx, &row).await.expect("a list");
    assert_eq!(all, [version(1, false), version(2, true)]);
}

#[tokio::test]
async fn a_nonce_is_taken_until_the_chain_has_decided() {
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
    for (nonce, stage) in [(6, TxStage::Failed), (7, TxStage::Replaced), (8, TxStage::Final)] {
        set(account, 1, Some(nonce), stage, Some(vec![1])).await;
    }
    assert_eq!(
        highest().await,
        Some(4),
        "the chain knows what it has done with these"
    );
    set(account, 1, Some(5), TxStage::Dropped, Some(vec![1])).await;
    assert_eq!(highest().await, Some(5), "it may still be taken");
    let twins = outbox::with_nonce(&tx, account, 1, 8).await.expect("a list");
    assert_eq!(twins.len(), 1);
    assert_eq!(twins[0].stage, TxStage::Final);
}
