//! The candles as a table, for whom a picture is no help, and as a file.

use enerlink_domain::{
    UnixMillis,
    market::{Candle, Price, Slot},
};
use leptos::prelude::*;

use super::{desk::Desk, figures::Units};
use crate::{
    components::table::{Column, Table},
    format,
    i18n::{Key, Language, text},
};

/// A candle, and in what it is shown.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    candle: Candle,
    units: Units,
}

/// The table, newest first; times without a trade are left out.
#[component]
pub(super) fn CandleTable(
    /// The page.
    desk: Desk,
    /// What the chart would show.
    #[prop(into)]
    slots: Signal<Vec<Slot>>,
) -> impl IntoView {
    let rows = Memo::new(move |_| {
        let units = desk.units.get();
        units.map_or_else(Vec::new, |units| slots.with(|slots| rows(slots, units)))
    });
    view! {
        <div class="candles">
            <Table
                id="candles"
                label=Key::CandlesTable
                columns=columns()
                rows=rows
                identity=|row: &Row| format!("{row:?}")
                kind=|row: &Row| row.candle.start.0.to_string()
                empty=ViewFn::from(|| view! { <p>{text(Key::NoTradesYet)}</p> })
            />
        </div>
    }
}

fn rows(slots: &[Slot], units: Units) -> Vec<Row> {
    let candles = slots.iter().rev().filter_map(|slot| match slot {
        Slot::Candle(candle) => Some(*candle),
        Slot::Gap { .. } => None,
    });
    candles.map(|candle| Row { candle, units }).collect()
}

fn columns() -> Vec<Column<Row>> {
    vec![
        Column::new(Key::Time, |row: &Row, language| {
            super::moment(language, row.candle.start)
        })
        .ordered(|a, b| start(a).cmp(&start(b)))
        .exactly(|row| format::iso_time(start(row)))
        .class("when"),
        price(Key::CandleOpen, |row, language| {
            words(row, language, row.candle.open)
        })
        .ordered(|a, b| a.candle.open.cmp(&b.candle.open))
        .exactly(|row| row.units.plain_price(row.candle.open)),
        price(Key::CandleHigh, |row, language| {
            words(row, language, row.candle.high)
        })
        .ordered(|a, b| a.candle.high.cmp(&b.candle.high))
        .exactly(|row| row.units.plain_price(row.candle.high)),
        price(Key::CandleLow, |row, language| {
            words(row, language, row.candle.low)
        })
        .ordered(|a, b| a.candle.low.cmp(&b.candle.low))
        .exactly(|row| row.units.plain_price(row.candle.low)),
        price(Key::CandleClose, |row, language| {
            words(row, language, row.candle.close)
        })
        .ordered(|a, b| a.candle.close.cmp(&b.candle.close))
        .exactly(|row| row.units.plain_price(row.candle.close)),
        price(Key::VolumeWord, |row, language| {
            row.units.energy(language, row.candle.lots)
        })
        .ordered(|a, b| a.candle.lots.cmp(&b.candle.lots))
        .exactly(|row| row.units.plain_amount(row.candle.lots)),
    ]
}

fn price(title: Key, words: fn(&Row, Language) -> String) -> Column<Row> {
    Column::new(title, words).class("n")
}

fn words(row: &Row, language: Language, price: Price) -> String {
    row.units.price(language, price)
}

fn start(row: &Row) -> UnixMillis {
    row.candle.start
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Idrs, market::TotalLots};

    use super::{super::figures::tests::units, *};

    #[test]
    fn the_newest_candle_is_first_and_a_gap_is_no_row() {
        let candle = |start| {
            Slot::Candle(Candle {
                start: UnixMillis(start),
                open: Price::new(1445).expect("above zero"),
                high: Price::MAX,
                low: Price::MIN,
                close: Price::new(1400).expect("above zero"),
                lots: TotalLots(1230),
                value: Idrs(1),
                trades: 1,
            })
        };
        let gap = Slot::Gap {
            start: UnixMillis(60_000),
            last: None,
        };
        let rows = rows(&[candle(0), gap, candle(120_000)], units());
        let starts: Vec<i64> = rows.iter().map(|row| start(row).0).collect();
        assert_eq!(starts, [120_000, 0]);
        let columns = columns();
        let written: Vec<String> = columns
            .iter()
            .map(|column| column.exact.map_or_else(String::new, |exact| exact(&rows[0])))
            .collect();
        assert_eq!(written[1..], ["1445", "65535", "1", "1400", "12.3"]);
        let shown = (columns[1].words)(&rows[0], Language::Indonesian);
        assert_eq!(shown, "1.445");
    }
}
