//! The canvas of a chart: how large it is, and when it has to be drawn anew.

use leptos::{html, prelude::*};
use web_sys::HtmlCanvasElement;

use super::scale::Layout;
use crate::ipc;

/// The name of the mark at the first gesture of a frame, and of the measure from there until it is drawn.
const GESTURE: &str = "chart-gesture";
const DRAWN: &str = "chart-drawn";

/// A canvas in the page.
#[derive(Clone, Copy)]
pub(super) struct Surface {
    canvas: NodeRef<html::Canvas>,
    resized: RwSignal<u32>,
    /// Where everything lies on it; none until it is shown.
    pub layout: Signal<Option<Layout>>,
}

impl Surface {
    /// Follows the canvas as long as its owner lives.
    pub(super) fn follow(canvas: NodeRef<html::Canvas>) -> Self {
        let resized = RwSignal::new(0_u32);
        ipc::observe_size(canvas, move || {
            resized.try_update(|count| *count += 1);
        });
        let layout = Signal::derive(move || {
            resized.track();
            canvas.get().map(|canvas| {
                Layout::of(
                    f64::from(canvas.client_width()),
                    f64::from(canvas.client_height()),
                )
            })
        });
        Self {
            canvas,
            resized,
            layout,
        }
    }

    /// Draws now, and again when the size, the theme or what `draw` reads has changed.
    pub(super) fn drawn_by(self, draw: impl Fn(&HtmlCanvasElement) + 'static) {
        let theme = ipc::observe_theme();
        Effect::new(move || {
            self.resized.track();
            theme.track();
            if let Some(canvas) = self.canvas.get() {
                draw(&canvas);
                measure_drawn();
            }
        });
    }
}

/// A gesture asks for a frame: the time from here until it is drawn is measured, for whoever watches performance.
pub(super) fn mark_gesture() {
    if let Some(performance) = window().performance() {
        // An observer has seen the last one; without this they would pile up.
        performance.clear_measures_with_measure_name(DRAWN);
        // A web view without marks draws all the same.
        let _ = performance.mark(GESTURE);
    }
}

fn measure_drawn() {
    let Some(performance) = window().performance() else {
        return;
    };
    // Without a gesture since the last frame there is no mark, and nothing to measure.
    if performance.measure_with_start_mark(DRAWN, GESTURE).is_ok() {
        performance.clear_marks_with_mark_name(GESTURE);
    }
}
