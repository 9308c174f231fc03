//! Below the market: one's open orders, those that are over, and one's trades.

use leptos::prelude::*;

use super::{desk::Desk, history::OrderHistory, open::OpenOrders, trades::OwnTrades};
use crate::{components::tabs::Tabs, i18n::Key};

/// What is shown of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Open,
    History,
    Trades,
}

/// The card.
#[component]
pub(super) fn OrdersCard(desk: Desk) -> impl IntoView {
    let part = RwSignal::new(Part::Open);
    let tabs = vec![
        (Part::Open, Key::OpenOrders, "open"),
        (Part::History, Key::OrderHistory, "history"),
        (Part::Trades, Key::OwnTrades, "trades"),
    ];
    let body = move || match part.get() {
        Part::Open => view! { <OpenOrders desk=desk /> }.into_any(),
        Part::History => view! { <OrderHistory desk=desk /> }.into_any(),
        Part::Trades => view! { <OwnTrades desk=desk /> }.into_any(),
    };
    view! {
        <section class="card orders">
            <Tabs id="orders" label=Key::OrdersPart tabs=tabs shown=part on_show=move |chosen| part.set(chosen) />
            <div role="tabpanel" id="orders-panel" class="orders-panel" tabindex="-1">{body}</div>
        </section>
    }
}
