//! Every settlement of the meter: what it moved, what came of it, and where the chain has it.

use enerlink_domain::{
    MeterId, NetMicroWh, Settlement, WattHours, quantity::MICRO, settlement::SettlementFilter,
};
use enerlink_ipc::ListSettlements;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{
        activity::{Hash, StageChip, stage_words},
        latest::Latest,
        loaded::Waiting,
        problem,
        table::{Column, Table},
    },
    feed::feed,
    format::{self, HIDDEN, Sign},
    i18n::{Key, Language, text},
    ipc,
    prefs::prefs,
    session::{Tone, session},
};

/// Rows of a page.
const PAGE: u16 = 50;

/// A settlement, and whether amounts are hidden.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    settlement: Settlement,
    hidden: bool,
}

impl Row {
    fn exported(&self) -> WattHours {
        WattHours(
            self.settlement
                .to
                .export
                .0
                .saturating_sub(self.settlement.from.export.0),
        )
    }

    fn imported(&self) -> WattHours {
        WattHours(
            self.settlement
                .to
                .import
                .0
                .saturating_sub(self.settlement.from.import.0),
        )
    }
}

/// The card with the list.
#[component]
pub(super) fn SettlementsCard(
    /// Whose.
    meter: Memo<Option<MeterId>>,
) -> impl IntoView {
    let (feed, session, prefs) = (feed(), session(), prefs());
    let newest = Latest::<MeterId, ListSettlements>::new();
    let older = RwSignal::new(Vec::<Settlement>::new());
    // None until something older was asked for.
    let next = RwSignal::new(None::<Option<i64>>);
    let busy = RwSignal::new(false);
    let told = Memo::new(move |_| {
        feed.state
            .with(|state| state.home.as_ref().map(|home| home.settlements.clone()))
    });
    let read = move || {
        if let Some(meter_id) = meter.get() {
            let command = ListSettlements {
                filter: SettlementFilter::of(&meter_id),
                limit: PAGE,
                before: None,
            };
            newest.ask(meter_id, command);
        }
    };
    Effect::new(move || {
        told.track();
        read();
    });
    Effect::new(move || {
        meter.track();
        older.set(Vec::new());
        next.set(None);
    });
    let page = move || {
        newest
            .value
            .get()
            .filter(|(id, _)| Some(id) == meter.get().as_ref())
            .map(|(_, page)| page)
    };
    let rows = Memo::new(move |_| {
        let mut rows = page().map(|page| page.rows).unwrap_or_default();
        older.with(|older| {
            for row in older {
                if rows.iter().all(|known| known.settlement_id != row.settlement_id) {
                    rows.push(row.clone());
                }
            }
        });
        let hidden = prefs.hidden.get();
        let row = |settlement| Row { settlement, hidden };
        rows.into_iter().map(row).collect::<Vec<_>>()
    });
    let before = move || next.get().unwrap_or_else(|| page().and_then(|page| page.next));
    let more = Memo::new(move |_| before().is_some());
    let ask = move |_| {
        busy.set(true);
        let (meter_id, before) = untrack(|| (meter.get(), before()));
        spawn_local(async move {
            let asked = meter_id.clone();
            let answer = ipc::call(&ListSettlements {
                filter: SettlementFilter {
                    meter_id,
                    ..SettlementFilter::default()
                },
                limit: PAGE,
                before,
            })
            .await;
            busy.try_set(false);
            if meter.try_get_untracked() != Some(asked) {
                return;
            }
            match answer {
                Ok(page) => {
                    older.update(|rows| rows.extend(page.rows));
                    next.set(Some(page.next));
                }
                Err(error) => session.say(
                    Tone::Bad,
                    problem::sentence(prefs.language.get_untracked(), &error),
                ),
            }
        });
    };
    let answered = Memo::new(move |_| page().is_some());
    view! {
        <section class="card settlements" aria-label=text(Key::Settlements)>
            <header><h2>{text(Key::Settlements)}</h2></header>
            <Show
                when=move || answered.get()
                fallback=move || view! { <Waiting error=newest.error retry=move |()| read() rows=3 /> }
            >
                <List rows=rows />
                <Show when=move || more.get()>
                    <button type="button" class="link" data-testid="energy-settlements-older" disabled=busy on:click=ask>
                        {text(Key::ShowOlder)}
                    </button>
                </Show>
            </Show>
        </section>
    }
}

#[component]
fn List(rows: Memo<Vec<Row>>) -> impl IntoView {
    let columns = vec![
        Column::new(Key::Time, |row: &Row, language| when(language, &row.settlement))
            .ordered(|a, b| moment(&a.settlement).cmp(&moment(&b.settlement)))
            .exactly(|row| format::iso_time(moment(&row.settlement)))
            .class("when"),
        Column::new(Key::Exported, |row: &Row, language| {
            energy(language, row.exported())
        })
        .exactly(|row| row.exported().0.to_string())
        .class("n"),
        Column::new(Key::Imported, |row: &Row, language| {
            energy(language, row.imported())
        })
        .exactly(|row| row.imported().0.to_string())
        .class("n"),
        Column::new(Key::NetEnergy, |row: &Row, language| {
            let micro = row.settlement.energy_wh.0.saturating_mul(MICRO as i64);
            format::net_energy(language, NetMicroWh(micro), Sign::Always).text()
        })
        .ordered(|a, b| a.settlement.energy_wh.cmp(&b.settlement.energy_wh))
        .exactly(|row| row.settlement.energy_wh.0.to_string())
        .class("n"),
        Column::new(Key::EtkName, |row: &Row, language| {
            if row.hidden {
                HIDDEN.to_owned()
            } else {
                format::etk(language, row.settlement.etk, Sign::Always)
            }
        })
        .ordered(|a, b| a.settlement.etk.cmp(&b.settlement.etk))
        .class("n"),
        Column::new(Key::State, |row: &Row, language| {
            stage_words(language, row.settlement.stage, row.settlement.confirmations)
        })
        .shown(|row| {
            let (stage, confirmations) = (row.settlement.stage, row.settlement.confirmations);
            let reason = row.settlement.reason.clone();
            view! { <span title=reason><StageChip stage=stage confirmations=confirmations /></span> }
                .into_any()
        })
        .exactly(|row| row.settlement.status.as_str().to_owned())
        .class("n"),
        Column::new(Key::TransactionWord, |row: &Row, _| {
            row.settlement.tx.map(|tx| tx.to_string()).unwrap_or_default()
        })
        .shown(|row| row.settlement.tx.map(|tx| view! { <Hash hash=tx /> }).into_any())
        .class("n"),
        Column::new(Key::Block, |row: &Row, language| {
            row.settlement
                .block
                .map(|block| format::count(language, block))
                .unwrap_or_default()
        })
        .exactly(|row| {
            row.settlement
                .block
                .map(|block| block.to_string())
                .unwrap_or_default()
        })
        .class("n"),
    ];
    view! {
        <Table
            id="settlements"
            label=Key::Settlements
            columns=columns
            rows=rows
            identity=|row: &Row| format!("{row:?}")
            kind=|row: &Row| row.settlement.status.as_str().to_owned()
            empty=ViewFn::from(|| view! {
                <p>{text(Key::NoSettlements)}</p>
                <p class="dim small">{text(Key::NoActivityHint)}</p>
            })
        />
    }
}

fn moment(settlement: &Settlement) -> enerlink_domain::UnixMillis {
    settlement.settled_at.unwrap_or(settlement.created_at)
}

fn when(language: Language, settlement: &Settlement) -> String {
    let at = moment(settlement);
    format::date_and_time(language, at, ipc::utc_offset_minutes(at.0))
}

fn energy(language: Language, energy: WattHours) -> String {
    format!("{}\u{a0}Wh", format::count(language, energy.0))
}
