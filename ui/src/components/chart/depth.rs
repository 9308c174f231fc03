//! The depth of a book: how much could be bought or sold up to each price, with the sum under the pointer.

use enerlink_domain::{
    Idrs,
    market::{DepthRow, Price, Side, TotalLots},
    view::DepthChart,
};
use leptos::{html, prelude::*};

use super::{
    draw,
    scale::{Layout, Rise},
    surface::Surface,
    words::{RiseWords, below},
};
use crate::{
    format,
    i18n::{Key, Language, text},
    prefs::prefs,
};

/// The prices from the left edge to the right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reach {
    low: i64,
    high: i64,
}

impl Reach {
    /// Where a price lies.
    pub(super) fn x(self, layout: Layout, price: i64) -> f64 {
        (price - self.low) as f64 / (self.high - self.low).max(1) as f64 * layout.right
    }

    fn price_at(self, layout: Layout, x: f64) -> i64 {
        let share = (x / layout.right).clamp(0.0, 1.0);
        self.low + (share * (self.high - self.low) as f64).round() as i64
    }
}

/// Both sides of a book.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Steps(DepthChart);

impl Steps {
    fn of(&self, side: Side) -> &[DepthRow] {
        match side {
            Side::Bid => &self.0.bids,
            Side::Ask => &self.0.asks,
        }
    }

    /// The scale of the lots.
    pub(super) fn rise(&self) -> Rise {
        let most = Side::ALL.into_iter().filter_map(|side| self.of(side).last());
        let most = most.map(|row| row.cumulative.0).max().unwrap_or(0);
        Rise::around(0, i64::try_from(most).unwrap_or(i64::MAX).max(4))
    }

    /// The prices that are shown: as far to the left of the middle as to its right. None for an empty book.
    pub(super) fn reach(&self) -> Option<Reach> {
        let edge = |row: Option<&DepthRow>| row.map(|row| i64::from(row.price.get()));
        let best = Side::ALL.map(|side| edge(self.of(side).first()));
        let last = Side::ALL.map(|side| edge(self.of(side).last()));
        let middle = match best {
            [Some(bid), Some(ask)] => i64::midpoint(bid, ask),
            [one, other] => one.or(other)?,
        };
        let widest = last
            .into_iter()
            .flatten()
            .map(|price| (price - middle).abs())
            .max()?;
        let widest = widest + (widest / 20).max(2);
        Some(Reach {
            low: middle - widest,
            high: middle + widest,
        })
    }

    /// Corners of a side's stairs, prices and lots, from the best price to the edge.
    pub(super) fn stairs(&self, side: Side, reach: Reach) -> Vec<(i64, i64)> {
        let mut corners = Vec::with_capacity(self.of(side).len() * 2 + 2);
        let mut height = 0;
        for row in self.of(side) {
            let (price, next) = (
                i64::from(row.price.get()),
                i64::try_from(row.cumulative.0).unwrap_or(i64::MAX),
            );
            corners.extend([(price, height), (price, next)]);
            height = next;
        }
        if height > 0 {
            let edge = match side {
                Side::Bid => reach.low,
                Side::Ask => reach.high,
            };
            corners.push((edge, height));
        }
        corners
    }

    /// What could be traded up to a price: the row of the last step before it.
    fn up_to(&self, price: i64) -> Option<(Side, DepthRow)> {
        let reached = |side: Side, row: &&DepthRow| {
            let at = i64::from(row.price.get());
            match side {
                Side::Bid => at >= price,
                Side::Ask => at <= price,
            }
        };
        Side::ALL.into_iter().find_map(|side| {
            let row = self.of(side).iter().take_while(|row| reached(side, row)).last()?;
            Some((side, *row))
        })
    }
}

/// The canvas, its words and the sum under the pointer.
#[component]
pub(crate) fn DepthCurve(
    /// Both sides, the best first.
    #[prop(into)]
    chart: Signal<DepthChart>,
    /// A price in words.
    price_words: Callback<Price, String>,
    /// An amount in words.
    amount_words: Callback<TotalLots, String>,
    /// The chart in words.
    summary: Signal<String>,
) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    let surface = Surface::follow(canvas);
    let layout = surface.layout;
    let steps = Memo::new(move |_| Steps(chart.get()));
    surface.drawn_by(move |canvas| steps.with(|steps| draw::depth(canvas, steps)));
    let rise = Memo::new(move |_| steps.with(Steps::rise));
    let reach = Memo::new(move |_| steps.with(Steps::reach));
    let line = move |_: Language, _: Rise, value: i64| {
        amount_words.run(TotalLots(u64::try_from(value).unwrap_or(0)))
    };
    let price_of = |value: i64| u16::try_from(value).ok().and_then(Price::new);
    let prices = move || {
        let (layout, reach) = (layout.get()?, reach.get()?);
        let lines = Rise::around(reach.low, reach.high).lines();
        let shown = lines.filter_map(move |value| {
            let x = reach.x(layout, value);
            let word = price_words.run(price_of(value)?);
            (20.0..=layout.right - 20.0)
                .contains(&x)
                .then(|| below(layout, x, word))
        });
        Some(shown.collect_view())
    };
    let hover = RwSignal::new(None::<f64>);
    let pointed = Memo::new(move |_| {
        let (layout, reach, x) = (layout.get()?, reach.get()?, hover.get()?);
        let price = reach.price_at(layout, x);
        let (side, row) = steps.with(|steps| steps.up_to(price))?;
        Some((x.min(layout.right), price, side, row))
    });
    view! {
        <div
            class="plot"
            on:pointermove=move |event| hover.set(Some(f64::from(event.offset_x())))
            on:pointerleave=move |_| hover.set(None)
        >
            <canvas node_ref=canvas role="img" aria-label=summary data-testid="market-depth"></canvas>
            <div class="ticks" aria-hidden="true">
                <RiseWords rise=rise layout=layout words=line />
                {prices}
            </div>
            {move || pointed.get().zip(layout.get()).map(|((x, price, side, row), layout)| {
                let left = x > layout.width / 2.0;
                let words = price_of(price).map(|price| price_words.run(price));
                let amount = amount_words.run(row.cumulative);
                view! {
                    <div class="crosshair" style:left=format!("{x:.1}px")></div>
                    <Sum x=x left=left side=side price=words amount=amount value=row.cumulative_value />
                }
            })}
        </div>
    }
}

/// What could be traded up to the pointer.
#[component]
fn Sum(x: f64, left: bool, side: Side, price: Option<String>, amount: String, value: Idrs) -> impl IntoView {
    let language = prefs().language;
    let (class, key) = match side {
        Side::Bid => ("dot bid", Key::Bids),
        Side::Ask => ("dot ask", Key::Asks),
    };
    view! {
        <div class="readout" class:left=left style:left=format!("{x:.1}px")>
            <p>{price}</p>
            <div><span class=class></span><span>{text(key)}</span><b>{amount}</b></div>
            <div><span>{text(Key::TotalWord)}</span><b>{move || format!("{}\u{a0}IDRS", format::idrs(language.get(), value))}</b></div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(price: u16, cumulative: u64) -> DepthRow {
        DepthRow {
            price: Price::new(price).expect("above zero"),
            orders: 1,
            lots: TotalLots(1),
            cumulative: TotalLots(cumulative),
            cumulative_value: Idrs(i128::from(cumulative)),
            own: TotalLots::ZERO,
        }
    }

    fn steps() -> Steps {
        Steps(DepthChart {
            bids: vec![row(1440, 10), row(1430, 30)],
            asks: vec![row(1450, 20), row(1500, 25)],
        })
    }

    #[test]
    fn the_middle_of_the_book_is_the_middle_of_the_chart() {
        let reach = steps().reach().expect("a book");
        assert_eq!(reach.low + reach.high, 2 * 1445);
        assert!(reach.high > 1500, "{reach:?}");
        assert_eq!(Steps::default().reach(), None);
        let one = Steps(DepthChart {
            bids: vec![row(1440, 10)],
            asks: Vec::new(),
        });
        let reach = one.reach().expect("a side");
        assert!(reach.low < 1440 && reach.high > 1440, "{reach:?}");
    }

    #[test]
    fn stairs_rise_outwards_to_the_edge() {
        let steps = steps();
        let reach = steps.reach().expect("a book");
        assert_eq!(
            steps.stairs(Side::Bid, reach),
            [(1440, 0), (1440, 10), (1430, 10), (1430, 30), (reach.low, 30)]
        );
        assert_eq!(steps.stairs(Side::Ask, reach).last(), Some(&(reach.high, 25)));
    }

    #[test]
    fn the_pointer_finds_what_is_reached() {
        let found = |price| steps().up_to(price).map(|(side, row)| (side, row.cumulative.0));
        assert_eq!(found(1435), Some((Side::Bid, 10)));
        assert_eq!(found(1445), None);
        assert_eq!(found(1450), Some((Side::Ask, 20)));
        assert_eq!(found(1600), Some((Side::Ask, 25)));
    }
}
