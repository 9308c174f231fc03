//! Wallets: one row each with its history. Keys and further accounts are in the vault, never here.

use enerlink_domain::{
    Address, UnixMillis,
    wallet::{WalletHistory, WalletId, WalletView},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record},
    session::execute,
};

const TABLE: &str = "wallets";
const KEY: &str = "wallet_id";

/// How a wallet came into the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From a new phrase.
    Created,
    /// From a phrase, a key or a key file.
    Imported,
    /// From a backup.
    Restored,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 3] = [Self::Created, Self::Imported, Self::Restored];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Imported => "imported",
            Self::Restored => "restored",
        }
    }

    /// The reverse of [`Origin::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == text)
    }
}

/// Something that is noted by its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Part of a verified backup file.
    BackedUp,
    /// Part of a sheet.
    Sheet,
    /// A key was exported.
    Exported,
    /// The vault was opened: wrong passwords before are forgiven.
    Unlocked,
    /// A key has signed.
    Used,
}

impl Mark {
    fn column(self) -> &'static str {
        match self {
            Self::BackedUp => "backed_up_at",
            Self::Sheet => "sheet_at",
            Self::Exported => "exported_at",
            Self::Unlocked => "unlocked_at",
            Self::Used => "last_used_at",
        }
    }
}

/// A wallet of the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// What the household calls it.
    pub name: String,
    /// Its first account.
    pub address: Address,
    /// When what was done with it last.
    pub history: WalletHistory,
}

/// Makes sure that `view` has a row with its name and first account. A new one came by `origin` at `now`; one of an
/// older profile, which knew addresses only, learns whose it is.
pub async fn ensure(tx: &Tx, view: &WalletView, origin: Origin, now: UnixMillis) -> Result<(), StoreError> {
    let id = view.wallet.to_string();
    let named = Fields::default()
        .text("name", view.name.as_str())
        .text("address", view.address().to_lower());
    match record::update(tx, TABLE, KEY, id.as_str(), named.clone()).await {
        Err(StoreError::Missing { .. }) => {}
        done => return done,
    }
    let mut adoption = Query::update();
    adoption
        .table(TABLE)
        .value(KEY, id.as_str())
        .value("name", view.name.as_str())
        .and_where(Expr::col(KEY).is_null())
        .and_where(Expr::col("address").eq(view.address().to_lower()));
    let adopted = execute(tx, &adoption).await?.rows_affected();
    if adopted > 0 {
        return Ok(());
    }
    let row = named
        .text(KEY, id.as_str())
        .text("origin", origin.as_str())
        .int("created_at", now.0)
        .int("failed_attempts", 0);
    record::insert(tx, TABLE, row, || id).await
}

/// Notes what was done with the wallets `ids` at `now`. One that has no row is passed over.
pub async fn mark(tx: &Tx, ids: &[WalletId], mark: Mark, now: UnixMillis) -> Result<(), StoreError> {
    let mut statement = Query::update();
    statement
        .table(TABLE)
        .value(mark.column(), now.0)
        .and_where(Expr::col(KEY).is_in(ids.iter().map(WalletId::to_string)));
    if mark == Mark::Unlocked {
        statement.value("failed_attempts", 0);
    }
    execute(tx, &statement).await?;
    Ok(())
}

/// Counts a wrong password, which is one for every wallet of the vault.
pub async fn count_failure(tx: &Tx) -> Result<(), StoreError> {
    let statement = Query::update()
        .table(TABLE)
        .value("failed_attempts", Expr::col("failed_attempts").add(1))
        .take();
    execute(tx, &statement).await?;
    Ok(())
}

/// Forgets a wallet; what was done with it stays in the log.
pub async fn remove(tx: &Tx, id: WalletId) -> Result<(), StoreError> {
    let statement = Query::delete()
        .from_table(TABLE)
        .and_where(Expr::col(KEY).eq(id.to_string()))
        .take();
    execute(tx, &statement).await?;
    Ok(())
}

/// Every wallet that the vault has named, in the order in which they came.
pub async fn list(r: &impl Read) -> Result<Vec<Wallet>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col(KEY).is_not_null())
        .order_by("id", Order::Asc)
        .take();
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    rows.iter().map(decode).collect()
}

fn decode(row: &Record) -> Result<Wallet, StoreError> {
    let time = |column| Ok::<_, StoreError>(row.opt_int(column)?.map(UnixMillis));
    Ok(Wallet {
        name: row.text("name")?,
        address: row.parse("address", |text| text.parse().ok())?,
        history: WalletHistory {
            wallet: row.parse(KEY, |text| text.parse().ok())?,
            origin: row.parse("origin", Origin::parse)?.as_str().to_owned(),
            created_at: UnixMillis(row.int("created_at")?),
            backed_up_at: time("backed_up_at")?,
            sheet_at: time("sheet_at")?,
            exported_at: time("exported_at")?,
            unlocked_at: time("unlocked_at")?,
            last_used_at: time("last_used_at")?,
            failed_attempts: row.number("failed_attempts")?,
        },
    })
}
