//! The numbers behind the chart and the tiles as tables, which are searched, sorted and saved as CSV.

use enerlink_domain::{MicroWh, UnixMillis, view::DayEnergy};
use leptos::prelude::*;

use super::{
    Look, Shown,
    figures::{Amount, AmountWords as _, Change, ChangeWords as _, Figure, FigureWords as _, worth},
    period::{Unit, bar_label},
};
use crate::{
    components::table::{Column, Table},
    format::{self, HIDDEN},
    household::household,
    i18n::{Key, Language, text},
    ipc,
    prefs::prefs,
};

/// A bar of the chart.
#[derive(Clone, Debug, PartialEq)]
struct BarRow {
    from: UnixMillis,
    unit: Unit,
    energy: DayEnergy,
    tariff: u64,
    hidden: bool,
}

/// A figure of the whole period.
#[derive(Clone, Debug, PartialEq)]
struct FigureRow {
    figure: Figure,
    now: Amount,
    before: Option<Amount>,
    hidden: bool,
}

impl FigureRow {
    fn change(&self) -> Change {
        self.before
            .map_or(Change::Unknown, |before| self.now.since(before))
    }

    fn words(&self, amount: Option<Amount>, language: Language) -> String {
        match amount {
            None => "–".to_owned(),
            Some(_) if self.hidden => HIDDEN.to_owned(),
            Some(amount) => amount.text(language),
        }
    }
}

/// The card with both tables.
#[component]
pub(super) fn NumbersCard(
    /// What the page shows.
    look: Look,
    /// Its history.
    shown: Memo<Option<Shown>>,
) -> impl IntoView {
    let in_total = RwSignal::new(false);
    let segment = move |total: bool, label: Key, testid: &'static str| {
        let on = move || in_total.get() == total;
        view! {
            <button
                type="button"
                data-testid=testid
                class:on=on
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=move |_| in_total.set(total)
            >
                {text(label)}
            </button>
        }
    };
    view! {
        <section class="card numbers" aria-label=text(Key::Numbers)>
            <header>
                <h2>{text(Key::Numbers)}</h2>
                <div class="end segments" role="group" aria-label=text(Key::Numbers)>
                    {segment(false, Key::ByTime, "numbers-by-time")}
                    {segment(true, Key::InTotal, "numbers-in-total")}
                </div>
            </header>
            {move || if in_total.get() {
                view! { <Totals shown=shown /> }.into_any()
            } else {
                view! { <ByTime look=look shown=shown /> }.into_any()
            }}
        </section>
    }
}

/// A line for each bar.
#[component]
fn ByTime(look: Look, shown: Memo<Option<Shown>>) -> impl IntoView {
    let (household, hidden) = (household(), prefs().hidden);
    let rows = Memo::new(move |_| {
        let (tariff, hidden) = (household.tariff(), hidden.get());
        let now = look.today.get().plus(1).start(ipc::utc_offset_minutes);
        shown.with(|shown| {
            shown
                .as_ref()
                .map_or_else(Vec::new, |shown| bar_rows(shown, now, tariff, hidden))
        })
    });
    let energy = |title: Key, words: fn(&BarRow, Language) -> String| Column::new(title, words).class("n");
    let columns = vec![
        Column::new(Key::Time, |row: &BarRow, language| {
            bar_label(language, row.unit, row.from, ipc::utc_offset_minutes)
        })
        .ordered(|a, b| a.from.cmp(&b.from))
        .exactly(|row| format::iso_time(row.from))
        .class("when"),
        energy(Key::Produced, |row, language| {
            figure(language, row.energy.produced)
        })
        .ordered(|a, b| a.energy.produced.cmp(&b.energy.produced))
        .exactly(|row| Amount::Energy(row.energy.produced).exact()),
        energy(Key::Used, |row, language| figure(language, row.energy.used))
            .ordered(|a, b| a.energy.used.cmp(&b.energy.used))
            .exactly(|row| Amount::Energy(row.energy.used).exact()),
        energy(Key::Exported, |row, language| {
            figure(language, row.energy.exported)
        })
        .ordered(|a, b| a.energy.exported.cmp(&b.energy.exported))
        .exactly(|row| Amount::Energy(row.energy.exported).exact()),
        energy(Key::Imported, |row, language| {
            figure(language, row.energy.imported)
        })
        .ordered(|a, b| a.energy.imported.cmp(&b.energy.imported))
        .exactly(|row| Amount::Energy(row.energy.imported).exact()),
        energy(Key::SelfSufficiency, |row, language| {
            Amount::Share(row.energy.self_sufficiency()).text(language)
        })
        .ordered(|a, b| a.energy.self_sufficiency().cmp(&b.energy.self_sufficiency()))
        .exactly(|row| Amount::Share(row.energy.self_sufficiency()).exact()),
        energy(Key::SelfConsumption, |row, language| {
            Amount::Share(row.energy.self_consumption()).text(language)
        })
        .ordered(|a, b| a.energy.self_consumption().cmp(&b.energy.self_consumption()))
        .exactly(|row| Amount::Share(row.energy.self_consumption()).exact()),
        energy(Key::ExportWorth, |row, language| {
            value(row, row.energy.exported).map_or_else(|| HIDDEN.to_owned(), |sen| sen.text(language))
        })
        .exactly(|row| Amount::Sen(worth(row.energy.exported, row.tariff)).exact()),
        energy(Key::ImportWorth, |row, language| {
            value(row, row.energy.imported).map_or_else(|| HIDDEN.to_owned(), |sen| sen.text(language))
        })
        .exactly(|row| Amount::Sen(worth(row.energy.imported, row.tariff)).exact()),
    ];
    view! {
        <Table
            id="energy"
            label=Key::Numbers
            columns=columns
            rows=rows
            identity=|row: &BarRow| format!("{row:?}")
            kind=|row: &BarRow| format::iso_time(row.from)
            empty=ViewFn::from(|| view! { <p>{text(Key::NoNumbers)}</p> })
        />
    }
}

/// Bars that have begun before `end`: those of days to come are empty.
fn bar_rows(shown: &Shown, end: UnixMillis, tariff: u64, hidden: bool) -> Vec<BarRow> {
    let edges = shown.period.edges(ipc::utc_offset_minutes);
    let bars = edges.into_iter().zip(&shown.history.bars);
    bars.filter(|(from, _)| *from < end)
        .map(|(from, energy)| BarRow {
            from,
            unit: shown.period.unit(),
            energy: *energy,
            tariff,
            hidden,
        })
        .collect()
}

fn figure(language: Language, energy: MicroWh) -> String {
    format::energy(language, energy).text()
}

/// What energy of a bar is worth, unless it is not to be seen.
fn value(row: &BarRow, energy: MicroWh) -> Option<Amount> {
    (!row.hidden).then(|| Amount::Sen(worth(energy, row.tariff)))
}

/// A line for each tile.
#[component]
fn Totals(shown: Memo<Option<Shown>>) -> impl IntoView {
    let (household, hidden) = (household(), prefs().hidden);
    let rows = Memo::new(move |_| {
        let (tariff, hidden) = (household.tariff(), hidden.get());
        shown.with(|shown| {
            let Some(shown) = shown else { return Vec::new() };
            let row = |figure: Figure| FigureRow {
                figure,
                now: figure.of(&shown.history, tariff),
                before: shown.before.as_ref().map(|before| figure.of(before, tariff)),
                hidden: hidden && figure.is_private(),
            };
            Figure::ALL.map(row).to_vec()
        })
    });
    let columns = vec![
        Column::new(Key::FigureName, |row: &FigureRow, language| {
            row.figure.label().text(language).to_owned()
        }),
        Column::new(Key::ThisPeriod, |row: &FigureRow, language| {
            row.words(Some(row.now), language)
        })
        .exactly(|row| row.now.exact())
        .class("n"),
        Column::new(Key::PeriodBefore, |row: &FigureRow, language| {
            row.words(row.before, language)
        })
        .exactly(|row| row.before.map(Amount::exact).unwrap_or_default())
        .class("n"),
        Column::new(Key::Difference, |row: &FigureRow, language| {
            row.change().words(language, row.now)
        })
        .class("n"),
    ];
    view! {
        <Table
            id="energy-total"
            label=Key::Numbers
            columns=columns
            rows=rows
            identity=|row: &FigureRow| format!("{row:?}")
            kind=|row: &FigureRow| row.figure.as_str().to_owned()
            empty=ViewFn::from(|| view! { <p>{text(Key::NoNumbers)}</p> })
        />
    }
}
