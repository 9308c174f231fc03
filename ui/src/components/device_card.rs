//! The meter as a device: online, radio, memory, uptime, grid switch, messages.

use enerlink_domain::{MeterId, reading::GridMode, view::MeterView};
use leptos::prelude::*;

use crate::{
    feed::feed,
    format,
    i18n::{Key, Language, headline, text},
    prefs::prefs,
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
                {move || meter.with(|meter| meter.as_ref().map(|meter| {
                    let up = meter.device.link.up;
                    let words = move || status_words(language.get(), up);
                    view! { <span class=if up { "end chip good" } else { "end chip bad" }>{words}</span> }
                }))}
            </header>
            <dl class="facts">
                {fact(Key::LinkState, link_words)}
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

fn status_words(language: Language, up: bool) -> &'static str {
    if up { Key::Online } else { Key::Offline }.text(language)
}

fn link_words(language: Language, meter: &MeterView) -> String {
    let link = &meter.device.link;
    match (link.up, link.code) {
        (true, _) => Key::Heard.text(language).to_owned(),
        (false, Some(code)) => headline(language, code).to_owned(),
        (false, None) => Key::Offline.text(language).to_owned(),
    }
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

fn wifi(_: Language, meter: &MeterView) -> String {
    let rssi = meter
        .device
        .status
        .as_ref()
        .and_then(|(_, status)| status.wifi_rssi);
    rssi.map_or_else(unknown, |rssi| {
        format!("{}\u{a0}dBm", rssi.to_string().replace('-', "\u{2212}"))
    })
}

fn memory(language: Language, meter: &MeterView) -> String {
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

fn uptime(language: Language, meter: &MeterView) -> String {
    let uptime = meter
        .device
        .heartbeat
        .as_ref()
        .and_then(|(_, heartbeat)| heartbeat.uptime_ms);
    uptime.map_or_else(unknown, |uptime| format::span(language, uptime))
}

fn unknown() -> String {
    "–".to_owned()
}
