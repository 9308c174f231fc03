//! The commands of the market.

use enerlink_domain::{
    Address, Transaction, UnixMillis,
    market::{OrderId, Price, PriceAlert, Slot, Ticket, Width},
    view::{
        Alert, DepthChart, MarketQuery, MarketView, OrderFilter, OrderPage, PerformanceView, SavedRows,
        TicketView, TradeFilter, TradePage,
    },
};
use serde::{Deserialize, Serialize};

use crate::Command;

commands! { MARKET:
    /// The market page: figures, the book as it is drawn, the wallet's open orders, the last trades.
    ReadMarket("read_market") {
        /// What is drawn.
        query: MarketQuery,
    } -> MarketView;
    /// Steps of both sides' depth, the best first.
    ReadDepth("read_depth") {
        /// As far as so many prices from the best.
        reach: Price,
        /// At most so many steps of each side, 1000 at most.
        points: u16,
    } -> DepthChart;
    /// Candles and gaps, the last 2000 at most.
    ReadCandles("read_candles") {
        /// How much time one sums up.
        width: Width,
        /// Days begin at midnight of a zone that is so many minutes ahead of UTC.
        offset_minutes: i32,
        /// From, included.
        from: UnixMillis,
        /// To, excluded.
        to: UnixMillis,
    } -> Vec<Slot>;
    /// What a ticket would do now, or what stands in its way.
    PreviewTicket("preview_ticket") {
        /// The ticket.
        ticket: Ticket,
    } -> TicketView;
    /// Places an order. The answer is the transaction as queued; what becomes of the order the chain tells.
    PlaceOrder("place_order") {
        /// The ticket.
        ticket: Ticket,
    } -> Transaction;
    /// Cancels open orders of an account, sixteen with each transaction.
    CancelOrders("cancel_orders") {
        /// Whose.
        account: Address,
        /// Which.
        orders: Vec<OrderId>,
    } -> Vec<Transaction>;
    /// Cancels every open order of an account.
    CancelAllOrders("cancel_all_orders") {
        /// Whose.
        account: Address,
    } -> Vec<Transaction>;
    /// Orders, newest first.
    ListOrders("list_orders") {
        /// Which orders.
        filter: OrderFilter,
        /// At most so many, 200 at most.
        limit: u16,
        /// The last page's `next`.
        before: Option<i64>,
    } -> OrderPage;
    /// Lets the person say where, then writes orders as CSV.
    SaveOrders("save_orders") {
        /// Which orders.
        filter: OrderFilter,
    } -> Option<SavedRows>;
    /// Trades, newest first.
    ListTrades("list_trades") {
        /// Which trades.
        filter: TradeFilter,
        /// At most so many, 200 at most.
        limit: u16,
        /// The last page's `next`.
        before: Option<i64>,
    } -> TradePage;
    /// Lets the person say where, then writes trades as CSV.
    SaveTrades("save_trades") {
        /// Which trades.
        filter: TradeFilter,
    } -> Option<SavedRows>;
    /// How an account has traded.
    ReadPerformance("read_performance") {
        /// Whose.
        account: Address,
        /// The utility's price, hundredths of a rupiah per kWh; no comparison when absent.
        tariff_sen_per_kwh: Option<u64>,
    } -> PerformanceView;
    /// Prices that somebody waits for, oldest first.
    ListPriceAlerts("list_price_alerts") {} -> Vec<Alert>;
    /// Waits for a price.
    AddPriceAlert("add_price_alert") {
        /// Which.
        alert: PriceAlert,
    } -> Alert;
    /// Waits for it again.
    RearmPriceAlert("rearm_price_alert") {
        /// Its number.
        id: i64,
    } -> Alert;
    /// Waits for it no longer.
    RemovePriceAlert("remove_price_alert") {
        /// Its number.
        id: i64,
    } -> ();
}
