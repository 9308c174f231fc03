//! Draws candles with their volume, and the depth of a book.

use enerlink_domain::market::{Candle, Side, Slot};
use plotters::{
    backend::DrawingBackend,
    element::{PathElement, Polygon, Rectangle},
    style::{Color, RGBColor},
};
use web_sys::HtmlCanvasElement;

use super::{Drawn, Sketch};
use crate::components::chart::{
    bars::Slots,
    candles::{self, PRICES, VOLUME},
    depth::{Reach, Steps},
};

/// Draws candles anew.
pub(in crate::components::chart) fn candles(canvas: &HtmlCanvasElement, slots: &[Slot]) {
    let Some(mut sketch) = Sketch::on(canvas, 1.0, "bevel", candles::rise(slots)) else {
        return;
    };
    let whole = sketch.layout;
    sketch.layout = whole.upper(PRICES);
    let drawn = sketch
        .grid()
        .and_then(|()| sketch.volume(slots, whole.bottom, (whole.bottom - whole.top) * VOLUME))
        .and_then(|()| sketch.candles(slots));
    debug_assert!(drawn.is_ok(), "a canvas takes every candle");
}

/// Draws the depth of a book anew.
pub(in crate::components::chart) fn depth(canvas: &HtmlCanvasElement, steps: &Steps) {
    let Some(sketch) = Sketch::on(canvas, 1.0, "bevel", steps.rise()) else {
        return;
    };
    let drawn = sketch.grid().and_then(|()| {
        let Some(reach) = steps.reach() else { return Ok(()) };
        sketch.side(steps, Side::Bid, reach)?;
        sketch.side(steps, Side::Ask, reach)
    });
    debug_assert!(drawn.is_ok(), "a canvas takes every step");
}

impl<B: DrawingBackend> Sketch<B> {
    fn direction(&self, candle: &Candle) -> RGBColor {
        if candle.close >= candle.open {
            self.colours.bid
        } else {
            self.colours.ask
        }
    }

    /// A wick from the lowest to the highest price, a body from the first to the last; a dash where nothing was traded.
    fn candles(&self, slots: &[Slot]) -> Drawn<B> {
        let places = Slots::of(self.layout, slots.len());
        for (at, slot) in slots.iter().enumerate() {
            let (left, right) = places.bar(at);
            match slot {
                Slot::Candle(candle) => {
                    let colour = self.direction(candle);
                    let y = |price: enerlink_domain::market::Price| self.y(price.get().into()).round();
                    let middle = ((left + right) / 2.0).round();
                    let wick = [
                        self.at(middle - 0.5, y(candle.high)),
                        self.at(middle + 0.5, y(candle.low)),
                    ];
                    self.area.draw(&Rectangle::new(wick, colour.filled()))?;
                    let (top, bottom) = (y(candle.open.max(candle.close)), y(candle.open.min(candle.close)));
                    let body = [self.at(left, top), self.at(right, bottom.max(top + 1.0))];
                    self.area.draw(&Rectangle::new(body, colour.filled()))?;
                }
                Slot::Gap {
                    last: Some(price), ..
                } => {
                    let y = self.y(price.get().into()).round();
                    let dash = [self.at(left, y), self.at(right, y + 1.0)];
                    self.area
                        .draw(&Rectangle::new(dash, self.colours.now.mix(0.7).filled()))?;
                }
                Slot::Gap { last: None, .. } => {}
            }
        }
        Ok(())
    }

    /// What was traded, from `bottom` at most `height` up.
    fn volume(&self, slots: &[Slot], bottom: f64, height: f64) -> Drawn<B> {
        let places = Slots::of(self.layout, slots.len());
        let most = candles::most(slots).0.max(1) as f64;
        for (at, slot) in slots.iter().enumerate() {
            let Slot::Candle(candle) = slot else { continue };
            let (left, right) = places.bar(at);
            let top = bottom - (candle.lots.0 as f64 / most * height).max(1.0);
            let corners = [self.at(left, top), self.at(right, bottom)];
            let colour = self.direction(candle).mix(0.35);
            self.area.draw(&Rectangle::new(corners, colour.filled()))?;
        }
        Ok(())
    }

    /// The stairs of a side, from the best price outwards, filled down to zero.
    fn side(&self, steps: &Steps, side: Side, reach: Reach) -> Drawn<B> {
        let colour = match side {
            Side::Bid => self.colours.bid,
            Side::Ask => self.colours.ask,
        };
        let line: Vec<(i32, i32)> = steps
            .stairs(side, reach)
            .into_iter()
            .map(|(price, lots)| self.at(reach.x(self.layout, price), self.y(lots)))
            .collect();
        let (Some(first), Some(last)) = (line.first(), line.last()) else {
            return Ok(());
        };
        let zero = self.at(0.0, self.y(0)).1;
        let mut shape = line.clone();
        shape.extend([(last.0, zero), (first.0, zero)]);
        self.area.draw(&Polygon::new(shape, colour.mix(0.16)))?;
        self.area.draw(&PathElement::new(line, self.stroke(&colour, 1.5)))
    }
}
