//! Commands of the outbox: what is on its way, a higher fee for it, its end, and the log of those that ended.

use enerlink_domain::{
    Transaction, TxHash,
    transaction::{TransactionLogPage, TransactionPage},
};
use enerlink_engine::Engine;
use enerlink_ipc::Error;
use tauri::State;

#[tauri::command]
pub(crate) async fn list_transactions(
    engine: State<'_, Engine>,
    limit: u16,
    before: Option<i64>,
) -> Result<TransactionPage, Error> {
    engine.transactions(limit, before).await
}

#[tauri::command]
pub(crate) async fn find_transaction(
    engine: State<'_, Engine>,
    hash: TxHash,
) -> Result<Option<Transaction>, Error> {
    engine.find_transaction(hash).await
}

#[tauri::command]
pub(crate) async fn read_transaction_log(
    engine: State<'_, Engine>,
    limit: u16,
    before: Option<i64>,
) -> Result<TransactionLogPage, Error> {
    engine.transaction_log(limit, before).await
}

#[tauri::command]
pub(crate) async fn speed_up(engine: State<'_, Engine>, id: i64) -> Result<Transaction, Error> {
    engine.speed_up(id).await
}

#[tauri::command]
pub(crate) async fn cancel_transaction(engine: State<'_, Engine>, id: i64) -> Result<Transaction, Error> {
    engine.cancel_transaction(id).await
}
