//! A byte that changes on the disk is noticed before it becomes money.

use std::fs;

use enerlink_domain::{
    Address, MicroWh, Registers, Status, UnixMillis, register::CounterSource, settlement::SettlementFilter,
    token::ConversionFilter,
};
use enerlink_store::{Store, StoreError, conversions, meters, outbox, registers, settlements};
use sea_orm::ConnectionTrait;

use crate::{
    generate::{self, meter_id, plain_meter, plain_outbox, plain_settlement},
    opening::{connect, directory},
};

async fn fill(store: &Store) {
    let tx = store.begin().await.expect("a transaction");
    meters::insert(&tx, &plain_meter("METER-001"))
        .await
        .expect("a meter");
    let mut value = Registers::new(CounterSource::Total);
    value.export = MicroWh(123_456_789);
    value.import = MicroWh(987_654_321);
    registers::save(&tx, &meter_id(), &value, UnixMillis(9))
        .await
        .expect("registers");
    for at in 1..=12 {
        let id = format!("METER-001/{at}/0");
        let row = plain_settlement(&id, &meter_id(), Status::Success, 100 * at);
        settlements::insert(&tx, &row).await.expect("a settlement");
    }
    for at in 1..=12 {
        let mut new = plain_outbox(Address([at; 20]));
        new.input = vec![at; 200];
        outbox::insert(&tx, &new).await.expect("a row");
    }
    let exchange = generate::plain_exchange(Address([13; 20]), 100);
    let id = outbox::insert(&tx, &exchange).await.expect("a row");
    let row = outbox::get(&tx, id).await.expect("a read").expect("the row");
    conversions::follow(&tx, &row).await.expect("a conversion");
    tx.commit().await.expect("a commit");
}

/// Everything that means money, as text, or the first error.
async fn read(store: &Store) -> Result<String, StoreError> {
    let reader = store.reader();
    let mut text = format!("{:?}", registers::load(&reader, &meter_id()).await?);
    text += &format!(
        "{:?}",
        settlements::list(&reader, &SettlementFilter::of(&meter_id()), 200, None).await?
    );
    text += &format!("{:?}", settlements::totals(&reader, &meter_id()).await?);
    for id in 1..=12 {
        text += &format!("{:?}", outbox::get(&reader, id).await?);
    }
    let all = ConversionFilter::default();
    text += &format!("{:?}", conversions::list(&reader, &all, 5, None).await?);
    Ok(text)
}

#[tokio::test]
async fn every_changed_value_of_a_money_row_is_noticed() {
    let (_directory, path) = directory();
    let store = Store::open(&path).await.expect("a store");
    fill(&store).await;
    let sound = read(&store).await.expect("sound rows");
    let db = connect(&path).await;
    for (change, undo, table) in [
        (
            "registers SET export_uwh = export_uwh + 1",
            "registers SET export_uwh = export_uwh - 1",
            "registers",
        ),
        ("registers SET epoch = 1", "registers SET epoch = 0", "registers"),
        (
            "registers SET updated_at = 8",
            "registers SET updated_at = 9",
            "registers",
        ),
        (
            "energy_settlements SET etk = '101' WHERE id = 1",
            "energy_settlements SET etk = '100' WHERE id = 1",
            "energy_settlements",
        ),
        (
            "energy_settlements SET status = 'FAILED' WHERE id = 2",
            "energy_settlements SET status = 'SUCCESS' WHERE id = 2",
            "energy_settlements",
        ),
        (
            "energy_settlements SET tx_hash = 'x' WHERE id = 3",
            "energy_settlements SET tx_hash = NULL WHERE id = 3",
            "energy_settlements",
        ),
        (
            "settlement_totals SET minted = '1'",
            "settlement_totals SET minted = '7800'",
            "settlement_totals",
        ),
        (
            "outbox SET nonce = 5 WHERE id = 4",
            "outbox SET nonce = NULL WHERE id = 4",
            "outbox",
        ),
        (
            "outbox SET signer = 'other' WHERE id = 4",
            "outbox SET signer = 'wallet' WHERE id = 4",
            "outbox",
        ),
        (
            "outbox SET stage = 'nonsense' WHERE id = 4",
            "outbox SET stage = 'queued' WHERE id = 4",
            "outbox",
        ),
        (
            "idrs_conversions SET amount = '101'",
            "idrs_conversions SET amount = '100'",
            "idrs_conversions",
        ),
        (
            "idrs_conversions SET status = 'SUCCESS'",
            "idrs_conversions SET status = 'PENDING'",
            "idrs_conversions",
        ),
        (
            "outbox SET chain_id = 'text' WHERE id = 4",
            "outbox SET chain_id = 31337 WHERE id = 4",
            "outbox",
        ),
    ] {
        db.execute_unprepared(&format!("UPDATE {change}"))
            .await
            .expect(change);
        match read(&store).await {
            Err(StoreError::Damaged { table: found, row }) => {
                assert_eq!(found, table, "{change}");
                assert_ne!(row, "?", "{change}");
            }
            other => panic!("{change}: {other:?}"),
        }
        db.execute_unprepared(&format!("UPDATE {undo}"))
            .await
            .expect(undo);
        assert_eq!(read(&store).await.expect("sound rows"), sound, "{undo}");
    }
}

#[tokio::test]
async fn a_flipped_byte_of_the_file_is_an_error_or_changes_nothing() {
    let (_directory, path) = directory();
    let store = Store::open(&path).await.expect("a store");
    fill(&store).await;
    let sound = read(&store).await.expect("sound rows");
    store.close().await.expect("a close");
    let file = fs::read(&path).expect("the file");
    let mut noticed = 0;
    // An empty page says nothing when it changes: flip what is used, spread over the whole file.
    let used: Vec<usize> = (0..file.len()).filter(|at| file[*at] != 0).collect();
    for step in 0..200_usize {
        let at = used[step * used.len() / 200];
        let mut flipped = file.clone();
        flipped[at] ^= 1 << (step % 8);
        fs::write(&path, &flipped).expect("a file");
        let found = match Store::open(&path).await {
            Ok(store) => {
                let found = read(&store).await;
                store.close().await.expect("a close");
                found
            }
            Err(error) => Err(error),
        };
        match found {
            Ok(text) => assert_eq!(text, sound, "byte {at}"),
            Err(_) => noticed += 1,
        }
    }
    assert!(noticed > 50, "only {noticed} of 200 flips were noticed");
}
