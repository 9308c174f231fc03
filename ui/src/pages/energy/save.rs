//! What can be saved of a period: the chart as an image, and every reading as CSV.

use enerlink_ipc::{SaveImage, SaveReadings};
use leptos::{html, prelude::*};

use super::{Look, chart::Kind, view_of};
use crate::{
    components::{
        chart::png,
        doing::Doing,
        icon::{Glyph, Icon},
        problem,
    },
    feed::feed,
    format,
    i18n::{Key, say, text},
    ipc,
    prefs::prefs,
    session::{Tone, session},
};

/// Saves what is drawn as an image.
#[component]
pub(super) fn SaveChart(
    /// What the page shows.
    look: Look,
    /// Where it is drawn.
    canvas: NodeRef<html::Canvas>,
    /// What is drawn.
    kind: Memo<Kind>,
    /// Whether there is nothing to save.
    shut: Memo<bool>,
    /// Names and colours of what is drawn.
    drawn: Callback<(), Vec<(&'static str, &'static str)>>,
) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let doing = Doing::new();
    let save = move |_| {
        let language = language.get_untracked();
        let period = look.period.get_untracked();
        let name = look.meter.get_untracked().and_then(|id| {
            feed.state
                .with_untracked(|state| Some(view_of(state.meters.as_deref()?, &id)?.meter.name.clone()))
        });
        let title = [name, Some(period.label(language))].into_iter().flatten();
        let title = title.collect::<Vec<_>>().join(" · ");
        let image = canvas
            .get_untracked()
            .and_then(|canvas| png(&canvas, &title, &drawn.run(())));
        let Some(png) = image else {
            session.say(Tone::Bad, Key::PngFailed.text(language).to_owned());
            return;
        };
        let what = match kind.get_untracked() {
            Kind::Power => "power",
            Kind::Energy => "energy",
        };
        let name = format!("{what}-{}", period.first.iso());
        doing.call(SaveImage { name, png }, move |file| {
            if let Some(file) = file {
                session.say(Tone::Good, say(language, Key::CsvSaved, &[("file", &file.name)]));
            }
        });
    };
    view! {
        <button
            type="button"
            class="button quiet small"
            data-testid="energy-png"
            title=text(Key::SavePngHint)
            disabled=move || doing.busy.get() || shut.get()
            on:click=save
        >
            <Glyph icon=Icon::File />
            {text(Key::SavePng)}
        </button>
        <Failed doing=doing />
    }
}

/// Saves every reading of what is shown.
#[component]
pub(super) fn SaveRaw(
    /// What the page shows.
    look: Look,
) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let doing = Doing::new();
    let save = move |_| {
        let Some(meter_id) = look.meter.get_untracked() else {
            return;
        };
        let (period, zone) = (look.period.get_untracked(), ipc::utc_offset_minutes);
        let command = SaveReadings {
            meter_id,
            from: period.from(zone),
            to: period.to(zone),
        };
        doing.call(command, move |saved| {
            if let Some(saved) = saved {
                let language = language.get_untracked();
                let count = format::count(language, saved.rows);
                let file = saved
                    .path
                    .rsplit(['/', '\\'])
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                session.say(
                    Tone::Good,
                    say(language, Key::RawSaved, &[("count", &count), ("file", &file)]),
                );
            }
        });
    };
    view! {
        <button
            type="button"
            class="button quiet small"
            data-testid="energy-raw"
            title=text(Key::SaveRawHint)
            disabled=doing.busy
            aria-busy=move || if doing.busy.get() { "true" } else { "false" }
            on:click=save
        >
            <Glyph icon=Icon::File />
            {move || text(if doing.busy.get() { Key::SavingRaw } else { Key::SaveRaw })()}
        </button>
        <Failed doing=doing />
    }
}

/// Why something could not be saved, told once as news: there is no room beside the button.
#[component]
fn Failed(doing: Doing) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    Effect::new(move || {
        if let Some(error) = doing.error.get() {
            session.say(Tone::Bad, problem::sentence(language.get_untracked(), &error));
        }
    });
}
