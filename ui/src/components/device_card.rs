//! The meter as a device: online, radio, memory, uptime, grid switch, messages.

use enerlink_domain::{MeterId, reading::GridMode, view::MeterView};
use leptos::prelude::*;

use crate::{
    components::standing::{PresenceChip, presence_words},
    feed::feed,
    format,
    i18n::{Key, Language, text},
    prefs::prefs,
    session::{MeterPart, session},
};

/// One line of facts.
#[component]
pub(crate) fn DeviceCard() -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let meter = Memo::new(move |_| feed.state.with(|state| state.home.as_ref()?.meter.clone()));
    let fact = move |label: Key, pick: fn(Language, &MeterView) -> String| {
        let value =
            Memo::new(move |_| meter.with(|meter| meter.as_ref().map(|meter| pick(language.get(), meter))));
        view! { <div><dt>{text(label)}</dt><dd>{move || value.get()}</dd></div> }
    };
    let session = session();
    let standing = Signal::derive(move || {
        meter.with(|meter| {
            meter
                .as_ref()
                .map(|meter| meter.device.presence)
                .unwrap_or_default()
        })
    });
    let open = move |_| {
        if let Some(id) = meter.with_untracked(|meter| meter.as_ref().map(|meter| meter.meter.id.clone())) {
            session.open_meter(id, MeterPart::Live);
        }
    };
    let name = move || meter.with(|meter| meter.as_ref().map(|meter| meter.meter.name.clone()));
    let id = move || {
        meter.with(|meter| {
            meter
                .as_ref()
                .and_then(|meter| distinct_id(&meter.meter.name, &meter.meter.id))
        })
    };
    view! {
        <section class="card device" aria-label=text(Key::Meter) data-testid="device-card">
            <header>
                <h2>{text(Key::Meter)}</h2>
                <small>{name}{id}</small>
                <button type="button" class="end link" data-testid="device-open" on:click=open>{text(Key::AllOfMeter)}</button>
                <PresenceChip presence=standing />
            </header>
            <dl class="facts">
                {fact(Key::LinkState, presence)}
                {fact(Key::GridSwitch, grid_mode)}
                {fact(Key::Wifi, wifi)}
                {fact(Key::FreeMemory, memory)}
                {fact(Key::Uptime, uptime)}
                {fact(Key::Counted, |language, meter| format::count(language, meter.device.counted))}
                {fact(Key::Refused, |language, meter| format::count(language, meter.device.refused))}
            </dl>
        </section>
    }
}

/// The id, when the name does not say it already.
fn distinct_id(name: &str, id: &MeterId) -> Option<String> {
    (name != id.as_str()).then(|| format!(" · {id}"))
}

fn presence(language: Language, meter: &MeterView) -> String {
    presence_words(language, meter.device.presence)
}

fn grid_mode(language: Language, meter: &MeterView) -> String {
    let mode = meter
        .device
        .status
        .as_ref()
        .and_then(|(_, status)| status.grid_mode);
    match mode {
        Some(GridMode::Import) => Key::GridImport,
        Some(GridMode::Export) => Key::GridExport,
        Some(GridMode::Off) => Key::GridOff,
        None => return unknown(),
    }
    .text(language)
    .to_owned()
}

/// Signal strength.
pub(crate) fn wifi(_: Language, meter: &MeterView) -> String {
    let rssi = meter
        .device
        .status
        .as_ref()
        .and_then(|(_, status)| status.wifi_rssi);
    rssi.map_or_else(unknown, |rssi| {
        format!("{}\u{a0}dBm", rssi.to_string().replace('-', "\u{2212}"))
    })
}

/// Free memory, by the heartbeat or the status.
pub(crate) fn memory(language: Language, meter: &MeterView) -> String {
    let device = &meter.device;
    let heap = device
        .heartbeat
        .as_ref()
        .and_then(|(_, heartbeat)| heartbeat.free_heap);
    let heap = heap.or_else(|| device.status.as_ref().and_then(|(_, status)| status.free_heap));
    heap.map_or_else(unknown, |bytes| {
        format!("{}\u{a0}KiB", format::count(language, bytes / 1024))
    })
}

/// Time since the device booted.
pub(crate) fn uptime(language: Language, meter: &MeterView) -> String {
    let uptime = meter
        .device
        .heartbeat
        .as_ref()
        .and_then(|(_, heartbeat)| heartbeat.uptime_ms);
    let status = meter.device.status.as_ref();
    let uptime = uptime.or_else(|| status.and_then(|(_, status)| status.uptime_ms));
    uptime.map_or_else(unknown, |uptime| format::span(language, uptime))
}

fn unknown() -> String {
    "–".to_owned()
}
