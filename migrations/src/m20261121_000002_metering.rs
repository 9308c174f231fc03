//! What the meters say: registers, readings, rollups, heartbeats, statuses.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{clustered, create_indexes, row_number, to_meter};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(registers()).await?;
        manager.create_table(detailed()).await?;
        manager.create_table(minutes(manager)).await?;
        manager.create_table(rollups(manager)).await?;
        manager.create_table(heartbeats()).await?;
        manager.create_table(statuses()).await?;
        for table in [
            "energy_readings_detailed",
            "device_heartbeats",
            "device_status_snapshots",
        ] {
            create_indexes(manager, table, &[&["meter_id", "received_at"]]).await?;
        }
        Ok(())
    }
}

fn registers() -> TableCreateStatement {
    Table::create()
        .table("registers")
        .col(text("meter_id").primary_key())
        .col(text("counter_source"))
        .col(big_integer("export_uwh"))
        .col(big_integer("import_uwh"))
        .col(big_integer("first_export_uwh"))
        .col(big_integer("first_import_uwh"))
        .col(big_integer("epoch"))
        .col(big_integer("boot"))
        .col(big_integer_null("baseline_export_uwh"))
        .col(big_integer_null("baseline_import_uwh"))
        .col(big_integer_null("baseline_settlement_export_uwh"))
        .col(big_integer_null("baseline_settlement_import_uwh"))
        .col(big_integer_null("baseline_uptime_ms"))
        .col(big_integer_null("baseline_unix_ms"))
        .col(big_integer_null("baseline_received_at"))
        .col(big_integer("suspicion_uptime"))
        .col(big_integer("suspicion_count"))
        .col(big_integer("updated_at"))
        .col(blob("row_hash"))
        .foreign_key(&mut to_meter("registers"))
        .take()
}

/// One wide row per message: every field of every subsystem, as integers.
fn detailed() -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("energy_readings_detailed")
        .col(row_number())
        .col(text("meter_id"))
        .col(big_integer("received_at"))
        .col(text_null("payload_meter_id"))
        .col(big_integer_null("device_time"))
        .col(text("verdict"))
        .col(text_null("reason"))
        .col(big_integer_null("added_export_uwh"))
        .col(big_integer_null("added_import_uwh"))
        .col(boolean_null("new_epoch"))
        .col(big_integer_null("register_export_uwh"))
        .col(big_integer_null("register_import_uwh"))
        .col(big_integer("epoch"))
        .col(big_integer("boot"))
        .col(big_integer("subsystems"));
    for subsystem in ["load", "solar", "export", "import", "battery"] {
        for field in [
            "power_uw",
            "current_ua",
            "voltage_uv",
            "daily_uwh",
            "total_uwh",
            "settlement_uwh",
        ] {
            table.col(big_integer_null(format!("{subsystem}_{field}")));
        }
        table
            .col(boolean_null(format!("{subsystem}_active")))
            .col(boolean_null(format!("{subsystem}_generating")))
            .col(text_null(format!("{subsystem}_state")));
    }
    table.foreign_key(&mut to_meter("energy_readings_detailed"));
    table.take()
}

/// The columns of a bucket: sums and counts of power, sums of energy.
fn bucket(table: &mut TableCreateStatement) {
    for series in ["solar", "load", "grid", "battery"] {
        table
            .col(big_integer(format!("{series}_sum_uw")))
            .col(big_integer(format!("{series}_count")));
    }
    for energy in ["produced", "used", "exported", "imported"] {
        table.col(big_integer(format!("{energy}_uwh")));
    }
}

/// One row per meter and minute.
fn minutes(manager: &SchemaManager<'_>) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("energy_readings")
        .col(text("meter_id"))
        .col(big_integer("received_at"));
    bucket(&mut table);
    table
        .primary_key(Index::create().col("meter_id").col("received_at"))
        .foreign_key(&mut to_meter("energy_readings"));
    clustered(manager, &mut table);
    table.take()
}

/// One row per meter, width and bucket, for the widths above a minute.
fn rollups(manager: &SchemaManager<'_>) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("energy_rollups")
        .col(text("meter_id"))
        .col(big_integer("width_ms"))
        .col(big_integer("received_at"));
    bucket(&mut table);
    table
        .primary_key(Index::create().col("meter_id").col("width_ms").col("received_at"))
        .foreign_key(&mut to_meter("energy_rollups"));
    clustered(manager, &mut table);
    table.take()
}

fn heartbeats() -> TableCreateStatement {
    Table::create()
        .table("device_heartbeats")
        .col(row_number())
        .col(text("meter_id"))
        .col(big_integer("received_at"))
        .col(text_null("payload_meter_id"))
        .col(big_integer_null("device_time"))
        .col(text("status"))
        .col(big_integer_null("qos"))
        .col(big_integer_null("uptime_ms"))
        .col(big_integer_null("free_heap"))
        .foreign_key(&mut to_meter("device_heartbeats"))
        .take()
}

fn statuses() -> TableCreateStatement {
    Table::create()
        .table("device_status_snapshots")
        .col(row_number())
        .col(text("meter_id"))
        .col(big_integer("received_at"))
        .col(text_null("payload_meter_id"))
        .col(big_integer_null("device_time"))
        .col(text_null("grid_mode"))
        .col(boolean_null("exporting"))
        .col(boolean_null("importing"))
        .col(big_integer_null("led_duty"))
        .col(big_integer_null("pwm_max"))
        .col(boolean_null("mqtt_connected"))
        .col(big_integer_null("mqtt_attempts"))
        .col(boolean_null("wifi_connected"))
        .col(text_null("wifi_ip"))
        .col(big_integer_null("wifi_rssi"))
        .col(text("motors"))
        .col(big_integer_null("free_heap"))
        .foreign_key(&mut to_meter("device_status_snapshots"))
        .take()
}
