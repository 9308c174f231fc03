//! A chart as a PNG file: what is drawn, with the words that the page shows around it.

use leptos::{prelude::*, wasm_bindgen::JsCast};
use web_sys::{CanvasRenderingContext2d, DomRect, Element, HtmlCanvasElement};

/// Around the chart, in CSS pixels.
const MARGIN: f64 = 20.0;
/// Room for title and legend.
const HEAD: f64 = 44.0;
/// Pixels of the image in a CSS pixel.
const SCALE: f64 = 2.0;

/// The image in Base64; none while the chart is not shown, or when the web view cannot make one.
pub(crate) fn png(canvas: &HtmlCanvasElement, title: &str, legend: &[(&str, &str)]) -> Option<String> {
    let plot = canvas.parent_element()?;
    let (width, height) = (
        f64::from(canvas.client_width()),
        f64::from(canvas.client_height()),
    );
    let image: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    image.set_width(((width + 2.0 * MARGIN) * SCALE) as u32);
    image.set_height(((height + HEAD + 2.0 * MARGIN) * SCALE) as u32);
    let context: CanvasRenderingContext2d = image.get_context("2d").ok()??.dyn_into().ok()?;
    context.scale(SCALE, SCALE).ok()?;
    let paint = Paint::new(context, canvas)?;
    paint.fill("surface");
    paint
        .context
        .fill_rect(0.0, 0.0, width + 2.0 * MARGIN, height + HEAD + 2.0 * MARGIN);
    paint.words(title, MARGIN, MARGIN + 8.0, "text", "600 15px")?;
    paint.legend(legend, MARGIN + 30.0)?;
    paint
        .context
        .draw_image_with_html_canvas_element_and_dw_and_dh(canvas, MARGIN, MARGIN + HEAD, width, height)
        .ok()?;
    paint.ticks(&plot)?;
    let url = image.to_data_url_with_type("image/png").ok()?;
    url.strip_prefix("data:image/png;base64,").map(str::to_owned)
}

struct Paint {
    context: CanvasRenderingContext2d,
    style: web_sys::CssStyleDeclaration,
}

impl Paint {
    fn new(context: CanvasRenderingContext2d, canvas: &HtmlCanvasElement) -> Option<Self> {
        context.set_text_baseline("middle");
        let style = window().get_computed_style(canvas).ok()??;
        Some(Self { context, style })
    }

    /// Fills with a token's colour from now on.
    fn fill(&self, token: &str) {
        let colour = self.style.get_property_value(&format!("--{token}"));
        self.context.set_fill_style_str(colour.unwrap_or_default().trim());
    }

    fn words(&self, words: &str, x: f64, y: f64, token: &str, font: &str) -> Option<()> {
        self.fill(token);
        self.context
            .set_font(&format!("{font} \"Inter Variable\", sans-serif"));
        self.context.fill_text(words, x, y).ok()
    }

    /// A dot and a name for each series that is drawn.
    fn legend(&self, legend: &[(&str, &str)], y: f64) -> Option<()> {
        let mut x = MARGIN;
        for (name, token) in legend {
            self.fill(token);
            self.context.begin_path();
            self.context
                .arc(x + 3.5, y, 3.5, 0.0, std::f64::consts::TAU)
                .ok()?;
            self.context.fill();
            self.words(name, x + 13.0, y, "text-2", "400 12px")?;
            x += 13.0 + self.context.measure_text(name).ok()?.width() + 18.0;
        }
        Some(())
    }

    /// The words around the chart, where the page has them.
    fn ticks(&self, plot: &Element) -> Option<()> {
        let origin = plot.get_bounding_client_rect();
        let ticks = plot.query_selector_all(".tick").ok()?;
        for at in 0..ticks.length() {
            let Some(tick) = ticks.item(at).and_then(|tick| tick.dyn_into::<Element>().ok()) else {
                continue;
            };
            let (x, y) = middle(&tick.get_bounding_client_rect(), &origin);
            let words = tick.text_content().unwrap_or_default();
            self.words(&words, MARGIN + x, MARGIN + HEAD + y, "text-3", "400 11px")?;
        }
        Some(())
    }
}

/// Left edge and middle line of a word, within the chart.
fn middle(word: &DomRect, origin: &DomRect) -> (f64, f64) {
    (
        word.left() - origin.left(),
        word.top() - origin.top() + word.height() / 2.0,
    )
}
