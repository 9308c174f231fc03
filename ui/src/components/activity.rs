//! Settlements and the transactions that prepare them, newest first, each with how far it has come.

use enerlink_domain::{
    NetMicroWh, Settlement, Status, Transaction, TxHash, TxKind, TxStage, UnixMillis, quantity::MICRO,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{
        amount::concealed,
        copy::CopyButton,
        icon::{Glyph, Icon},
        transaction::kind_words,
    },
    feed::{day_start, feed},
    format::{self, Sign},
    i18n::{Key, Language, say, text},
    ipc,
    live::LiveState,
    prefs::prefs,
    session::{Tone, session},
};

/// Rows before older ones are asked for.
const FIRST: usize = 6;

/// A row of the list.
#[derive(Clone, Debug, PartialEq)]
enum Row {
    Settlement(Settlement),
    Transaction(Transaction),
}

impl Row {
    fn created_at(&self) -> UnixMillis {
        match self {
            Self::Settlement(row) => row.created_at,
            Self::Transaction(row) => row.created_at,
        }
    }
}

/// Newest first; transactions of settlements are told by their settlement.
fn merge(settlements: &[Settlement], transactions: &[Transaction]) -> Vec<Row> {
    let preparing = transactions
        .iter()
        .filter(|row| row.kind != TxKind::SettleMeter)
        .cloned()
        .map(Row::Transaction);
    let mut rows: Vec<Row> = settlements
        .iter()
        .cloned()
        .map(Row::Settlement)
        .chain(preparing)
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.created_at()));
    rows
}

/// Settlements that are known, and older ones that were asked for, each once.
fn join(mut recent: Vec<Settlement>, older: Vec<Settlement>) -> Vec<Settlement> {
    for row in older {
        if recent
            .iter()
            .all(|known| known.settlement_id != row.settlement_id)
        {
            recent.push(row);
        }
    }
    recent
}

/// Whether more settlements have succeeded than the home page holds.
fn has_older(state: &LiveState) -> bool {
    state
        .home
        .as_ref()
        .is_some_and(|home| home.totals.settlements > home.settlements.len() as u64)
}

/// The card with the list.
#[component]
pub(crate) fn ActivityCard() -> impl IntoView {
    let (feed, session) = (feed(), session());
    let older = RwSignal::new(Vec::<Settlement>::new());
    // None: nothing older was asked for; Some(None): there is nothing older.
    let next = RwSignal::new(None::<Option<i64>>);
    let busy = RwSignal::new(false);
    let rows = Memo::new(move |_| {
        let (settlements, transactions) = feed.state.with(|state| match &state.home {
            Some(home) => (home.settlements.clone(), home.transactions.clone()),
            None => (Vec::new(), Vec::new()),
        });
        merge(&join(settlements, older.get()), &transactions)
    });
    let shown = Memo::new(move |_| {
        let mut rows = rows.get();
        if next.get().is_none() {
            rows.truncate(FIRST);
        }
        rows
    });
    let more = Memo::new(move |_| match next.get() {
        // The home page holds the latest only; the sums tell how many there have been.
        None => rows.with(Vec::len) > FIRST || feed.state.with(has_older),
        Some(next) => next.is_some(),
    });
    let today = Memo::new(move |_| {
        feed.state
            .with(|state| state.home.as_ref().map(|home| day_start(home.now)))
            .unwrap_or_default()
    });
    let ask = move |_| {
        busy.set(true);
        spawn_local(async move {
            let before = next.get_untracked().flatten();
            match feed.older_settlements(before).await {
                Ok(page) => {
                    older.update(|rows| rows.extend(page.rows));
                    next.set(Some(page.next));
                }
                Err(error) => session.say(Tone::Bad, error.message),
            }
            busy.try_set(false);
        });
    };
    view! {
        <section class="card activity" aria-label=text(Key::Activity)>
            <header>
                <h2>{text(Key::Activity)}</h2>
                <button type="button" class="end link" data-testid="activity-settlements" on:click=move |_| session.open_settlements()>
                    {text(Key::AllSettlements)}
                </button>
            </header>
            <Show when=move || !shown.with(Vec::is_empty) fallback=|| view! { <Empty /> }>
                <div class="scroll">
                    <table>
                        <thead class="unseen">
                            <tr>
                                <th>{text(Key::Direction)}</th>
                                <th>{text(Key::Time)}</th>
                                <th>{text(Key::Energy)}</th>
                                <th>"ETK"</th>
                                <th>{text(Key::State)}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {move || shown.get().into_iter().map(|row| match row {
                                Row::Settlement(row) => view! { <SettlementRow row=row today=today /> }.into_any(),
                                Row::Transaction(row) => view! { <TransactionRow row=row today=today /> }.into_any(),
                            }).collect_view()}
                        </tbody>
                    </table>
                </div>
                <Show when=move || more.get()>
                    <button
                        type="button"
                        class="link"
                        data-testid="settlements-older"
                        disabled=move || busy.get()
                        on:click=ask
                    >
                        {text(Key::ShowOlder)}
                    </button>
                </Show>
            </Show>
        </section>
    }
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <div class="empty">
            <p>{text(Key::NoActivity)}</p>
            <p class="dim small">{text(Key::NoActivityHint)}</p>
        </div>
    }
}

#[component]
fn SettlementRow(row: Settlement, today: Memo<UnixMillis>) -> impl IntoView {
    let language = prefs().language;
    let icon = if row.energy_wh.0 < 0 { Icon::Down } else { Icon::Up };
    let tone = if row.energy_wh.0 < 0 {
        "direction import"
    } else {
        "direction export"
    };
    let micro = row.energy_wh.0.saturating_mul(MICRO as i64);
    let energy = move || format::net_energy(language.get(), NetMicroWh(micro), Sign::Always).text();
    let etk = row.etk;
    let amount = concealed(move || format::etk(language.get(), etk, Sign::Always));
    let when = row.settled_at.unwrap_or(row.created_at);
    let reason = row.reason.clone();
    view! {
        <tr
            data-testid="settlement-row"
            data-status=row.status.as_str()
            data-stage=row.stage.as_str()
            data-id=row.settlement_id.clone()
            title=row.settlement_id.clone()
        >
            <td class=tone><Glyph icon=icon /></td>
            <td class="what">
                <div class="line">
                    <span>{move || format::moment(language.get(), when, today.get(), ipc::utc_offset_minutes)}</span>
                    <span>{move || settlement_words(row.status).text(language.get())}</span>
                    {row.tx.map(|tx| view! { <Hash hash=tx /> })}
                </div>
            </td>
            <td class="n mut" title=move || format::exact_energy(language.get(), i128::from(micro))>{energy}</td>
            <td class="n">
                {amount}
                <span class="unit">" ETK"</span>
            </td>
            <td class="n"><StageChip stage=row.stage confirmations=row.confirmations /></td>
        </tr>
        {reason.map(|reason| view! { <ReasonRow reason=reason stage=row.stage /> })}
    }
}

/// Why a row waits or failed, below it and over its whole width.
#[component]
fn ReasonRow(reason: String, stage: TxStage) -> impl IntoView {
    view! {
        <tr class="reason" data-stage=stage.as_str()>
            <td></td>
            <td colspan="4" data-testid="row-reason">{reason}</td>
        </tr>
    }
}

#[component]
fn TransactionRow(row: Transaction, today: Memo<UnixMillis>) -> impl IntoView {
    let language = prefs().language;
    let what = match row.kind {
        TxKind::OpenMeter if row.stage.status() == Status::Success => Key::MeterOpened,
        kind => kind_words(kind),
    };
    let (at, reason) = (
        row.created_at,
        row.reason
            .clone()
            .filter(|_| row.stage.status() != Status::Success),
    );
    view! {
        <tr data-testid="transaction-row" data-stage=row.stage.as_str() data-kind=row.kind.as_str()>
            <td class="direction"><Glyph icon=Icon::Key /></td>
            <td class="what" colspan="3">
                <div class="line">
                    <span>{move || format::moment(language.get(), at, today.get(), ipc::utc_offset_minutes)}</span>
                    <span class="mut">{text(what)}</span>
                    {row.hash.map(|tx| view! { <Hash hash=tx /> })}
                </div>
            </td>
            <td class="n"><StageChip stage=row.stage confirmations=row.confirmations /></td>
        </tr>
        {reason.map(|reason| view! { <ReasonRow reason=reason stage=row.stage /> })}
    }
}

/// A transaction's hash, short, with a button that copies all of it.
#[component]
pub(crate) fn Hash(
    /// All of it.
    hash: TxHash,
) -> impl IntoView {
    view! {
        <span class="hash dim" title=hash.to_string()>
            <span class="digits">{format::short_hash(hash)}</span>
            <CopyButton value=hash.to_string() label=Key::CopyTransaction testid="copy-tx" />
        </span>
    }
}

/// The stage in words; while it is not final, how many blocks confirm it.
#[component]
pub(crate) fn StageChip(
    /// How far it has come.
    stage: TxStage,
    /// Blocks that confirm it.
    confirmations: u64,
) -> impl IntoView {
    let language = prefs().language;
    let class = match stage {
        TxStage::Confirmed | TxStage::Final => "chip good",
        TxStage::Failed => "chip bad",
        TxStage::NoGas | TxStage::AwaitingUnlock | TxStage::Dropped => "chip warn",
        TxStage::Mined | TxStage::Sent => "chip accent",
        TxStage::Queued | TxStage::Signed | TxStage::Replaced => "chip",
    };
    view! { <span class=class>{move || stage_words(language.get(), stage, confirmations)}</span> }
}

/// The stage in words.
pub(crate) fn stage_words(language: Language, stage: TxStage, confirmations: u64) -> String {
    let key = match stage {
        TxStage::Queued => Key::StageQueued,
        TxStage::AwaitingUnlock => Key::StageAwaitingUnlock,
        TxStage::NoGas => Key::StageNoGas,
        TxStage::Signed => Key::StageSigned,
        TxStage::Sent => Key::StageSent,
        TxStage::Mined => {
            return say(
                language,
                Key::StageMined,
                &[("count", &format::count(language, confirmations))],
            );
        }
        TxStage::Confirmed => Key::StageConfirmed,
        TxStage::Final => Key::StageFinal,
        TxStage::Dropped => Key::StageDropped,
        TxStage::Replaced => Key::StageReplaced,
        TxStage::Failed => Key::StageFailed,
    };
    key.text(language).to_owned()
}

/// Whether the receipt says what the simulation before signing had said.
pub(crate) fn simulation_words(row: &Transaction) -> Key {
    match (row.as_simulated, row.block) {
        (Some(true), _) => Key::AsSimulated,
        (Some(false), _) => Key::NotAsSimulated,
        (None, Some(_)) => Key::SimulationNotCompared,
        (None, None) => Key::SimulatedUnknown,
    }
}

/// What a row is called: nothing is settled before it is final.
fn settlement_words(status: Status) -> Key {
    match status {
        Status::Success => Key::Settled,
        Status::Pending | Status::Failed => Key::Settlement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::tests::{home, settlement, state_with, transaction};

    #[test]
    fn rows_are_merged_newest_first_and_told_once() {
        let settlements = [settlement("b", 300), settlement("a", 100)];
        let transactions = [
            transaction(7, TxKind::OpenMeter, 200),
            transaction(8, TxKind::SettleMeter, 300),
        ];
        let times: Vec<i64> = merge(&settlements, &transactions)
            .iter()
            .map(|row| row.created_at().0)
            .collect();
        assert_eq!(times, [300, 200, 100]);
    }

    #[test]
    fn older_rows_are_joined_once() {
        let joined = join(
            vec![settlement("b", 300), settlement("a", 100)],
            vec![settlement("a", 100), settlement("0", 50)],
        );
        let ids: Vec<String> = joined.into_iter().map(|row| row.settlement_id).collect();
        assert_eq!(ids, ["b", "a", "0"]);
    }

    #[test]
    fn older_rows_are_offered_when_there_are_some() {
        let mut home = home();
        home.settlements = vec![settlement("b", 300), settlement("a", 100)];
        home.totals.settlements = 2;
        assert!(!has_older(&state_with(home.clone())));
        home.totals.settlements = 3;
        assert!(has_older(&state_with(home)));
    }

    #[test]
    fn what_lies_in_a_block_is_not_said_to_be_compared_later() {
        let row = transaction(7, TxKind::SettleMeter, 200);
        assert_eq!(simulation_words(&row), Key::SimulatedUnknown);
        let mined = |as_simulated| Transaction {
            block: Some(9),
            as_simulated,
            ..row.clone()
        };
        assert_eq!(simulation_words(&mined(None)), Key::SimulationNotCompared);
        assert_eq!(simulation_words(&mined(Some(true))), Key::AsSimulated);
        assert_eq!(simulation_words(&mined(Some(false))), Key::NotAsSimulated);
    }

    #[test]
    fn a_mined_row_counts_its_confirmations() {
        assert_eq!(stage_words(Language::English, TxStage::Mined, 2), "mined · 2");
    }
}
