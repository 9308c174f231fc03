//! How a meter stands, in a word and a colour: whether it is heard, why not, since when, and how well it is.

use std::time::Duration;

use enerlink_domain::{NoticeKind, Presence, UnixMillis, device::OfflineReason, view::MeterView};
use leptos::prelude::*;

use crate::{
    feed::feed,
    format,
    i18n::{Key, Language, notice, say},
    prefs::prefs,
};

/// The word of a presence, with the reason when it is not heard.
pub(crate) fn presence_words(language: Language, presence: Presence) -> String {
    let key = match presence {
        Presence::Waiting => Key::NotHeard,
        Presence::Online => Key::Online,
        Presence::Stale => Key::Stale,
        Presence::Retired => Key::Retired,
        Presence::Offline { reason } => {
            let reason = notice::detail(language, NoticeKind::Offline, &reason_name(reason));
            return format!("{}: {reason}", Key::Offline.text(language));
        }
    };
    key.text(language).to_owned()
}

/// The name of a presence in JSON, for tests.
pub(crate) fn presence_name(presence: Presence) -> &'static str {
    match presence {
        Presence::Waiting => "waiting",
        Presence::Online => "online",
        Presence::Stale => "stale",
        Presence::Offline { .. } => "offline",
        Presence::Retired => "retired",
    }
}

/// What to do about a meter that is not heard.
pub(crate) fn advice(presence: Presence) -> Option<Key> {
    match presence {
        Presence::Online | Presence::Retired => None,
        Presence::Waiting => Some(Key::AdviceWaiting),
        Presence::Stale => Some(Key::AdviceStale),
        Presence::Offline { reason } => Some(match reason {
            OfflineReason::Broker => Key::AdviceBroker,
            OfflineReason::SubscriptionSilent => Key::AdviceSilent,
            OfflineReason::Wifi => Key::AdviceWifi,
            OfflineReason::Mqtt => Key::AdviceMqtt,
            OfflineReason::HeartbeatMissed => Key::AdviceHeartbeat,
            OfflineReason::NoData => Key::AdviceNoData,
        }),
    }
}

/// The word of the reason in JSON, which the texts of notices know.
fn reason_name(reason: OfflineReason) -> String {
    serde_json::to_value(reason)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn presence_class(presence: Presence) -> &'static str {
    match presence {
        Presence::Online => "chip good",
        Presence::Stale => "chip warn",
        Presence::Offline { .. } => "chip bad",
        Presence::Waiting | Presence::Retired => "chip",
    }
}

/// The presence as a chip of one word; its reason stands beside it, where there is room.
#[component]
pub(crate) fn PresenceChip(
    /// How it stands.
    #[prop(into)]
    presence: Signal<Presence>,
) -> impl IntoView {
    let language = prefs().language;
    let short = move || match presence.get() {
        Presence::Offline { .. } => Key::Offline.text(language.get()).to_owned(),
        other => presence_words(language.get(), other),
    };
    view! {
        <span
            class=move || presence_class(presence.get())
            data-testid="presence"
            data-state=move || presence_name(presence.get())
            title=move || presence_words(language.get(), presence.get())
        >
            {short}
        </span>
    }
}

/// A health score as a chip.
#[component]
pub(crate) fn HealthChip(
    /// 0 to 100; none before anything was heard.
    #[prop(into)]
    health: Signal<Option<u8>>,
) -> impl IntoView {
    let language = prefs().language;
    let class = move || match health.get() {
        None => "chip",
        Some(0..50) => "chip bad",
        Some(50..80) => "chip warn",
        Some(_) => "chip good",
    };
    let words = move || match health.get() {
        None => Key::HealthUnknown.text(language.get()).to_owned(),
        Some(score) => say(language.get(), Key::HealthScore, &[("score", &score.to_string())]),
    };
    view! {
        <span class=class data-testid="health" title=move || Key::HealthHint.text(language.get())>{words}</span>
    }
}

/// How long ago something was, in seconds and more.
pub(crate) fn ago(language: Language, age: Duration) -> String {
    match age.as_secs() {
        0 => Key::JustNow.text(language).to_owned(),
        seconds => {
            let age = format::span(language, seconds * 1000);
            say(language, Key::Ago, &[("age", &age)])
        }
    }
}

/// How long ago a moment of the core's clock was, moving on with it; empty for what has not been.
pub(crate) fn age(at: Signal<Option<UnixMillis>>) -> Memo<String> {
    let (feed, language) = (feed(), prefs().language);
    let seconds = Memo::new(move |_| at.get().map(|at| feed.felt(feed.now.get().since(at)).as_secs()));
    Memo::new(move |_| {
        let age = seconds.get().map(Duration::from_secs);
        age.map(|age| ago(language.get(), age)).unwrap_or_default()
    })
}

/// When a meter was heard last, by any of its messages.
pub(crate) fn last_heard(meter: &MeterView) -> Option<UnixMillis> {
    let device = &meter.device;
    let sensors = device.sensors.as_ref().map(|(at, _)| *at);
    let heartbeat = device.heartbeat.as_ref().map(|(at, _)| *at);
    let status = device.status.as_ref().map(|(at, _)| *at);
    sensors.max(heartbeat).max(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REASONS: [OfflineReason; 6] = [
        OfflineReason::Broker,
        OfflineReason::SubscriptionSilent,
        OfflineReason::Wifi,
        OfflineReason::Mqtt,
        OfflineReason::HeartbeatMissed,
        OfflineReason::NoData,
    ];

    #[test]
    fn every_reason_has_words_and_advice_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for reason in REASONS {
            let presence = Presence::Offline { reason };
            let words = presence_words(Language::English, presence);
            assert!(words.starts_with("offline: "), "{words}");
            assert!(!words.contains('_'), "a word of the core: {words}");
            assert!(seen.insert(words));
            assert!(advice(presence).is_some());
        }
        let silent = Presence::Offline {
            reason: OfflineReason::SubscriptionSilent,
        };
        assert!(presence_words(Language::English, silent).contains("access list"));
        assert_eq!(advice(Presence::Online), None);
    }

    #[test]
    fn any_message_is_a_sign_of_life() {
        let mut meter = crate::live::tests::home().meter.expect("a meter");
        assert_eq!(last_heard(&meter), None);
        meter.device.status = Some((UnixMillis(7), enerlink_domain::StatusSnapshot::default()));
        meter.device.sensors = Some((UnixMillis(5), enerlink_domain::Sensors::default()));
        assert_eq!(last_heard(&meter), Some(UnixMillis(7)));
    }
}
