//! A meter that the operator has not registered: the signed request to send, as text, as a file, and as a QR code.

use enerlink_domain::{Code, Error, MeterId, Registration};
use enerlink_ipc::{RequestRegistration, SaveRegistration};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{
        copy::CopyButton,
        doing::Doing,
        icon::{Glyph, Icon},
        problem::{self, Problem, Weight},
        qr::Qr,
    },
    feed::feed,
    i18n::{Key, say, text},
    ipc,
    prefs::prefs,
    session::{Tone, session},
};

/// Shown on Home while the meter is not registered.
#[component]
pub(crate) fn RegistrationCard() -> impl IntoView {
    let feed = feed();
    let missing = Memo::new(move |_| {
        feed.state.with(|state| {
            let meter = state.home.as_ref()?.meter.as_ref()?;
            (meter.registration == Registration::Missing).then(|| meter.meter.id.clone())
        })
    });
    move || {
        missing.get().map(|meter_id| {
            view! {
                <section class="card registration" data-testid="registration-card">
                    <Problem error=Error::new(Code::MeterUnregistered, "") weight=Weight::Notice />
                    <p class="mut">{text(Key::RequestWhy)}</p>
                    <Request meter_id=meter_id />
                </section>
            }
        })
    }
}

/// The button that makes the request, and the request once it is made.
#[component]
pub(crate) fn Request(
    /// For which meter.
    meter_id: MeterId,
) -> impl IntoView {
    let (feed, doing) = (feed(), Doing::new());
    let request = RwSignal::new(None::<(String, String)>);
    let id = meter_id.clone();
    let sign = move |_| {
        let meter_id = id.clone();
        feed.with_keys(move || {
            doing.call(RequestRegistration { meter_id }, move |signed| {
                let whole = serde_json::to_string_pretty(&signed).ok();
                let short = serde_json::to_string(&signed).ok();
                request.set(whole.zip(short));
            });
        });
    };
    let body = move || match request.get() {
        None => view! {
            <button
                type="button"
                class="button"
                data-testid="registration-request"
                disabled=doing.busy
                on:click=sign.clone()
            >
                {text(Key::MakeRequest)}
            </button>
        }
        .into_any(),
        Some((json, code)) => view! { <Made meter_id=meter_id.clone() json=json code=code /> }.into_any(),
    };
    view! {
        <div class="request">
            {body}
            {doing.problem()}
        </div>
    }
}

/// The request, ready to be sent.
#[component]
fn Made(meter_id: MeterId, json: String, code: String) -> impl IntoView {
    let (session, language) = (session(), prefs().language);
    let save = move |_| {
        let meter_id = meter_id.clone();
        spawn_local(async move {
            let language = language.get_untracked();
            match ipc::call(&SaveRegistration { meter_id }).await {
                Ok(Some(file)) => {
                    session.say(Tone::Good, say(language, Key::CsvSaved, &[("file", &file.name)]))
                }
                Ok(None) => {}
                Err(error) => session.say(Tone::Bad, problem::sentence(language, &error)),
            }
        });
    };
    view! {
        <div class="made">
            <div class="json">
                <pre data-testid="registration-json" tabindex="0">{json.clone()}</pre>
                <CopyButton value=json label=Key::CopyRequest testid="registration-copy" />
            </div>
            <Qr value=code label=Key::RequestQr />
        </div>
        <div class="row">
            <button type="button" class="button quiet small" data-testid="registration-save" on:click=save>
                <Glyph icon=Icon::Save />
                {text(Key::SaveRequest)}
            </button>
            <p class="aside">{text(Key::RequestHow)}</p>
        </div>
    }
}
