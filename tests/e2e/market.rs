//! The market as a household uses it, on the demo: an order that rests, is seen as its own in the book and is taken back;
//! one that trades at once; a price that is waited for; and the trades as a file.

use std::{fs, path::Path};

use crate::{
    close_toasts, create_wallet,
    window::{CONTROL, ENTER, ESCAPE, Window, dialog::Screen},
};

#[tokio::test]
async fn market_orders_rest_trade_and_are_taken_back() {
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile");
    let window = Window::open(&["demo", "--seed", "1", "--speed", "12"], &profile).await;
    create_wallet(&window).await;
    window.unlock().await;
    // What is sold is settled first; a period of the demo is over in half a minute.
    window
        .find_css("[data-testid='settlement-row'][data-status='SUCCESS']")
        .await;
    look(&window).await;
    rest(&window).await;
    take_back(&window).await;
    wait_for_a_price(&window).await;
    sell(&window).await;
    keep(&window, &directory.path().join("trades.csv")).await;
    window.close().await;
}

/// The book, the figures and both charts.
async fn look(window: &Window) {
    window.press(&[CONTROL, '3']).await;
    window.find("book").await;
    window.find("ticket").await;
    window.find_css("[data-testid='tape-row']").await;
    window
        .find_css("[data-testid='book-asks'] [data-testid='book-level']")
        .await;
    window
        .wait_text("stat-last", "tells the last price", |text| text.starts_with("Rp"))
        .await;
    window.find("market-candles").await;
    close_toasts(window).await;
    window.shoot_all("market-1-book").await;
    window.click("group-10").await;
    window.click("chart-depth").await;
    window.find("market-depth").await;
    close_toasts(window).await;
    window.shoot_all("market-2-depth").await;
    window.click("group-1").await;
    window.click("chart-candles").await;
    window.click("width-1m").await;
}

/// An order far from what others pay rests in the book, marked as one's own, with its place in the queue.
async fn rest(window: &Window) {
    window.click("side-sell").await;
    window.replace("ticket-price", "9000").await;
    window.replace("ticket-amount", "0.015").await;
    window
        .wait_css_text(".field.wrong .hint", "names amounts that can be traded", |text| {
            text.contains("0.01") && text.contains("0.02")
        })
        .await;
    window.replace("ticket-amount", "100000").await;
    window.find("ticket-problems").await;
    window.shoot("market-3-too-much").await;
    window.replace("ticket-amount", "0.02").await;
    window.find("ticket-effects").await;
    window
        .wait_text("ticket-submit", "says what it does", |text| {
            text.replace('\u{a0}', " ") == "Sell 0.02 kWh at Rp 9,000"
        })
        .await;
    window.shoot_all("market-4-ticket").await;
    window.click("ticket-submit").await;
    window.find("place-order-submit").await;
    // Enter signs nothing.
    window.press(&[ENTER]).await;
    window.find("place-order-submit").await;
    window.shoot_all("market-5-confirm").await;
    window.click("place-order-submit").await;
    window.wait_gone("[data-testid='place-order']").await;
    window
        .find_css("[data-testid='open-orders-row'][data-kind='OPEN']")
        .await;
    window
        .wait_css_text(
            "[data-testid='open-orders-row'] .place",
            "has its place",
            |text| text.contains("in line"),
        )
        .await;
    close_toasts(window).await;
    window
        .run("document.querySelector('.orders').scrollIntoView()")
        .await;
    window.shoot_all("market-6-open").await;
    window.run("document.querySelector('.page').scrollTo(0, 0)").await;
}

async fn take_back(window: &Window) {
    window.click("cancel-all").await;
    window.find("cancel-effect").await;
    window.shoot("market-7-cancel").await;
    window.click("cancel-orders-submit").await;
    window.wait_gone("[data-testid='cancel-orders']").await;
    window.wait_gone("[data-testid='open-orders-row']").await;
    window.click("orders-history").await;
    window
        .find_css("[data-testid='order-history-row'][data-kind='CANCELLED']")
        .await;
}

async fn wait_for_a_price(window: &Window) {
    window.choose("alert-direction", "below").await;
    window.type_into("alert-limit", "65000").await;
    window.click("alert-add").await;
    window.find("alert-row").await;
    // The last price is below: the next block tells.
    window.find("alert-reached").await;
    // It is in the inbox too, and leads back here.
    window.click("inbox-bell").await;
    window
        .find_css("[data-testid='notice-row'][data-kind='price_reached']")
        .await;
    close_toasts(window).await;
    window.shoot("market-8-alert").await;
    window.press(&[ESCAPE]).await;
    window.click("alert-rearm").await;
    // The row is another one when the list was read again.
    window
        .find_css("[data-testid='alert-row'][data-fired='false']")
        .await;
    window.click("alert-remove").await;
    window.find("alerts-empty").await;
}

/// Sells at what a neighbour pays.
async fn sell(window: &Window) {
    // Nobody has touched the window for a quarter of an hour of the demo's time, it may be.
    if !window
        .all("[data-testid='key-state'][data-state='locked']")
        .await
        .is_empty()
    {
        window.press(&[CONTROL, 'l']).await;
        window.unlock().await;
    }
    window.click("kind-market").await;
    window.replace("ticket-price", "1").await;
    window.replace("ticket-amount", "0.01").await;
    window
        .find_css("[data-testid='ticket-submit']:not(:disabled)")
        .await;
    window.click("ticket-submit").await;
    window
        .find_css("[data-testid='place-order-submit']:enabled")
        .await;
    window.click("place-order-submit").await;
    window.wait_gone("[data-testid='place-order']").await;
    window.click("orders-trades").await;
    window
        .find_css("[data-testid='own-trades-row'][data-kind='ASK']")
        .await;
    window
        .wait_text("performance-earned", "tells what was earned", |text| {
            text.chars().any(|letter| ('1'..='9').contains(&letter))
        })
        .await;
    close_toasts(window).await;
    window
        .run("document.querySelector('.orders').scrollIntoView()")
        .await;
    window.shoot_all("market-8-trades").await;
}

async fn keep(window: &Window, file: &Path) {
    let screen = Screen::look();
    window.click("own-trades-csv").await;
    screen.answer(file).await;
    window
        .wait_css_text(".toasts", "names the file", |text| text.contains("trades.csv"))
        .await;
    let kept = fs::read_to_string(file).expect("written");
    assert!(kept.lines().count() >= 2, "{kept}");
    assert!(kept.contains("ASK"), "{kept}");
}
