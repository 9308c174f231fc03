//! Energy: what flowed in any period and what it was worth, what of it was settled, and that all of it is accounted for.

mod audit;
mod chart;
mod figures;
mod filter;
mod months;
mod numbers;
mod period;
mod save;
mod settlement;
mod settlements;
mod tiles;
mod toolbar;

use enerlink_domain::{
    Error, MeterId, UnixMillis,
    view::{History, MeterView},
};
use enerlink_ipc::ReadHistory;
use leptos::prelude::*;

use crate::{
    calendar::Day,
    components::{
        latest::Latest,
        loaded::Waiting,
        problem::{Problem, Weight},
        tabs::Tabs,
    },
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    ipc,
    prefs::prefs,
    session::{EnergyPart, MeterPlace, Page, session},
};

pub(crate) use settlement::ratio_words;

use audit::AuditPart;
use chart::ChartCard;
use numbers::NumbersCard;
use period::{Period, Scale};
use settlements::SettlementsPart;
use tiles::EnergyTiles;
use toolbar::Toolbar;

/// What a history is about.
type Asked = (MeterId, Period);

/// What the page shows, and what it is made from.
#[derive(Clone, Copy)]
struct Look {
    /// Whose history.
    meter: Memo<Option<MeterId>>,
    /// The meter that was chosen; none is the one of Home.
    chosen: RwSignal<Option<MeterId>>,
    /// Which period.
    period: RwSignal<Period>,
    /// The day that it is.
    today: Memo<Day>,
    history: Latest<Asked, ReadHistory>,
    before: Latest<Asked, ReadHistory>,
    /// Counts wishes to read everything again.
    again: RwSignal<u32>,
}

/// The history that is shown: that of the period, or of the one shown before until it is read.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    period: Period,
    history: History,
    /// The same of the period before, when it was recorded from its beginning on.
    before: Option<History>,
}

/// What the page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// The core has not answered yet.
    Loading,
    /// There is nothing that could have a history.
    NoMeter,
    /// The history of a meter.
    Meter,
}

/// The energy page.
#[component]
pub(crate) fn EnergyPage() -> impl IntoView {
    let feed = feed();
    let content = Memo::new(move |_| {
        feed.state.with(|state| match (&state.home, &state.meters) {
            (None, _) => Content::Loading,
            (Some(home), meters) => match (&home.meter, meters) {
                (Some(_), _) => Content::Meter,
                (None, Some(meters)) if !meters.is_empty() => Content::Meter,
                (None, _) => Content::NoMeter,
            },
        })
    });
    let failure = RwSignal::new(None::<Error>);
    Effect::new(move || failure.set(feed.state.with(|state| state.failure.clone())));
    move || match content.get() {
        Content::Loading => view! {
            <div class="card">
                <Waiting error=failure retry=move |()| leptos::task::spawn_local(feed.refresh_all()) rows=6 />
            </div>
        }
        .into_any(),
        Content::NoMeter => view! { <NoMeter /> }.into_any(),
        Content::Meter => view! { <Parts /> }.into_any(),
    }
}

/// What flowed, what was settled, and the audit of both.
#[component]
fn Parts() -> impl IntoView {
    let session = session();
    let tabs = vec![
        (EnergyPart::Flow, Key::FlowPart, "flow"),
        (EnergyPart::Settlements, Key::Settlements, "settlements"),
        (EnergyPart::Audit, Key::AuditPart, "audit"),
    ];
    let body = move || match session.energy_part.get() {
        EnergyPart::Flow => view! { <MeterHistory /> }.into_any(),
        EnergyPart::Settlements => view! { <SettlementsPart /> }.into_any(),
        EnergyPart::Audit => view! { <AuditPart /> }.into_any(),
    };
    view! {
        <Tabs
            id="energy-part"
            label=Key::EnergyPage
            tabs=tabs
            shown=session.energy_part
            on_show=move |part| session.energy_part.set(part)
        />
        <div class="energy parts-panel" role="tabpanel" id="energy-part-panel" tabindex="-1">{body}</div>
    }
}

#[component]
fn NoMeter() -> impl IntoView {
    let session = session();
    let set_up = move |_| {
        session.meter_place.set(MeterPlace::Adding);
        session.open(Page::Meter);
    };
    view! {
        <section class="card nothing" data-testid="energy-no-meter">
            <h2>{text(Key::NoMeterTitle)}</h2>
            <p class="mut">{text(Key::NoMeterHint)}</p>
            <button type="button" class="button" on:click=set_up>{text(Key::NoMeterGo)}</button>
        </section>
    }
}

#[component]
fn MeterHistory() -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let look = Look::new();
    look.read();
    let shown = Memo::new(move |_| look.shown());
    let waits = Memo::new(move |_| {
        shown.with(|shown| shown.as_ref().map(|shown| shown.period)) != Some(look.period.get())
    });
    let first = Memo::new(move |_| shown.with(|shown| shown.as_ref().map(|shown| shown.history.first)));
    let offline = Memo::new(move |_| {
        let meter = look.meter.get()?;
        feed.state.with(|state| {
            let view = view_of(state.meters.as_deref().unwrap_or_default(), &meter)?;
            let link = &view.device.link;
            (!link.up && view.meter.retired_at.is_none()).then_some(link.since)
        })
    });
    view! {
        <div class="energy">
            <Toolbar look=look first=first />
            {move || offline.get().map(|since| view! {
                <p class="aside" data-testid="energy-offline">{move || offline_words(language.get(), since)}</p>
            })}
            <Spoken shown=shown />
            {move || shown.with(Option::is_some).then(|| view! {
                <StillWrong error=look.history.error retry=look.retry() />
            })}
            {move || match (shown.with(Option::is_some), first.get().flatten()) {
                (false, _) => view! {
                    <div class="card"><Waiting error=look.history.error retry=look.retry() rows=8 /></div>
                }
                .into_any(),
                (true, None) => view! { <NothingRecorded /> }.into_any(),
                (true, Some(first)) => view! {
                    <div class="energy" class:waits=waits>
                        <ChartCard look=look shown=shown first=first />
                        <EnergyTiles shown=shown />
                        <NumbersCard look=look shown=shown />
                    </div>
                }
                .into_any(),
            }}
        </div>
    }
}

impl Look {
    fn new() -> Self {
        let feed = feed();
        let chosen = RwSignal::new(None::<MeterId>);
        let meter = Memo::new(move |_| {
            let chosen = chosen.get();
            feed.state.with(|state| {
                let meters = state.meters.as_deref().unwrap_or_default();
                chosen
                    .filter(|id| view_of(meters, id).is_some())
                    .or_else(|| state.meter_id().cloned())
                    .or_else(|| meters.first().map(|view| view.meter.id.clone()))
            })
        });
        let today = Memo::new(move |_| Day::of(feed.now.get(), ipc::utc_offset_minutes));
        Self {
            meter,
            chosen,
            period: RwSignal::new(Period::around(Scale::Day, today.get_untracked())),
            today,
            history: Latest::new(),
            before: Latest::new(),
            again: RwSignal::new(0),
        }
    }

    /// Reads the period and the one before, and again while the period still runs.
    fn read(self) {
        let feed = feed();
        Effect::new(move || {
            self.again.track();
            let (Some(meter_id), period) = (self.meter.get(), self.period.get()) else {
                return;
            };
            if period.holds(self.today.get()) {
                feed.read_at.track();
            }
            let zone = ipc::utc_offset_minutes;
            let asked = (meter_id.clone(), period);
            let edges = period.edges(zone);
            self.history.ask(
                asked.clone(),
                ReadHistory {
                    meter_id: meter_id.clone(),
                    edges,
                },
            );
            let (from, to) = period.before(feed.now.get_untracked(), zone);
            let edges = vec![from, to];
            self.before.ask(asked, ReadHistory { meter_id, edges });
        });
    }

    fn retry(self) -> Callback<()> {
        Callback::new(move |()| self.again.update(|again| *again += 1))
    }

    fn shown(self) -> Option<Shown> {
        let meter = self.meter.get()?;
        let ((_, period), history) = self.history.value.get().filter(|((id, _), _)| *id == meter)?;
        let before = self
            .before
            .value
            .get()
            .filter(|(asked, _)| *asked == (meter, period))
            .map(|(_, before)| before);
        let start = period.shifted(-1).from(ipc::utc_offset_minutes);
        Some(Shown {
            period,
            before: before.filter(|_| history.first.is_some_and(|first| first <= start)),
            history,
        })
    }

    /// Goes to the neighbour, unless there is nothing to be seen.
    fn shift(self, by: i64, first: Option<UnixMillis>) {
        let next = self.period.get_untracked().shifted(by);
        if self.leads_somewhere(next, first) {
            self.period.set(next);
        }
    }

    /// Whether a period has begun, and does not end before the first reading.
    fn leads_somewhere(self, period: Period, first: Option<UnixMillis>) -> bool {
        let zone = ipc::utc_offset_minutes;
        period.first <= self.today.get_untracked()
            && first.is_none_or(|first| Day::of(first, zone) <= period.last)
    }
}

fn view_of<'a>(meters: &'a [MeterView], id: &MeterId) -> Option<&'a MeterView> {
    meters.iter().find(|view| view.meter.id == *id)
}

fn offline_words(language: Language, since: UnixMillis) -> String {
    let time = format::date_and_time(language, since, ipc::utc_offset_minutes(since.0));
    say(language, Key::HistoryOffline, &[("time", &time)])
}

/// What went wrong while something older is still shown.
#[component]
fn StillWrong(error: RwSignal<Option<Error>>, retry: Callback<()>) -> impl IntoView {
    move || {
        error.get().map(|error| {
            view! {
                <Problem error=error weight=Weight::Notice>
                    <button type="button" class="button quiet small" data-testid="retry" on:click=move |_| retry.run(())>
                        {text(Key::TryAgain)}
                    </button>
                </Problem>
            }
        })
    }
}

#[component]
fn NothingRecorded() -> impl IntoView {
    view! {
        <section class="card nothing" data-testid="energy-nothing">
            <h2>{text(Key::NothingRecorded)}</h2>
            <p class="mut">{text(Key::NothingRecordedHint)}</p>
        </section>
    }
}

/// The period in a sentence for those who listen, once for each.
#[component]
fn Spoken(shown: Memo<Option<Shown>>) -> impl IntoView {
    let language = prefs().language;
    let spoken = RwSignal::new(String::new());
    Effect::new(move |before: Option<Option<Period>>| {
        let now = shown.with(|shown| shown.as_ref().map(|shown| shown.period));
        if now != before.flatten() {
            spoken.set(
                shown
                    .with_untracked(|shown| {
                        shown
                            .as_ref()
                            .map(|shown| sentence(language.get_untracked(), shown))
                    })
                    .unwrap_or_default(),
            );
        }
        now
    });
    view! { <p class="unseen" role="status" aria-live="polite">{spoken}</p> }
}

fn sentence(language: Language, shown: &Shown) -> String {
    let energy = |energy| format::energy(language, energy).text();
    say(
        language,
        Key::PeriodSpoken,
        &[
            ("period", &shown.period.label(language)),
            ("produced", &energy(shown.history.total.produced)),
            ("used", &energy(shown.history.total.used)),
        ],
    )
}
