//! The meter page: every meter of the household, the steps that add one, and one meter in its four parts.

mod add;
mod command;
mod controls;
mod detail;
mod facts;
mod list;
mod live;
mod measured;
mod messages;
mod owner;
mod pretty;
mod setup;
mod tally;
mod unwell;
mod words;

pub(crate) use add::AddMeterSteps;

use enerlink_domain::{MeterId, UnixMillis, view::MeterView};
use leptos::prelude::*;

use crate::{
    feed::{Feed, feed},
    format,
    i18n::Language,
    ipc,
    pages::meter::{detail::MeterDetail, list::MeterList},
    session::{MeterPlace, session},
};

/// The page.
#[component]
pub(crate) fn MeterPage() -> impl IntoView {
    let session = session();
    let done = move |id: Option<MeterId>| {
        session
            .meter_place
            .set(id.map_or(MeterPlace::All, MeterPlace::One));
    };
    view! {
        <div class="meter-page">
            {move || match session.meter_place.get() {
                MeterPlace::All => view! { <MeterList /> }.into_any(),
                MeterPlace::Adding => view! { <AddMeterSteps on_done=done /> }.into_any(),
                MeterPlace::One(id) => view! { <MeterDetail id=id /> }.into_any(),
            }}
        </div>
    }
}

/// One meter as the core told it last; none once it is not there.
type One = Memo<Option<MeterView>>;

/// The meter with this id, as it is now.
fn one(id: MeterId) -> One {
    let feed = feed();
    Memo::new(move |_| {
        feed.state.with(|state| {
            let mut meters = state.meters.iter().flatten();
            meters.find(|view| view.meter.id == id).cloned()
        })
    })
}

/// A part of a meter that changes on its own.
fn part<T>(meter: One, pick: impl Fn(&MeterView) -> T + Send + Sync + 'static) -> Memo<Option<T>>
where
    T: PartialEq + Send + Sync + 'static,
{
    Memo::new(move |_| meter.with(|meter| meter.as_ref().map(&pick)))
}

/// When something was, to the minute.
fn moment(language: Language, at: UnixMillis) -> String {
    format::date_and_time(language, at, ipc::utc_offset_minutes(at.0))
}

/// Takes a meter that was just changed over, without waiting for the event that tells it.
fn take_over(feed: Feed, view: MeterView) {
    feed.state.update(|state| {
        state.apply(enerlink_domain::Event::Meter(view));
    });
}
