//! Wallets: name and address. Keys are in vault files, never here.

use enerlink_domain::{Address, UnixMillis};
use sea_orm::sea_query::Order;

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields},
};

const TABLE: &str = "wallets";

/// A wallet of the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// What the household calls it.
    pub name: String,
    /// Its first account.
    pub address: Address,
    /// When it was created.
    pub created_at: UnixMillis,
}

/// Adds a wallet, or renames the one with this address.
pub async fn upsert(tx: &Tx, name: &str, address: Address, created_at: UnixMillis) -> Result<(), StoreError> {
    let row = Fields::default()
        .text("address", address.to_lower())
        .text("name", name)
        .int("created_at", created_at.0);
    record::upsert(tx, TABLE, &["address"], &[row]).await
}

/// Every wallet, oldest first.
pub async fn list(r: &impl Read) -> Result<Vec<Wallet>, StoreError> {
    let query = record::select(TABLE)
        .order_by("created_at", Order::Asc)
        .order_by("address", Order::Asc)
        .take();
    let rows = record::fetch_all(r, TABLE, "address", &query).await?;
    rows.iter()
        .map(|row| {
            Ok(Wallet {
                name: row.text("name")?,
                address: row.parse("address", |text| text.parse().ok())?,
                created_at: UnixMillis(row.int("created_at")?),
            })
        })
        .collect()
}
