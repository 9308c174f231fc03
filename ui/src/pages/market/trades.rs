//! One's trades, as one's own side of them, newest first.

use enerlink_domain::{
    Address,
    market::Side,
    view::{Trade, TradeFilter},
};
use enerlink_ipc::{ListTrades, SaveTrades};
use leptos::prelude::*;

use super::{desk::Desk, figures::Units, open::SideMark, ticket::side_words};
use crate::{
    components::{
        activity::Hash,
        chain_offline::ChainOffline,
        dates::{DayRange, Days, Widen},
        pages::{Paged, Pages},
        saving::save_rows,
        table::{Column, Table},
    },
    format::{self, HIDDEN},
    i18n::{Key, Language, text},
    prefs::prefs,
    session::session,
};

/// Rows of a page.
const PAGE: u16 = 20;

/// A trade as the account sees it.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    trade: Trade,
    account: Address,
    units: Units,
    hidden: bool,
}

impl Row {
    /// What the account did.
    fn side(&self) -> Side {
        if self.trade.taker == self.account {
            self.trade.side
        } else {
            self.trade.side.opposite()
        }
    }

    /// Whether it came to an order that rested, or its own rested.
    fn role(&self) -> Key {
        if self.trade.taker == self.account {
            Key::RoleTaker
        } else {
            Key::RoleMaker
        }
    }

    /// The other party.
    fn other(&self) -> Address {
        if self.trade.taker == self.account {
            self.trade.maker
        } else {
            self.trade.taker
        }
    }
}

/// The table.
#[component]
pub(super) fn OwnTrades(desk: Desk) -> impl IntoView {
    let hidden = prefs().hidden;
    let pages = Pages::new(|row: &Trade| (row.number, String::new()));
    let filter = RwSignal::new(TradeFilter::default());
    let asked = move || TradeFilter {
        account: desk.account.get_untracked(),
        ..filter.get_untracked()
    };
    let read = move |before: Option<i64>| {
        let command = ListTrades {
            filter: asked(),
            limit: PAGE,
            before,
        };
        pages.read(command, before, |page| (page.rows, page.next));
    };
    Effect::new(move || {
        filter.with(|_| ());
        // Read, for a memo that is only tracked is never computed.
        desk.account.with(|_| ());
        pages.begin();
        read(None);
    });
    let newest = Memo::new(move |_| desk.of_view(|view| view.tape.first().map(|trade| trade.number)));
    Effect::new(move |before: Option<()>| {
        // Read, for a memo that is only tracked is never computed.
        newest.with(|_| ());
        if before.is_some() {
            read(None);
        }
    });
    let rows = Memo::new(move |_| {
        let (units, account, hidden) = (desk.units.get(), desk.account.get(), hidden.get());
        let rows = pages.rows.get().unwrap_or_default().into_iter();
        units.zip(account).map_or_else(Vec::new, |(units, account)| {
            rows.map(|trade| Row {
                trade,
                account,
                units,
                hidden,
            })
            .collect()
        })
    });
    let session = session();
    let save = move |()| {
        let language = desk.language.get_untracked();
        save_rows(
            session,
            language,
            SaveTrades { filter: asked() },
            Key::TradesSaved,
        );
    };
    let days = Signal::derive(move || {
        filter.with(|filter| Days {
            from: filter.from,
            to: filter.to,
        })
    });
    let choose_days = move |days: Days| {
        filter.update(|filter| (filter.from, filter.to) = (days.from, days.to));
    };
    let empty = move || {
        let narrowed = filter.with(|filter| *filter != TradeFilter::default());
        let key = if narrowed {
            Key::NoTradesFound
        } else {
            Key::NoOwnTrades
        };
        view! { <p>{text(key)}</p> }
    };
    view! {
        <ChainOffline />
        <Paged
            pages=pages
            older_testid="trades-older"
            read=read
        >
            <Table
                id="own-trades"
                label=Key::OwnTrades
                columns=columns()
                rows=rows
                identity=|row: &Row| format!("{row:?}")
                kind=|row: &Row| row.side().as_str().to_owned()
                named=|row: &Row| row.trade.number.to_string()
                empty=ViewFn::from(empty)
                on_save=save
            >
                <DayRange id="own-trades" days=days on_days=choose_days />
                <Widen id="own-trades" filter=filter />
            </Table>
        </Paged>
    }
}

fn columns() -> Vec<Column<Row>> {
    let number = |title: Key, words: fn(&Row, Language) -> String| Column::new(title, words).class("n");
    vec![
        Column::new(Key::Time, |row: &Row, language| {
            super::moment(language, row.trade.at)
        })
        .class("when")
        .ordered(|a, b| a.trade.at.cmp(&b.trade.at)),
        Column::new(Key::Side, |row: &Row, language| {
            side_words(row.side()).text(language).to_owned()
        })
        .shown(|row| view! { <SideMark side=row.side() /> }.into_any())
        .ordered(|a, b| a.side().cmp(&b.side())),
        number(Key::PriceWord, |row, language| {
            row.units.named_price(language, row.trade.price)
        })
        .ordered(|a, b| a.trade.price.cmp(&b.trade.price)),
        number(Key::AmountWord, |row, language| {
            row.units.energy(language, row.trade.lots)
        })
        .ordered(|a, b| a.trade.lots.cmp(&b.trade.lots)),
        number(Key::TotalWord, |row, language| match row.hidden {
            true => HIDDEN.to_owned(),
            false => format!("{}\u{a0}IDRS", format::idrs(language, row.trade.value)),
        })
        .ordered(|a, b| a.trade.value.cmp(&b.trade.value)),
        Column::new(Key::RoleWord, |row: &Row, language| {
            row.role().text(language).to_owned()
        })
        .class("role"),
        Column::new(Key::OtherParty, |row: &Row, _| row.other().to_string()).shown(|row| {
            let other = row.other();
            view! { <span class="dim" title=other.to_string()>{format::short_address(other)}</span> }
                .into_any()
        }),
        Column::new(Key::TransactionWord, |row: &Row, _| row.trade.tx.to_string())
            .shown(|row| view! { <Hash hash=row.trade.tx /> }.into_any())
            .class("n"),
    ]
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        Idrs, TxHash, UnixMillis,
        market::{Lots, OrderId, Price},
    };

    use super::{super::figures::tests::units, *};

    #[test]
    fn each_party_sees_its_own_side() {
        let (maker, taker) = (Address([1; 20]), Address([2; 20]));
        let price = Price::new(1400).expect("above zero");
        let trade = Trade {
            number: 1,
            at: UnixMillis(0),
            price,
            lots: Lots(5),
            value: Idrs(7000),
            side: Side::Ask,
            maker_order: OrderId::new(0, Side::Bid, price, 0).expect("an id"),
            maker,
            taker,
            tx: TxHash::default(),
            block: 1,
        };
        for (account, side, role, other) in [
            (taker, Side::Ask, Key::RoleTaker, maker),
            (maker, Side::Bid, Key::RoleMaker, taker),
        ] {
            let row = Row {
                trade: trade.clone(),
                account,
                units: units(),
                hidden: false,
            };
            assert_eq!((row.side(), row.role(), row.other()), (side, role, other));
        }
    }
}
