//! Prices in candles over the volume that was traded, with the values of the candle under the pointer.

use enerlink_domain::{
    UnixMillis,
    market::{Candle, Price, Slot, TotalLots, Width},
};
use leptos::{html, prelude::*};

use super::{
    bars::Slots,
    draw,
    scale::{Layout, Rise},
    surface::Surface,
    words::{RiseWords, below},
};
use crate::{
    calendar::Zone,
    format,
    i18n::{Key, Language, text},
    ipc,
    prefs::prefs,
};

/// The part of the height that prices have.
pub(super) const PRICES: f64 = 0.76;
/// The part of the height that volume has.
pub(super) const VOLUME: f64 = 0.17;

/// The scale of the prices.
pub(super) fn rise(slots: &[Slot]) -> Rise {
    let prices = slots.iter().filter_map(|slot| match slot {
        Slot::Candle(candle) => Some((candle.low, candle.high)),
        Slot::Gap { last, .. } => last.map(|last| (last, last)),
    });
    let range = prices.fold(None, |range, (low, high)| match range {
        None => Some((low, high)),
        Some((lowest, highest)) => Some((low.min(lowest), high.max(highest))),
    });
    range.map_or(Rise::around(0, 1000), |(low, high)| {
        Rise::around(i64::from(low.get()) - 1, i64::from(high.get()) + 1)
    })
}

/// The most lots of a candle.
pub(super) fn most(slots: &[Slot]) -> TotalLots {
    candles(slots).map(|candle| candle.lots).max().unwrap_or_default()
}

fn candles(slots: &[Slot]) -> impl Iterator<Item = &Candle> {
    slots.iter().filter_map(|slot| match slot {
        Slot::Candle(candle) => Some(candle),
        Slot::Gap { .. } => None,
    })
}

fn start(slot: &Slot) -> UnixMillis {
    match slot {
        Slot::Candle(candle) => candle.start,
        Slot::Gap { start, .. } => *start,
    }
}

/// What stands below a candle.
fn below_words(language: Language, width: Width, at: UnixMillis, zone: Zone) -> String {
    let offset = zone(at.0);
    let midnight = format::day_start(at, offset) == at;
    match width {
        Width::Day => format::day_and_month(language, at, offset),
        Width::Hour if midnight => format::day_and_month(language, at, offset),
        _ => format::time_of_day(at, offset),
    }
}

/// The canvas, its words and the values under the pointer.
#[component]
pub(crate) fn CandleChart(
    /// What is drawn, in the order of time.
    #[prop(into)]
    slots: Signal<Vec<Slot>>,
    /// How much time a candle sums up.
    #[prop(into)]
    width: Signal<Width>,
    /// A price in words.
    price_words: Callback<Price, String>,
    /// An amount in words.
    amount_words: Callback<TotalLots, String>,
    /// The chart in words.
    summary: Signal<String>,
) -> impl IntoView {
    let language = prefs().language;
    let canvas = NodeRef::<html::Canvas>::new();
    let surface = Surface::follow(canvas);
    let layout = surface.layout;
    surface.drawn_by(move |canvas| slots.with(|slots| draw::candles(canvas, slots)));
    let prices = Signal::derive(move || Some(layout.get()?.upper(PRICES)));
    let rise = Memo::new(move |_| slots.with(|slots| rise(slots)));
    let places = move || Some(Slots::of(layout.get()?, slots.with(Vec::len)));
    let hover = RwSignal::new(None::<f64>);
    let pointed = Memo::new(move |_| places()?.at(hover.get()?));
    let line = move |_: Language, _: Rise, value: i64| {
        let price = u16::try_from(value).ok().and_then(Price::new);
        price.map_or_else(String::new, |price| price_words.run(price))
    };
    let times = move || {
        let (layout, places) = (layout.get()?, places()?);
        let words: Vec<String> = slots.with(|slots| {
            let word = |slot| below_words(language.get(), width.get(), start(slot), ipc::utc_offset_minutes);
            slots.iter().map(word).collect()
        });
        let every = places.every(&words);
        let shown = words.into_iter().enumerate().skip(every / 2).step_by(every);
        let shown = shown.filter_map(|(at, word)| {
            let (left, width) = places.place(at);
            let x = left + width / 2.0;
            (16.0..=layout.right - 16.0)
                .contains(&x)
                .then(|| below(layout, x, word))
        });
        Some(shown.collect_view())
    };
    view! {
        <div
            class="plot"
            on:pointermove=move |event| hover.set(Some(f64::from(event.offset_x())))
            on:pointerleave=move |_| hover.set(None)
        >
            <canvas node_ref=canvas role="img" aria-label=summary data-testid="market-candles"></canvas>
            <div class="ticks" aria-hidden="true">
                <RiseWords rise=rise layout=prices words=line />
                {times}
            </div>
            {move || {
                let (at, places, layout) = (pointed.get()?, places()?, layout.get()?);
                let slot = slots.with(|slots| slots.get(at).copied())?;
                let (left, wide) = places.place(at);
                let x = left + wide / 2.0;
                Some(view! {
                    <div class="crosshair" style:left=format!("{x:.1}px")></div>
                    <Readout shown=slot x=x layout=layout price_words=price_words amount_words=amount_words />
                })
            }}
        </div>
    }
}

/// The values of a candle.
#[component]
fn Readout(
    shown: Slot,
    x: f64,
    layout: Layout,
    price_words: Callback<Price, String>,
    amount_words: Callback<TotalLots, String>,
) -> impl IntoView {
    let language = prefs().language;
    let at = start(&shown);
    let time = move || format::day_and_time(language.get(), at, ipc::utc_offset_minutes(at.0));
    let left = x > layout.width / 2.0;
    let rows = match shown {
        Slot::Candle(candle) => vec![
            (Key::CandleOpen, price_words.run(candle.open)),
            (Key::CandleHigh, price_words.run(candle.high)),
            (Key::CandleLow, price_words.run(candle.low)),
            (Key::CandleClose, price_words.run(candle.close)),
            (Key::VolumeWord, amount_words.run(candle.lots)),
        ],
        Slot::Gap { .. } => vec![(Key::VolumeWord, amount_words.run(TotalLots::ZERO))],
    };
    let rows = rows.into_iter().map(|(name, value)| {
        view! { <div><span>{text(name)}</span><b>{value}</b></div> }
    });
    view! {
        <div class="readout" class:left=left style:left=format!("{x:.1}px")>
            <p>{time}</p>
            {rows.collect_view()}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::Idrs;

    use super::*;
    use crate::calendar::tests::jakarta;

    fn price(value: u16) -> Price {
        Price::new(value).expect("above zero")
    }

    fn candle(low: u16, high: u16, lots: u64) -> Slot {
        Slot::Candle(Candle {
            start: UnixMillis(0),
            open: price(low),
            high: price(high),
            low: price(low),
            close: price(high),
            lots: TotalLots(lots),
            value: Idrs::ZERO,
            trades: 1,
        })
    }

    #[test]
    fn the_scale_holds_every_price_and_not_zero() {
        let slots = [
            candle(1421, 1430, 5),
            Slot::Gap {
                start: UnixMillis(0),
                last: Some(price(1410)),
            },
            candle(1440, 1468, 9),
        ];
        let rise = rise(&slots);
        let lines: Vec<i64> = rise.lines().collect();
        assert_eq!(lines, [1400, 1420, 1440, 1460, 1480]);
        assert_eq!(most(&slots), TotalLots(9));
        // One price is a scale too.
        let rise = super::rise(&[candle(7, 7, 1)]);
        assert!(rise.lines().count() >= 2, "{rise:?}");
    }

    #[test]
    fn days_are_named_where_they_begin() {
        // Midnight in Jakarta.
        let midnight = UnixMillis(1_795_194_000_000);
        let words = |width, at| below_words(Language::English, width, at, jakarta).replace('\u{a0}', " ");
        assert_eq!(words(Width::Hour, midnight), "21 Nov");
        assert_eq!(words(Width::Hour, UnixMillis(midnight.0 + 3_600_000)), "01:00");
        assert_eq!(words(Width::Minute, midnight), "00:00");
        assert_eq!(words(Width::Day, midnight), "21 Nov");
    }
}
