//! Energy in stacked bars: what was used above zero, what was exported below, with the values of the bar under the pointer.

use enerlink_domain::{MicroWh, view::DayEnergy};
use leptos::{ev, html, prelude::*};

use super::{
    LegendItem, draw,
    scale::{Layout, Rise},
    surface::Surface,
    words::{RiseWords, below, energy_words},
};
use crate::{
    format,
    i18n::{Key, text},
    prefs::prefs,
};

/// The widest bar, in CSS pixels.
const WIDEST: f64 = 44.0;
/// What a letter below the chart takes, in CSS pixels.
const LETTER: f64 = 6.5;

/// A part of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What the home used of its own: from sun and battery.
    Own,
    /// What the home used from the grid.
    Import,
    /// What went to the grid.
    Export,
}

impl Part {
    /// Every part, in the order of the legend.
    pub(crate) const ALL: [Self; 3] = [Self::Own, Self::Import, Self::Export];
}

impl LegendItem for Part {
    fn label(self) -> Key {
        match self {
            Self::Own => Key::OwnUse,
            Self::Import => Key::Imported,
            Self::Export => Key::Exported,
        }
    }

    fn token(self) -> &'static str {
        match self {
            Self::Own => "solar",
            Self::Import => "import",
            Self::Export => "export",
        }
    }
}

/// Bars in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Bars {
    /// What flowed.
    pub energy: Vec<DayEnergy>,
    /// What stands below each.
    pub below: Vec<String>,
    /// What each is called in full.
    pub titles: Vec<String>,
}

/// The visible parts of a bar: from where to where each goes, in µWh.
pub(super) fn stack(energy: &DayEnergy, visible: &[Part]) -> Vec<(Part, i64, i64)> {
    let micro = |energy: MicroWh| i64::try_from(energy.0).unwrap_or(i64::MAX);
    let mut top = 0_i64;
    let mut parts = Vec::with_capacity(visible.len());
    for part in Part::ALL.into_iter().filter(|part| visible.contains(part)) {
        let size = match part {
            Part::Own => micro(energy.used).saturating_sub(micro(energy.imported)).max(0),
            Part::Import => micro(energy.imported),
            Part::Export => {
                parts.push((part, micro(energy.exported).saturating_neg(), 0));
                continue;
            }
        };
        let next = top.saturating_add(size);
        parts.push((part, top, next));
        top = next;
    }
    parts
}

/// The scale of the bars.
pub(super) fn rise(energy: &[DayEnergy], visible: &[Part]) -> Rise {
    let parts = energy.iter().flat_map(|energy| stack(energy, visible));
    let (lowest, highest) = parts.fold((0, 0), |(lowest, highest), (_, low, high)| {
        (low.min(lowest), high.max(highest))
    });
    match (lowest, highest) {
        // Without energy there is nothing to scale: 1 kWh.
        (0, 0) => Rise::of(0, 1_000_000_000),
        (lowest, highest) => Rise::of(lowest, highest),
    }
}

/// Where bars stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slots {
    width: f64,
    count: usize,
}

impl Slots {
    /// So many places beside each other.
    pub(super) fn of(layout: Layout, count: usize) -> Self {
        Self {
            width: layout.right / count.max(1) as f64,
            count,
        }
    }

    /// Left and right edge of a bar, on whole pixels.
    pub(super) fn bar(self, at: usize) -> (f64, f64) {
        let width = (self.width * 0.72).clamp(1.0, WIDEST).round().max(1.0);
        let left = ((at as f64 + 0.5) * self.width - width / 2.0).round();
        (left, left + width)
    }

    /// Left edge and width of a place.
    pub(super) fn place(self, at: usize) -> (f64, f64) {
        (at as f64 * self.width, self.width)
    }

    /// Whose place it is.
    pub(super) fn at(self, x: f64) -> Option<usize> {
        let at = (x / self.width).floor();
        (at >= 0.0 && at < self.count as f64).then_some(at as usize)
    }

    /// Every so many words have room below.
    pub(super) fn every(self, words: &[String]) -> usize {
        let letters = words.iter().map(|word| word.chars().count()).max().unwrap_or(0);
        let needed = letters as f64 * LETTER + 12.0;
        ((needed / self.width).ceil() as usize).max(1)
    }
}

/// The canvas, its words and the values under the pointer.
#[component]
pub(crate) fn BarChart(
    /// Where it is drawn.
    canvas: NodeRef<html::Canvas>,
    /// What is drawn.
    #[prop(into)]
    bars: Signal<Bars>,
    /// Which parts.
    visible: RwSignal<Vec<Part>>,
    /// The chart in words.
    summary: Signal<String>,
    /// Where a test finds the canvas.
    testid: &'static str,
    /// Looks closer at a bar.
    on_open: Callback<usize>,
) -> impl IntoView {
    let surface = Surface::follow(canvas);
    let layout = surface.layout;
    surface.drawn_by(move |canvas| {
        bars.with(|bars| visible.with(|visible| draw::bars(canvas, &bars.energy, visible)));
    });
    let rise = Memo::new(move |_| bars.with(|bars| visible.with(|visible| rise(&bars.energy, visible))));
    let slots = move || Some(Slots::of(layout.get()?, bars.with(|bars| bars.energy.len())));
    let hover = RwSignal::new(None::<f64>);
    let pointed = Memo::new(move |_| slots()?.at(hover.get()?));
    let words = move || {
        let (layout, slots) = (layout.get()?, slots()?);
        let words = bars.with(|bars| bars.below.clone());
        let every = slots.every(&words);
        let shown = words.into_iter().enumerate().step_by(every).map(|(at, word)| {
            let (left, width) = slots.place(at);
            below(layout, left + width / 2.0, word)
        });
        Some(shown.collect_view())
    };
    let open = move |event: ev::MouseEvent| {
        let at = untrack(|| slots()?.at(f64::from(event.offset_x())));
        if let Some(at) = at {
            on_open.run(at);
        }
    };
    view! {
        <div
            class="plot bars"
            on:pointermove=move |event| hover.set(Some(f64::from(event.offset_x())))
            on:pointerleave=move |_| hover.set(None)
            on:click=open
        >
            {move || pointed.get().zip(slots()).map(|(at, slots)| {
                let (left, width) = slots.place(at);
                view! { <div class="column" style:left=format!("{left:.1}px") style:width=format!("{width:.1}px")></div> }
            })}
            <canvas node_ref=canvas role="img" aria-label=summary data-testid=testid></canvas>
            <div class="ticks" aria-hidden="true">
                <RiseWords rise=rise layout=layout words=energy_words />
                {words}
            </div>
            {move || pointed.get().map(|at| view! { <Readout at=at bars=bars layout=layout /> })}
        </div>
    }
}

/// The values of a bar.
#[component]
fn Readout(at: usize, bars: Signal<Bars>, layout: Signal<Option<Layout>>) -> impl IntoView {
    let language = prefs().language;
    let found = move || {
        bars.with(|bars| {
            let slots = Slots::of(layout.get()?, bars.energy.len());
            let (left, width) = slots.place(at);
            Some((
                *bars.energy.get(at)?,
                bars.titles.get(at)?.clone(),
                left + width / 2.0,
            ))
        })
    };
    move || {
        let (energy, title, x) = found()?;
        let left = layout.get().is_some_and(|layout| x > layout.width / 2.0);
        let rows = [
            (Key::Produced, "solar", energy.produced),
            (Key::Used, "home", energy.used),
            (Key::Exported, "export", energy.exported),
            (Key::Imported, "import", energy.imported),
        ]
        .map(|(key, tone, energy)| {
            view! {
                <div>
                    <span class=format!("dot {tone}")></span>
                    <span>{text(key)}</span>
                    <b>{format::energy(language.get(), energy).text()}</b>
                </div>
            }
        });
        Some(view! {
            <div class="readout" class:left=left style:left=format!("{x:.1}px")>
                <p>{title}</p>
                {rows.into_iter().collect_view()}
            </div>
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn energy(used: u64, imported: u64, exported: u64) -> DayEnergy {
        DayEnergy {
            produced: MicroWh(0),
            used: MicroWh(used),
            exported: MicroWh(exported),
            imported: MicroWh(imported),
        }
    }

    #[test]
    fn parts_stand_on_each_other_and_export_hangs_below() {
        let day = energy(10, 4, 3);
        assert_eq!(
            stack(&day, &Part::ALL),
            [(Part::Own, 0, 6), (Part::Import, 6, 10), (Part::Export, -3, 0)]
        );
        assert_eq!(
            stack(&day, &[Part::Export, Part::Import]),
            [(Part::Import, 0, 4), (Part::Export, -3, 0)]
        );
        // The battery was charged from the grid.
        assert_eq!(
            stack(&energy(1, 5, 0), &Part::ALL)[..2],
            [(Part::Own, 0, 0), (Part::Import, 0, 5)]
        );
    }

    #[test]
    fn the_scale_holds_every_bar() {
        let days = [energy(9_000_000_000, 0, 0), energy(0, 0, 4_000_000_000)];
        let rise = rise(&days, &Part::ALL);
        assert!(rise.step * rise.above >= 9_000_000_000 && rise.step * rise.below >= 4_000_000_000);
        assert_eq!(super::rise(&[], &Part::ALL), Rise::of(0, 1_000_000_000));
        assert_eq!(super::rise(&days, &[]), Rise::of(0, 1_000_000_000));
    }

    #[test]
    fn words_have_room_and_pointers_find_their_bar() {
        let slots = Slots::of(Layout::of(656.0, 200.0), 24);
        let words: Vec<String> = (0..24).map(|hour| format!("{hour:02}:00")).collect();
        assert_eq!(slots.every(&words), 2);
        assert_eq!(slots.at(-1.0), None);
        assert_eq!(slots.at(26.0), Some(1));
        assert_eq!(slots.at(600.0), None);
        let (left, right) = slots.bar(0);
        assert_eq!((left, right), (4.0, 22.0));
    }
}
