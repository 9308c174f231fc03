//! A power curve with a cross-hair; where it is asked for, wheel and pointer zoom and pan it.

use std::time::Duration;

use enerlink_domain::{MicroWatts, UnixMillis, view::PowerPoint};
use leptos::{ev, html, prelude::*, wasm_bindgen::JsCast};

use super::{
    LegendItem, Plot, Series, Window, draw,
    scale::{self, Layout},
    surface::{Surface, mark_gesture},
    words::{CurveWords, moment_words},
};
use crate::{
    calendar::DAY,
    format::PowerUnit,
    i18n::{Key, text},
    ipc,
    prefs::prefs,
};

/// A drag of fewer pixels is a click.
const LEAST_DRAG: f64 = 6.0;
/// What a notch of the wheel, of some 100 pixels, makes of the width.
const PER_NOTCH: f64 = 1.25;
/// What a key makes of the width.
const PER_KEY: f64 = 2.0;

/// What gestures change.
#[derive(Clone, Copy)]
pub(crate) struct Gestures {
    /// The whole stretch of time.
    pub whole: Signal<Window>,
    /// The part of it that is shown; none is all of it.
    pub view: RwSignal<Option<Window>>,
}

impl Gestures {
    /// What is shown.
    pub(crate) fn shown(self) -> Window {
        self.view.get().unwrap_or(self.whole.get())
    }

    /// Zooms around the middle.
    pub(crate) fn zoom(self, times: f64) {
        let (window, whole) = untrack(|| (self.shown(), self.whole.get()));
        let middle = UnixMillis(window.from.0 + window.width() / 2);
        self.show(window.zoomed(middle, times, whole), whole);
    }

    fn show(self, window: Window, whole: Window) {
        self.view.try_set((window != whole).then_some(window));
    }
}

/// What the pointer is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Drag {
    /// Where it was pressed, and where it is.
    from: f64,
    to: f64,
    /// What was shown then, when it is being moved; otherwise a stretch is being chosen.
    pan: Option<Window>,
}

/// Gestures of one frame, drawn together.
#[derive(Clone, Copy)]
struct Frame {
    gestures: Gestures,
    wanted: StoredValue<Option<Window>>,
}

impl Frame {
    fn new(gestures: Gestures) -> Self {
        Self {
            gestures,
            wanted: StoredValue::new(None),
        }
    }

    /// What is shown, or will be in the next frame.
    fn current(self) -> Window {
        self.wanted
            .get_value()
            .unwrap_or_else(|| untrack(|| self.gestures.shown()))
    }

    fn whole(self) -> Window {
        self.gestures.whole.get_untracked()
    }

    fn want(self, window: Window) {
        let waiting = self.wanted.get_value().is_some();
        self.wanted.set_value(Some(window));
        if waiting {
            return;
        }
        mark_gesture();
        request_animation_frame(move || {
            let window = self.wanted.try_update_value(Option::take).flatten();
            if let (Some(window), Some(whole)) = (window, self.gestures.whole.try_get_untracked()) {
                self.gestures.show(window, whole);
            }
        });
    }
}

/// The canvas, its words and the cross-hair.
#[component]
pub(crate) fn Curve(
    /// Where it is drawn.
    canvas: NodeRef<html::Canvas>,
    /// What is drawn.
    #[prop(into)]
    plot: Signal<Plot>,
    /// Which lines.
    visible: RwSignal<Vec<Series>>,
    /// The chart in words.
    summary: Signal<String>,
    /// Where a test finds the canvas.
    testid: &'static str,
    /// What is said when there is no line; nothing while that is not known.
    #[prop(into)]
    empty: Signal<Option<Key>>,
    /// What wheel and pointer change.
    #[prop(optional)]
    gestures: Option<Gestures>,
) -> impl IntoView {
    let surface = Surface::follow(canvas);
    let layout = surface.layout;
    surface.drawn_by(move |canvas| {
        plot.with(|plot| visible.with(|visible| draw::curve(canvas, plot, visible)));
    });
    let hover = RwSignal::new(None::<f64>);
    let drag = RwSignal::new(None::<Drag>);
    let nothing = Memo::new(move |_| plot.with(|plot| plot.points.is_empty()));
    let pointed = Memo::new(move |_| {
        let (layout, at) = (layout.get()?, hover.get()?);
        plot.with(|plot| {
            let point = scale::nearest(plot, layout.time_at(at, plot.span))?;
            let x = layout.x(point.at, plot.span);
            (0.0..=layout.right).contains(&x).then_some((x, point))
        })
    });
    let frame = gestures.map(Frame::new);
    // Milliseconds behind a pixel.
    let per_pixel = move || {
        let right = layout.get_untracked().map_or(1.0, |layout| layout.right);
        plot.with_untracked(|plot| plot.span.width()) as f64 / right
    };
    let time_at = move |x: f64| {
        let layout = layout.get_untracked()?;
        Some(plot.with_untracked(|plot| layout.time_at(x, plot.span)))
    };
    let press = move |event: ev::PointerEvent| {
        let Some(frame) = frame.filter(|_| event.button() == 0) else {
            return;
        };
        capture(&event);
        let x = f64::from(event.offset_x());
        drag.set(Some(Drag {
            from: x,
            to: x,
            pan: event.shift_key().then(|| frame.current()),
        }));
    };
    let follow = move |event: ev::PointerEvent| {
        let x = f64::from(event.offset_x());
        hover.set(Some(x));
        let (Some(frame), Some(held)) = (frame, drag.get_untracked()) else {
            return;
        };
        match held.pan {
            Some(origin) => {
                let by = ((held.from - x) * per_pixel()) as i64;
                frame.want(origin.moved(by, frame.whole()));
            }
            None => drag.set(Some(Drag { to: x, ..held })),
        }
    };
    let release = move |_| {
        let Some(held) = drag.get_untracked() else { return };
        drag.set(None);
        if let (Some(frame), None, true) = (frame, held.pan, (held.to - held.from).abs() >= LEAST_DRAG)
            && let (Some(from), Some(to)) = (time_at(held.from), time_at(held.to))
        {
            frame.want(Window::new(from, to).within(frame.whole()));
        }
    };
    let turn = move |event: ev::WheelEvent| {
        let Some(frame) = frame else { return };
        event.prevent_default();
        let (across, along) = (event.delta_y(), event.delta_x());
        let window = frame.current();
        let window = if event.shift_key() || along.abs() > across.abs() {
            let by = if along == 0.0 { across } else { along };
            window.moved((by * per_pixel()) as i64, frame.whole())
        } else {
            let at = time_at(f64::from(event.offset_x())).unwrap_or(window.from);
            window.zoomed(at, PER_NOTCH.powf(across / 100.0), frame.whole())
        };
        frame.want(window);
    };
    let press_key = move |event: ev::KeyboardEvent| {
        let Some(frame) = frame else { return };
        if event.ctrl_key() || event.alt_key() {
            return;
        }
        let step = frame.current().width() / 4;
        match (event.key().as_str(), event.shift_key()) {
            ("+" | "=", _) => frame.gestures.zoom(1.0 / PER_KEY),
            ("-", _) => frame.gestures.zoom(PER_KEY),
            ("0", _) => frame.want(frame.whole()),
            ("ArrowLeft", true) => frame.want(frame.current().moved(-step, frame.whole())),
            ("ArrowRight", true) => frame.want(frame.current().moved(step, frame.whole())),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let selection = move || {
        let held = drag.get().filter(|held| held.pan.is_none())?;
        let (from, to) = (held.from.min(held.to).max(0.0), held.from.max(held.to));
        let to = to.min(layout.get()?.right);
        Some(view! {
            <div class="selection" style:left=format!("{from:.1}px") style:width=format!("{:.1}px", (to - from).max(0.0))></div>
        })
    };
    view! {
        <div
            class="plot"
            class:zooms=gestures.is_some()
            tabindex=gestures.map(|_| "0")
            role=gestures.map(|_| "group")
            aria-label=move || gestures.map(|_| text(Key::ChartOf)())
            on:pointerdown=press
            on:pointermove=follow
            on:pointerup=release
            on:pointercancel=move |_| drag.set(None)
            on:pointerleave=move |_| hover.set(None)
            on:wheel=turn
            on:dblclick=move |_| {
                if let Some(frame) = frame {
                    frame.want(frame.whole());
                }
            }
            on:keydown=press_key
        >
            <canvas node_ref=canvas role="img" aria-label=summary data-testid=testid></canvas>
            <CurveWords plot=plot visible=visible layout=layout />
            {move || nothing.get().then(|| empty.get()).flatten().map(|empty| view! {
                <p class="empty over">{text(empty)}</p>
            })}
            {selection}
            {move || pointed.get().filter(|_| drag.get().is_none()).map(|(x, point)| view! {
                <Crosshair x=x point=point plot=plot visible=visible layout=layout />
            })}
        </div>
    }
}

/// The pointer belongs to the chart until it is released, also outside of it.
fn capture(event: &ev::PointerEvent) {
    let element = event
        .current_target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    if let Some(element) = element {
        // A pointer that is gone already cannot be held, and needs not be.
        let _ = element.set_pointer_capture(event.pointer_id());
    }
}

/// A line at the pointer, and the values there.
#[component]
fn Crosshair(
    x: f64,
    point: PowerPoint,
    plot: Signal<Plot>,
    visible: RwSignal<Vec<Series>>,
    layout: Signal<Option<Layout>>,
) -> impl IntoView {
    let language = prefs().language;
    let left = move || layout.get().is_some_and(|layout| x > layout.width / 2.0);
    let time = move || {
        let (width, bucket) = plot.with(|plot| (plot.span.width(), plot.bucket_ms));
        let bucket = Duration::from_millis(bucket.unsigned_abs());
        moment_words(
            language.get(),
            point.at,
            width > DAY + DAY / 12,
            bucket,
            ipc::utc_offset_minutes,
        )
    };
    let rows = move || {
        let shown: Vec<Series> = Series::ALL
            .into_iter()
            .filter(|series| visible.with(|visible| visible.contains(series)))
            .collect();
        let largest = shown
            .iter()
            .filter_map(|series| series.of(&point))
            .map(|power| power.0.unsigned_abs())
            .max();
        let unit = PowerUnit::for_largest(largest.unwrap_or(0));
        let bands = plot.with(|plot| plot.bands);
        let digits = |power: MicroWatts| unit.signed(language.get(), power);
        shown
            .into_iter()
            .map(|series| {
                let spread = series.spread(&point);
                let value = spread.map_or("–".to_owned(), |spread| {
                    format!("{}\u{a0}{}", digits(spread.mean), unit.symbol())
                });
                let range = spread
                    .map(|spread| (digits(spread.low), digits(spread.high)))
                    .filter(|(low, high)| bands && low != high)
                    .map(|(low, high)| view! { <small>{format!("{low} – {high}")}</small> });
                view! {
                    <div>
                        <span class=format!("dot {}", series.token())></span>
                        <span>{text(series.label())}</span>
                        <b>{value}</b>
                        {range}
                    </div>
                }
            })
            .collect_view()
    };
    view! {
        <div class="crosshair" style:left=format!("{x:.1}px")></div>
        <div class="readout" class:left=left style:left=format!("{x:.1}px")>
            <p>{time}</p>
            {rows}
        </div>
    }
}
