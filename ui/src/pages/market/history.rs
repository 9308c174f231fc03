//! Every order of the wallet, filtered by the core, newest first.

use enerlink_domain::{
    market::{OrderStatus, Side},
    view::{Order, OrderFilter},
};
use enerlink_ipc::{ListOrders, SaveOrders};
use leptos::{ev, prelude::*};

use super::{
    desk::Desk,
    open::{Row, order_columns, status_words},
    ticket::side_words,
};
use crate::{
    components::{
        activity::Hash,
        chain_offline::ChainOffline,
        dates::{DayRange, Days, Widen},
        pages::{Paged, Pages},
        saving::save_rows,
        table::{Column, Table},
    },
    feed::feed,
    i18n::{Key, text},
    session::session,
};

/// Rows of a page.
const PAGE: u16 = 20;

/// The table.
#[component]
pub(super) fn OrderHistory(desk: Desk) -> impl IntoView {
    let feed = feed();
    let filter = RwSignal::new(OrderFilter::default());
    let pages = Pages::new(|row: &Order| (row.number, String::new()));
    let asked = move || OrderFilter {
        trader: desk.account.get_untracked(),
        ..filter.get_untracked()
    };
    let read = move |before: Option<i64>| {
        let command = ListOrders {
            filter: asked(),
            limit: PAGE,
            before,
        };
        pages.read(command, before, |page| (page.rows, page.next));
    };
    Effect::new(move || {
        // Read, for a memo that is only tracked is never computed.
        filter.with(|_| ());
        desk.account.with(|_| ());
        pages.begin();
        read(None);
    });
    let told = Memo::new(move |_| feed.state.with(|state| state.order.clone()));
    Effect::new(move |before: Option<()>| {
        // Read, for a memo that is only tracked is never computed.
        told.with(|_| ());
        if before.is_some() {
            read(None);
        }
    });
    let rows = Memo::new(move |_| {
        let (units, wanted) = (desk.units.get(), filter.get());
        let rows = pages.rows.get().unwrap_or_default().into_iter();
        units.map_or_else(Vec::new, |units| {
            rows.filter(|row| suits(&wanted, row))
                .map(|order| Row { order, units })
                .collect()
        })
    });
    let session = session();
    let save = move |()| {
        let language = desk.language.get_untracked();
        save_rows(
            session,
            language,
            SaveOrders { filter: asked() },
            Key::OrdersSaved,
        );
    };
    let empty = move || {
        if filter.with(|filter| *filter != OrderFilter::default()) {
            let clear = move |_| filter.set(OrderFilter::default());
            view! {
                <p>{text(Key::NoOrdersFound)}</p>
                <button type="button" class="link" on:click=clear>{text(Key::ClearFilter)}</button>
            }
            .into_any()
        } else {
            view! { <p>{text(Key::NoOrders)}</p> }.into_any()
        }
    };
    view! {
        <ChainOffline />
        <Paged
            pages=pages
            older_testid="orders-older"
            read=read
        >
            <Table
                id="order-history"
                label=Key::OrderHistory
                columns=columns()
                rows=rows
                identity=|row: &Row| format!("{row:?}")
                kind=|row: &Row| row.order.status.as_str().to_owned()
                named=|row: &Row| row.order.number.to_string()
                empty=ViewFn::from(empty)
                on_save=save
            >
                <Filters filter=filter />
            </Table>
        </Paged>
    }
}

fn columns() -> Vec<Column<Row>> {
    let mut columns = order_columns();
    columns.push(
        Column::new(Key::TransactionWord, |row: &Row, _| row.order.tx.to_string())
            .shown(|row| view! { <Hash hash=row.order.tx /> }.into_any())
            .class("n"),
    );
    columns
}

/// Whether a row still is what was asked for: it may have moved on since it was read.
fn suits(filter: &OrderFilter, row: &Order) -> bool {
    filter.status.is_none_or(|status| status == row.status)
        && filter.side.is_none_or(|side| side == row.side)
        && days_of(filter).hold(row.placed_at)
}

/// When the orders that are wanted were placed.
fn days_of(filter: &OrderFilter) -> Days {
    Days {
        from: filter.from,
        to: filter.to,
    }
}

/// The controls beside the search.
#[component]
fn Filters(filter: RwSignal<OrderFilter>) -> impl IntoView {
    let status = move |event: ev::Event| {
        filter.update(|filter| filter.status = OrderStatus::parse(&event_target_value(&event)));
    };
    let side = move |event: ev::Event| {
        filter.update(|filter| filter.side = Side::parse(&event_target_value(&event)));
    };
    let days = Signal::derive(move || filter.with(days_of));
    let choose_days = move |days: Days| {
        filter.update(|filter| (filter.from, filter.to) = (days.from, days.to));
    };
    let statuses = OrderStatus::ALL.map(|status| {
        let chosen = move || filter.with(|filter| filter.status == Some(status));
        view! { <option value=status.as_str() prop:selected=chosen>{text(status_words(status))}</option> }
    });
    let sides = Side::ALL.map(|side| {
        let chosen = move || filter.with(|filter| filter.side == Some(side));
        view! { <option value=side.as_str() prop:selected=chosen>{text(side_words(side))}</option> }
    });
    view! {
        <select class="select" data-testid="order-history-status" aria-label=text(Key::State) on:change=status>
            <option value="" prop:selected=move || filter.with(|filter| filter.status.is_none())>{text(Key::AnyStatus)}</option>
            {statuses.into_iter().collect_view()}
        </select>
        <select class="select" data-testid="order-history-side" aria-label=text(Key::Side) on:change=side>
            <option value="" prop:selected=move || filter.with(|filter| filter.side.is_none())>{text(Key::AnySide)}</option>
            {sides.into_iter().collect_view()}
        </select>
        <DayRange id="order-history" days=days on_days=choose_days />
        <Widen id="order-history" filter=filter />
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::UnixMillis;

    use super::{super::open::tests::order, *};

    #[test]
    fn a_row_that_has_moved_on_leaves_the_filter() {
        let row = order(Side::Bid, 1400, 10);
        let filter = |status, side| OrderFilter {
            status,
            side,
            ..OrderFilter::default()
        };
        for (status, side, expected) in [
            (None, None, true),
            (Some(OrderStatus::PartiallyFilled), Some(Side::Bid), true),
            (Some(OrderStatus::Filled), None, false),
            (None, Some(Side::Ask), false),
        ] {
            assert_eq!(
                suits(&filter(status, side), &row),
                expected,
                "{status:?} {side:?}"
            );
        }
        let UnixMillis(placed) = row.placed_at;
        for (from, to, expected) in [(0, 1, true), (1, 2, false), (-1, 0, false)] {
            let dated = OrderFilter {
                from: Some(UnixMillis(placed + from)),
                to: Some(UnixMillis(placed + to)),
                ..OrderFilter::default()
            };
            assert_eq!(suits(&dated, &row), expected, "{from} {to}");
        }
    }
}
