//! Which settlements are wanted: by meter, status, what started them, and when.

use enerlink_domain::{Status, Trigger, settlement::SettlementFilter};
use leptos::{ev, prelude::*};

use super::settlements::{days_of, trigger_words};
use crate::{
    components::{
        dates::{DayRange, Days, Widen},
        meter_select::{Also, MeterSelect},
        transaction::status_words,
    },
    i18n::{Key, text},
};

/// The controls beside the search.
#[component]
pub(super) fn Filters(filter: RwSignal<SettlementFilter>) -> impl IntoView {
    let meter = Memo::new(move |_| filter.with(|filter| filter.meter_id.clone()));
    let choose = move |meter| filter.update(|filter| filter.meter_id = meter);
    let status = move |event: ev::Event| {
        filter.update(|filter| filter.status = Status::parse(&event_target_value(&event)));
    };
    let trigger = move |event: ev::Event| {
        filter.update(|filter| filter.trigger = Trigger::parse(&event_target_value(&event)));
    };
    let days = Signal::derive(move || filter.with(days_of));
    let choose_days = move |days: Days| {
        filter.update(|filter| (filter.from, filter.to) = (days.from, days.to));
    };
    let statuses = [Status::Pending, Status::Success, Status::Failed].map(|status| {
        let chosen = move || filter.with(|filter| filter.status == Some(status));
        view! { <option value=status.as_str() prop:selected=chosen>{text(status_words(status))}</option> }
    });
    let triggers = [
        Trigger::Periodic,
        Trigger::Manual,
        Trigger::Threshold,
        Trigger::Adopted,
    ]
    .map(|trigger| {
        let chosen = move || filter.with(|filter| filter.trigger == Some(trigger));
        view! { <option value=trigger.as_str() prop:selected=chosen>{text(trigger_words(trigger))}</option> }
    });
    view! {
        <MeterSelect meter=meter on_meter=choose also=Also::All testid="settlements-meter" />
        <select class="select" data-testid="settlements-status" aria-label=text(Key::StatusWord) on:change=status>
            <option value="" prop:selected=move || filter.with(|filter| filter.status.is_none())>{text(Key::AnyStatus)}</option>
            {statuses.into_iter().collect_view()}
        </select>
        <select class="select" data-testid="settlements-trigger" aria-label=text(Key::TriggerWord) on:change=trigger>
            <option value="" prop:selected=move || filter.with(|filter| filter.trigger.is_none())>{text(Key::AnyTrigger)}</option>
            {triggers.into_iter().collect_view()}
        </select>
        <DayRange id="settlements" days=days on_days=choose_days />
        <Widen id="settlements" filter=filter />
    }
}
