//! Settlements: which energy became tokens, filtered by the core, each with what it was made from, and what months brought.

use std::sync::Arc;

use enerlink_domain::{
    NetMicroWh, Settlement, Trigger, WattHours, quantity::MICRO, settlement::SettlementFilter,
};
use enerlink_ipc::{ListSettlements, SaveSettlements};
use leptos::prelude::*;

use super::{
    filter::Filters,
    months::MonthsCard,
    settlement::{Deep, Detail},
};
use crate::{
    components::{
        activity::{Hash, StageChip, stage_words},
        chain_offline::ChainOffline,
        dates::Days,
        pages::{Paged, Pages},
        saving::save_rows,
        table::{Cell, Column, Table},
    },
    feed::feed,
    format::{self, HIDDEN, Sign},
    i18n::{Key, Language, text},
    ipc,
    prefs::prefs,
    session::session,
};

/// Rows of a page.
const PAGE: u16 = 20;

/// A settlement, and whether amounts are hidden.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    settlement: Settlement,
    hidden: bool,
}

impl Row {
    fn exported(&self) -> WattHours {
        let (from, to) = (self.settlement.from.export, self.settlement.to.export);
        WattHours(to.0.saturating_sub(from.0))
    }

    fn imported(&self) -> WattHours {
        let (from, to) = (self.settlement.from.import, self.settlement.to.import);
        WattHours(to.0.saturating_sub(from.0))
    }
}

/// The part: the list, and the months below.
#[component]
pub(super) fn SettlementsPart() -> impl IntoView {
    let filter = RwSignal::new(SettlementFilter::default());
    let meter = Memo::new(move |_| filter.with(|filter| filter.meter_id.clone()));
    view! {
        <SettlementsCard filter=filter />
        <MonthsCard meter=meter />
    }
}

#[component]
fn SettlementsCard(filter: RwSignal<SettlementFilter>) -> impl IntoView {
    let (feed, session, prefs) = (feed(), session(), prefs());
    let pages = Pages::new(|row: &Settlement| (row.created_at.0, row.settlement_id.clone()));
    let read = move |before: Option<i64>| {
        let command = ListSettlements {
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
    let told = Memo::new(move |_| feed.state.with(|state| state.settlement.clone()));
    Effect::new(move |before: Option<()>| {
        let told = told.get();
        if before.is_some()
            && let Some(told) = told
        {
            take(pages, told);
            read(None);
        }
    });
    let rows = Memo::new(move |_| {
        let hidden = prefs.hidden.get();
        let wanted = filter.get();
        let rows = pages.rows.get().unwrap_or_default().into_iter();
        rows.filter(|row| suits(&wanted, row))
            .map(|settlement| Row { settlement, hidden })
            .collect::<Vec<_>>()
    });
    let save = move |()| {
        let command = SaveSettlements {
            filter: filter.get_untracked(),
        };
        save_rows(
            session,
            prefs.language.get_untracked(),
            command,
            Key::SettlementsSaved,
        );
    };
    let fold: Cell<Row> = Arc::new(|row| view! { <Detail row=row.settlement.clone() /> }.into_any());
    let empty = move || {
        if filter.with(|filter| *filter != SettlementFilter::default()) {
            let clear = move |_| filter.set(SettlementFilter::default());
            view! {
                <p>{text(Key::NoSettlementsFound)}</p>
                <button type="button" class="link" data-testid="settlements-clear" on:click=clear>{text(Key::ClearFilter)}</button>
            }
            .into_any()
        } else {
            view! {
                <p>{text(Key::NoActivity)}</p>
                <p class="dim small">{text(Key::NoActivityHint)}</p>
            }
            .into_any()
        }
    };
    view! {
        <section class="card settlements" aria-label=text(Key::Settlements)>
            <header><h2>{text(Key::Settlements)}</h2><small>{text(Key::SettlementsHint)}</small></header>
            <ChainOffline />
            <Paged
                pages=pages
                older_testid="energy-settlements-older"
                read=read
            >
                <Table
                    id="settlements"
                    label=Key::Settlements
                    columns=columns()
                    rows=rows
                    identity=|row: &Row| format!("{row:?}")
                    kind=|row: &Row| row.settlement.status.as_str().to_owned()
                    named=|row: &Row| row.settlement.settlement_id.clone()
                    empty=ViewFn::from(empty)
                    on_save=save
                    fold=fold.clone()
                >
                    <Filters filter=filter />
                </Table>
            </Paged>
        </section>
    }
}

/// Replaces a row that is shown by what the core has just told of it.
fn take(pages: Pages<Settlement>, told: Settlement) {
    pages.rows.update(|rows| {
        let mut rows = rows.iter_mut().flatten();
        if let Some(row) = rows.find(|row| row.settlement_id == told.settlement_id) {
            *row = told;
        }
    });
}

/// Whether a row still is what was asked for: it may have moved on since it was read.
fn suits(filter: &SettlementFilter, row: &Settlement) -> bool {
    filter.meter_id.as_ref().is_none_or(|id| *id == row.meter_id)
        && filter.status.is_none_or(|status| status == row.status)
        && filter.trigger.is_none_or(|trigger| trigger == row.trigger)
        && days_of(filter).hold(row.created_at)
}

/// When the settlements that are wanted were made.
pub(super) fn days_of(filter: &SettlementFilter) -> Days {
    Days {
        from: filter.from,
        to: filter.to,
    }
}

fn columns() -> Vec<Column<Row>> {
    let number = |title: Key, words: fn(&Row, Language) -> String| Column::new(title, words).class("n");
    vec![
        Column::new(Key::PeriodWord, |row: &Row, language| {
            format!(
                "{} {}",
                window(language, &row.settlement),
                row.settlement.meter_id
            )
        })
        .shown(|row| view! { <When row=row.settlement.clone() /> }.into_any())
        .ordered(|a, b| a.settlement.created_at.cmp(&b.settlement.created_at))
        .class("when"),
        number(Key::Exported, |row, language| {
            watt_hours(language, row.exported())
        })
        .ordered(|a, b| a.exported().cmp(&b.exported())),
        number(Key::Imported, |row, language| {
            watt_hours(language, row.imported())
        })
        .ordered(|a, b| a.imported().cmp(&b.imported())),
        number(Key::NetEnergy, |row, language| {
            let micro = row.settlement.energy_wh.0.saturating_mul(MICRO as i64);
            format::net_energy(language, NetMicroWh(micro), Sign::Always).text()
        })
        .ordered(|a, b| a.settlement.energy_wh.cmp(&b.settlement.energy_wh)),
        number(Key::EtkName, |row, language| {
            if row.hidden {
                HIDDEN.to_owned()
            } else {
                format::etk(language, row.settlement.etk, Sign::Always)
            }
        })
        .ordered(|a, b| a.settlement.etk.cmp(&b.settlement.etk)),
        Column::new(Key::State, |row: &Row, language| {
            stage_words(language, row.settlement.stage, 0)
        })
        .shown(|row| {
            let (stage, reason) = (row.settlement.stage, row.settlement.reason.clone());
            view! { <span title=reason><StageChip stage=stage confirmations=0 /></span> }.into_any()
        })
        .ordered(|a, b| a.settlement.stage.as_str().cmp(b.settlement.stage.as_str())),
        Column::new(Key::TriggerWord, |row: &Row, language| {
            trigger_words(row.settlement.trigger).text(language).to_owned()
        })
        .ordered(|a, b| a.settlement.trigger.as_str().cmp(b.settlement.trigger.as_str())),
        Column::new(Key::TransactionWord, |row: &Row, _| {
            row.settlement.tx.map(|tx| tx.to_string()).unwrap_or_default()
        })
        .shown(|row| row.settlement.tx.map(|tx| view! { <Hash hash=tx /> }).into_any())
        .class("n"),
        number(Key::Block, |row, language| {
            let block = row.settlement.block.map(|block| format::count(language, block));
            block.unwrap_or_default()
        })
        .ordered(|a, b| a.settlement.block.cmp(&b.settlement.block)),
        number(Key::ConfirmationsShort, |row, language| {
            let (block, deep) = (row.settlement.block, row.settlement.confirmations);
            block.map(|_| format::count(language, deep)).unwrap_or_default()
        })
        .shown(|row| {
            let settled = row.settlement.block.is_some();
            settled
                .then(|| view! { <Deep row=row.settlement.clone() /> })
                .into_any()
        }),
    ]
}

/// The window of a settlement, and of which meter it is when there are several.
#[component]
fn When(row: Settlement) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let id = row.meter_id.clone();
    let name = Memo::new(move |_| {
        feed.state.with(|state| {
            let several = state.meters.as_ref().is_some_and(|meters| meters.len() > 1);
            several.then(|| state.name_of(&id))
        })
    });
    view! {
        {move || window(language.get(), &row)}
        {move || name.get().map(|name| view! { <small class="dim of-meter" data-testid="settlement-of">{name}</small> })}
    }
}

fn watt_hours(language: Language, energy: WattHours) -> String {
    format!("{}\u{a0}Wh", format::count(language, energy.0))
}

/// From the reading before to the last one that counted; when another copy has settled, the moment that it was found.
pub(super) fn window(language: Language, row: &Settlement) -> String {
    let basis = row.basis.as_ref();
    let to = basis.and_then(|basis| basis.to).unwrap_or(row.created_at);
    let offset = ipc::utc_offset_minutes(to.0);
    let end = format::time_of_day(to, offset);
    match basis.and_then(|basis| basis.from).filter(|from| *from < to) {
        Some(from) => format!("{} – {end}", format::day_and_time(language, from, offset)),
        None => format::day_and_time(language, to, offset),
    }
}

/// What started a settlement.
pub(super) fn trigger_words(trigger: Trigger) -> Key {
    match trigger {
        Trigger::Periodic => Key::TriggerPeriodic,
        Trigger::Manual => Key::TriggerManual,
        Trigger::Threshold => Key::TriggerThreshold,
        Trigger::Adopted => Key::TriggerAdopted,
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Status, UnixMillis};

    use super::*;
    use crate::live::tests::{meter_id, settlement};

    #[test]
    fn a_row_that_has_moved_on_leaves_the_filter() {
        let row = settlement("a", 100);
        let pending = SettlementFilter {
            status: Some(Status::Pending),
            ..SettlementFilter::of(&meter_id())
        };
        assert!(suits(&pending, &row));
        let done = Settlement {
            status: Status::Success,
            ..row.clone()
        };
        assert!(!suits(&pending, &done));
        for (from, to, expected) in [(100, 101, true), (101, 200, false), (0, 100, false)] {
            let dated = SettlementFilter {
                from: Some(UnixMillis(from)),
                to: Some(UnixMillis(to)),
                ..SettlementFilter::default()
            };
            assert_eq!(suits(&dated, &row), expected, "{from} {to}");
        }
        let other = SettlementFilter {
            trigger: Some(Trigger::Manual),
            ..SettlementFilter::default()
        };
        assert!(!suits(&other, &row));
    }
}
