//! Which meter it is: one of those that are heard at the broker, or a base topic that is typed.

use enerlink_domain::{
    meter::base_topic,
    view::{FoundMeter, Probe},
};
use leptos::{ev::SubmitEvent, prelude::*};

use super::{Adding, listening::Progress};
use crate::{
    components::{
        field::Field,
        icon::{Glyph, Icon},
    },
    feed::feed,
    i18n::{Key, say, text},
    live::LiveState,
    pages::meter::words,
    prefs::prefs,
};

/// The second step.
#[component]
pub(super) fn FindStep(adding: Adding) -> impl IntoView {
    let tried = RwSignal::new(false);
    let finding = adding.finding;
    let complaint = Signal::derive(move || {
        let wrong = adding.topic.with(|typed| base_topic(typed).is_none());
        (tried.get() && wrong).then_some(Key::BaseTopicWrong)
    });
    let again = move |_| {
        if let Some(broker) = adding.broker.draft() {
            finding.start(broker, None);
        }
    };
    let use_topic = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if let Some(topic) = adding.topic.with_untracked(|typed| base_topic(typed)) {
            adding.test(topic, None);
        }
    };
    let heard = move || {
        finding
            .probe
            .get()
            .map(|probe| view! { <Found adding=adding probe=probe /> })
    };
    view! {
        <p class="mut">{text(Key::FindLead)}</p>
        <Progress listening=finding />
        {heard}
        <Show when=move || !finding.busy()>
            <button type="button" class="button quiet small" data-testid="find-again" on:click=again>
                <Glyph icon=Icon::Radio />
                {move || text(if finding.probe.with(Option::is_some) { Key::ListenAgain } else { Key::FindMeters })()}
            </button>
        </Show>
        <form class="by-topic" on:submit=use_topic novalidate>
            <fieldset>
                <Field testid="meter-topic" label=Key::BaseTopicOrTyped value=adding.topic hint=Key::BaseTopicHint
                    complaint=complaint />
                <button type="submit" class="button" data-testid="find-use-topic">{text(Key::TestTopic)}</button>
            </fieldset>
        </form>
    }
}

/// What was heard.
#[component]
fn Found(adding: Adding, probe: Probe) -> impl IntoView {
    let language = prefs().language;
    let others = probe.others;
    let nothing = probe.found.is_empty();
    let rows = probe
        .found
        .into_iter()
        .map(|meter| view! { <FoundRow adding=adding meter=meter /> })
        .collect_view();
    let rest = move || {
        say(
            language.get(),
            Key::OtherMessages,
            &[("count", &others.to_string())],
        )
    };
    let rest = (others > 0).then_some(rest);
    view! {
        <div aria-live="polite" data-testid="found">
            {nothing.then(|| view! {
                <div class="problem notice" data-testid="found-nothing">
                    <Glyph icon=Icon::Radio />
                    <div class="words">
                        <p>{text(Key::NothingHeard)}</p>
                        <p class="next">{text(Key::NothingHeardHint)}</p>
                    </div>
                </div>
            })}
            <ul class="found-meters">{rows}</ul>
            {rest.map(|rest| view! { <p class="aside">{rest}</p> })}
        </div>
    }
}

/// One meter that was heard, and the button that chooses it.
#[component]
fn FoundRow(adding: Adding, meter: FoundMeter) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let known = feed.state.with_untracked(|state| known_as(state, &meter));
    let count = meter.messages.to_string();
    let messages = move || say(language.get(), Key::MessagesHeard, &[("count", &count)]);
    let family = meter
        .family
        .map(|family| view! { <span>{text(words::family(family))}</span> });
    let can = meter.capabilities.clone();
    let chips = move || {
        let words = words::capabilities(language.get(), &can).into_iter();
        words
            .map(|word| view! { <li class="chip">{word}</li> })
            .collect_view()
    };
    let warnings = [
        meter.only_retained.then_some(Key::OnlyRetained),
        meter.retained_command.then_some(Key::RetainedCommandThere),
        known.is_some().then_some(Key::MeterThereAlready),
    ];
    let warnings = warnings
        .into_iter()
        .flatten()
        .map(|warning| view! { <p class="warn small">{text(warning)}</p> })
        .collect_view();
    let id = meter.meter_id.clone();
    let shown_id = id.as_ref().map(|id| format!(" · {id}"));
    let topic = meter.base_topic.clone();
    let choose = {
        let (topic, id) = (topic.clone(), id);
        move |_| adding.test(topic.clone(), id.clone())
    };
    view! {
        <li class="found-meter" data-testid="found-meter" data-topic=topic.clone()>
            <div>
                <b><code class="code">{topic.clone()}</code>{shown_id}</b>
                <p class="mut small about">{messages}{family.map(|family| view! { " · "{family} })}</p>
                <ul class="row chips">{chips}</ul>
                {warnings}
            </div>
            <button type="button" class="button small" data-testid="found-choose" on:click=choose>
                {text(Key::ChooseMeter)}
            </button>
        </li>
    }
}

/// The name of a meter of this profile that is heard there already.
fn known_as(state: &LiveState, found: &FoundMeter) -> Option<String> {
    let mut meters = state.meters.iter().flatten();
    let known = meters.find(|view| match &found.meter_id {
        Some(id) => view.meter.id == *id,
        None => view.meter.base_topic == found.base_topic,
    });
    known.map(|view| view.meter.name.clone())
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        command::Capabilities,
        device::UnitsCheck,
        reading::Units,
        view::{UnitsProposal, UnitsReason},
    };

    use super::*;
    use crate::live::tests::{home, state_with};

    #[test]
    fn a_meter_is_known_by_its_id_or_else_by_its_topic() {
        let state = state_with(home());
        let found = |topic: &str, id: Option<&str>| FoundMeter {
            base_topic: topic.into(),
            meter_id: id.map(|id| id.parse().expect("a meter id")),
            family: None,
            messages: 1,
            only_retained: false,
            sensors: None,
            status: None,
            capabilities: Capabilities::default(),
            units: UnitsProposal {
                units: Units::Milli,
                reason: UnitsReason::Default,
                check: UnitsCheck::NotConfirmed,
            },
            profile: None,
            voltage: None,
            refused: None,
            retained_command: false,
        };
        assert!(known_as(&state, &found("home/energy-monitor", None)).is_some());
        assert!(known_as(&state, &found("elsewhere", Some("SM-001"))).is_some());
        assert!(known_as(&state, &found("home/energy-monitor", Some("SM-002"))).is_none());
    }
}
