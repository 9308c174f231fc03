//! Where a meter is heard: its broker and its base topic, tested before they are kept.

use enerlink_domain::{meter, view::MeterEdit};
use enerlink_ipc::{EditMeter, ProbeBroker};
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    components::{
        doing::Doing,
        field::Field,
        icon::{Glyph, Icon},
    },
    feed::feed,
    i18n::{Key, say, text},
    pages::meter::{
        One,
        add::{BrokerFields, BrokerTyped, PATIENCE},
        take_over,
    },
    prefs::prefs,
    session::{Tone, session},
};

/// The card.
#[component]
pub(super) fn ConnectionCard(meter: One) -> impl IntoView {
    let body = move || {
        let known = meter.with_untracked(|meter| {
            let meter = &meter.as_ref()?.meter;
            Some((meter.broker.url(), meter.base_topic.clone()))
        });
        known.map(|(url, base_topic)| view! { <ConnectionForm meter=meter url=url base_topic=base_topic /> })
    };
    view! {
        <section class="card" aria-label=text(Key::Connection) data-testid="setup-connection">
            <header><h2>{text(Key::Connection)}</h2></header>
            {body}
        </section>
    }
}

#[component]
fn ConnectionForm(meter: One, url: String, base_topic: String) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let broker = BrokerTyped::new(&url);
    let typed_topic = RwSignal::new(base_topic);
    let tried = RwSignal::new(false);
    let (saving, testing) = (Doing::new(), Doing::new());
    let heard = RwSignal::new(None::<u32>);
    let busy = Signal::derive(move || saving.busy.get() || testing.busy.get());
    let complaint = Signal::derive(move || {
        let wrong = typed_topic.with(|typed| meter::base_topic(typed).is_none());
        (tried.get() && wrong).then_some(Key::BaseTopicWrong)
    });
    let test = move |_| {
        tried.set(true);
        heard.set(None);
        let (Some(broker), Some(base_topic)) =
            (broker.draft(), meter::base_topic(&typed_topic.get_untracked()))
        else {
            return;
        };
        let command = ProbeBroker {
            broker,
            base_topic: Some(base_topic),
            seconds: PATIENCE,
        };
        testing.call(command, move |probe| {
            heard.try_set(Some(probe.found.iter().map(|meter| meter.messages).sum()));
        });
    };
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let known = meter.with_untracked(|meter| meter.as_ref().map(|view| view.meter.clone()));
        let (Some(known), Some(draft), Some(base_topic)) = (
            known,
            broker.draft(),
            meter::base_topic(&typed_topic.get_untracked()),
        ) else {
            return;
        };
        let same = draft.url == known.broker.url() && !broker.has_secrets();
        let edit = MeterEdit {
            broker: (!same).then_some(draft),
            base_topic: (base_topic != known.base_topic).then_some(base_topic),
            ..MeterEdit::default()
        };
        saving.call(
            EditMeter {
                meter_id: known.id,
                edit,
            },
            move |view| {
                broker.wipe();
                take_over(feed, view);
                session.say(
                    Tone::Good,
                    Key::ConnectionSaved.text(language.get_untracked()).to_owned(),
                );
            },
        );
    };
    let result = move || {
        heard.get().map(|count| {
            let count_words = count.to_string();
            if count > 0 {
                let words = say(language.get(), Key::ConnectionHeard, &[("count", &count_words)]);
                view! { <p class="done-line" data-testid="connection-heard"><Glyph icon=Icon::Check />{words}</p> }.into_any()
            } else {
                view! { <p class="warn" data-testid="connection-silent">{text(Key::TopicSilent)}</p> }.into_any()
            }
        })
    };
    view! {
        <form on:submit=save novalidate>
            <fieldset disabled=busy>
                <BrokerFields broker=broker tried=tried known=true />
                <Field testid="edit-topic" label=Key::BaseTopic value=typed_topic hint=Key::BaseTopicHint complaint=complaint />
                <div aria-live="polite">{result}{testing.problem()}{saving.problem()}</div>
                <div class="row">
                    <button type="submit" class="button" data-testid="connection-save">{text(Key::Save)}</button>
                    <button type="button" class="button quiet" data-testid="connection-test" on:click=test>
                        {move || if testing.busy.get() { Key::Listening } else { Key::TestConnection }.text(language.get())}
                    </button>
                </div>
            </fieldset>
        </form>
    }
}
