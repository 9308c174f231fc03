//! Home: power now, settlement, today, activity; or what is missing before there can be any.

use leptos::prelude::*;

use crate::{
    components::{
        activity::ActivityCard,
        chart::TodayCard,
        device_card::DeviceCard,
        guard::{GuardBanners, GuardCards},
        notices::Notices,
        power_flow::FlowCard,
        registration::RegistrationCard,
        settlement_card::SettlementCard,
        tiles::Tiles,
    },
    feed::feed,
    pages::setup::SetupPage,
    session::session,
};

/// What Home shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// The core has not answered yet.
    Loading,
    /// Forms for network and meter.
    Setup,
    /// The cards.
    Cards,
}

/// The home page.
#[component]
pub(crate) fn HomePage() -> impl IntoView {
    let (feed, session) = (feed(), session());
    let content = Memo::new(move |_| {
        let (answered, meter) = feed
            .state
            .with(|state| (state.home.is_some(), state.meter_id().is_some()));
        match (answered, meter && session.form.get().is_none()) {
            (false, _) => Content::Loading,
            (true, true) => Content::Cards,
            (true, false) => Content::Setup,
        }
    });
    // Whoever has opened a form is about to mend things, and the form says itself what is wrong.
    let mending = Memo::new(move |_| session.form.get().is_some());
    view! {
        {move || (!mending.get()).then(|| view! { <GuardBanners /><Notices /> })}
        {move || match content.get() {
            Content::Loading => view! { <Skeleton /> }.into_any(),
            Content::Setup => view! { <SetupPage /> }.into_any(),
            Content::Cards => view! { <Cards /> }.into_any(),
        }}
    }
}

#[component]
fn Cards() -> impl IntoView {
    view! {
        <RegistrationCard />
        <div class="pair">
            <FlowCard />
            <SettlementCard />
        </div>
        <Tiles />
        <div class="pair">
            <TodayCard />
            <ActivityCard />
        </div>
        <GuardCards />
        <DeviceCard />
    }
}

/// The shape of the page while the core has not answered.
#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" aria-busy="true" data-testid="loading">
            <div class="pair">
                <div class="card tall"></div>
                <div class="card tall"></div>
            </div>
            <div class="tiles">{(0..5).map(|_| view! { <div class="card"></div> }).collect_view()}</div>
        </div>
    }
}
