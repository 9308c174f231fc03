//! The days that a list is narrowed to, and the way back to all of it.

use enerlink_domain::UnixMillis;
use leptos::{ev, prelude::*};

use crate::{
    calendar::{Day, Zone},
    components::icon::{Glyph, Icon},
    i18n::{Key, text},
    ipc,
};

/// From the beginning of the first day to the end of the last; either may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Days {
    /// Included.
    pub from: Option<UnixMillis>,
    /// Excluded.
    pub to: Option<UnixMillis>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

impl Days {
    /// Whether a moment lies in them.
    pub(crate) fn hold(self, at: UnixMillis) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    fn day(self, end: End, zone: Zone) -> Option<Day> {
        match end {
            End::First => self.from.map(|from| Day::of(from, zone)),
            End::Last => self.to.map(|to| Day::of(UnixMillis(to.0 - 1), zone)),
        }
    }

    fn with(mut self, end: End, day: Option<Day>, zone: Zone) -> Self {
        match end {
            End::First => self.from = day.map(|day| day.start(zone)),
            End::Last => self.to = day.map(|day| day.plus(1).start(zone)),
        }
        self
    }
}

/// The first and the last day. Their ids are `{id}-from` and `{id}-to`.
#[component]
pub(crate) fn DayRange(
    /// Begins the test ids.
    id: &'static str,
    /// What is chosen.
    #[prop(into)]
    days: Signal<Days>,
    /// Takes other days.
    #[prop(into)]
    on_days: Callback<Days>,
) -> impl IntoView {
    let edge = move |end: End, label: Key, testid: String| {
        let shown = move || days.get().day(end, ipc::utc_offset_minutes);
        let choose = move |event: ev::Event| {
            let typed = event_target_value(&event);
            let day = Day::parse(&typed);
            // What is not a date yet is being typed.
            if day.is_some() || typed.is_empty() {
                on_days.run(days.get_untracked().with(end, day, ipc::utc_offset_minutes));
            }
        };
        view! {
            <input
                type="date"
                class="date"
                data-testid=testid
                aria-label=text(label)
                title=text(label)
                prop:value=move || shown().map(Day::iso).unwrap_or_default()
                on:change=choose
            />
        }
    };
    view! {
        <span class="row dates">
            {edge(End::First, Key::PeriodFrom, format!("{id}-from"))}
            <span class="dim">"–"</span>
            {edge(End::Last, Key::PeriodTo, format!("{id}-to"))}
        </span>
    }
}

/// The button that takes a filter away, there while it narrows. Its id is `{id}-widen`.
#[component]
pub(crate) fn Widen<F>(
    /// Begins the test id.
    id: &'static str,
    /// What is taken back to everything.
    filter: RwSignal<F>,
) -> impl IntoView
where
    F: Default + Clone + PartialEq + Send + Sync + 'static,
{
    let narrowed = Memo::new(move |_| filter.with(|filter| *filter != F::default()));
    move || {
        narrowed.get().then(|| {
            view! {
                <button
                    type="button"
                    class="ghost"
                    data-testid=format!("{id}-widen")
                    title=text(Key::ClearFilter)
                    aria-label=text(Key::ClearFilter)
                    on:click=move |_| filter.set(F::default())
                >
                    <Glyph icon=Icon::Close />
                </button>
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::tests::jakarta;

    #[test]
    fn the_last_day_is_included_and_shown_again() {
        let day = Day::parse("2026-11-21");
        let days = Days::default()
            .with(End::First, day, jakarta)
            .with(End::Last, day, jakarta);
        // Midnight in Jakarta.
        let midnight = 1_795_194_000_000;
        assert_eq!(days.from, Some(UnixMillis(midnight)));
        for (at, expected) in [(-1, false), (0, true), (86_399_999, true), (86_400_000, false)] {
            assert_eq!(days.hold(UnixMillis(midnight + at)), expected, "{at}");
        }
        for end in [End::First, End::Last] {
            assert_eq!(days.day(end, jakarta), day);
        }
        assert_eq!(days.with(End::First, None, jakarta).from, None);
        assert!(Days::default().hold(UnixMillis(0)));
    }
}
