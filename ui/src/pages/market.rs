//! The market: what neighbours ask and pay, what was traded, a ticket to trade with, and what became of one's orders.

mod alerts;
mod book;
mod candles;
mod chart;
mod desk;
mod draft;
mod figures;
mod form;
mod history;
mod notices;
mod open;
mod orders;
mod performance;
mod receive;
mod strip;
mod tape;
mod ticket;
mod trades;

use enerlink_domain::UnixMillis;
use leptos::prelude::*;

use crate::{
    components::loaded::Waiting,
    format,
    i18n::{Key, Language, say, text},
    ipc,
    prefs::prefs,
};

pub(crate) use alerts::alert_news;
pub(crate) use figures::Units;
pub(crate) use form::Form;

use alerts::AlertsCard;
use book::BookCard;
use chart::ChartCard;
use desk::{Content, Desk};
use notices::MarketNotices;
use orders::OrdersCard;
use performance::PerformanceCard;
use receive::ReceiveCard;
use strip::Strip;
use tape::TapeCard;
use ticket::TicketCard;

/// The page.
#[component]
pub(crate) fn MarketPage() -> impl IntoView {
    let desk = Desk::open();
    let content = Memo::new(move |_| desk.content());
    let kind = Memo::new(move |_| match content.get() {
        Content::Reading(..) => Content::Reading(0, 0),
        content => content,
    });
    view! {
        <div class="market-page" data-testid="market">
            <MarketNotices desk=desk />
            {move || match kind.get() {
                Content::Loading => view! { <Skeleton desk=desk /> }.into_any(),
                Content::Missing => view! { <Missing /> }.into_any(),
                Content::Reading(..) => view! { <Reading content=content /> }.into_any(),
                Content::Book => view! { <Floor desk=desk /> }.into_any(),
            }}
            <ReceiveCard />
        </div>
    }
}

/// The market itself.
#[component]
fn Floor(desk: Desk) -> impl IntoView {
    view! {
        <Strip desk=desk />
        <div class="floor">
            <BookCard desk=desk />
            <div class="middle">
                <ChartCard desk=desk />
                <TapeCard desk=desk />
            </div>
            <TicketCard desk=desk />
        </div>
        <OrdersCard desk=desk />
        <div class="pair even">
            <PerformanceCard desk=desk />
            <AlertsCard desk=desk />
        </div>
    }
}

/// The shape of the page while nothing was read.
#[component]
fn Skeleton(desk: Desk) -> impl IntoView {
    let error = desk.view.error;
    let wrong = Memo::new(move |_| error.with(Option::is_some));
    move || {
        if wrong.get() {
            view! { <div class="card"><Waiting error=error retry=desk.retry() rows=8 /></div> }.into_any()
        } else {
            view! {
                <div class="floor skeleton" aria-busy="true" data-testid="loading">
                    <div class="card tall"></div>
                    <div class="card tall"></div>
                    <div class="card tall"></div>
                </div>
            }
            .into_any()
        }
    }
}

/// The network has no market; what can be done without one stands below.
#[component]
fn Missing() -> impl IntoView {
    view! {
        <section class="card nothing" data-testid="market-none">
            <h2>{text(Key::NoMarketTitle)}</h2>
            <p class="mut">{text(Key::NoMarketHint)}</p>
        </section>
    }
}

/// How far the market's events were read.
#[component]
fn Reading(content: Memo<Content>) -> impl IntoView {
    let language = prefs().language;
    let progress = move || match content.get() {
        Content::Reading(block, head) => (block, head),
        Content::Loading | Content::Missing | Content::Book => (0, 0),
    };
    let words = move || {
        let (block, head) = progress();
        let [block, head] = [block, head].map(|block| format::count(language.get(), block));
        say(
            language.get(),
            Key::MarketReadingHint,
            &[("block", &block), ("head", &head)],
        )
    };
    view! {
        <section class="card nothing" data-testid="market-reading">
            <h2>{text(Key::MarketReading)}</h2>
            <progress
                aria-label=text(Key::MarketReading)
                max=move || progress().1.max(1).to_string()
                value=move || progress().0.to_string()
            ></progress>
            <p class="mut">{words}</p>
        </section>
    }
}

/// A moment with its day.
fn moment(language: Language, at: UnixMillis) -> String {
    format::day_and_time(language, at, ipc::utc_offset_minutes(at.0))
}
