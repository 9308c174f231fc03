//! Exchanges at the ramp, each with what its receipt has made of it.

use enerlink_domain::{
    Address, Status,
    token::{Amount, Conversion, ConversionFilter, Ramp},
};
use enerlink_ipc::{ListConversions, SaveConversions};
use leptos::{ev, prelude::*};

use super::AccountFilter;
use crate::{
    components::{
        activity::{Hash, StageChip, stage_words},
        address::AddressTag,
        chain_offline::ChainOffline,
        dates::{DayRange, Days, Widen},
        pages::{Paged, Pages, Veiled},
        saving::save_rows,
        table::{Column, Table},
        transaction::status_words,
    },
    feed::feed,
    format::{self, HIDDEN},
    i18n::{Key, Language, text},
    ipc,
    prefs::prefs,
    session::session,
};

/// Rows of a page.
const PAGE: u16 = 20;

type Row = Veiled<Conversion>;

/// The card with the table.
#[component]
pub(super) fn ExchangesCard() -> impl IntoView {
    let feed = feed();
    let pages = Pages::new(|row: &Conversion| (row.id, String::new()));
    let filter = RwSignal::new(ConversionFilter::default());
    let read = move |before: Option<i64>| {
        let command = ListConversions {
            filter: filter.get_untracked(),
            limit: PAGE,
            before,
        };
        pages.read(command, before, |page| (page.rows, page.next));
    };
    Effect::new(move || {
        filter.with(|_| ());
        pages.begin();
        read(None);
    });
    let told = Memo::new(move |_| {
        let exchange = |state: &crate::live::LiveState| {
            let told = state.transaction.as_ref()?;
            let detail = told.detail.as_ref()?;
            matches!(detail, enerlink_domain::TxDetail::Ramp { .. }).then(|| told.clone())
        };
        feed.state.with(exchange)
    });
    Effect::new(move |before: Option<()>| {
        // Read, for a memo that is only tracked is never computed.
        told.with(|_| ());
        if before.is_some() {
            read(None);
        }
    });
    let all = pages.veiled(prefs().hidden);
    let rows = Memo::new(move |_| {
        let wanted = filter.get();
        let rows = all.get().into_iter();
        rows.filter(|row| suits(&wanted, &row.row)).collect::<Vec<_>>()
    });
    let (session, language) = (session(), prefs().language);
    let save = move |()| {
        let command = SaveConversions {
            filter: filter.get_untracked(),
        };
        save_rows(session, language.get_untracked(), command, Key::ExchangesSaved);
    };
    let empty = move || {
        if filter.with(|filter| *filter != ConversionFilter::default()) {
            view! { <p>{text(Key::NoExchangesFound)}</p> }.into_any()
        } else {
            view! {
                <p>{text(Key::NoExchanges)}</p>
                <p class="dim small">{text(Key::NoExchangesHint)}</p>
            }
            .into_any()
        }
    };
    view! {
        <section class="card exchanges" data-testid="exchanges" aria-label=text(Key::ExchangesTitle)>
            <header><h2>{text(Key::ExchangesTitle)}</h2><small>{text(Key::RampSimulated)}</small></header>
            <ChainOffline />
            <Paged pages=pages older_testid="exchanges-older" read=read>
                <Table
                    id="exchange"
                    label=Key::ExchangesTitle
                    columns=columns()
                    rows=rows
                    identity=|row: &Row| format!("{row:?}")
                    kind=|row: &Row| row.row.status.as_str().to_owned()
                    named=|row: &Row| row.row.id.to_string()
                    empty=ViewFn::from(empty)
                    on_save=save
                >
                    <Filters filter=filter />
                </Table>
            </Paged>
        </section>
    }
}

/// Whether a row still is what was asked for: it may have moved on since it was read.
fn suits(filter: &ConversionFilter, row: &Conversion) -> bool {
    filter.account.is_none_or(|account| account == row.account)
        && filter.way.is_none_or(|way| way == row.way)
        && filter.status.is_none_or(|status| status == row.status)
        && days_of(filter).hold(row.created_at)
}

/// When the exchanges that are wanted were asked for.
fn days_of(filter: &ConversionFilter) -> Days {
    Days {
        from: filter.from,
        to: filter.to,
    }
}

/// The controls beside the search.
#[component]
fn Filters(filter: RwSignal<ConversionFilter>) -> impl IntoView {
    let account = Signal::derive(move || filter.with(|filter| filter.account));
    let choose_account = move |account: Option<Address>| filter.update(|filter| filter.account = account);
    let way = move |event: ev::Event| {
        filter.update(|filter| filter.way = Ramp::parse(&event_target_value(&event)));
    };
    let status = move |event: ev::Event| {
        filter.update(|filter| filter.status = Status::parse(&event_target_value(&event)));
    };
    let days = Signal::derive(move || filter.with(days_of));
    let choose_days = move |days: Days| {
        filter.update(|filter| (filter.from, filter.to) = (days.from, days.to));
    };
    let ways = [Ramp::On, Ramp::Off].map(|way| {
        let chosen = move || filter.with(|filter| filter.way == Some(way));
        view! { <option value=way.as_str() prop:selected=chosen>{text(way_words(way))}</option> }
    });
    let statuses = [Status::Pending, Status::Success, Status::Failed].map(|status| {
        let chosen = move || filter.with(|filter| filter.status == Some(status));
        view! { <option value=status.as_str() prop:selected=chosen>{text(status_words(status))}</option> }
    });
    view! {
        <AccountFilter account=account on_account=choose_account testid="exchange-account" />
        <select class="select" data-testid="exchange-way" aria-label=text(Key::ExchangeWay) on:change=way>
            <option value="" prop:selected=move || filter.with(|filter| filter.way.is_none())>{text(Key::BothWays)}</option>
            {ways.into_iter().collect_view()}
        </select>
        <select class="select" data-testid="exchange-status" aria-label=text(Key::StatusWord) on:change=status>
            <option value="" prop:selected=move || filter.with(|filter| filter.status.is_none())>{text(Key::AnyStatus)}</option>
            {statuses.into_iter().collect_view()}
        </select>
        <DayRange id="exchange" days=days on_days=choose_days />
        <Widen id="exchange" filter=filter />
    }
}

fn way_words(way: Ramp) -> Key {
    match way {
        Ramp::On => Key::RampOn,
        Ramp::Off => Key::RampOff,
    }
}

fn amount(row: &Row, language: Language) -> String {
    match row.hidden {
        true => HIDDEN.to_owned(),
        false => format::amount(language, Amount::Idrs(row.row.amount)),
    }
}

fn columns() -> Vec<Column<Row>> {
    vec![
        Column::new(Key::Time, |row: &Row, language| {
            let at = row.row.created_at;
            format::day_and_time(language, at, ipc::utc_offset_minutes(at.0))
        })
        .ordered(|a, b| a.row.id.cmp(&b.row.id))
        .exactly(|row| format::iso_time(row.row.created_at))
        .class("when"),
        Column::new(Key::ExchangeWay, |row: &Row, language| {
            way_words(row.row.way).text(language).to_owned()
        })
        .ordered(|a, b| a.row.way.as_str().cmp(b.row.way.as_str()))
        .exactly(|row| row.row.way.as_str().to_owned()),
        Column::new(Key::SendAmount, amount)
            .ordered(|a, b| a.row.amount.cmp(&b.row.amount))
            .exactly(|row| match row.hidden {
                true => HIDDEN.to_owned(),
                false => row.row.amount.to_string(),
            })
            .class("n"),
        Column::new(Key::Account, |row: &Row, _| row.row.account.to_string())
            .shown(|row| view! { <AddressTag address=row.row.account /> }.into_any()),
        Column::new(Key::State, |row: &Row, language| {
            stage_words(language, row.row.stage, 0)
        })
        .shown(|row| {
            let reason = row.row.reason.clone();
            view! {
                <StageChip stage=row.row.stage confirmations=0 />
                {reason.map(|reason| view! { <small class="dim reason">{reason}</small> })}
            }
            .into_any()
        })
        .exactly(|row| row.row.status.as_str().to_owned()),
        Column::new(Key::TransactionWord, |row: &Row, _| {
            row.row.tx.map(|hash| hash.to_string()).unwrap_or_default()
        })
        .shown(|row| row.row.tx.map(|hash| view! { <Hash hash=hash /> }).into_any())
        .class("n"),
        Column::new(Key::Block, |row: &Row, language| {
            row.row
                .block
                .map(|block| format::count(language, block))
                .unwrap_or_default()
        })
        .exactly(|row| row.row.block.map(|block| block.to_string()).unwrap_or_default())
        .class("n"),
    ]
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Idrs, TxStage, UnixMillis};

    use super::*;

    #[test]
    fn an_exchange_that_has_moved_on_leaves_the_filter() {
        let row = Conversion {
            id: 1,
            transaction: 7,
            account: Address([1; 20]),
            way: Ramp::On,
            amount: Idrs(100),
            status: Status::Success,
            stage: TxStage::Confirmed,
            tx: None,
            block: Some(5),
            reason: None,
            created_at: UnixMillis(50),
            settled_at: Some(UnixMillis(60)),
        };
        let all = ConversionFilter::default();
        let narrowed = [
            ConversionFilter {
                account: Some(Address([2; 20])),
                ..all
            },
            ConversionFilter {
                way: Some(Ramp::Off),
                ..all
            },
            ConversionFilter {
                status: Some(Status::Pending),
                ..all
            },
            ConversionFilter {
                from: Some(UnixMillis(51)),
                ..all
            },
            ConversionFilter {
                to: Some(UnixMillis(50)),
                ..all
            },
        ];
        for filter in narrowed {
            assert!(!suits(&filter, &row), "{filter:?}");
        }
        let exact = ConversionFilter {
            account: Some(row.account),
            way: Some(row.way),
            status: Some(row.status),
            from: Some(row.created_at),
            to: Some(UnixMillis(51)),
        };
        assert!(suits(&exact, &row) && suits(&all, &row));
    }
}
