//! Draws curves and bars with plotters. Words are elements of the page above the canvas: they stay sharp and nothing
//! cuts them.

mod market;

use enerlink_domain::view::{DayEnergy, PowerPoint, Spread};
use leptos::wasm_bindgen::JsCast;
use plotters::{
    backend::DrawingBackend,
    coord::Shift,
    drawing::{DrawingArea, IntoDrawingArea},
    element::{PathElement, Polygon, Rectangle},
    style::{Color, RGBColor, ShapeStyle},
};
use plotters_canvas::CanvasBackend;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::{
    LegendItem, Part, Plot, Series,
    bars::{self, Slots},
    scale::{Layout, Rise, rise, runs, shown},
};

pub(super) use market::{candles, depth};

/// Colours of the theme, read from the style sheet.
struct Colours {
    line: RGBColor,
    now: RGBColor,
    series: [RGBColor; 5],
    bid: RGBColor,
    ask: RGBColor,
}

/// From so many points on, a curve changes from pixel to pixel: finer pixels and round corners would show nothing more,
/// and cost most of the time of a frame.
const DENSE: usize = 400;

/// Draws a power curve anew. A canvas without a context stays empty; the numbers are in the tiles too.
pub(super) fn curve(canvas: &HtmlCanvasElement, plot: &Plot, visible: &[Series]) {
    // Plotters rounds to whole pixels: finer ones than the screen's keep a slope from becoming stairs.
    let (finer, join) = if shown(plot).len() > DENSE {
        (1.0, "bevel")
    } else {
        (3.0, "round")
    };
    let Some(sketch) = Sketch::on(canvas, finer, join, rise(plot, visible)) else {
        return;
    };
    let drawn = sketch
        .grid()
        .and_then(|()| sketch.series(plot, visible))
        .and_then(|()| sketch.now(plot));
    debug_assert!(drawn.is_ok(), "a canvas takes every line");
}

/// Draws energy bars anew.
pub(super) fn bars(canvas: &HtmlCanvasElement, energy: &[DayEnergy], visible: &[Part]) {
    let Some(sketch) = Sketch::on(canvas, 1.0, "bevel", bars::rise(energy, visible)) else {
        return;
    };
    let drawn = sketch.grid().and_then(|()| sketch.bars(energy, visible));
    debug_assert!(drawn.is_ok(), "a canvas takes every bar");
}

struct Sketch<B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    layout: Layout,
    ratio: f64,
    rise: Rise,
    colours: Colours,
}

type Drawn<B> = Result<(), plotters::drawing::DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

impl Sketch<CanvasBackend> {
    /// Clears the canvas, with `finer` times as many pixels as the screen has.
    fn on(canvas: &HtmlCanvasElement, finer: f64, join: &str, rise: Rise) -> Option<Self> {
        let ratio = leptos::prelude::window().device_pixel_ratio().max(1.0) * finer;
        let (width, height) = (
            f64::from(canvas.client_width()),
            f64::from(canvas.client_height()),
        );
        if width < 80.0 || height < 60.0 {
            return None;
        }
        let size = ((width * ratio).round() as u32, (height * ratio).round() as u32);
        let layout = Layout::of(width, height);
        prepare(canvas, size, layout.right * ratio, join);
        Some(Self {
            area: CanvasBackend::with_canvas_object(canvas.clone())?.into_drawing_area(),
            layout,
            ratio,
            rise,
            colours: Colours::of(canvas),
        })
    }
}

impl<B: DrawingBackend> Sketch<B> {
    /// CSS pixels to those of the canvas.
    fn at(&self, x: f64, y: f64) -> (i32, i32) {
        ((x * self.ratio).round() as i32, (y * self.ratio).round() as i32)
    }

    fn stroke(&self, colour: &impl Color, css_width: f64) -> ShapeStyle {
        colour.stroke_width(((css_width * self.ratio).round() as u32).max(1))
    }

    fn y(&self, value: i64) -> f64 {
        self.layout.y(value, self.rise)
    }

    /// A few light lines, each a whole pixel thick; zero is a little stronger when something lies below it.
    fn grid(&self) -> Drawn<B> {
        for value in self.rise.lines() {
            let y = self.y(value).round();
            let strong = value == 0 && self.rise.below > 0;
            let colour = if strong {
                self.colours.now
            } else {
                self.colours.line
            };
            let corners = [self.at(0.0, y - 1.0), self.at(self.layout.right, y)];
            self.area.draw(&Rectangle::new(corners, colour.filled()))?;
        }
        Ok(())
    }

    fn series(&self, plot: &Plot, visible: &[Series]) -> Drawn<B> {
        let lines = Series::ALL
            .into_iter()
            .zip(self.colours.series)
            .filter(|(series, _)| visible.contains(series));
        if plot.bands {
            for (series, colour) in lines.clone() {
                self.band(plot, series, colour)?;
            }
        }
        for (series, colour) in lines {
            let mean = |point: &PowerPoint| series.of(point).map(|power| power.0);
            for line in self.paths(plot, mean) {
                if series == Series::Solar {
                    self.fill(&line, colour)?;
                }
                self.area.draw(&PathElement::new(
                    line,
                    self.stroke(&colour, if plot.bands { 1.5 } else { 2.0 }),
                ))?;
            }
        }
        Ok(())
    }

    /// Unbroken lines of a value, in pixels of the canvas.
    fn paths(&self, plot: &Plot, value: impl Fn(&PowerPoint) -> Option<i64>) -> Vec<Vec<(i32, i32)>> {
        let to_path = |run: Vec<_>| {
            run.into_iter()
                .map(|(at, value)| self.at(self.layout.x(at, plot.span), self.y(value)))
                .collect()
        };
        runs(plot, value).into_iter().map(to_path).collect()
    }

    /// The area between the lowest and the highest power of each bucket, where there is one to be seen.
    fn band(&self, plot: &Plot, series: Series, colour: RGBColor) -> Drawn<B> {
        let seen = |spread: &Spread| self.y(spread.low.0) - self.y(spread.high.0) >= 1.0;
        let edge = |pick: fn(Spread) -> i64| {
            self.paths(plot, move |point| series.spread(point).filter(seen).map(pick))
        };
        for (mut shape, lower) in edge(|spread| spread.high.0)
            .into_iter()
            .zip(edge(|spread| spread.low.0))
        {
            shape.extend(lower.into_iter().rev());
            self.area.draw(&Polygon::new(shape, colour.mix(0.14)))?;
        }
        Ok(())
    }

    /// The area between a line and zero.
    fn fill(&self, line: &[(i32, i32)], colour: RGBColor) -> Drawn<B> {
        let (Some(first), Some(last)) = (line.first(), line.last()) else {
            return Ok(());
        };
        let zero = self.at(0.0, self.y(0)).1;
        let mut shape = line.to_vec();
        shape.extend([(last.0, zero), (first.0, zero)]);
        self.area.draw(&Polygon::new(shape, colour.mix(0.16)))
    }

    /// A dashed line where the day stands.
    fn now(&self, plot: &Plot) -> Drawn<B> {
        let span = plot.span;
        if plot.points.is_empty() || !(span.from..=span.to).contains(&plot.now) {
            return Ok(());
        }
        let x = self.layout.x(plot.now, span);
        let mut y = self.layout.top - 6.0;
        while y < self.layout.bottom {
            let dash = vec![self.at(x, y), self.at(x, (y + 3.0).min(self.layout.bottom))];
            self.area
                .draw(&PathElement::new(dash, self.stroke(&self.colours.now, 1.0)))?;
            y += 6.0;
        }
        Ok(())
    }

    /// What was used stands above zero, what was exported below.
    fn bars(&self, energy: &[DayEnergy], visible: &[Part]) -> Drawn<B> {
        let slots = Slots::of(self.layout, energy.len());
        for (at, energy) in energy.iter().enumerate() {
            let (left, right) = slots.bar(at);
            for (part, low, high) in bars::stack(energy, visible) {
                let (top, bottom) = (self.y(high).round(), self.y(low).round());
                if bottom - top >= 1.0 {
                    let colour = self.colours.of_token(part.token());
                    let corners = [self.at(left, top), self.at(right, bottom)];
                    self.area.draw(&Rectangle::new(corners, colour.filled()))?;
                }
            }
        }
        Ok(())
    }
}

impl Colours {
    fn of(canvas: &HtmlCanvasElement) -> Self {
        let style = leptos::prelude::window()
            .get_computed_style(canvas)
            .ok()
            .flatten();
        let token = |name: &str| {
            let value = style
                .as_ref()
                .and_then(|style| style.get_property_value(&format!("--{name}")).ok());
            value
                .and_then(|value| parse_colour(value.trim()))
                .unwrap_or(RGBColor(128, 128, 128))
        };
        Self {
            line: token("line"),
            now: token("line-strong"),
            series: Series::ALL.map(|series| token(series.token())),
            bid: token("bid"),
            ask: token("ask"),
        }
    }

    /// The colour of a series.
    fn of_token(&self, token: &str) -> RGBColor {
        let known = Series::ALL.iter().position(|series| series.token() == token);
        known.map_or(self.now, |at| self.series[at])
    }
}

/// `#rrggbb`.
fn parse_colour(text: &str) -> Option<RGBColor> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some(RGBColor(part(0)?, part(2)?, part(4)?))
}

/// An empty canvas of this size, on which nothing is drawn beyond `right`; plotters has no words for it, but draws with
/// the same context.
fn prepare(canvas: &HtmlCanvasElement, (width, height): (u32, u32), right: f64, join: &str) {
    let context = canvas.get_context("2d").ok().flatten();
    let Some(context) = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok())
    else {
        return;
    };
    if (canvas.width(), canvas.height()) == (width, height) {
        // What was set the last time is forgotten with it; a new canvas each time would cost more.
        context.restore();
        context.clear_rect(0.0, 0.0, f64::from(width), f64::from(height));
    } else {
        canvas.set_width(width);
        canvas.set_height(height);
    }
    context.save();
    context.set_line_join(join);
    context.set_line_cap("round");
    context.begin_path();
    context.rect(0.0, 0.0, right, f64::from(height));
    context.clip();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read() {
        assert_eq!(parse_colour("#f5b43c"), Some(RGBColor(0xf5, 0xb4, 0x3c)));
        assert_eq!(parse_colour("red"), None);
    }
}
