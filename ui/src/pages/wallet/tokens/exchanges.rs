//! Exchanges at the ramp, each with what its receipt has made of it.

use enerlink_domain::{
    Status,
    token::{Amount, Conversion, Ramp},
};
use enerlink_ipc::ListConversions;
use leptos::prelude::*;

use crate::{
    components::{
        activity::{Hash, StageChip, stage_words},
        address::AddressTag,
        chain_offline::ChainOffline,
        pages::{Paged, Pages, Veiled},
        table::{Column, Table},
    },
    feed::feed,
    format::{self, HIDDEN},
    i18n::{Key, Language, text},
    ipc,
    prefs::prefs,
};

/// Rows of a page.
const PAGE: u16 = 20;

type Row = Veiled<Conversion>;

/// The card with the table.
#[component]
pub(super) fn ExchangesCard() -> impl IntoView {
    let feed = feed();
    let pages = Pages::new(|row: &Conversion| (row.id, String::new()));
    let read = move |before: Option<i64>| {
        let command = ListConversions { limit: PAGE, before };
        pages.read(command, before, |page| (page.rows, page.next));
    };
    let told = Memo::new(move |_| {
        let exchange = |state: &crate::live::LiveState| {
            let told = state.transaction.as_ref()?;
            let detail = told.detail.as_ref()?;
            matches!(detail, enerlink_domain::TxDetail::Ramp { .. }).then(|| told.clone())
        };
        feed.state.with(exchange)
    });
    Effect::new(move || {
        // Read, for a memo that is only tracked is never computed.
        told.with(|_| ());
        read(None);
    });
    let rows = pages.veiled(prefs().hidden);
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
                    empty=ViewFn::from(|| view! {
                        <p>{text(Key::NoExchanges)}</p>
                        <p class="dim small">{text(Key::NoExchangesHint)}</p>
                    })
                />
            </Paged>
        </section>
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
            let reason = reason.filter(|_| row.row.status != Status::Success);
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
