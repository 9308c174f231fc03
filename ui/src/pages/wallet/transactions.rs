//! Every transaction of the wallet: how far it has come, what it costs, whether it did as simulated, and what can still be
//! changed about it.

mod change;

use std::sync::Arc;

use enerlink_domain::{MeterId, Status, Transaction, TxStage, Wei};
use enerlink_ipc::ListTransactions;
use leptos::prelude::*;

use crate::{
    components::{
        activity::{Hash, StageChip, simulation_words, stage_words},
        address::AddressTag,
        chain_offline::ChainOffline,
        copy::CopyButton,
        icon::{Glyph, Icon},
        pages::{Paged, Pages},
        table::{Cell, Column, Table},
        transaction::{detail_words, kind_words, what},
    },
    feed::feed,
    format,
    i18n::{Key, Language, text},
    ipc,
    pages::wallet::moment,
    prefs::prefs,
};

use change::{Change, ChangeDialog};

/// Rows of a page.
const PAGE: u16 = 20;

/// What is being asked about a transaction.
type Question = RwSignal<Option<(Transaction, Change)>>;

/// The card with the table.
#[component]
pub(super) fn TransactionsCard() -> impl IntoView {
    let feed = feed();
    let pages = Pages::new(|row: &Transaction| (row.id, String::new()));
    let read = move |before: Option<i64>| {
        let command = ListTransactions { limit: PAGE, before };
        pages.read(command, before, |page| (page.rows, page.next));
    };
    let told = Memo::new(move |_| feed.state.with(|state| state.transaction.clone()));
    Effect::new(move |before: Option<()>| match (before, told.get()) {
        (Some(()), Some(told)) => take(pages, told),
        _ => read(None),
    });
    let question: Question = RwSignal::new(None);
    let rows = Memo::new(move |_| pages.rows.get().unwrap_or_default());
    let fold: Cell<Transaction> = Arc::new(|row| view! { <Detail row=row.clone() /> }.into_any());
    view! {
        <section class="card transactions" aria-label=text(Key::Transactions)>
            <header><h2>{text(Key::Transactions)}</h2><small>{text(Key::TransactionsHint)}</small></header>
            <ChainOffline />
            <Paged
                pages=pages
                older_testid="transactions-older"
                read=read
            >
                <Table
                    id="transactions"
                    label=Key::Transactions
                    columns=columns(question)
                    rows=rows
                    identity=|row: &Transaction| format!("{row:?}")
                    kind=|row| row.stage.as_str().to_owned()
                    named=|row: &Transaction| row.id.to_string()
                    empty=ViewFn::from(|| view! {
                        <p>{text(Key::NoTransactions)}</p>
                        <p class="dim small">{text(Key::NoTransactionsHint)}</p>
                    })
                    fold=fold.clone()
                />
            </Paged>
            {move || question.get().map(|(row, change)| view! {
                <ChangeDialog row=row change=change on_close=move |()| question.set(None) on_done=move |told| take(pages, told) />
            })}
        </section>
    }
}

/// Puts what the core has told of a transaction where it belongs: in its row, or above the others.
fn take(pages: Pages<Transaction>, told: Transaction) {
    pages.rows.update(|rows| {
        let Some(rows) = rows else { return };
        // One that is older than what was read is not one of these rows.
        let newest = rows.first().is_none_or(|first| first.id < told.id);
        match rows.iter_mut().find(|row| row.id == told.id) {
            Some(row) => *row = told,
            None if newest => rows.insert(0, told),
            None => {}
        }
    });
}

/// What it costs at most, once it is signed.
pub(super) fn most(row: &Transaction) -> Option<Wei> {
    let (fee, gas) = (row.max_fee?, row.gas_limit?);
    Some(Wei(fee.0.saturating_mul(u128::from(gas))))
}

/// Wei per gas in gwei.
pub(super) fn gwei(language: Language, fee: Wei) -> String {
    format!("{}\u{a0}gwei", format::exact(language, fee, 9))
}

/// Wei in coins.
pub(super) fn coins(language: Language, amount: Wei) -> String {
    format::exact(language, amount, 18)
}

fn columns(question: Question) -> Vec<Column<Transaction>> {
    vec![
        Column::new(Key::Time, |row: &Transaction, language| {
            let at = row.created_at;
            format::day_and_time(language, at, ipc::utc_offset_minutes(at.0))
        })
        .ordered(|a, b| (a.created_at, a.id).cmp(&(b.created_at, b.id)))
        .exactly(|row| format::iso_time(row.created_at))
        .class("when"),
        Column::new(Key::TransactionFor, |row: &Transaction, language| {
            let meter = row.meter_id.as_ref().map(MeterId::as_str);
            what(language, row.kind, row.detail.as_ref(), meter, None)
        })
            .shown(|row| {
                let feed = feed();
                let (kind, meter, detail) = (row.kind, row.meter_id.clone(), row.detail.clone());
                let language = prefs().language;
                let name = move || match (&detail, &meter) {
                    (Some(detail), _) => Some(detail_words(language.get(), detail, None)),
                    (None, Some(id)) => Some(feed.state.with(|state| state.name_of(id))),
                    (None, None) => None,
                };
                view! { <span class="what-for">{text(kind_words(kind))}<small class="dim">{name}</small></span> }.into_any()
            })
            .ordered(|a, b| a.kind.as_str().cmp(b.kind.as_str())),
        Column::new(Key::State, |row: &Transaction, language| {
            stage_words(language, row.stage, row.confirmations)
        })
        .shown(|row| {
            let (stage, confirmations, cancelling) = (row.stage, row.confirmations, row.cancelling);
            let reason = row.reason.clone();
            let waits = cancelling && stage.status() == Status::Pending;
            view! {
                <span class="row stages">
                    <StageChip stage=stage confirmations=confirmations />
                    {waits.then(|| view! { <span class="chip warn" data-testid="tx-cancelling">{text(Key::Cancelling)}</span> })}
                    <Simulated row_matches=row.as_simulated />
                </span>
                {reason.map(|reason| view! { <small class="dim reason">{reason}</small> })}
            }
            .into_any()
        })
        .ordered(|a, b| a.stage.as_str().cmp(b.stage.as_str()))
        .exactly(|row| row.stage.as_str().to_owned()),
        Column::new(Key::FeeAtMost, |row: &Transaction, language| {
            most(row).map(|fee| format::coin(language, fee)).unwrap_or_default()
        })
        .shown(|row| {
            let language = prefs().language;
            let fee = most(row);
            let whole = fee.map(|fee| fee.to_string());
            view! { <span title=whole>{move || fee.map(|fee| format::coin(language.get(), fee))}</span> }.into_any()
        })
        .exactly(|row| most(row).map(|fee| fee.to_string()).unwrap_or_default())
        .class("n"),
        Column::new(Key::Nonce, |row: &Transaction, _| {
            row.nonce.map(|nonce| nonce.to_string()).unwrap_or_default()
        })
        .ordered(|a, b| a.nonce.cmp(&b.nonce))
        .class("n"),
        Column::new(Key::Versions, |row: &Transaction, language| {
            format::count(language, row.versions.into())
        })
        .class("n"),
        Column::new(Key::TransactionWord, |row: &Transaction, _| {
            row.hash.map(|hash| hash.to_string()).unwrap_or_default()
        })
        .shown(|row| row.hash.map(|hash| view! { <Hash hash=hash /> }).into_any())
        .class("n"),
        Column::new(Key::Block, |row: &Transaction, language| {
            row.block.map(|block| format::count(language, block)).unwrap_or_default()
        })
        .exactly(|row| row.block.map(|block| block.to_string()).unwrap_or_default())
        .class("n"),
        Column::buttons(move |row: &Transaction| view! { <Buttons row=row.clone() question=question /> }.into_any()),
    ]
}

/// Whether the receipt says what the simulation had said.
#[component]
fn Simulated(row_matches: Option<bool>) -> impl IntoView {
    row_matches.map(|matches| {
        let (class, icon, key) = if matches {
            ("mark good", Icon::Check, Key::AsSimulated)
        } else {
            ("mark bad", Icon::Warning, Key::NotAsSimulated)
        };
        view! {
            <span class=class role="img" title=text(key) aria-label=text(key) data-testid="tx-as-simulated" data-state=if matches { "yes" } else { "no" }>
                <Glyph icon=icon />
            </span>
        }
    })
}

/// What can still be changed about it.
#[component]
fn Buttons(row: Transaction, question: Question) -> impl IntoView {
    let ask = move |row: Transaction, change: Change| move |_| question.set(Some((row.clone(), change)));
    let faster = row.can_speed_up.then(|| {
        let change = if row.stage == TxStage::Dropped {
            Change::SendAgain
        } else {
            Change::SpeedUp
        };
        view! {
            <button type="button" class="link" data-testid=change.testid() on:click=ask(row.clone(), change)>{text(change.short())}</button>
        }
    });
    let cancel = row.can_cancel.then(|| {
        let change = if row.nonce.is_some() { Change::Cancel } else { Change::Forget };
        view! {
            <button type="button" class="link" data-testid=change.testid() on:click=ask(row.clone(), change)>{text(change.short())}</button>
        }
    });
    (faster, cancel)
}

/// What stands below a row.
#[component]
fn Detail(row: Transaction) -> impl IntoView {
    let language = prefs().language;
    let reason = row
        .reason
        .clone()
        .filter(|_| row.stage.status() != Status::Success);
    let simulated = simulation_words(&row);
    let (updated, fee, gas, cost) = (row.updated_at, row.max_fee, row.gas_limit, most(&row));
    let settlement = row.settlement_id.clone();
    view! {
        <div class="settlement-detail" data-testid="transaction-detail">
            {reason.map(|reason| view! { <p class="warn" data-testid="transaction-reason">{reason}</p> })}
            <div class="columns two">
                <dl class="figures">
                    <div><dt>{text(Key::SignedBy)}</dt><dd><AddressTag address=row.from /></dd></div>
                    {settlement.map(|id| view! { <div><dt>{text(Key::SettlementId)}</dt><dd class="code">{id.clone()}<CopyButton value=id label=Key::Copy /></dd></div> })}
                    {row.hash.map(|hash| view! { <div><dt>{text(Key::TransactionWord)}</dt><dd class="code">{hash.to_string()}<CopyButton value=hash.to_string() label=Key::CopyTransaction /></dd></div> })}
                    <div><dt>{text(Key::LastChange)}</dt><dd>{move || moment(language.get(), updated)}</dd></div>
                </dl>
                <dl class="figures">
                    <div><dt>{text(Key::FeePerGas)}</dt><dd>{move || fee.map_or("–".to_owned(), |fee| gwei(language.get(), fee))}</dd></div>
                    <div><dt>{text(Key::GasLimit)}</dt><dd>{move || gas.map_or("–".to_owned(), |gas| format::count(language.get(), gas))}</dd></div>
                    <div><dt>{text(Key::FeeAtMost)}</dt><dd>{move || cost.map_or("–".to_owned(), |cost| coins(language.get(), cost))}</dd></div>
                    <div><dt>{text(Key::Simulation)}</dt><dd>{move || simulated.text(language.get())}</dd></div>
                </dl>
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::TxKind;

    use super::*;
    use crate::live::tests::transaction;

    #[test]
    fn a_fee_is_what_it_may_cost_at_most() {
        let row = Transaction {
            max_fee: Some(Wei(2_500_000_000)),
            gas_limit: Some(100_000),
            ..transaction(1, TxKind::SettleMeter, 5)
        };
        assert_eq!(most(&row), Some(Wei(250_000_000_000_000)));
        assert_eq!(most(&Transaction { max_fee: None, ..row }), None);
        let plain = |wei| gwei(Language::English, Wei(wei)).replace('\u{a0}', " ");
        assert_eq!(plain(2_500_000_000), "2.5 gwei");
        assert_eq!(plain(0), "0 gwei");
        assert_eq!(plain(1), "0.000000001 gwei");
        assert_eq!(coins(Language::Indonesian, Wei(355_000_000_000_000)), "0,000355");
    }
}
