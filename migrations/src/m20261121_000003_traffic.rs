//! What went over the wire: messages and commands.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{create_indexes, row_number, to_meter};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(messages()).await?;
        let by: &[&[&str]] = &[
            &["meter_id", "received_at"],
            &["accepted", "received_at"],
            &["topic", "received_at"],
        ];
        create_indexes(manager, "mqtt_message_logs", by).await?;
        manager.create_table(commands()).await?;
        let by: &[&[&str]] = &[
            &["meter_id", "created_at"],
            &["status", "created_at"],
            &["command_type", "created_at"],
        ];
        create_indexes(manager, "device_commands", by).await
    }
}

/// No reference to a meter: what arrives on a wrong topic is logged as well.
fn messages() -> TableCreateStatement {
    Table::create()
        .table("mqtt_message_logs")
        .col(row_number())
        .col(big_integer("received_at"))
        .col(text("direction"))
        .col(text("topic"))
        .col(text_null("meter_id"))
        .col(blob("payload"))
        .col(big_integer("payload_length"))
        .col(boolean("accepted"))
        .col(text_null("reason"))
        .col(boolean("retained"))
        .col(boolean("duplicate"))
        .take()
}

fn commands() -> TableCreateStatement {
    Table::create()
        .table("device_commands")
        .col(text("correlation_id").primary_key())
        .col(text("meter_id"))
        .col(text("command_type"))
        .col(text("command"))
        .col(text("status"))
        .col(big_integer("attempts"))
        .col(big_integer("created_at"))
        .col(big_integer_null("sent_at"))
        .col(big_integer_null("finished_at"))
        .col(text_null("error"))
        .foreign_key(&mut to_meter("device_commands"))
        .take()
}
