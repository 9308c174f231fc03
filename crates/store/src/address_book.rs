//! The address book: names for the accounts of others.

use enerlink_domain::{Address, UnixMillis, wallet::Contact};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record},
    session::execute,
};

const TABLE: &str = "address_book";
const KEY: &str = "address";

/// Notes a contact, or renames the one with this address, whose time stays. Answers it as it is now.
pub async fn put(tx: &Tx, address: Address, name: &str, now: UnixMillis) -> Result<Contact, StoreError> {
    let created_at = get(tx, address).await?.map_or(now, |known| known.created_at);
    let contact = Contact {
        address,
        name: name.to_owned(),
        created_at,
    };
    let row = Fields::default()
        .text(KEY, address.to_lower())
        .text("name", name)
        .int("created_at", created_at.0);
    record::upsert(tx, TABLE, &[KEY], vec![row]).await?;
    Ok(contact)
}

/// Forgets a contact; [`StoreError::Missing`] when there is none of this address.
pub async fn remove(tx: &Tx, address: Address) -> Result<(), StoreError> {
    let statement = Query::delete()
        .from_table(TABLE)
        .and_where(Expr::col(KEY).eq(address.to_lower()))
        .take();
    if execute(tx, &statement).await?.rows_affected() == 0 {
        return Err(StoreError::Missing {
            table: TABLE,
            key: address.to_string(),
        });
    }
    Ok(())
}

/// The contact of this address.
pub async fn get(r: &impl Read, address: Address) -> Result<Option<Contact>, StoreError> {
    let query = by_address(address);
    let row = record::fetch_one(r, TABLE, KEY, &query).await?;
    row.as_ref().map(decode).transpose()
}

fn by_address(address: Address) -> SelectStatement {
    record::select(TABLE)
        .and_where(Expr::col(KEY).eq(address.to_lower()))
        .take()
}

/// Every contact, by name.
pub async fn list(r: &impl Read) -> Result<Vec<Contact>, StoreError> {
    let query = record::select(TABLE).order_by(KEY, Order::Asc).take();
    let rows = record::fetch_all(r, TABLE, KEY, &query).await?;
    let mut contacts = rows.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
    contacts.sort_by_cached_key(|contact| contact.name.to_lowercase());
    Ok(contacts)
}

fn decode(row: &Record) -> Result<Contact, StoreError> {
    Ok(Contact {
        address: row.parse(KEY, |text| text.parse().ok())?,
        name: row.text("name")?,
        created_at: UnixMillis(row.int("created_at")?),
    })
}
