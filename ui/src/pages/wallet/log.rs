//! The log of transactions: a sentence for each that came to its end, and for each that the chain took back.

use enerlink_domain::{MeterId, Status, transaction::LoggedTransaction};
use enerlink_ipc::ReadTransactionLog;
use leptos::prelude::*;

use crate::{
    components::{
        activity::Hash,
        address::AddressTag,
        pages::{Paged, Pages},
        table::{Column, Table},
        transaction::log_words,
    },
    feed::feed,
    format,
    i18n::{Key, text},
    pages::wallet::moment,
    prefs::prefs,
};

/// Rows of a page.
const PAGE: u16 = 20;

/// The card with the table.
#[component]
pub(super) fn LogCard() -> impl IntoView {
    let feed = feed();
    let pages = Pages::new(|row: &LoggedTransaction| (row.id, String::new()));
    let read = move |before: Option<i64>| {
        let command = ReadTransactionLog { limit: PAGE, before };
        pages.read(command, before, |page| (page.rows, page.next));
    };
    let told = Memo::new(move |_| {
        let told = |row: &enerlink_domain::Transaction| (row.id, row.stage.status());
        feed.state.with(|state| state.transaction.as_ref().map(told))
    });
    Effect::new(move || {
        // Read, for a memo that is only tracked is never computed.
        told.with(|_| ());
        read(None);
    });
    let rows = Memo::new(move |_| pages.rows.get().unwrap_or_default());
    view! {
        <section class="card transaction-log" aria-label=text(Key::TxLog)>
            <header><h2>{text(Key::TxLog)}</h2><small>{text(Key::TxLogHint)}</small></header>
            <Paged pages=pages older_testid="transaction-log-older" read=read>
                <Table
                    id="transaction-log"
                    label=Key::TxLog
                    columns=columns()
                    rows=rows
                    identity=|row: &LoggedTransaction| row.id.to_string()
                    kind=|row: &LoggedTransaction| row.status.as_str().to_owned()
                    empty=ViewFn::from(|| view! {
                        <p>{text(Key::NoTxLog)}</p>
                        <p class="dim small">{text(Key::NoTxLogHint)}</p>
                    })
                />
            </Paged>
        </section>
    }
}

fn columns() -> Vec<Column<LoggedTransaction>> {
    vec![
        Column::new(Key::Time, |row: &LoggedTransaction, language| {
            moment(language, row.at)
        })
        .ordered(|a, b| a.id.cmp(&b.id))
        .exactly(|row| format::iso_time(row.at))
        .class("when"),
        Column::new(Key::WhatHappened, |row: &LoggedTransaction, language| {
            log_words(language, row, row.about.meter_id.as_ref().map(MeterId::as_str))
        })
        .shown(|row| {
            let (feed, language, row) = (feed(), prefs().language, row.clone());
            let class = match row.status {
                Status::Success => "",
                Status::Pending => "warn",
                Status::Failed => "bad",
            };
            let words = move || {
                let meter = row.about.meter_id.as_ref();
                let meter = meter.map(|id| feed.state.with(|state| state.name_of(id)));
                log_words(language.get(), &row, meter.as_deref())
            };
            view! { <span class=class>{words}</span> }.into_any()
        }),
        Column::new(Key::Account, |row: &LoggedTransaction, _| row.account.to_string())
            .shown(|row| view! { <AddressTag address=row.account /> }.into_any()),
        Column::new(Key::TransactionWord, |row: &LoggedTransaction, _| {
            row.hash.map(|hash| hash.to_string()).unwrap_or_default()
        })
        .shown(|row| row.hash.map(|hash| view! { <Hash hash=hash /> }).into_any())
        .class("n"),
    ]
}
