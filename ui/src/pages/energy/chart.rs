//! The chart of a period: power that can be zoomed, or energy in bars.

use enerlink_domain::{MeterId, UnixMillis};
use enerlink_ipc::ReadPower;
use leptos::{html, prelude::*};

use super::{
    Look, Shown, StillWrong,
    period::{Period, Scale, Unit, bar_label},
    save::{SaveChart, SaveRaw},
};
use crate::{
    calendar::Day,
    components::{
        chart::{
            BarChart, Bars, Curve, Gestures, Legend, LegendItem, Part, Plot, Series, Span, Window, describe,
        },
        icon::{Glyph, Icon},
        latest::Latest,
        loaded::Waiting,
    },
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    ipc,
    prefs::prefs,
};

/// More points than this are never asked for.
const MOST_POINTS: u16 = 2000;
/// Points before the chart has a width.
const FIRST_POINTS: u16 = 800;
/// A button makes the width so many times as large.
const PER_BUTTON: f64 = 2.0;

/// What the chart draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Power over time.
    Power,
    /// Energy of each bar.
    Energy,
}

impl Kind {
    /// What suits a period, unless somebody has chosen.
    fn of(scale: Scale) -> Self {
        match scale {
            Scale::Day => Self::Power,
            Scale::Week | Scale::Month | Scale::Year | Scale::Range => Self::Energy,
        }
    }
}

/// The card with the chart.
#[component]
pub(super) fn ChartCard(
    /// What the page shows.
    look: Look,
    /// Its history.
    shown: Memo<Option<Shown>>,
    /// When the meter was first heard.
    first: UnixMillis,
) -> impl IntoView {
    let language = prefs().language;
    let scale = Memo::new(move |_| look.period.get().scale);
    let chosen = RwSignal::new(None::<(Scale, Kind)>);
    let kind = Memo::new(move |_| {
        let scale = scale.get();
        chosen
            .get()
            .filter(|(chosen, _)| *chosen == scale)
            .map_or(Kind::of(scale), |(_, kind)| kind)
    });
    let canvas = NodeRef::<html::Canvas>::new();
    let lines = RwSignal::new(vec![Series::Solar, Series::Load, Series::Import]);
    let parts = RwSignal::new(Part::ALL.to_vec());
    let too_early = Memo::new(move |_| look.period.get().to(ipc::utc_offset_minutes) <= first);
    let segment = move |kind_of: Kind, label: Key, testid: &'static str| {
        let on = move || kind.get() == kind_of;
        view! {
            <button
                type="button"
                data-testid=testid
                class:on=on
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=move |_| chosen.set(Some((scale.get_untracked(), kind_of)))
            >
                {text(label)}
            </button>
        }
    };
    let drawn = move || match kind.get_untracked() {
        Kind::Power => names(language.get_untracked(), &lines.get_untracked()),
        Kind::Energy => names(language.get_untracked(), &parts.get_untracked()),
    };
    view! {
        <section class="card chart-card" aria-label=text(Key::ChartOf)>
            <header>
                <div class="segments" role="group" aria-label=text(Key::ChartOf)>
                    {segment(Kind::Power, Key::ShowPower, "chart-power")}
                    {segment(Kind::Energy, Key::ShowEnergy, "chart-energy")}
                </div>
                <SaveChart look=look canvas=canvas kind=kind shut=too_early drawn=Callback::new(move |()| drawn()) />
                <SaveRaw look=look />
                {move || match kind.get() {
                    Kind::Power => view! { <Legend items=Series::ALL.to_vec() visible=lines /> }.into_any(),
                    Kind::Energy => view! { <Legend items=Part::ALL.to_vec() visible=parts /> }.into_any(),
                }}
            </header>
            {move || match (too_early.get(), kind.get()) {
                (true, _) => view! { <BeforeFirst look=look first=first /> }.into_any(),
                (false, Kind::Power) => view! { <PowerChart look=look canvas=canvas visible=lines first=first /> }.into_any(),
                (false, Kind::Energy) => {
                    view! { <EnergyChart look=look shown=shown canvas=canvas visible=parts /> }.into_any()
                }
            }}
        </section>
    }
}

/// Names and colours of what is drawn.
fn names<T: LegendItem>(language: Language, items: &[T]) -> Vec<(&'static str, &'static str)> {
    let named = items
        .iter()
        .map(|item| (item.label().text(language), item.token()));
    named.collect()
}

#[component]
fn BeforeFirst(look: Look, first: UnixMillis) -> impl IntoView {
    let language = prefs().language;
    let hint = move || {
        let date = format::date(language.get(), first, ipc::utc_offset_minutes(first.0));
        say(language.get(), Key::BeforeFirstHint, &[("date", &date)])
    };
    let go = move |_| {
        let scale = look.period.get_untracked().scale;
        look.period
            .set(Period::around(scale, Day::of(first, ipc::utc_offset_minutes)));
    };
    view! {
        <div class="plot nothing" data-testid="energy-before-first">
            <h2>{text(Key::BeforeFirst)}</h2>
            <p class="mut">{hint}</p>
            <button type="button" class="button quiet small" data-testid="energy-to-first" on:click=go>{text(Key::ToFirst)}</button>
        </div>
    }
}

/// Power, read again for what is zoomed to.
#[component]
fn PowerChart(
    look: Look,
    canvas: NodeRef<html::Canvas>,
    visible: RwSignal<Vec<Series>>,
    first: UnixMillis,
) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let whole = Memo::new(move |_| {
        let (period, zone) = (look.period.get(), ipc::utc_offset_minutes);
        Window::new(period.from(zone), period.to(zone))
    });
    let gestures = Gestures {
        whole: whole.into(),
        view: RwSignal::new(None),
    };
    // A young history is shown in full size, as long as nobody has chosen another stretch.
    Effect::new(move |before: Option<(Window, Option<Window>)>| {
        let (whole, now) = (whole.get(), feed.read_at.get());
        let young = young(whole, first, now);
        let untouched =
            before.is_none_or(|(period, shown)| period != whole || gestures.view.get_untracked() == shown);
        if untouched {
            gestures.view.set(young);
            return (whole, young);
        }
        (whole, before.and_then(|(_, shown)| shown))
    });
    let window = Memo::new(move |_| gestures.shown().within(whole.get()));
    let curve = Latest::<(MeterId, Window), ReadPower>::new();
    let read = move || {
        look.again.track();
        let (Some(meter_id), window) = (look.meter.get(), window.get()) else {
            return;
        };
        if window.to > feed.now.get_untracked() {
            feed.read_at.track();
        }
        let command = ReadPower {
            meter_id: meter_id.clone(),
            from: window.from,
            to: window.to,
            points: points_for(canvas),
        };
        curve.ask((meter_id, window), command);
    };
    Effect::new(read);
    let plot = Memo::new(move |_| {
        let window = window.get();
        let span = Span::between(window.from, window.to);
        let now = feed.read_at.get();
        curve.value.with(|value| {
            let known = value
                .as_ref()
                .filter(|((meter, _), _)| Some(meter) == look.meter.get().as_ref());
            let (points, bucket_ms) = known.map_or((Vec::new(), 1), |(_, curve)| {
                (
                    curve.points.clone(),
                    i64::try_from(curve.bucket_ms).unwrap_or(1).max(1),
                )
            });
            Plot {
                points,
                bucket_ms,
                span,
                now,
                bands: true,
            }
        })
    });
    let summary =
        Memo::new(move |_| plot.with(|plot| describe(language.get(), Key::PeriodCurve, &plot.points)));
    let answered = Memo::new(move |_| curve.value.with(Option::is_some));
    let empty = Signal::derive(move || answered.get().then_some(Key::NoPowerHere));
    let zoomed = move || gestures.view.get().is_some();
    view! {
        <div class="stack">
            <Curve
                canvas=canvas
                plot=plot
                visible=visible
                summary=summary.into()
                testid="energy-curve"
                empty=empty
                gestures=gestures
            />
            {move || (!answered.get()).then(|| view! {
                <div class="waiting"><Waiting error=curve.error retry=look.retry() rows=5 /></div>
            })}
        </div>
        {move || answered.get().then(|| view! { <StillWrong error=curve.error retry=look.retry() /> })}
        <div class="chart-foot">
            <small class="dim">{text(Key::ChartHint)}</small>
            <div class="end">
                <ZoomButton label=Key::ZoomOut icon=Icon::Minus testid="zoom-out" shut=Signal::derive(move || !zoomed())
                    on_press=move |()| gestures.zoom(PER_BUTTON) />
                <ZoomButton label=Key::ZoomIn icon=Icon::Plus testid="zoom-in" shut=Signal::derive(|| false)
                    on_press=move |()| gestures.zoom(1.0 / PER_BUTTON) />
                <ZoomButton label=Key::ZoomWhole icon=Icon::Whole testid="zoom-whole" shut=Signal::derive(move || !zoomed())
                    on_press=move |()| gestures.view.set(None) />
            </div>
        </div>
    }
}

/// The stretch that a history of the last hours fills: in a whole day it would be a spike.
fn young(whole: Window, first: UnixMillis, now: UnixMillis) -> Option<Window> {
    let span = Span::of(whole.from, Some(first), now);
    let running = whole.from <= first && first <= now && now < whole.to;
    (running && span.is_part()).then(|| Window::new(span.from, span.to).within(whole))
}

/// One point per pixel: with its lowest and highest value that is two.
fn points_for(canvas: NodeRef<html::Canvas>) -> u16 {
    canvas
        .get_untracked()
        .and_then(|canvas| u16::try_from(canvas.client_width()).ok())
        .filter(|width| *width > 0)
        .map_or(FIRST_POINTS, |width| width.min(MOST_POINTS))
}

#[component]
fn ZoomButton(
    label: Key,
    icon: Icon,
    testid: &'static str,
    shut: Signal<bool>,
    #[prop(into)] on_press: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="ghost"
            data-testid=testid
            title=text(label)
            aria-label=text(label)
            disabled=shut
            on:click=move |_| on_press.run(())
        >
            <Glyph icon=icon />
        </button>
    }
}

/// Energy, a bar for each hour, day or month.
#[component]
fn EnergyChart(
    look: Look,
    shown: Memo<Option<Shown>>,
    canvas: NodeRef<html::Canvas>,
    visible: RwSignal<Vec<Part>>,
) -> impl IntoView {
    let language = prefs().language;
    let bars = Memo::new(move |_| {
        shown.with(|shown| {
            shown
                .as_ref()
                .map_or_else(Bars::default, |shown| bars_of(language.get(), shown))
        })
    });
    let summary = Signal::derive(move || {
        shown.with(|shown| {
            let total = shown
                .as_ref()
                .map(|shown| shown.history.total)
                .unwrap_or_default();
            let words = |energy| format::energy(language.get(), energy).text();
            say(
                language.get(),
                Key::PeriodBars,
                &[
                    ("produced", &words(total.produced)),
                    ("used", &words(total.used)),
                    ("exported", &words(total.exported)),
                    ("imported", &words(total.imported)),
                ],
            )
        })
    });
    let closer = move |at: usize| {
        let Some(period) = shown.with_untracked(|shown| shown.as_ref().map(|shown| shown.period)) else {
            return;
        };
        let zone = ipc::utc_offset_minutes;
        let Some(from) = period.edges(zone).get(at).copied() else {
            return;
        };
        let day = Day::of(from, zone);
        let next = match period.unit() {
            Unit::Hour => return,
            Unit::Day => Period::around(Scale::Day, day),
            Unit::Month => Period::around(Scale::Month, day),
        };
        if next.first <= look.today.get_untracked() {
            look.period.set(next);
        }
    };
    view! {
        <BarChart canvas=canvas bars=bars visible=visible summary=summary testid="energy-bars" on_open=Callback::new(closer) />
        <div class="chart-foot">
            <small class="dim">
                {move || (look.period.get().unit() != Unit::Hour).then(|| Key::BarHint.text(language.get()))}
            </small>
        </div>
    }
}

fn bars_of(language: Language, shown: &Shown) -> Bars {
    let (period, zone) = (shown.period, ipc::utc_offset_minutes);
    let edges = period.edges(zone);
    let starts = edges.iter().take(shown.history.bars.len()).copied();
    let below = |at: UnixMillis| {
        let (offset, day) = (zone(at.0), Day::of(at, zone));
        match (period.unit(), period.scale) {
            (Unit::Hour, _) => format::time_of_day(at, offset),
            (Unit::Day, Scale::Week) => {
                format!("{} {}", format::weekday(language, day.weekday()), day.parts().2)
            }
            (Unit::Day, Scale::Month) => day.parts().2.to_string(),
            (Unit::Day, _) => format::day_and_month(language, at, offset),
            (Unit::Month, _) => format::month(language, at, offset).to_owned(),
        }
    };
    Bars {
        energy: shown.history.bars.clone(),
        below: starts.clone().map(below).collect(),
        titles: starts
            .map(|at| bar_label(language, period.unit(), at, zone))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{DAY, HOUR, MINUTE};

    #[test]
    fn a_young_history_is_shown_in_full_size() {
        let at = UnixMillis;
        let whole = Window::new(at(0), at(DAY));
        let shown = |first: i64, now: i64| young(whole, at(first), at(now));
        let nine = 9 * HOUR;
        assert_eq!(
            shown(nine, nine + 20 * MINUTE),
            Some(Window::new(at(nine), at(nine + 30 * MINUTE)))
        );
        assert_eq!(shown(nine, nine + 3 * HOUR), None);
        assert_eq!(shown(-HOUR, HOUR), None, "heard since yesterday");
        assert_eq!(shown(nine, DAY + 1), None, "another day");
        let late = DAY - 5 * MINUTE;
        assert_eq!(
            shown(late, late + MINUTE),
            Some(Window::new(at(DAY - 15 * MINUTE), at(DAY)))
        );
    }
}
