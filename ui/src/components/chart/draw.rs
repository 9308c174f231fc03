//! Draws the power curve with plotters. Words are placed by hand: plotters would measure them through the page.

use enerlink_domain::UnixMillis;
use plotters::{
    backend::DrawingBackend,
    coord::Shift,
    drawing::{DrawingArea, IntoDrawingArea},
    element::{PathElement, Polygon, Text},
    style::{
        Color, IntoFont, RGBColor, ShapeStyle, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;

use super::{
    Plot, Series,
    scale::{DAY, Layout, runs, steps},
};
use crate::{
    format::{self, PowerUnit, Sign},
    i18n::Language,
};

const HOUR: i64 = 3_600_000;
const FONT: &str = "'Inter Variable', Inter, system-ui, sans-serif";

/// Colours of the theme, read from the style sheet.
struct Colours {
    line: RGBColor,
    now: RGBColor,
    words: RGBColor,
    series: [RGBColor; 4],
}

/// Draws everything anew. A canvas without a context stays empty; the numbers are in the tiles too.
pub(super) fn draw(
    canvas: &HtmlCanvasElement,
    plot: &Plot,
    visible: &[Series],
    language: Language,
    offset: i64,
) {
    let ratio = leptos::prelude::window().device_pixel_ratio().max(2.0);
    let (width, height) = (
        f64::from(canvas.client_width()),
        f64::from(canvas.client_height()),
    );
    if width < 80.0 || height < 60.0 {
        return;
    }
    canvas.set_width((width * ratio) as u32);
    canvas.set_height((height * ratio) as u32);
    round_joins(canvas);
    let Some(backend) = CanvasBackend::with_canvas_object(canvas.clone()) else {
        return;
    };
    let colours = Colours::of(canvas);
    let sketch = Sketch {
        area: backend.into_drawing_area(),
        layout: Layout::of(width, height),
        ratio,
        plot,
        colours,
    };
    let (step, count) = steps(plot, visible);
    let drawn = sketch
        .grid(step, count, language)
        .and_then(|()| sketch.hours(offset))
        .and_then(|()| sketch.series(visible, step * count))
        .and_then(|()| sketch.now());
    debug_assert!(drawn.is_ok(), "a canvas takes every line");
}

struct Sketch<'a, B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    layout: Layout,
    ratio: f64,
    plot: &'a Plot,
    colours: Colours,
}

type Drawn<B> = Result<(), plotters::drawing::DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

impl<B: DrawingBackend> Sketch<'_, B> {
    /// CSS pixels to those of the canvas.
    fn at(&self, x: f64, y: f64) -> (i32, i32) {
        ((x * self.ratio).round() as i32, (y * self.ratio).round() as i32)
    }

    fn stroke(&self, colour: &impl Color, css_width: f64) -> ShapeStyle {
        colour.stroke_width(((css_width * self.ratio).round() as u32).max(1))
    }

    fn words(&self, text: String, x: f64, y: f64, anchor: HPos) -> Drawn<B> {
        let font = (FONT, 11.0 * self.ratio).into_font();
        let style = TextStyle::from(font)
            .color(&self.colours.words)
            .pos(Pos::new(anchor, VPos::Center));
        self.area.draw(&Text::new(text, self.at(x, y), style))
    }

    /// A few light lines with their power at the right.
    fn grid(&self, step: i64, count: i64, language: Language) -> Drawn<B> {
        let top = step * count;
        let unit = PowerUnit::for_largest(top.unsigned_abs());
        let shown = if step % 10_i64.pow(unit.scale()) == 0 {
            0
        } else {
            1
        };
        for line in 0..=count {
            let y = self.layout.y(line * step, top);
            let path = vec![self.at(0.0, y), self.at(self.layout.right, y)];
            self.area
                .draw(&PathElement::new(path, self.stroke(&self.colours.line, 1.0)))?;
            let value = format::decimal(
                language,
                i128::from(line * step),
                unit.scale(),
                shown,
                Sign::Negative,
            );
            self.words(
                format!("{value} {}", unit.symbol()),
                self.layout.right + 8.0,
                y,
                HPos::Left,
            )?;
        }
        Ok(())
    }

    fn hours(&self, offset: i64) -> Drawn<B> {
        for hour in (3..24).step_by(3) {
            let at = UnixMillis(self.plot.start.0 + hour * HOUR);
            let x = self.layout.x(at, self.plot.start);
            let text = format::time_of_day(at, offset);
            self.words(text, x, self.layout.bottom + 16.0, HPos::Center)?;
        }
        Ok(())
    }

    fn series(&self, visible: &[Series], top: i64) -> Drawn<B> {
        for (series, colour) in Series::ALL.into_iter().zip(self.colours.series) {
            if !visible.contains(&series) {
                continue;
            }
            for run in runs(self.plot, series) {
                let line: Vec<(i32, i32)> = run
                    .iter()
                    .map(|(at, power)| {
                        self.at(self.layout.x(*at, self.plot.start), self.layout.y(*power, top))
                    })
                    .collect();
                if series == Series::Solar {
                    self.fill(&line, colour)?;
                }
                self.area
                    .draw(&PathElement::new(line, self.stroke(&colour, 1.6)))?;
            }
        }
        Ok(())
    }

    /// The area between a line and zero.
    fn fill(&self, line: &[(i32, i32)], colour: RGBColor) -> Drawn<B> {
        let (Some(first), Some(last)) = (line.first(), line.last()) else {
            return Ok(());
        };
        let zero = self.at(0.0, self.layout.bottom).1;
        let mut shape = line.to_vec();
        shape.extend([(last.0, zero), (first.0, zero)]);
        self.area.draw(&Polygon::new(shape, colour.mix(0.16)))
    }

    /// A dashed line where the day stands.
    fn now(&self) -> Drawn<B> {
        let since = self.plot.now.0 - self.plot.start.0;
        if self.plot.points.is_empty() || !(0..=DAY).contains(&since) {
            return Ok(());
        }
        let x = self.layout.x(self.plot.now, self.plot.start);
        let mut y = self.layout.top - 6.0;
        while y < self.layout.bottom {
            let dash = vec![self.at(x, y), self.at(x, (y + 3.0).min(self.layout.bottom))];
            self.area
                .draw(&PathElement::new(dash, self.stroke(&self.colours.now, 1.0)))?;
            y += 6.0;
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
            words: token("text-3"),
            series: Series::ALL.map(|series| token(series.token())),
        }
    }
}

/// `#rrggbb`.
fn parse_colour(text: &str) -> Option<RGBColor> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some(RGBColor(part(0)?, part(2)?, part(4)?))
}

/// Corners of the lines are round; plotters has no word for it, but draws with the same context.
fn round_joins(canvas: &HtmlCanvasElement) {
    use leptos::wasm_bindgen::JsCast;
    let context = canvas.get_context("2d").ok().flatten();
    if let Some(context) =
        context.and_then(|context| context.dyn_into::<web_sys::CanvasRenderingContext2d>().ok())
    {
        context.set_line_join("round");
        context.set_line_cap("round");
    }
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
