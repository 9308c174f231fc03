//! What a meter can do, how its commands and its health fare, and what its history costs to read.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::columns::{add_columns, create_indexes, index, replace, row_number, to_meter};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        meters(manager).await?;
        readings(manager).await?;
        buckets(manager).await?;
        messages(manager).await?;
        commands(manager).await?;
        settlements(manager).await?;
        manager.create_table(notices()).await?;
        index_notices(manager).await?;
        manager.create_table(tallies()).await
    }
}

async fn meters(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = vec![
        text_null("profile"),
        text_null("family"),
        text("capabilities").default("{}").take(),
        text("outputs").default("[]").take(),
        text("units_check").default("not_confirmed").take(),
        boolean_null("auto_reset"),
        boolean("take_opening").default(false).take(),
        big_integer_null("retired_at"),
    ];
    add_columns(manager, "smart_meters", columns).await?;
    let opening = ["opening_export_uwh", "opening_import_uwh"]
        .map(big_integer_null)
        .to_vec();
    add_columns(manager, "registers", opening).await
}

/// What newer firmware says, and how far readings were thinned out.
async fn readings(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut columns = vec![text_null("family"), text_null("declared_units")];
    for subsystem in ["load", "solar", "export", "import", "battery"] {
        columns.push(big_integer_null(format!("{subsystem}_soc_permille")));
        columns.push(boolean_null(format!("{subsystem}_connected")));
        columns.push(boolean_null(format!("{subsystem}_valid")));
    }
    add_columns(manager, "energy_readings_detailed", columns).await?;
    let columns = vec![
        big_integer_null("uptime_ms"),
        text_null("system_status"),
        text("relays").default("[]").take(),
        text("sensors").default("[]").take(),
        text_null("device_role"),
    ];
    add_columns(manager, "device_status_snapshots", columns).await?;
    let marks = Table::create()
        .table("retention_marks")
        .col(text("meter_id").primary_key())
        .col(big_integer("received_at"))
        .col(big_integer("reading"))
        .foreign_key(&mut to_meter("retention_marks"))
        .take();
    manager.create_table(marks).await
}

/// So much energy in a minute is absurd, in µWh; a day of it does not leave 64 bits.
const MOST: i64 = 1_000_000_000_000_000;

/// The lowest and the highest power of a bucket; and, in minutes, the energy since midnight UTC, the minute included,
/// so that the energy between any two moments is found in two rows and the days between.
async fn buckets(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for table in ["energy_readings", "energy_rollups"] {
        let mut ends = Vec::new();
        for series in ["solar", "load", "grid", "battery"] {
            ends.push(big_integer_null(format!("{series}_low_uw")));
            ends.push(big_integer_null(format!("{series}_high_uw")));
        }
        add_columns(manager, table, ends).await?;
    }
    let sums = ["produced", "used", "exported", "imported"];
    let columns = sums.map(|energy| big_integer(format!("{energy}_day_uwh")).default(0).take());
    add_columns(manager, "energy_readings", columns.to_vec()).await?;
    // A database that is not SQLite was never without these columns.
    if manager.get_database_backend() == DbBackend::Sqlite {
        let running = sums.map(|energy| format!("sum(min({energy}_uwh, {MOST})) OVER day AS {energy}"));
        let set = sums.map(|energy| format!("{energy}_day_uwh = day.{energy}"));
        let fill = format!(
            "UPDATE energy_readings SET {} FROM (SELECT meter_id AS meter, received_at AS at, {} FROM energy_readings \
             WINDOW day AS (PARTITION BY meter_id, received_at / 86400000 ORDER BY received_at)) AS day \
             WHERE meter_id = day.meter AND received_at = day.at",
            set.join(", "),
            running.join(", ")
        );
        manager.get_connection().execute_unprepared(&fill).await?;
    }
    Ok(())
}

/// The log is written with each message: an index that only a few rows are in costs the others nothing.
async fn messages(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const TABLE: &str = "mqtt_message_logs";
    add_columns(manager, TABLE, vec![text_null("correlation_id")]).await?;
    for columns in [
        "meter_id_received_at",
        "accepted_received_at",
        "topic_received_at",
    ] {
        let name = format!("{TABLE}_by_{columns}");
        let dropped = Index::drop().name(name).table(TABLE).to_owned();
        manager.drop_index(dropped).await?;
    }
    let refused = index(TABLE, &["id"])
        .name("mqtt_message_logs_refused")
        .and_where(Expr::cust("NOT accepted"))
        .take();
    manager.create_index(refused).await?;
    let correlated = index(TABLE, &["correlation_id", "id"])
        .and_where(Expr::col("correlation_id").is_not_null())
        .take();
    manager.create_index(correlated).await?;
    create_indexes(manager, TABLE, &[&["meter_id", "id"]]).await
}

/// Commands get a number, so that they come in pages, and keep what was asked for beside what was sent.
async fn commands(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const TABLE: &str = "device_commands";
    let table = Table::create()
        .table(TABLE)
        .col(row_number())
        .col(text_uniq("correlation_id"))
        .col(text("meter_id"))
        .col(text("command_type"))
        .col(text_null("wish"))
        .col(text("command"))
        .col(text("status"))
        .col(text("stage"))
        .col(big_integer("attempts"))
        .col(big_integer("created_at"))
        .col(big_integer_null("sent_at"))
        .col(big_integer_null("finished_at"))
        .col(text_null("error"))
        .foreign_key(&mut to_meter(TABLE))
        .take();
    let copy = "INSERT INTO device_commands (correlation_id, meter_id, command_type, command, status, stage, \
                attempts, created_at, sent_at, finished_at, error) \
                SELECT correlation_id, meter_id, command_type, command, status, CASE status \
                WHEN 'PENDING' THEN 'queued' WHEN 'TIMEOUT' THEN 'timed_out' ELSE lower(status) END, \
                attempts, created_at, sent_at, finished_at, error \
                FROM device_commands_old ORDER BY created_at, correlation_id";
    replace(manager, TABLE, table, copy).await?;
    let by: &[&[&str]] = &[
        &["meter_id", "id"],
        &["status", "id"],
        &["meter_id", "stage", "finished_at"],
        &["command_type", "created_at"],
    ];
    create_indexes(manager, TABLE, by).await
}

/// What was settled in each hour and each day, so that a year of it is not read settlement by settlement.
async fn settlements(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const TABLE: &str = "settlement_rollups";
    let table = Table::create()
        .table(TABLE)
        .col(text("meter_id"))
        .col(big_integer("width_ms"))
        .col(big_integer("settled_at"))
        .col(big_integer("settlements"))
        .col(text("minted"))
        .col(text("burned"))
        .primary_key(Index::create().col("meter_id").col("width_ms").col("settled_at"))
        .foreign_key(&mut to_meter(TABLE))
        .take();
    manager.create_table(table).await?;
    for width in [3_600_000, 86_400_000] {
        let fill = format!(
            "INSERT INTO {TABLE} (meter_id, width_ms, settled_at, settlements, minted, burned) \
             SELECT meter_id, {width}, settled_at / {width} * {width}, count(*), \
             CAST(sum(CASE WHEN wei > 0 THEN wei ELSE 0 END) AS TEXT), \
             CAST(sum(CASE WHEN wei < 0 THEN -wei ELSE 0 END) AS TEXT) \
             FROM (SELECT meter_id, CAST(etk AS BIGINT) AS wei, settled_at \
             FROM energy_settlements WHERE status = 'SUCCESS' AND settled_at IS NOT NULL) AS settled GROUP BY 1, 3"
        );
        manager.get_connection().execute_unprepared(&fill).await?;
    }
    let by: &[&[&str]] = &[&["meter_id", "settled_at"], &["meter_id", "created_at"]];
    create_indexes(manager, "energy_settlements", by).await
}

fn notices() -> TableCreateStatement {
    Table::create()
        .table("device_notices")
        .col(row_number())
        .col(text_null("meter_id"))
        .col(text("kind"))
        .col(text("detail"))
        .col(big_integer("raised_at"))
        .col(big_integer_null("cleared_at"))
        .col(boolean("seen"))
        .foreign_key(&mut to_meter("device_notices"))
        .take()
}

async fn index_notices(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (name, rows) in [("open", "cleared_at IS NULL"), ("unseen", "NOT seen")] {
        let few = index("device_notices", &["id"])
            .name(format!("device_notices_{name}"))
            .and_where(Expr::cust(rows))
            .take();
        manager.create_index(few).await?;
    }
    Ok(())
}

/// How often each reason or remark was given.
fn tallies() -> TableCreateStatement {
    Table::create()
        .table("meter_tallies")
        .col(text("meter_id"))
        .col(text("word"))
        .col(big_integer("times"))
        .primary_key(Index::create().col("meter_id").col("word"))
        .foreign_key(&mut to_meter("meter_tallies"))
        .take()
}
