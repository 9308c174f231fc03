//! One meter: how it stands, and its four parts behind tabs.

use enerlink_domain::{MeterId, Presence};
use leptos::prelude::*;

use crate::{
    components::{
        icon::{Glyph, Icon},
        standing::{HealthChip, PresenceChip, advice, age, last_heard, presence_words},
        tabs::Tabs,
    },
    i18n::{Key, text},
    pages::meter::{
        controls::ControlsPart, live::LivePart, messages::MessagesPart, one, part, setup::SetupPart,
    },
    prefs::prefs,
    session::{MeterPart, MeterPlace, session},
};

/// The meter with this id.
#[component]
pub(super) fn MeterDetail(id: MeterId) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let meter = one(id.clone());
    let shown_id = id.to_string();
    let id = StoredValue::new(id);
    let there = Memo::new(move |_| meter.with(Option::is_some));
    let presence = part(meter, |view| view.device.presence);
    let presence = Signal::derive(move || presence.get().unwrap_or_default());
    let health = Signal::derive(move || meter.with(|meter| meter.as_ref()?.device.health));
    let heard = age(Signal::derive(move || {
        meter.with(|meter| last_heard(meter.as_ref()?))
    }));
    let back = move |_| session.meter_place.set(MeterPlace::All);
    let name = part(meter, |view| {
        let own = view.meter.name != view.meter.id.as_str();
        (view.meter.name.clone(), own.then(|| view.meter.id.to_string()))
    });
    let body = move || {
        let id = id.get_value();
        match session.meter_part.get() {
            MeterPart::Live => view! { <LivePart meter=meter /> }.into_any(),
            MeterPart::Controls => view! { <ControlsPart id=id meter=meter /> }.into_any(),
            MeterPart::Messages => view! { <MessagesPart id=id /> }.into_any(),
            MeterPart::Setup => view! { <SetupPart id=id meter=meter /> }.into_any(),
        }
    };
    let trouble = move || {
        let presence = presence.get();
        advice(presence).map(|step| {
            let class = match presence {
                Presence::Offline { .. } => "problem",
                _ => "problem notice",
            };
            view! {
                <div class=class data-testid="meter-trouble">
                    <Glyph icon=Icon::Radio />
                    <div class="words">
                        <p>{presence_sentence(&presence_words(language.get(), presence))}</p>
                        <p class="next">{step.text(language.get())}</p>
                    </div>
                </div>
            }
        })
    };
    let tabs = vec![
        (MeterPart::Live, Key::LivePart, "live"),
        (MeterPart::Controls, Key::ControlsPart, "controls"),
        (MeterPart::Messages, Key::MessagesPart, "messages"),
        (MeterPart::Setup, Key::SetupPart, "setup"),
    ];
    view! {
        <div class="row meter-head" data-testid="meter-detail" data-meter=shown_id>
            <button type="button" class="link back" data-testid="meter-back" on:click=back>
                <Glyph icon=Icon::Back />
                {text(Key::AllMeters)}
            </button>
            <h2>{move || name.get().map(|(name, _)| name)}</h2>
            <small class="dim">{move || name.get().and_then(|(_, id)| id)}</small>
            <span class="end row">
                <small class="dim" data-testid="meter-age">{move || heard.get()}</small>
                <Show when=move || presence.get() != Presence::Retired>
                    <HealthChip health=health />
                </Show>
                <PresenceChip presence=presence />
            </span>
        </div>
        <Show when=move || there.get() fallback=move || view! {
            <section class="card empty" data-testid="meter-gone"><p>{text(Key::MeterGone)}</p></section>
        }>
            <Tabs
                id="meter-part"
                label=Key::Meter
                tabs=tabs.clone()
                shown=session.meter_part
                on_show=move |part| session.meter_part.set(part)
            />
            <div class="notices" aria-live="polite">{trouble}</div>
            <div class="meter-page" role="tabpanel" id="meter-part-panel" tabindex="-1">{body}</div>
        </Show>
    }
}

/// With a capital first and a dot last.
fn presence_sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters
        .next()
        .map(|letter| letter.to_uppercase().collect())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presence_becomes_a_sentence() {
        assert_eq!(presence_sentence("offline: no data"), "Offline: no data.");
    }
}
