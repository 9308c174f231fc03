//! Home of a new profile: the network and the meter are asked for, one after the other.

use leptos::prelude::*;

use crate::{
    components::icon::{Glyph, Icon},
    feed::feed,
    i18n::{Key, text},
    pages::{meter::AddMeterSteps, network_form::NetworkForm},
    session::{Form, session},
};

/// Steps at the left, the form that is due at the right.
#[component]
pub(crate) fn SetupPage() -> impl IntoView {
    let (feed, session) = (feed(), session());
    let network = Memo::new(move |_| feed.state.with(|state| state.network.is_some()));
    let meter = Memo::new(move |_| feed.state.with(|state| state.meter_id().is_some()));
    let due = Memo::new(move |_| {
        session
            .form
            .get()
            .unwrap_or(if network.get() { Form::Meter } else { Form::Network })
    });
    let step = move |form: Form, done: Memo<bool>, label: Key, hint: Key, testid: &'static str| {
        view! {
            <button
                type="button"
                class="step"
                class:on=move || due.get() == form
                class:done=move || done.get()
                data-testid=testid
                aria-current=move || (due.get() == form).then_some("step")
                on:click=move |_| session.form.set(Some(form))
            >
                <span class="mark">{move || done.get().then(|| view! { <Glyph icon=Icon::Check /> })}</span>
                <span><b>{text(label)}</b><small>{text(hint)}</small></span>
            </button>
        }
    };
    view! {
        <div class="setup">
            <aside>
                {move || meter.get().then(|| view! {
                    <button
                        type="button"
                        class="link back"
                        data-testid="setup-back"
                        on:click=move |_| session.form.set(None)
                    >
                        <Glyph icon=Icon::Back />
                        {text(Key::BackHome)}
                    </button>
                })}
                <h2>{text(Key::SetupTitle)}</h2>
                <p class="mut">{text(Key::SetupLead)}</p>
                {step(Form::Network, network, Key::Network, Key::NetworkStepHint, "setup-network")}
                {step(Form::Meter, meter, Key::Meter, Key::MeterStepHint, "setup-meter")}
            </aside>
            {move || match due.get() {
                Form::Network => view! { <NetworkForm /> }.into_any(),
                Form::Meter => view! { <AddMeterSteps on_done=move |_| session.form.set(None) leaves=false /> }.into_any(),
            }}
        </div>
    }
}
