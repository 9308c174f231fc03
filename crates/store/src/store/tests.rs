//! Older files: copied, migrated all or nothing, read as if they were new.

use std::fs;

use sea_orm_migration::{MigrationTrait, async_trait::async_trait, sea_orm::DbErr, sea_query::ColumnDef};

use enerlink_domain::{
    CommandStage, Etk, MeterId, NetWattHours, Settlement, Status, Trigger, TxStage, UnixMillis,
    settlement::Watermark,
};

use super::*;
use crate::{commands, meters, rollups, settings, settlements, transaction_logs, wallets};

/// The released migrations and one that writes and then fails.
struct Failing;
/// The released migrations and one that works.
struct Working;
struct Half(bool);

impl sea_orm_migration::MigrationName for Half {
    fn name(&self) -> &str {
        "m29991231_000001_half"
    }
}

#[async_trait]
impl MigrationTrait for Half {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = sea_orm_migration::sea_query::Table::create()
            .table("half")
            .col(ColumnDef::new("id").big_integer())
            .take();
        manager.create_table(table).await?;
        let emptied = "DELETE FROM settings";
        sea_orm::ConnectionTrait::execute_unprepared(manager.get_connection(), emptied).await?;
        let works = self.0;
        works
            .then_some(())
            .ok_or_else(|| DbErr::Migration("out of luck".to_owned()))
    }
}

fn released_and(last: Half) -> Vec<Box<dyn MigrationTrait>> {
    let mut all = Migrator::migrations();
    all.push(Box::new(last));
    all
}

impl MigratorTrait for Failing {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        released_and(Half(false))
    }
}

impl MigratorTrait for Working {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        released_and(Half(true))
    }
}

/// What was released before wallets had a history.
struct BeforeHistories;

impl MigratorTrait for BeforeHistories {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Migrator::migrations().into_iter().take(4).collect()
    }
}

#[tokio::test]
async fn wallets_and_lines_of_an_older_file_are_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("enerlink.db");
    let old = Store::open_with::<BeforeHistories>(&path, Durability::Full, None)
        .await
        .expect("a store");
    let address = enerlink_domain::Address([7; 20]);
    let tx = old.begin().await.expect("a transaction");
    for statement in [
        format!("INSERT INTO wallets VALUES ('{}', 'Old', 5)", address.to_lower()),
        format!(
            "INSERT INTO transaction_logs VALUES (3, 9, 'open_meter', 'SUCCESS', '{}', NULL, 'open_meter M succeeded')",
            address.to_lower()
        ),
    ] {
        sea_orm::ConnectionTrait::execute_unprepared(&tx.0, &statement)
            .await
            .expect("a row");
    }
    tx.commit().await.expect("a commit");
    old.close().await.expect("a close");

    let store = Store::open(&path).await.expect("migrated");
    let lines = transaction_logs::list(&store.reader(), 9, None)
        .await
        .expect("lines");
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].0, lines[0].1.account), (3, Some(address)));
    assert_eq!(wallets::list(&store.reader()).await.expect("a list"), []);
    let view = enerlink_domain::wallet::WalletView {
        wallet: enerlink_domain::wallet::WalletId([9; 16]),
        name: "New".to_owned(),
        kind: enerlink_domain::wallet::WalletKind::Phrase,
        passphrase: false,
        phrase_confirmed: false,
        created_at: enerlink_domain::UnixMillis(1),
        accounts: vec![enerlink_domain::wallet::AccountView {
            index: 0,
            address,
            path: None,
        }],
    };
    let tx = store.begin().await.expect("a transaction");
    wallets::ensure(
        &tx,
        &view,
        wallets::Origin::Imported,
        enerlink_domain::UnixMillis(99),
    )
    .await
    .expect("adopted");
    let found = wallets::list(&tx).await.expect("a list").remove(0);
    assert_eq!((found.name.as_str(), found.history.wallet), ("New", view.wallet));
    assert_eq!(found.history.created_at.0, 5, "it is the old row");
}

/// What was released before a meter had a history.
struct BeforeMeters;

impl MigratorTrait for BeforeMeters {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Migrator::migrations().into_iter().take(5).collect()
    }
}

#[tokio::test]
async fn the_history_of_an_older_file_is_read_as_if_it_were_new() {
    const HOUR: i64 = 3_600_000;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("enerlink.db");
    let old = Store::open_with::<BeforeMeters>(&path, Durability::Full, None)
        .await
        .expect("a store");
    let day = 20_000 * 24 * HOUR;
    let mut statements = vec![
        "INSERT INTO smart_meters VALUES \
         ('M', 'Roof', '0x0707070707070707070707070707070707070707', 'mqtt://h:1', 'a', 'milli', NULL, 5000, 1, 5)"
            .to_owned(),
    ];
    for hour in [1, 2, 23, 24, 30] {
        let at = day + hour * HOUR;
        statements.push(format!(
            "INSERT INTO energy_readings VALUES ('M', {at}, 900, 3, 0, 0, 0, 0, 0, 0, 10, 20, {hour}, 40)"
        ));
    }
    for at in [day, day + 24 * HOUR] {
        let exported = if at == day { 26 } else { 54 };
        statements.push(format!(
            "INSERT INTO energy_rollups VALUES ('M', 86400000, {at}, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20, {exported}, 40)"
        ));
    }
    for (number, status, etk, hour) in [
        (1, "SUCCESS", 500, 1),
        (2, "SUCCESS", -200, 1),
        (3, "FAILED", 900, 1),
        (4, "SUCCESS", 70, 30),
    ] {
        let at = day + hour * HOUR + 5;
        statements.push(format!(
            "INSERT INTO energy_settlements VALUES \
             ({number}, 'S{number}', 'M', 'P', '{status}', 'x', 'x', 0, 0, 0, 0, 0, '{etk}', NULL, NULL, 0, NULL, 1, {at}, x'00')"
        ));
    }
    for (id, status) in [("b", "TIMEOUT"), ("a", "PENDING"), ("c", "ACKNOWLEDGED")] {
        statements.push(format!(
            "INSERT INTO device_commands VALUES ('{id}', 'M', 'grid', '{{}}', '{status}', 1, 7, NULL, 9, NULL)"
        ));
    }
    let tx = old.begin().await.expect("a transaction");
    for statement in &statements {
        sea_orm::ConnectionTrait::execute_unprepared(&tx.0, statement)
            .await
            .expect(statement);
    }
    tx.commit().await.expect("a commit");
    old.close().await.expect("a close");

    let store = Store::open(&path).await.expect("migrated");
    let reader = store.reader();
    let meter: MeterId = "M".parse().expect("a meter id");
    let found = meters::get(&reader, &meter).await.expect("a read");
    assert_eq!(found.map(|meter| meter.name).as_deref(), Some("Roof"));
    let at = |hour: i64| UnixMillis(day + hour * HOUR);
    let edges = [at(0), at(2), at(3), at(24), at(25), at(48)];
    let bars = rollups::bars(&reader, &meter, &edges).await.expect("bars");
    let exported: Vec<u64> = bars.iter().map(|bar| bar.exported.0).collect();
    assert_eq!(exported, [1, 2, 23, 24, 30]);
    let curve = rollups::curve(&reader, &meter, at(0), at(24), 1_440).await;
    let solar = curve.expect("a curve").points[0].solar.expect("a value");
    assert_eq!((solar.low.0, solar.mean.0, solar.high.0), (300, 300, 300));
    for (from, to, expected) in [(0, 24, (2, 500, 200)), (0, 48, (3, 570, 200)), (2, 30, (0, 0, 0))] {
        let sums = settlements::between(&reader, &meter, at(from), at(to)).await;
        let sums = sums.expect("sums");
        assert_eq!((sums.settlements, sums.minted.0, sums.burned.0), expected);
    }
    let page = commands::list(&reader, &meter, 9, None).await.expect("a page");
    let stages = page
        .rows
        .iter()
        .map(|view| (view.correlation_id.as_str(), view.stage));
    let expected = [
        ("c", CommandStage::Acknowledged),
        ("b", CommandStage::TimedOut),
        ("a", CommandStage::Queued),
    ];
    assert_eq!(stages.collect::<Vec<_>>(), expected);
}

/// What was released before there were facts.
struct BeforeFacts;

impl MigratorTrait for BeforeFacts {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Migrator::migrations().into_iter().take(6).collect()
    }
}

#[tokio::test]
async fn settlements_of_an_older_file_become_facts() {
    let directory = tempfile::tempdir().expect("a directory");
    let [new, old] = ["new.db", "old.db"].map(|name| directory.path().join(name));
    let meter = "INSERT INTO smart_meters (meter_id, name, owner, broker_url, base_topic, units, rated_power_w, \
                 settlement_key, added_at) VALUES ('M', 'Roof', \
                 '0x0707070707070707070707070707070707070707', 'mqtt://h:1', 'a', 'milli', 5000, 1, 5)";
    let store = Store::open(&new).await.expect("a store");
    let tx = store.begin().await.expect("a transaction");
    run(&tx.0, meter).await;
    for (number, status) in [Status::Success, Status::Failed, Status::Success, Status::Success]
        .into_iter()
        .enumerate()
    {
        settlements::insert(&tx, &settlement(number, status))
            .await
            .expect("a row");
    }
    tx.commit().await.expect("a commit");
    store.close().await.expect("a close");

    let store = Store::open_with::<BeforeFacts>(&old, Durability::Full, None)
        .await
        .expect("a store");
    let columns = "id, settlement_id, meter_id, prosumer, status, stage, trigger_type, from_export_wh, \
                   from_import_wh, to_export_wh, to_import_wh, energy_wh, etk, tx_hash, block, confirmations, \
                   reason, created_at, settled_at, row_hash";
    for statement in [
        meter.to_owned(),
        format!("ATTACH '{}' AS other", new.display()),
        format!("INSERT INTO energy_settlements SELECT {columns} FROM other.energy_settlements"),
        // Nobody knows what this one was.
        "UPDATE energy_settlements SET etk = '7' WHERE id = 3".to_owned(),
    ] {
        run(&store.writer, &statement).await;
    }
    store.close().await.expect("a close");

    for _ in 0..2 {
        let store = Store::open(&old).await.expect("migrated");
        let links = facts::after(&store.reader(), 0, 10).await.expect("links");
        let facts: Vec<_> = links.into_iter().map(|link| link.fact.expect("sound")).collect();
        let found = facts.iter().map(|fact| &fact.settlement);
        let expected = [settlement(0, Status::Success), settlement(3, Status::Success)];
        assert!(found.eq(expected.iter()), "{facts:?}");
        assert_eq!((facts[0].number, facts[1].number), (1, 2));
        assert_eq!(facts[1].previous, facts[0].hash);
        assert_eq!(facts[1].at, UnixMillis(103));
        store.close().await.expect("a close");
    }
}

async fn run(db: &impl sea_orm::ConnectionTrait, statement: &str) {
    db.execute_unprepared(statement).await.expect(statement);
}

fn settlement(number: usize, status: Status) -> Settlement {
    let at = 100 + i64::try_from(number).expect("small");
    Settlement {
        settlement_id: format!("M/{number}/0"),
        meter_id: "M".parse().expect("a meter id"),
        prosumer: enerlink_domain::Address([7; 20]),
        status,
        stage: TxStage::Confirmed,
        trigger: Trigger::Manual,
        from: Watermark::default(),
        to: Watermark::default(),
        energy_wh: NetWattHours(5),
        etk: Etk(500),
        tx: None,
        block: Some(3),
        confirmations: 1,
        reason: None,
        created_at: UnixMillis(at),
        settled_at: Some(UnixMillis(at)),
        basis: None,
    }
}

async fn written(path: &Path) {
    let store = Store::open(path).await.expect("a store");
    let tx = store.begin().await.expect("a transaction");
    settings::set(&tx, "key", "value").await.expect("a write");
    tx.commit().await.expect("a commit");
    store.close().await.expect("a close");
}

async fn value(path: &Path) -> Option<String> {
    let store = Store::open(path).await.expect("a store");
    let value = settings::get(&store.reader(), "key").await.expect("a read");
    store.close().await.expect("a close");
    value
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing_and_leaves_a_copy() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("enerlink.db");
    written(&path).await;
    for _ in 0..2 {
        let error = Store::open_with::<Failing>(&path, Durability::Full, None).await;
        let error = error.expect_err("a failure").to_string();
        assert!(error.contains("out of luck"), "{error}");
        assert_eq!(value(&path).await.as_deref(), Some("value"));
        let copy = sqlite::beside(&path, &format!(".v{}.bak", version::<Migrator>()));
        assert_eq!(value(&copy).await.as_deref(), Some("value"));
    }
}

#[tokio::test]
async fn an_older_file_is_copied_then_migrated() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("enerlink.db");
    written(&path).await;
    let store = Store::open_with::<Working>(&path, Durability::Full, None)
        .await
        .expect("a store");
    assert_eq!(settings::get(&store.reader(), "key").await.expect("a read"), None);
    store.close().await.expect("a close");
    let released = version::<Migrator>();
    assert!(matches!(
        Store::open(&path).await,
        Err(StoreError::Newer { found, known, .. }) if (found, known) == (released + 1, released)
    ));
    let copy = sqlite::beside(&path, &format!(".v{released}.bak"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&copy).expect("a copy").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(!sqlite::beside(&copy, ".part").exists());
    assert_eq!(fs::read_dir(directory.path()).expect("a list").count(), 2);
    assert_eq!(value(&copy).await.as_deref(), Some("value"));
}
