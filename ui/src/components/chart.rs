//! Today's power curve: a canvas drawn by plotters, words around it, a cross-hair and a legend that switches series.

mod draw;
mod scale;
mod words;

use enerlink_domain::{MicroWatts, UnixMillis, view::PowerPoint};
use leptos::{html, prelude::*};

use crate::{
    feed::{day_start, feed},
    format::{self, PowerUnit},
    i18n::{Key, Language, say, text},
    ipc,
    prefs::prefs,
};

use scale::{Layout, Span};
use words::Words;

/// A line of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Series {
    Solar,
    Load,
    Export,
    Import,
}

impl Series {
    /// Every line, in the order of the legend.
    pub(crate) const ALL: [Self; 4] = [Self::Solar, Self::Load, Self::Export, Self::Import];

    fn label(self) -> Key {
        match self {
            Self::Solar => Key::Sun,
            Self::Load => Key::HomePlace,
            Self::Export => Key::Exported,
            Self::Import => Key::Imported,
        }
    }

    /// The token of its colour, and the class of its dot.
    fn token(self) -> &'static str {
        match self {
            Self::Solar => "solar",
            Self::Load => "home",
            Self::Export => "export",
            Self::Import => "import",
        }
    }

    /// Its value in a bucket.
    pub(crate) fn of(self, point: &PowerPoint) -> Option<MicroWatts> {
        match self {
            Self::Solar => point.solar.map(|solar| solar.mean),
            Self::Load => point.load.map(|load| load.mean),
            Self::Export => point.grid.map(|grid| MicroWatts(grid.mean.0.max(0))),
            Self::Import => point.grid.map(|grid| MicroWatts((-grid.mean.0).max(0))),
        }
    }
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plot {
    /// Buckets in the order of time.
    pub points: Vec<PowerPoint>,
    /// Width of a bucket in milliseconds.
    pub bucket_ms: i64,
    /// What part of the day.
    pub span: Span,
    /// Where the day stands.
    pub now: UnixMillis,
}

/// The card with the chart.
#[component]
pub(crate) fn TodayCard() -> impl IntoView {
    let (feed, prefs) = (feed(), prefs());
    let canvas = NodeRef::<html::Canvas>::new();
    let visible = RwSignal::new(vec![Series::Solar, Series::Load]);
    let hover = RwSignal::new(None::<f64>);
    let resized = RwSignal::new(0_u32);
    let now = Memo::new(move |_| {
        feed.state
            .with(|state| state.home.as_ref().map(|home| home.now))
            .unwrap_or_default()
    });
    let plot = Memo::new(move |_| {
        let curve = feed.curve.get().unwrap_or(enerlink_domain::view::PowerCurve {
            bucket_ms: 0,
            points: Vec::new(),
        });
        let bucket_ms = i64::try_from(curve.bucket_ms).unwrap_or(0).max(1);
        let first = curve.points.first().map(|point| point.at);
        Plot {
            points: curve.points,
            bucket_ms,
            span: Span::of(day_start(now.get()), first, now.get()),
            now: now.get(),
        }
    });
    let empty = Memo::new(move |_| plot.with(|plot| plot.points.is_empty()));
    ipc::observe_size(canvas, move || {
        resized.try_update(|count| *count += 1);
    });
    Effect::new(move || {
        let _ = (resized.get(), prefs.light.get());
        if let Some(canvas) = canvas.get() {
            plot.with(|plot| visible.with(|visible| draw::draw(&canvas, plot, visible)));
        }
    });
    let layout = Signal::derive(move || {
        let _ = resized.get();
        canvas.get().map(|canvas| {
            Layout::of(
                f64::from(canvas.client_width()),
                f64::from(canvas.client_height()),
            )
        })
    });
    let pointed = Memo::new(move |_| {
        let (layout, at) = (layout.get()?, hover.get()?);
        plot.with(|plot| {
            scale::nearest(plot, layout.time_at(at, plot.span))
                .map(|point| (layout.x(point.at, plot.span), point))
        })
    });
    let title = move || {
        let span = plot.with(|plot| plot.span);
        if !span.is_part() {
            return Key::PowerWord.text(prefs.language.get()).to_owned();
        }
        let time = format::time_of_day(span.from, ipc::utc_offset_minutes(span.from.0));
        say(prefs.language.get(), Key::PowerSince, &[("time", &time)])
    };
    let summary = move || plot.with(|plot| describe(prefs.language.get(), plot));
    view! {
        <section class="card today" aria-label=text(Key::Today)>
            <header>
                <h2>{text(Key::Today)}</h2>
                <small data-testid="curve-span">{title}</small>
                <div class="end legend">
                    {Series::ALL.map(|series| view! { <LegendButton series=series visible=visible /> }).into_iter().collect_view()}
                </div>
            </header>
            <div
                class="plot"
                on:pointermove=move |event| hover.set(Some(f64::from(event.offset_x())))
                on:pointerleave=move |_| hover.set(None)
            >
                <canvas node_ref=canvas role="img" aria-label=summary data-testid="power-curve"></canvas>
                <Words plot=plot visible=visible layout=layout />
                {move || empty.get().then(|| view! { <p class="empty over">{text(Key::NoCurve)}</p> })}
                {move || pointed.get().map(|(x, point)| view! {
                    <Crosshair x=x point=point visible=visible width=layout.get().map_or(0.0, |layout| layout.width) />
                })}
            </div>
        </section>
    }
}

#[component]
fn LegendButton(series: Series, visible: RwSignal<Vec<Series>>) -> impl IntoView {
    let on = move || visible.with(|visible| visible.contains(&series));
    let toggle = move |_| {
        visible.update(
            |visible| match visible.iter().position(|known| *known == series) {
                Some(at) => drop(visible.remove(at)),
                None => visible.push(series),
            },
        );
    };
    view! {
        <button
            type="button"
            class="legend-item"
            class:on=on
            aria-pressed=move || if on() { "true" } else { "false" }
            on:click=toggle
        >
            <span class=format!("dot {}", series.token())></span>
            {text(series.label())}
        </button>
    }
}

/// A line at the pointer, and the values there.
#[component]
fn Crosshair(x: f64, point: PowerPoint, visible: RwSignal<Vec<Series>>, width: f64) -> impl IntoView {
    let language = prefs().language;
    let time = format::time_of_day(point.at, ipc::utc_offset_minutes(point.at.0));
    let left = x > width / 2.0;
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
        shown
            .into_iter()
            .map(|series| {
                let value = series.of(&point).map_or("–".to_owned(), |power| {
                    unit.figure(language.get(), power).text()
                });
                view! {
                    <div>
                        <span class=format!("dot {}", series.token())></span>
                        <span>{text(series.label())}</span>
                        <b>{value}</b>
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

/// The chart in words, for those who do not see it.
fn describe(language: Language, plot: &Plot) -> String {
    let peak = |series: Series| {
        plot.points
            .iter()
            .filter_map(|point| series.of(point))
            .max()
            .unwrap_or_default()
    };
    let [sun, home] = [Series::Solar, Series::Load].map(|series| format::power(language, peak(series)));
    say(language, Key::CurveInWords, &[("sun", &sun), ("home", &home)])
}
