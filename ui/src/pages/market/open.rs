//! One's open orders, each with its place in the queue and a way to take it back.

use enerlink_domain::{
    Address, Idrs, Transaction, TxKind, TxStage,
    market::{OrderStatus, Pair, Side, TotalLots},
    view::Order,
};
use enerlink_ipc::{CancelAllOrders, CancelOrders};
use leptos::prelude::*;

use super::{
    desk::Desk,
    figures::Units,
    ticket::{marked, side_words},
};
use crate::{
    components::{
        activity::StageChip,
        confirm::{Confirm, Demands},
        doing::Doing,
        table::{Column, Table},
        transaction::what,
    },
    feed::feed,
    format::{self, Sign},
    i18n::{Key, Language, say, text},
    prefs::prefs,
    session::{Tone, session},
};

/// An order, and in what it is shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub order: Order,
    pub units: Units,
}

/// What is to be taken back.
#[derive(Clone, Debug, PartialEq)]
enum Cancel {
    One(Box<Order>),
    All(Address, Vec<Order>),
}

/// The open orders, and those on their way.
#[component]
pub(super) fn OpenOrders(desk: Desk) -> impl IntoView {
    let feed = feed();
    let rows = Memo::new(move |_| {
        let units = desk.units.get();
        let own = desk.own();
        units.map_or_else(Vec::new, |units| {
            own.into_iter().map(|order| Row { order, units }).collect()
        })
    });
    let asked = RwSignal::new(None::<Cancel>);
    let ask = move |cancel: Cancel| {
        feed.with_keys(move || {
            asked.try_set(Some(cancel));
        });
    };
    let mine = Memo::new(move |_| {
        let account = desk.account.get();
        let own = desk.own().into_iter();
        own.filter(|order| Some(order.trader) == account)
            .collect::<Vec<_>>()
    });
    let all = move |_| {
        if let Some(account) = desk.account.get_untracked() {
            ask(Cancel::All(account, mine.get_untracked()));
        }
    };
    let columns = columns(move |order: &Order| ask(Cancel::One(Box::new(order.clone()))));
    view! {
        <OnTheirWay desk=desk />
        <Table
            id="open-orders"
            label=Key::OpenOrders
            columns=columns
            rows=rows
            identity=|row: &Row| format!("{row:?}")
            kind=|row: &Row| row.order.status.as_str().to_owned()
            named=|row: &Row| row.order.number.to_string()
            empty=ViewFn::from(|| view! {
                <p>{text(Key::NoOpenOrders)}</p>
                <p class="dim small">{text(Key::NoOpenOrdersHint)}</p>
            })
        >
            <button
                type="button"
                class="button quiet small"
                data-testid="cancel-all"
                disabled=move || mine.with(Vec::is_empty)
                on:click=all
            >
                {text(Key::CancelAll)}
            </button>
        </Table>
        {move || asked.get().map(|cancel| view! {
            <CancelDialog desk=desk cancel=cancel on_close=move |()| asked.set(None) />
        })}
    }
}

fn columns(cancel: impl Fn(&Order) + Clone + Send + Sync + 'static) -> Vec<Column<Row>> {
    let mut columns = order_columns();
    columns.insert(
        4,
        Column::new(Key::QueuePlace, |row: &Row, language| {
            place_words(row.units, language, &row.order)
        })
        .class("place"),
    );
    columns.push(Column::buttons(move |row: &Row| {
        let (cancel, order) = (cancel.clone(), row.order.clone());
        view! {
            <button type="button" class="link" data-testid="cancel-order" on:click=move |_| cancel(&order)>
                {text(Key::CancelWord)}
            </button>
        }
        .into_any()
    }));
    columns
}

/// What every list of orders says.
pub(super) fn order_columns() -> Vec<Column<Row>> {
    let number = |title: Key, words: fn(&Row, Language) -> String| Column::new(title, words).class("n");
    vec![
        Column::new(Key::Side, |row: &Row, language| {
            side_words(row.order.side).text(language).to_owned()
        })
        .shown(|row| view! { <SideMark side=row.order.side /> }.into_any())
        .ordered(|a, b| a.order.side.cmp(&b.order.side)),
        number(Key::PriceWord, |row, language| {
            row.units.named_price(language, row.order.price)
        })
        .ordered(|a, b| a.order.price.cmp(&b.order.price)),
        number(Key::AmountWord, |row, language| {
            row.units.energy(language, row.order.lots)
        })
        .ordered(|a, b| a.order.lots.cmp(&b.order.lots)),
        number(Key::FilledWord, |row, language| {
            row.units.energy(language, row.order.filled)
        })
        .ordered(|a, b| a.order.filled.cmp(&b.order.filled)),
        Column::new(Key::State, |row: &Row, language| {
            status_words(row.order.status).text(language).to_owned()
        })
        .shown(|row| view! { <StatusChip status=row.order.status /> }.into_any()),
        Column::new(Key::PlacedWord, |row: &Row, language| {
            super::moment(language, row.order.placed_at)
        })
        .class("when")
        .ordered(|a, b| a.order.placed_at.cmp(&b.order.placed_at)),
        Column::new(Key::Account, |row: &Row, _| row.order.trader.to_string()).shown(|row| {
            let address = row.order.trader;
            view! { <span class="dim" title=address.to_string()>{format::short_address(address)}</span> }
                .into_any()
        }),
    ]
}

/// A side with its sign and colour.
#[component]
pub(super) fn SideMark(side: Side) -> impl IntoView {
    let (class, mark) = marked(side);
    view! {
        <span class=format!("side {class}")>
            <span aria-hidden="true">{mark}</span>
            {text(side_words(side))}
        </span>
    }
}

/// What the chain says of an order.
#[component]
pub(super) fn StatusChip(status: OrderStatus) -> impl IntoView {
    let class = match status {
        OrderStatus::Open => "chip",
        OrderStatus::PartiallyFilled => "chip warn",
        OrderStatus::Filled => "chip good",
        OrderStatus::Cancelled => "chip quiet",
    };
    view! { <span class=class>{text(status_words(status))}</span> }
}

/// The word of a status.
pub(super) fn status_words(status: OrderStatus) -> Key {
    match status {
        OrderStatus::Open => Key::OrderOpen,
        OrderStatus::PartiallyFilled => Key::OrderPartly,
        OrderStatus::Filled => Key::OrderFilled,
        OrderStatus::Cancelled => Key::OrderCancelled,
    }
}

/// Who is served before an order.
fn place_words(units: Units, language: Language, order: &Order) -> String {
    let Some(position) = order.position else {
        return String::new();
    };
    if position.orders == 0 {
        return Key::QueueFirst.text(language).to_owned();
    }
    let (place, ahead) = (
        format::count(language, position.orders + 1),
        units.energy(language, position.lots),
    );
    say(language, Key::QueueAt, &[("place", &place), ("ahead", &ahead)])
}

/// Orders and cancellations that no block holds yet.
#[component]
fn OnTheirWay(desk: Desk) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let rows = Memo::new(move |_| {
        feed.state.with(|state| {
            let transactions = state.home.iter().flat_map(|home| &home.transactions);
            transactions.filter(|row| waits(row)).cloned().collect::<Vec<_>>()
        })
    });
    let row = move |row: Transaction| {
        let (kind, detail) = (row.kind, row.detail.clone());
        let words = move || what(language.get(), kind, detail.as_ref(), None, desk.units.get());
        view! {
            <li data-testid="order-waits" data-stage=row.stage.as_str()>
                <span>{words}</span>
                <StageChip stage=row.stage confirmations=row.confirmations />
                {row.reason.clone().map(|reason| view! { <span class="dim">{reason}</span> })}
            </li>
        }
    };
    move || {
        let rows = rows.get();
        (!rows.is_empty()).then(|| {
            view! { <ul class="on-their-way" aria-label=text(Key::OnTheirWay)>{rows.into_iter().map(row).collect_view()}</ul> }
        })
    }
}

/// Whether a transaction of the market is still on its way.
fn waits(row: &Transaction) -> bool {
    let ours = matches!(row.kind, TxKind::PlaceOrder | TxKind::CancelOrders);
    let under_way = match row.stage {
        TxStage::Queued
        | TxStage::AwaitingUnlock
        | TxStage::NoGas
        | TxStage::Signed
        | TxStage::Sent
        | TxStage::Dropped => true,
        TxStage::Mined | TxStage::Confirmed | TxStage::Final | TxStage::Replaced | TxStage::Failed => false,
    };
    ours && under_way
}

/// The question before orders are taken back.
#[component]
fn CancelDialog(desk: Desk, cancel: Cancel, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let doing = Doing::new();
    let orders = match &cancel {
        Cancel::One(order) => vec![Order::clone(order)],
        Cancel::All(_, orders) => orders.clone(),
    };
    let count = orders.len();
    let orders = StoredValue::new(orders);
    let units = desk.units.get_untracked();
    let action = Signal::derive(move || {
        let language = language.get();
        match count {
            1 => Key::CancelOrderAction.text(language).to_owned(),
            _ => {
                let count = format::count(language, count as u64);
                say(language, Key::CancelOrdersAction, &[("count", &count)])
            }
        }
    });
    let effect = move || {
        let units = units?;
        Some(orders.with_value(|orders| returned_words(units, language.get(), orders)))
    };
    let done = move || {
        session.say(
            Tone::Good,
            Key::CancelQueued.text(language.get_untracked()).to_owned(),
        );
        desk.read_again();
        on_close.try_run(());
    };
    let confirm = move |_| match &cancel {
        Cancel::One(order) => {
            let command = CancelOrders {
                account: order.trader,
                orders: order.id.into_iter().collect(),
            };
            doing.call(command, move |_| done());
        }
        Cancel::All(account, _) => doing.call(CancelAllOrders { account: *account }, move |_| done()),
    };
    let list = move || {
        let units = units?;
        let lines = orders.with_value(|orders| {
            let line = |order: &Order| {
                let words = format!(
                    "{} · {}",
                    units.energy(language.get(), order.left),
                    units.money(language.get(), order.price)
                );
                view! { <li><SideMark side=order.side />" "{words}</li> }
            };
            orders.iter().map(line).collect_view()
        });
        Some(lines)
    };
    view! {
        <Confirm
            testid="cancel-orders"
            title=action
            demands=Demands::default()
            action=action
            doing=doing
            on_confirm=confirm
            on_close=on_close
        >
            <p data-testid="cancel-effect">{effect}</p>
            <ul class="cancelled">{list}</ul>
            <p class="aside">{text(Key::CancelHint)}</p>
        </Confirm>
    }
}

/// What comes back of orders that are taken back.
fn returned_words(units: Units, language: Language, orders: &[Order]) -> String {
    let (mut idrs, mut lots) = (Idrs::ZERO, TotalLots::ZERO);
    for order in orders {
        match order.side {
            Side::Bid => idrs.0 += Pair::cost(order.left, order.price).0,
            Side::Ask => lots.0 += u64::from(order.left.0),
        }
    }
    let mut parts = Vec::new();
    if idrs > Idrs::ZERO {
        parts.push(format!("{}\u{a0}IDRS", format::idrs(language, idrs)));
    }
    if lots > TotalLots::ZERO {
        let etk = format::etk(language, units.pair.etk(lots), Sign::Negative);
        parts.push(format!("{etk}\u{a0}ETK"));
    }
    say(language, Key::CancelReturns, &[("amount", &parts.join(" + "))])
}

#[cfg(test)]
pub(super) mod tests {
    use enerlink_domain::{
        TxHash, UnixMillis,
        market::{Lots, Price, QueuePosition},
    };

    use super::{super::figures::tests::units, *};

    /// An open order of a test.
    pub(in crate::pages::market) fn order(side: Side, price: u16, left: u32) -> Order {
        Order {
            number: 1,
            id: None,
            trader: Address([7; 20]),
            side,
            price: Price::new(price).expect("above zero"),
            lots: Lots(left + 10),
            filled: Lots(10),
            left: Lots(left),
            status: OrderStatus::PartiallyFilled,
            flags: None,
            tx: TxHash::default(),
            block: 7,
            placed_at: UnixMillis(0),
            ended_at: None,
            position: None,
        }
    }

    #[test]
    fn the_place_in_the_queue_is_said() {
        let words = |position| {
            let order = Order {
                position,
                ..order(Side::Bid, 1400, 90)
            };
            place_words(units(), Language::English, &order).replace('\u{a0}', " ")
        };
        let at = |orders, lots| {
            Some(QueuePosition {
                orders,
                lots: TotalLots(lots),
            })
        };
        assert_eq!(words(None), "");
        assert_eq!(words(at(0, 0)), "first in line");
        assert_eq!(words(at(2, 110)), "number 3 in line, 1.1 kWh ahead");
    }

    #[test]
    fn what_rests_comes_back_in_the_token_that_was_paid() {
        let orders = [order(Side::Bid, 1400, 100), order(Side::Ask, 1500, 50)];
        let words = returned_words(units(), Language::English, &orders).replace('\u{a0}', " ");
        assert!(words.contains("1,400.00 IDRS + 500.00 ETK"), "{words}");
    }
}
