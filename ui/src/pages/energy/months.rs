//! What settlements brought, month by month of the household's calendar.

use enerlink_domain::{Etk, MeterId, UnixMillis, view::Totals};
use enerlink_ipc::ReadTotals;
use leptos::prelude::*;

use crate::{
    calendar::{Day, Zone},
    components::{
        latest::Latest,
        loaded::Waiting,
        table::{Column, Table},
    },
    feed::feed,
    format::{self, HIDDEN, Sign},
    i18n::{Key, Language, text},
    ipc,
    prefs::prefs,
};

/// Months that are shown first, and by which the list grows.
const STEP: i64 = 12;
/// As many as the core adds up at once.
const MOST: i64 = 120;

/// A month and its sums.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    month: Day,
    totals: Totals,
    hidden: bool,
}

impl Row {
    fn amount(&self, language: Language, etk: Etk, sign: Sign) -> String {
        if self.hidden {
            HIDDEN.to_owned()
        } else {
            format::etk(language, etk, sign)
        }
    }

    fn net(&self) -> Etk {
        Etk(self.totals.minted.0 - self.totals.burned.0)
    }
}

/// The first days of the last `count` months and of the next one, oldest first.
fn months(today: Day, count: i64) -> Vec<Day> {
    let (year, month, _) = today.parts();
    (1 - count..=1)
        .map(|later| Day::new(year, month + later, 1))
        .collect()
}

fn edges(months: &[Day], zone: Zone) -> Vec<UnixMillis> {
    months.iter().map(|month| month.start(zone)).collect()
}

/// Newest first; months without a settlement say nothing, but for the one that runs.
fn rows(months: &[Day], totals: &[Totals], hidden: bool) -> Vec<Row> {
    let all = months.iter().zip(totals).map(|(month, totals)| Row {
        month: *month,
        totals: *totals,
        hidden,
    });
    let mut rows: Vec<Row> = all.collect();
    rows.reverse();
    let first = rows.first().map(|row| row.month);
    rows.retain(|row| row.totals.settlements > 0 || Some(row.month) == first);
    rows
}

/// The card with the table.
#[component]
pub(super) fn MonthsCard(meter: Memo<Option<MeterId>>) -> impl IntoView {
    let (feed, hidden) = (feed(), prefs().hidden);
    let count = RwSignal::new(STEP);
    let today = Memo::new(move |_| Day::of(feed.now.get(), ipc::utc_offset_minutes));
    let totals = Latest::<Vec<Day>, ReadTotals>::new();
    let settled = Memo::new(move |_| {
        feed.state.with(|state| {
            let row = state.settlement.as_ref();
            row.map(|row| (row.settlement_id.clone(), row.status.as_str()))
        })
    });
    let read = move || {
        let months = months(today.get(), count.get());
        let command = ReadTotals {
            meter_id: meter.get(),
            edges: edges(&months, ipc::utc_offset_minutes),
        };
        totals.ask(months, command);
    };
    Effect::new(move || {
        // A memo that is only tracked never looks at what it depends on.
        let _ = settled.get();
        read();
    });
    let shown = Memo::new(move |_| {
        let hidden = hidden.get();
        totals.value.with(|value| {
            value
                .as_ref()
                .map_or_else(Vec::new, |(months, totals)| rows(months, totals, hidden))
        })
    });
    let read_once = Memo::new(move |_| totals.value.with(Option::is_some));
    let columns = StoredValue::new(columns());
    view! {
        <section class="card months" aria-label=text(Key::MonthlyTotals)>
            <header><h2>{text(Key::MonthlyTotals)}</h2><small>{text(Key::MonthlyTotalsHint)}</small></header>
            <Show
                when=move || read_once.get()
                fallback=move || view! { <Waiting error=totals.error retry=move |()| untrack(read) rows=3 /> }
            >
                <Table
                    id="months"
                    label=Key::MonthlyTotals
                    columns=columns.get_value()
                    rows=shown
                    identity=|row: &Row| format!("{row:?}")
                    kind=|row: &Row| row.month.iso()
                    empty=ViewFn::from(|| view! { <p>{text(Key::NoActivity)}</p> })
                />
                <Show when=move || { count.get() < MOST }>
                    <button type="button" class="link" data-testid="months-older" on:click=move |_| count.update(|count| *count = (*count + STEP).min(MOST))>
                        {text(Key::ShowOlder)}
                    </button>
                </Show>
            </Show>
        </section>
    }
}

fn columns() -> Vec<Column<Row>> {
    let number = |title: Key, words: fn(&Row, Language) -> String| Column::new(title, words).class("n");
    vec![
        Column::new(Key::ScaleMonth, |row: &Row, language| {
            format::month_and_year(language, row.month.as_utc(), 0)
        })
        .ordered(|a, b| a.month.cmp(&b.month))
        .exactly(|row| row.month.iso().chars().take(7).collect()),
        number(Key::Settlements, |row, language| {
            format::count(language, row.totals.settlements)
        })
        .exactly(|row| row.totals.settlements.to_string()),
        number(Key::Minted, |row, language| {
            row.amount(language, row.totals.minted, Sign::Negative)
        })
        .exactly(|row| row.totals.minted.to_string()),
        number(Key::Burned, |row, language| {
            row.amount(language, row.totals.burned, Sign::Negative)
        })
        .exactly(|row| row.totals.burned.to_string()),
        number(Key::NetEtk, |row, language| {
            row.amount(language, row.net(), Sign::Always)
        })
        .exactly(|row| row.net().to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::tests::{berlin, jakarta};

    fn day(text: &str) -> Day {
        Day::parse(text).expect("a date")
    }

    #[test]
    fn months_begin_at_the_midnights_of_the_household() {
        let months = months(day("2026-11-22"), 12);
        assert_eq!((months[0], months[11]), (day("2025-12-01"), day("2026-11-01")));
        assert_eq!(months.last(), Some(&day("2026-12-01")));
        for zone in [jakarta as Zone, berlin] {
            let edges = edges(&months, zone);
            assert_eq!(edges.len(), 13);
            assert!(edges.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert_eq!(self::months(day("2026-11-22"), MOST).len(), 121);
    }

    #[test]
    fn quiet_months_are_left_out_but_for_the_one_that_runs() {
        let months = months(day("2026-11-22"), 3);
        let some = Totals {
            settlements: 2,
            minted: Etk(500),
            burned: Etk(700),
        };
        let totals = [some, Totals::default(), Totals::default()];
        let rows = rows(&months, &totals, false);
        let shown: Vec<Day> = rows.iter().map(|row| row.month).collect();
        assert_eq!(shown, [day("2026-11-01"), day("2026-09-01")]);
        assert_eq!(rows[1].net(), Etk(-200));
    }
}
