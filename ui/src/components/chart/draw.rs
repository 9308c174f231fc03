//! Draws the lines of the power curve with plotters. Words are elements of the page above the canvas: they stay sharp
//! and nothing cuts them.

use plotters::{
    backend::DrawingBackend,
    coord::Shift,
    drawing::{DrawingArea, IntoDrawingArea},
    element::{PathElement, Polygon},
    style::{Color, RGBColor, ShapeStyle},
};
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;

use super::{
    Plot, Series,
    scale::{Layout, runs, steps},
};

/// Colours of the theme, read from the style sheet.
struct Colours {
    line: RGBColor,
    now: RGBColor,
    series: [RGBColor; 4],
}

/// Draws everything anew. A canvas without a context stays empty; the numbers are in the tiles too.
pub(super) fn draw(canvas: &HtmlCanvasElement, plot: &Plot, visible: &[Series]) {
    // Plotters rounds to whole pixels: finer ones than the screen's keep a slope from becoming stairs.
    let ratio = leptos::prelude::window().device_pixel_ratio().max(1.0) * 3.0;
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
        .grid(count)
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

    /// A few light lines.
    fn grid(&self, count: i64) -> Drawn<B> {
        for line in 0..=count {
            let y = self.layout.y(line, count);
            let path = vec![self.at(0.0, y), self.at(self.layout.right, y)];
            self.area
                .draw(&PathElement::new(path, self.stroke(&self.colours.line, 1.0)))?;
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
                        self.at(self.layout.x(*at, self.plot.span), self.layout.y(*power, top))
                    })
                    .collect();
                if series == Series::Solar {
                    self.fill(&line, colour)?;
                }
                self.area
                    .draw(&PathElement::new(line, self.stroke(&colour, 2.0)))?;
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
        let span = self.plot.span;
        if self.plot.points.is_empty() || !(span.from..=span.to).contains(&self.plot.now) {
            return Ok(());
        }
        let x = self.layout.x(self.plot.now, span);
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
