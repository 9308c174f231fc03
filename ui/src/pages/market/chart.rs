//! The chart card: candles of a width, the same as a table, or the depth of the book.

use enerlink_domain::{
    UnixMillis,
    market::{Price, Slot, TotalLots, Width},
    view::DepthChart,
};
use enerlink_ipc::{ReadCandles, ReadDepth};
use leptos::prelude::*;

use super::{candles::CandleTable, desk::Desk, notices::away};
use crate::{
    components::{
        chart::{CandleChart, DepthCurve},
        latest::Latest,
        loaded::Waiting,
    },
    feed::feed,
    i18n::{Key, say, text},
    ipc,
    prefs::prefs,
};

/// Candles beside each other.
const CANDLES: i64 = 64;
/// Steps of a side of the depth.
const POINTS: u16 = 120;
/// The depth reaches a tenth of the price from the best, and at least so many prices.
const LEAST_REACH: u16 = 40;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Candles,
    /// The candles as numbers.
    Table,
    Depth,
}

/// The card.
#[component]
pub(super) fn ChartCard(desk: Desk) -> impl IntoView {
    let kind = RwSignal::new(Kind::Candles);
    let depth = Memo::new(move |_| kind.get() == Kind::Depth);
    let table = Signal::derive(move || kind.get() == Kind::Table);
    let width = RwSignal::new(Width::FiveMinutes);
    let stale = Memo::new(move |_| desk.state.with(|state| away(state.as_ref()).is_some()));
    let segment = move |of: Kind, label: Key, testid: &'static str| {
        let on = move || kind.get() == of;
        view! {
            <button
                type="button"
                class:on=on
                data-testid=testid
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=move |_| kind.set(of)
            >
                {text(label)}
            </button>
        }
    };
    view! {
        <section class="card price-chart" class:stale=stale aria-label=text(Key::PriceChart)>
            <header>
                <h2>{text(Key::PriceWord)}</h2>
                {move || (!depth.get()).then(|| view! { <Widths width=width /> })}
                <div class="end segments" role="group" aria-label=text(Key::PriceChart)>
                    {segment(Kind::Candles, Key::CandlesWord, "chart-candles")}
                    {segment(Kind::Table, Key::TableWord, "chart-table")}
                    {segment(Kind::Depth, Key::DepthWord, "chart-depth")}
                </div>
            </header>
            {move || match depth.get() {
                false => view! { <Candles desk=desk width=width table=table /> }.into_any(),
                true => view! { <Depth desk=desk /> }.into_any(),
            }}
        </section>
    }
}

/// How a width is written everywhere.
fn width_name(width: Width) -> &'static str {
    match width {
        Width::Minute => "1m",
        Width::FiveMinutes => "5m",
        Width::Quarter => "15m",
        Width::Hour => "1h",
        Width::Day => "1d",
    }
}

#[component]
fn Widths(width: RwSignal<Width>) -> impl IntoView {
    let buttons = Width::ALL.map(|of| {
        let on = move || width.get() == of;
        view! {
            <button
                type="button"
                class:on=on
                data-testid=format!("width-{}", width_name(of))
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=move |_| width.set(of)
            >
                {width_name(of)}
            </button>
        }
    });
    view! { <div class="segments" role="group" aria-label=text(Key::CandleWidth)>{buttons.into_iter().collect_view()}</div> }
}

/// A price and an amount in the page's units.
fn words(desk: Desk) -> (Callback<Price, String>, Callback<TotalLots, String>) {
    let language = prefs().language;
    let price = move |price: Price| {
        let units = desk.units.get();
        units.map_or_else(String::new, |units| units.price(language.get(), price))
    };
    let amount = move |lots: TotalLots| {
        let units = desk.units.get();
        units.map_or_else(String::new, |units| units.energy(language.get(), lots))
    };
    (Callback::new(price), Callback::new(amount))
}

/// Candles up to now, read again when something was traded and when the next one begins.
#[component]
fn Candles(desk: Desk, width: RwSignal<Width>, table: Signal<bool>) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let read = Latest::<Width, ReadCandles>::new();
    let again = RwSignal::new(0_u32);
    let traded = Memo::new(move |_| desk.of_view(|view| view.tape.first().map(|trade| trade.number)));
    let ends = Memo::new(move |_| {
        let now = feed.now.get();
        let offset = i32::try_from(ipc::utc_offset_minutes(now.0)).unwrap_or(0);
        (end_of(width.get(), now, offset), offset)
    });
    Effect::new(move || {
        again.track();
        // Read, for a memo that is only tracked is never computed.
        traded.with(|_| ());
        let (width, (to, offset_minutes)) = (width.get(), ends.get());
        let command = ReadCandles {
            width,
            offset_minutes,
            from: UnixMillis(to.0 - CANDLES * width.millis()),
            to,
        };
        read.ask(width, command);
    });
    let slots = Memo::new(move |_| {
        let found = read.value.get();
        found.map_or_else(Vec::new, |(_, slots)| slots)
    });
    let drawn_width = Memo::new(move |_| {
        read.value
            .with(|value| value.as_ref().map_or(width.get_untracked(), |(width, _)| *width))
    });
    let known = Memo::new(move |_| read.value.with(Option::is_some));
    let nothing = Memo::new(move |_| {
        known.get()
            && slots.with(|slots| {
                slots
                    .iter()
                    .all(|slot| matches!(slot, Slot::Gap { last: None, .. }))
            })
    });
    let (price_words, amount_words) = words(desk);
    let summary = Signal::derive(move || {
        let prices = slots.with(|slots| range(slots));
        match prices {
            None => Key::NoTradesYet.text(language.get()).to_owned(),
            Some((low, high, last)) => {
                let [low, high, last] = [low, high, last].map(|price| price_words.run(price));
                let values = [("low", low.as_str()), ("high", &high), ("last", &last)];
                say(language.get(), Key::CandlesInWords, &values)
            }
        }
    });
    let retry = move |()| again.update(|again| *again += 1);
    move || {
        if !known.get() {
            return view! { <div class="plot"><Waiting error=read.error retry=retry rows=5 /></div> }
                .into_any();
        }
        if table.get() {
            return view! { <CandleTable desk=desk slots=slots /> }.into_any();
        }
        view! {
            <div class="stack">
                <CandleChart
                    slots=slots
                    width=drawn_width
                    price_words=price_words
                    amount_words=amount_words
                    summary=summary
                />
                {move || nothing.get().then(|| view! {
                    <p class="empty over" data-testid="candles-empty">{text(Key::NoTradesYet)}</p>
                })}
            </div>
        }
        .into_any()
    }
}

/// The end of the candle in which a moment lies; days are those of a zone that is so many minutes ahead of UTC.
fn end_of(width: Width, now: UnixMillis, offset_minutes: i32) -> UnixMillis {
    UnixMillis(width.start_of(now, offset_minutes).0 + width.millis())
}

/// The lowest, the highest and the last price.
fn range(slots: &[Slot]) -> Option<(Price, Price, Price)> {
    let candles = slots.iter().filter_map(|slot| match slot {
        Slot::Candle(candle) => Some(candle),
        Slot::Gap { .. } => None,
    });
    candles.fold(None, |range, candle| match range {
        None => Some((candle.low, candle.high, candle.close)),
        Some((low, high, _)) => Some((low.min(candle.low), high.max(candle.high), candle.close)),
    })
}

/// The depth of the book, read again with every change of it.
#[component]
fn Depth(desk: Desk) -> impl IntoView {
    let language = prefs().language;
    let read = Latest::<(), ReadDepth>::new();
    let again = RwSignal::new(0_u32);
    Effect::new(move || {
        again.track();
        desk.view.value.track();
        let best = desk.state.with_untracked(|state| {
            let stats = state.as_ref()?.stats?;
            stats.best_ask.or(stats.best_bid)
        });
        let reach = best.map_or(0, |best| best.get() / 10).max(LEAST_REACH);
        let reach = Price::new(reach).unwrap_or(Price::MAX);
        read.ask(
            (),
            ReadDepth {
                reach,
                points: POINTS,
            },
        );
    });
    let chart = Memo::new(move |_| {
        let found = read.value.get();
        found.map_or_else(DepthChart::default, |((), chart)| chart)
    });
    let known = Memo::new(move |_| read.value.with(Option::is_some));
    let nothing = Memo::new(move |_| chart.with(|chart| chart.bids.is_empty() && chart.asks.is_empty()));
    let (price_words, amount_words) = words(desk);
    let summary = Signal::derive(move || {
        chart.with(|chart| {
            let sum = |rows: &[enerlink_domain::market::DepthRow]| {
                amount_words.run(rows.last().map_or(TotalLots::ZERO, |row| row.cumulative))
            };
            let (bids, asks) = (sum(&chart.bids), sum(&chart.asks));
            say(
                language.get(),
                Key::DepthInWords,
                &[("bids", &bids), ("asks", &asks)],
            )
        })
    });
    let retry = move |()| again.update(|again| *again += 1);
    move || {
        if !known.get() {
            return view! { <div class="plot"><Waiting error=read.error retry=retry rows=5 /></div> }
                .into_any();
        }
        view! {
            <div class="stack">
                <DepthCurve chart=chart price_words=price_words amount_words=amount_words summary=summary />
                {move || nothing.get().then(|| view! { <p class="empty over">{text(Key::BookEmptyShort)}</p> })}
            </div>
        }
        .into_any()
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        Idrs,
        market::{Candle, Candles},
    };

    use super::*;

    #[test]
    fn the_last_candle_is_the_one_that_runs() {
        const HOUR: i64 = 3_600_000;
        for (width, offset, now, expected) in [
            (Width::Minute, 0, 59_999, 60_000),
            (Width::Minute, 420, 60_000, 120_000),
            (Width::Hour, 420, 1, HOUR),
            (Width::Day, 0, HOUR, 24 * HOUR),
            // In Jakarta it is eight in the morning, a minute before midnight, and midnight.
            (Width::Day, 420, HOUR, 17 * HOUR),
            (Width::Day, 420, 17 * HOUR - 60_000, 17 * HOUR),
            (Width::Day, 420, 17 * HOUR, 41 * HOUR),
            (Width::Day, -210, 3 * HOUR, 3 * HOUR + HOUR / 2),
        ] {
            let end = end_of(width, UnixMillis(now), offset);
            assert_eq!(end, UnixMillis(expected), "{width:?} at {now}");
            // The core cuts the same slots: now lies in the last one.
            let slots = Candles::new(width, offset).slots(UnixMillis(end.0 - 3 * width.millis()), end, 64);
            let Some(Slot::Gap { start, .. }) = slots.last() else {
                panic!("no slot at {now}");
            };
            assert!(start.0 <= now && now < end.0, "{width:?} at {now}");
        }
    }

    #[test]
    fn the_chart_is_told_by_its_extremes_and_its_end() {
        let price = |value| Price::new(value).expect("above zero");
        let candle = |low, high, close| {
            Slot::Candle(Candle {
                start: UnixMillis(0),
                open: price(low),
                high: price(high),
                low: price(low),
                close: price(close),
                lots: TotalLots(1),
                value: Idrs::ZERO,
                trades: 1,
            })
        };
        let gap = Slot::Gap {
            start: UnixMillis(0),
            last: None,
        };
        assert_eq!(range(&[gap]), None);
        let slots = [candle(5, 9, 7), gap, candle(4, 8, 6)];
        assert_eq!(range(&slots), Some((price(4), price(9), price(6))));
    }
}
