//! Which meter and which period: a switch, arrows, a calendar, and the keys that do the same.

use enerlink_domain::UnixMillis;
use leptos::{ev, prelude::*};

use super::{
    Look,
    period::{Period, Scale},
};
use crate::{
    calendar::Day,
    components::{
        icon::{Glyph, Icon},
        meter_select::{Also, MeterSelect},
    },
    i18n::{Key, text},
    keys::typing,
    prefs::prefs,
    session::session,
};

/// The line above the chart.
#[component]
pub(super) fn Toolbar(
    /// What is shown.
    look: Look,
    /// When the meter was first heard, once that is known.
    first: Memo<Option<Option<UnixMillis>>>,
) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let first = Signal::derive(move || first.get().flatten());
    let handle = window_event_listener(ev::keydown, move |event| {
        // The tabs above take the arrows for themselves.
        let elsewhere = typing() || session.inbox.get_untracked() || event.default_prevented();
        if event.ctrl_key() || event.alt_key() || event.shift_key() || elsewhere {
            return;
        }
        let by = match event.key().as_str() {
            "ArrowLeft" => -1,
            "ArrowRight" => 1,
            _ => return,
        };
        event.prevent_default();
        look.shift(by, first.get_untracked());
    });
    on_cleanup(move || handle.remove());
    let shut = move |by: i64| {
        let next = look.period.get().shifted(by);
        look.today.track();
        !look.leads_somewhere(next, first.get())
    };
    let is_today = move || look.period.get().holds(look.today.get());
    let go_today = move |_| {
        let scale = match look.period.get_untracked().scale {
            Scale::Range => Scale::Day,
            scale => scale,
        };
        look.period.set(Period::around(scale, look.today.get_untracked()));
    };
    view! {
        <div class="period">
            <h2 data-testid="period-label">{move || look.period.get().label(language.get())}</h2>
            <MeterSelect meter=look.meter on_meter=move |id| look.chosen.set(id) also=Also::Retired testid="energy-meter" />
            <div class="end row">
                <Scales look=look />
                <div class="steps">
                    <Step label=Key::PeriodEarlier icon=Icon::Back testid="period-earlier" shut=Signal::derive(move || shut(-1))
                        on_step=move |()| look.shift(-1, first.get_untracked()) />
                    <Dates look=look />
                    <Step label=Key::PeriodLater icon=Icon::Forward testid="period-later" shut=Signal::derive(move || shut(1))
                        on_step=move |()| look.shift(1, first.get_untracked()) />
                </div>
                <button type="button" class="button quiet small" data-testid="period-today" disabled=is_today on:click=go_today>
                    {text(Key::PeriodToday)}
                </button>
            </div>
        </div>
    }
}

#[component]
fn Scales(look: Look) -> impl IntoView {
    let choose = move |scale: Scale| {
        let (period, today) = (look.period.get_untracked(), look.today.get_untracked());
        let next = match scale {
            Scale::Range => Period { scale, ..period },
            // A longer period that runs is left for the day that it is.
            _ if period.holds(today) => Period::around(scale, today),
            _ => Period::around(scale, period.first),
        };
        look.period.set(next);
    };
    let buttons = Scale::ALL.map(|scale| {
        let on = move || look.period.get().scale == scale;
        view! {
            <button
                type="button"
                data-testid=format!("period-{}", scale.as_str())
                class:on=on
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=move |_| choose(scale)
            >
                {text(scale.label())}
            </button>
        }
    });
    view! {
        <div class="segments" role="group" aria-label=text(Key::PeriodScale)>{buttons.into_iter().collect_view()}</div>
    }
}

#[component]
fn Step(
    label: Key,
    icon: Icon,
    testid: &'static str,
    shut: Signal<bool>,
    #[prop(into)] on_step: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="ghost"
            data-testid=testid
            title=text(label)
            aria-label=text(label)
            disabled=shut
            on:click=move |_| on_step.run(())
        >
            <Glyph icon=icon />
        </button>
    }
}

/// The calendar: one day that lies in the period, or both ends of a range.
#[component]
fn Dates(look: Look) -> impl IntoView {
    let range = Memo::new(move |_| look.period.get().scale == Scale::Range);
    let day = move |day: Day| {
        look.period
            .set(Period::around(look.period.get_untracked().scale, day))
    };
    let first = move |day| {
        look.period
            .set(Period::range(day, look.period.get_untracked().last))
    };
    let last = move |day| {
        look.period
            .set(Period::range(look.period.get_untracked().first, day))
    };
    move || {
        if range.get() {
            view! {
                <DateInput look=look label=Key::PeriodFrom testid="period-from" shows=|period| period.first on_day=first />
                <span class="dim">"–"</span>
                <DateInput look=look label=Key::PeriodTo testid="period-to" shows=|period| period.last on_day=last />
            }
            .into_any()
        } else {
            view! {
                <DateInput look=look label=Key::PeriodDate testid="period-date" shows=|period| period.first on_day=day />
            }
            .into_any()
        }
    }
}

#[component]
fn DateInput(
    look: Look,
    label: Key,
    testid: &'static str,
    shows: fn(Period) -> Day,
    #[prop(into)] on_day: Callback<Day>,
) -> impl IntoView {
    let choose = move |event: ev::Event| {
        // What is not a date yet is being typed.
        if let Some(day) = Day::parse(&event_target_value(&event)) {
            on_day.run(day.min(look.today.get_untracked()));
        }
    };
    view! {
        <input
            type="date"
            class="date"
            data-testid=testid
            aria-label=text(label)
            title=text(label)
            max=move || look.today.get().iso()
            prop:value=move || shows(look.period.get()).iso()
            on:change=choose
        />
    }
}
