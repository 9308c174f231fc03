//! A meter that the operator has not registered: the signed request to send.

use enerlink_domain::{Code, Error, Registration};
use enerlink_ipc::RequestRegistration;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{
        copy::CopyButton,
        problem::{Problem, Weight},
    },
    feed::feed,
    i18n::{Key, text},
    ipc,
};

/// Shown while the meter is not registered.
#[component]
pub(crate) fn RegistrationCard() -> impl IntoView {
    let feed = feed();
    let missing = Memo::new(move |_| {
        feed.state.with(|state| {
            let meter = state.home.as_ref()?.meter.as_ref()?;
            (meter.registration == Registration::Missing).then(|| meter.meter.id.clone())
        })
    });
    let request = RwSignal::new(None::<String>);
    let (busy, error) = (RwSignal::new(false), RwSignal::new(None::<Error>));
    let sign = move |_| {
        let Some(meter_id) = missing.get_untracked() else {
            return;
        };
        feed.with_keys(move || {
            busy.set(true);
            error.set(None);
            spawn_local(async move {
                match ipc::call(&RequestRegistration { meter_id }).await {
                    Ok(signed) => request.set(serde_json::to_string_pretty(&signed).ok()),
                    Err(problem) => error.set(Some(problem)),
                }
                busy.set(false);
            });
        });
    };
    let body = move || match request.get() {
        None => view! {
            <button
                type="button"
                class="button"
                data-testid="registration-request"
                disabled=move || busy.get()
                on:click=sign
            >
                {text(Key::MakeRequest)}
            </button>
        }
        .into_any(),
        Some(json) => view! {
            <div class="json">
                <pre data-testid="registration-json" tabindex="0">{json.clone()}</pre>
                <CopyButton value=json label=Key::CopyRequest testid="registration-copy" />
            </div>
            <p class="aside">{text(Key::RequestHow)}</p>
        }
        .into_any(),
    };
    move || {
        missing.get().map(|_| {
            view! {
                <section class="card registration" data-testid="registration-card">
                    <Problem error=Error::new(Code::MeterUnregistered, "") weight=Weight::Notice />
                    {move || request.with(Option::is_none).then(|| view! { <p class="mut">{text(Key::RequestWhy)}</p> })}
                    {move || error.get().map(|error| view! { <Problem error=error /> })}
                    {body}
                </section>
            }
        })
    }
}
