//! Database migrations, one file per change; a file that was released is never edited again.

use sea_orm_migration::prelude::*;

mod columns;
mod m20261121_000001_household;
mod m20261121_000002_metering;
mod m20261121_000003_traffic;
mod m20261121_000004_settling;
mod m20261121_000005_wallets;
mod m20261122_000006_history;
mod m20261122_000007_outbox;
mod m20261122_000008_audit;
mod m20261122_000009_guard;
mod m20261122_000010_reboots;
mod m20261122_000011_market;
mod m20261122_000012_tokens;
mod m20261123_000013_resets;
mod m20261123_000014_markets;
mod m20261123_000015_counted;

/// Every migration, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_household::Migration),
            Box::new(m20261121_000002_metering::Migration),
            Box::new(m20261121_000003_traffic::Migration),
            Box::new(m20261121_000004_settling::Migration),
            Box::new(m20261121_000005_wallets::Migration),
            Box::new(m20261122_000006_history::Migration),
            Box::new(m20261122_000007_outbox::Migration),
            Box::new(m20261122_000008_audit::Migration),
            Box::new(m20261122_000009_guard::Migration),
            Box::new(m20261122_000010_reboots::Migration),
            Box::new(m20261122_000011_market::Migration),
            Box::new(m20261122_000012_tokens::Migration),
            Box::new(m20261123_000013_resets::Migration),
            Box::new(m20261123_000014_markets::Migration),
            Box::new(m20261123_000015_counted::Migration),
        ]
    }
}
