//! Commands of the market: its book and charts, tickets and orders, trades, price alerts.

use enerlink_domain::{
    Address, Transaction, UnixMillis,
    market::{OrderId, Price, PriceAlert, Slot, Ticket, Width},
    view::{
        Alert, DepthChart, MarketQuery, MarketView, OrderFilter, OrderPage, PerformanceView, TicketView,
        TradeFilter, TradePage,
    },
};
use enerlink_engine::Engine;
use enerlink_ipc::{Error, view::SavedRows};
use tauri::State;

use crate::dialog::{Dialogs, dated};

#[tauri::command]
pub(crate) async fn read_market(engine: State<'_, Engine>, query: MarketQuery) -> Result<MarketView, Error> {
    engine.market_view(query).await
}

#[tauri::command]
pub(crate) async fn read_depth(
    engine: State<'_, Engine>,
    reach: Price,
    points: u16,
) -> Result<DepthChart, Error> {
    engine.depth_chart(reach, points).await
}

#[tauri::command]
pub(crate) async fn read_candles(
    engine: State<'_, Engine>,
    width: Width,
    offset_minutes: i32,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Vec<Slot>, Error> {
    engine.candles(width, offset_minutes, from, to).await
}

#[tauri::command]
pub(crate) async fn preview_ticket(engine: State<'_, Engine>, ticket: Ticket) -> Result<TicketView, Error> {
    engine.preview_ticket(ticket).await
}

#[tauri::command]
pub(crate) async fn place_order(engine: State<'_, Engine>, ticket: Ticket) -> Result<Transaction, Error> {
    engine.place_order(ticket).await
}

#[tauri::command]
pub(crate) async fn cancel_orders(
    engine: State<'_, Engine>,
    account: Address,
    orders: Vec<OrderId>,
) -> Result<Vec<Transaction>, Error> {
    engine.cancel_orders(account, orders).await
}

#[tauri::command]
pub(crate) async fn cancel_all_orders(
    engine: State<'_, Engine>,
    account: Address,
) -> Result<Vec<Transaction>, Error> {
    engine.cancel_all_orders(account).await
}

#[tauri::command]
pub(crate) async fn list_orders(
    engine: State<'_, Engine>,
    filter: OrderFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<OrderPage, Error> {
    engine.orders(&filter, limit, before).await
}

#[tauri::command]
pub(crate) async fn save_orders(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    filter: OrderFilter,
) -> Result<Option<SavedRows>, Error> {
    let Some(path) = dialogs.save(dated("orders", "csv")).await? else {
        return Ok(None);
    };
    engine.save_orders(&filter, &path).await.map(Some)
}

#[tauri::command]
pub(crate) async fn list_trades(
    engine: State<'_, Engine>,
    filter: TradeFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<TradePage, Error> {
    engine.trades(&filter, limit, before).await
}

#[tauri::command]
pub(crate) async fn save_trades(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    filter: TradeFilter,
) -> Result<Option<SavedRows>, Error> {
    let Some(path) = dialogs.save(dated("trades", "csv")).await? else {
        return Ok(None);
    };
    engine.save_trades(&filter, &path).await.map(Some)
}

#[tauri::command]
pub(crate) async fn read_performance(
    engine: State<'_, Engine>,
    account: Address,
    tariff_sen_per_kwh: Option<u64>,
) -> Result<PerformanceView, Error> {
    engine.performance(account, tariff_sen_per_kwh).await
}

#[tauri::command]
pub(crate) async fn list_price_alerts(engine: State<'_, Engine>) -> Result<Vec<Alert>, Error> {
    engine.price_alerts().await
}

#[tauri::command]
pub(crate) async fn add_price_alert(engine: State<'_, Engine>, alert: PriceAlert) -> Result<Alert, Error> {
    engine.add_price_alert(alert).await
}

#[tauri::command]
pub(crate) async fn rearm_price_alert(engine: State<'_, Engine>, id: i64) -> Result<Alert, Error> {
    engine.rearm_price_alert(id).await
}

#[tauri::command]
pub(crate) async fn remove_price_alert(engine: State<'_, Engine>, id: i64) -> Result<(), Error> {
    engine.remove_price_alert(id).await
}
