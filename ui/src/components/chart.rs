//! Charts: canvases drawn by plotters, words around them, a cross-hair with values and a legend that switches series.

mod bars;
mod candles;
mod curve;
mod depth;
mod draw;
mod image;
mod legend;
mod scale;
mod surface;
mod window;
mod words;

use enerlink_domain::{
    MicroWatts, UnixMillis,
    view::{PowerPoint, Spread},
};
use leptos::{html, prelude::*};

use crate::{
    feed::{day_start, feed},
    format,
    i18n::{Key, Language, say, text},
    ipc,
    prefs::prefs,
};

pub(crate) use bars::{BarChart, Bars, Part};
pub(crate) use candles::CandleChart;
pub(crate) use curve::{Curve, Gestures};
pub(crate) use depth::DepthCurve;
pub(crate) use image::png;
pub(crate) use legend::{Legend, LegendItem};
pub(crate) use scale::Span;
pub(crate) use window::Window;

/// A line of a power curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Series {
    Solar,
    Load,
    Export,
    Import,
    Battery,
}

impl Series {
    /// Every line, in the order of the legend.
    pub(crate) const ALL: [Self; 5] = [Self::Solar, Self::Load, Self::Export, Self::Import, Self::Battery];
    /// Those that Home has room for.
    const HOME: [Self; 4] = [Self::Solar, Self::Load, Self::Export, Self::Import];

    /// Its value in a bucket.
    pub(crate) fn of(self, point: &PowerPoint) -> Option<MicroWatts> {
        self.spread(point).map(|spread| spread.mean)
    }

    /// Its values within a bucket. Export and import are the two directions of the grid; a battery charges above zero.
    pub(crate) fn spread(self, point: &PowerPoint) -> Option<Spread> {
        let grid = |pick: fn(MicroWatts) -> i64| {
            let Spread { mean, low, high } = point.grid?;
            let [mean, one, other] = [mean, low, high].map(|power| pick(power).max(0));
            Some(Spread {
                mean: MicroWatts(mean),
                low: MicroWatts(one.min(other)),
                high: MicroWatts(one.max(other)),
            })
        };
        match self {
            Self::Solar => point.solar,
            Self::Load => point.load,
            Self::Export => grid(|power| power.0),
            Self::Import => grid(|power| power.0.saturating_neg()),
            Self::Battery => point.battery,
        }
    }
}

impl LegendItem for Series {
    fn label(self) -> Key {
        match self {
            Self::Solar => Key::Sun,
            Self::Load => Key::HomePlace,
            Self::Export => Key::Exported,
            Self::Import => Key::Imported,
            Self::Battery => Key::Battery,
        }
    }

    fn token(self) -> &'static str {
        match self {
            Self::Solar => "solar",
            Self::Load => "home",
            Self::Export => "export",
            Self::Import => "import",
            Self::Battery => "battery",
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
    /// What stretch of time.
    pub span: Span,
    /// Where the day stands.
    pub now: UnixMillis,
    /// Whether the lowest and the highest power of each bucket are drawn too.
    pub bands: bool,
}

/// The card with today's curve.
#[component]
pub(crate) fn TodayCard() -> impl IntoView {
    let (feed, prefs) = (feed(), prefs());
    let canvas = NodeRef::<html::Canvas>::new();
    let visible = RwSignal::new(vec![Series::Solar, Series::Load]);
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
            bands: false,
        }
    });
    let title = move || {
        let span = plot.with(|plot| plot.span);
        if !span.is_part() {
            return Key::PowerWord.text(prefs.language.get()).to_owned();
        }
        let time = format::time_of_day(span.from, ipc::utc_offset_minutes(span.from.0));
        say(prefs.language.get(), Key::PowerSince, &[("time", &time)])
    };
    let summary = Signal::derive(move || {
        plot.with(|plot| describe(prefs.language.get(), Key::CurveInWords, &plot.points))
    });
    view! {
        <section class="card today" aria-label=text(Key::Today)>
            <header>
                <h2>{text(Key::Today)}</h2>
                <small data-testid="curve-span">{title}</small>
                <Legend items=Series::HOME.to_vec() visible=visible />
            </header>
            <Curve
                canvas=canvas
                plot=plot
                visible=visible
                summary=summary
                testid="power-curve"
                empty=Some(Key::NoCurve)
            />
        </section>
    }
}

/// The chart in words, for those who do not see it.
pub(crate) fn describe(language: Language, key: Key, points: &[PowerPoint]) -> String {
    let peak = |series: Series| {
        let powers = points.iter().filter_map(|point| series.of(point));
        format::power(language, powers.max().unwrap_or_default())
    };
    let [sun, home] = [Series::Solar, Series::Load].map(peak);
    say(language, key, &[("sun", &sun), ("home", &home)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn export_and_import_are_the_two_directions_of_the_grid() {
        let spread = |mean, low, high| Spread {
            mean: MicroWatts(mean),
            low: MicroWatts(low),
            high: MicroWatts(high),
        };
        let point = PowerPoint {
            at: UnixMillis(0),
            solar: None,
            load: None,
            grid: Some(spread(2, -3, 7)),
            battery: Some(spread(-4, -5, 1)),
        };
        assert_eq!(Series::Export.spread(&point), Some(spread(2, 0, 7)));
        assert_eq!(Series::Import.spread(&point), Some(spread(0, 0, 3)));
        assert_eq!(Series::Battery.of(&point), Some(MicroWatts(-4)));
        assert_eq!(Series::Solar.of(&point), None);
    }
}
