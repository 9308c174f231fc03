//! A household trades with a neighbour on a chain of their own: rupiah in, a bid that the neighbour fills, an ask that it
//! fills in part, the rest taken back, and the allowance that a better price has left, ended.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    close_toasts,
    support::{Listens, Simulated, Street, anvil_with},
    window::{CONTROL, Window, dialog::Screen},
};

#[tokio::test]
async fn a_household_trades_with_its_neighbour() {
    trade(&Street::on(Simulated::start()), "simulated").await;
}

#[tokio::test]
async fn full_a_household_trades_with_its_neighbour_on_anvil() {
    let free = ["--base-fee", "0", "--gas-price", "0"];
    trade(&Street::on(anvil_with(31337, &free)), "anvil").await;
}

/// Whoever has bought and sold as much has 4 387.50 IDRS and 1 050 ETK of 5 000 and 600.
async fn trade<N: Listens>(street: &Street<N>, node: &str) {
    let household = &street.household;
    let window = Window::open(&[], &household.file("profile")).await.at(node);
    window.unlock().await;
    holds(&window, "etk", "600.00").await;
    top_up(&window).await;
    bid(&window, street).await;
    follow_trade(&window, &household.file("candles.csv")).await;
    ask(&window, street).await;
    take_back(&window).await;
    narrow(&window).await;
    keep_ticket(&window).await;
    buy_at_once(&window, street).await;
    end_allowance(&window).await;
    window.close().await;
}

/// Waits until the bar shows so much of a token.
async fn holds(window: &Window, token: &str, amount: &str) {
    window
        .wait_text(&format!("{token}-balance"), &format!("is {amount}"), |text| {
            text == amount
        })
        .await;
}

async fn top_up(window: &Window) {
    window.click("nav-wallet").await;
    window.click("wallet-part-tokens").await;
    window.type_into("ramp-amount", "5,000").await;
    window.click("ramp-continue").await;
    window.click("ramp-confirm-submit").await;
    window
        .find_css("[data-testid='exchange-row'][data-kind='SUCCESS']")
        .await;
    holds(window, "idrs", "5,000.00").await;
}

/// Types a ticket, looks at what would come of it, and places it.
async fn place(window: &Window, price: &str, amount: &str, picture: &str) {
    window.replace("ticket-price", price).await;
    window.replace("ticket-amount", amount).await;
    window
        .wait_text("ticket-effects", "tells the network's fee", |text| {
            // Anvil wants a tip for a free block.
            text.contains("Network feefree") || text.contains("coins at most")
        })
        .await;
    close_toasts(window).await;
    window.shoot_all(picture).await;
    window.click("ticket-submit").await;
    window
        .find_css("[data-testid='place-order-submit']:enabled")
        .await;
    window.click("place-order-submit").await;
    window.wait_gone("[data-testid='place-order']").await;
}

/// A bid that rests until a neighbour asks for less, and gets more.
async fn bid<N: Listens>(window: &Window, street: &Street<N>) {
    window.press(&[CONTROL, '3']).await;
    window.find("book-empty").await;
    close_toasts(window).await;
    window.shoot_all("trading-1-nobody").await;
    window.click("side-buy").await;
    place(window, "1400", "0.5", "trading-2-bid").await;
    window
        .find_css("[data-testid='open-orders-row'][data-kind='OPEN']")
        .await;
    // What the bid may cost lies with the market.
    holds(window, "idrs", "4,300.00").await;
    street.neighbour(&["market", "place", "ask", "0.5", "1300", "--yes"]);
    holds(window, "etk", "1,100.00").await;
    holds(window, "idrs", "4,300.00").await;
    window.wait_gone("[data-testid='open-orders-row']").await;
}

/// The order is filled, the trade is listed, summed up and drawn.
async fn follow_trade(window: &Window, candles: &Path) {
    window.click("orders-history").await;
    window
        .find_css("[data-testid='order-history-row'][data-kind='FILLED']")
        .await;
    to_orders(window).await;
    window.shoot_all("trading-3-filled").await;
    window.click("orders-trades").await;
    window
        .wait_css_text(
            "[data-testid='own-trades-row'][data-kind='BID']",
            "tells price, amount and money",
            |text| ["1,400", "0.5", "700.00"].iter().all(|part| text.contains(part)),
        )
        .await;
    window
        .wait_text("performance-spent", "tells what was spent", |text| {
            text.contains("700.00")
        })
        .await;
    to_orders(window).await;
    window.shoot_all("trading-4-traded").await;
    to_top(window).await;
    window.click("chart-table").await;
    window
        .wait_css_text(
            "[data-testid='candles-row']:first-child",
            "holds the trade",
            |text| text.contains("1,400") && text.contains("0.5"),
        )
        .await;
    close_toasts(window).await;
    window.shoot_all("trading-5-candles").await;
    let screen = Screen::look();
    window.click("candles-csv").await;
    screen.answer(candles).await;
    window.find_css(".toast").await;
    let kept = fs::read_to_string(candles).expect("written");
    assert!(kept.contains("1400,1400,1400,1400"), "{kept}");
    window.click("chart-candles").await;
}

/// An ask of which a neighbour takes a part.
async fn ask<N: Listens>(window: &Window, street: &Street<N>) {
    window.click("side-sell").await;
    place(window, "1450", "0.4", "trading-6-ask").await;
    window.click("orders-open").await;
    window
        .find_css("[data-testid='open-orders-row'][data-kind='OPEN']")
        .await;
    holds(window, "etk", "700.00").await;
    street.neighbour(&["market", "place", "bid", "0.15", "1450", "--yes"]);
    window
        .wait_css_text(
            "[data-testid='open-orders-row'][data-kind='PARTIALLY_FILLED']",
            "tells how much of it is filled",
            |text| text.contains("0.4") && text.contains("0.15"),
        )
        .await;
    holds(window, "idrs", "4,517.50").await;
    to_orders(window).await;
    window.shoot_all("trading-7-partly").await;
}

/// The rest of it comes back.
async fn take_back(window: &Window) {
    window.click("cancel-order").await;
    window
        .wait_text("cancel-effect", "tells what comes back", |text| {
            text.contains("250.00")
        })
        .await;
    window.shoot_all("trading-8-cancel").await;
    window.click("cancel-orders-submit").await;
    window.wait_gone("[data-testid='cancel-orders']").await;
    window.wait_gone("[data-testid='open-orders-row']").await;
    holds(window, "etk", "950.00").await;
    window
        .wait_text("performance-earned", "tells what was earned", |text| {
            text.contains("217.50")
        })
        .await;
}

/// Histories of some days only.
async fn narrow(window: &Window) {
    let cancelled = "[data-testid='order-history-row'][data-kind='CANCELLED']";
    window.click("orders-history").await;
    window.find_css(cancelled).await;
    set_date(window, "order-history-to", "2020-01-01").await;
    window.wait_gone(cancelled).await;
    to_orders(window).await;
    window.shoot_all("trading-9-narrowed").await;
    window.click("order-history-widen").await;
    window.find_css(cancelled).await;
    window.click("orders-trades").await;
    window.find("own-trades-row").await;
    set_date(window, "own-trades-from", "2100-01-01").await;
    window.wait_gone("[data-testid='own-trades-row']").await;
    window.click("own-trades-widen").await;
    window.find("own-trades-row").await;
    to_top(window).await;
}

/// What is typed stays while the page is left, and is gone with the key.
async fn keep_ticket(window: &Window) {
    window.replace("ticket-amount", "0.07").await;
    window.click("nav-home").await;
    window.find("settlement-row").await;
    window.press(&[CONTROL, '3']).await;
    window.find("ticket-amount").await;
    assert_eq!(typed(window).await, json!(["1450", "0.07"]));
    window.press(&[CONTROL, 'l']).await;
    window
        .find_css("[data-testid='key-state'][data-state='locked']")
        .await;
    assert_eq!(typed(window).await, json!(["", ""]));
    window.press(&[CONTROL, 'l']).await;
    window.unlock().await;
}

async fn typed(window: &Window) -> serde_json::Value {
    let script = "return ['ticket-price', 'ticket-amount']\
        .map(id => document.querySelector(`[data-testid='${id}']`).value)";
    window.run(script).await
}

/// Whoever buys for less than the most that the order may cost leaves an allowance for the difference.
async fn buy_at_once<N: Listens>(window: &Window, street: &Street<N>) {
    street.neighbour(&["market", "place", "ask", "0.1", "1300", "--yes"]);
    window
        .wait_text("stat-best", "has the ask", |text| text.contains("1,300"))
        .await;
    window.click("side-buy").await;
    window.click("kind-market").await;
    place(window, "1365", "0.1", "trading-10-at-once").await;
    holds(window, "etk", "1,050.00").await;
    holds(window, "idrs", "4,387.50").await;
}

async fn end_allowance(window: &Window) {
    window.click("nav-wallet").await;
    window.click("wallet-part-tokens").await;
    window
        .wait_css_text(
            "[data-testid='allowance-row'] [data-testid='allowance-left']",
            "is what the better price has left",
            |text| text.contains("6.50"),
        )
        .await;
    to_allowances(window).await;
    window.shoot_all("trading-11-allowance").await;
    window.click("allowance-end").await;
    window.find("allowance-effect").await;
    window.shoot_all("trading-12-end").await;
    window.click("allowance-confirm-submit").await;
    window.find("allowance-empty").await;
    to_allowances(window).await;
    window.shoot_all("trading-13-ended").await;
}

async fn set_date(window: &Window, id: &str, day: &str) {
    window.find(id).await;
    window
        .run(&format!(
            "const field = document.querySelector(\"[data-testid='{id}']\"); field.value = '{day}'; \
             field.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        ))
        .await;
}

async fn to_orders(window: &Window) {
    scroll_to(window, ".orders").await;
}

async fn to_allowances(window: &Window) {
    scroll_to(window, ".allowances").await;
}

async fn scroll_to(window: &Window, selector: &str) {
    close_toasts(window).await;
    window
        .run(&format!("document.querySelector('{selector}').scrollIntoView()"))
        .await;
}

async fn to_top(window: &Window) {
    window.run("document.querySelector('.page').scrollTo(0, 0)").await;
}
