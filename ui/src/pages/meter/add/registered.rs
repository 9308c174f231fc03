//! The meter is added: how it stands on chain, and the request for the operator where it is not registered.

use enerlink_domain::{MeterId, Registration};
use leptos::prelude::*;

use super::Adding;
use crate::{
    components::{
        icon::{Glyph, Icon},
        registration::Request,
    },
    i18n::{Key, text},
    pages::meter::{one, words},
};

/// The last step.
#[component]
pub(super) fn RegisteredStep(adding: Adding, on_done: Callback<Option<MeterId>>) -> impl IntoView {
    let added = adding.added.get_untracked();
    let body = added.map(|id| {
        let meter = one(id.clone());
        let standing = Memo::new(move |_| {
            let known = meter.with(|meter| meter.as_ref().map(|meter| meter.registration));
            known.unwrap_or(Registration::Unknown)
        });
        let done = id.clone();
        view! {
            <p class="done-line" data-testid="meter-added"><Glyph icon=Icon::Check />{text(Key::MeterAdded)}</p>
            <RegistrationStanding standing=standing />
            <Show when=move || standing.get() == Registration::Missing>
                <Request meter_id=id.clone() />
            </Show>
            <button type="button" class="button" data-testid="add-done" on:click=move |_| on_done.run(Some(done.clone()))>
                {text(Key::ToMeter)}
            </button>
        }
    });
    view! { <div class="stack">{body}</div> }
}

/// The standing on chain as a chip, with what it means.
#[component]
pub(in crate::pages::meter) fn RegistrationStanding(
    /// How it stands.
    #[prop(into)]
    standing: Signal<Registration>,
) -> impl IntoView {
    move || {
        let standing = standing.get();
        let (word, class) = words::registration(standing);
        let whose = match standing {
            Registration::Foreign { prosumer } => {
                Some(view! { <code class="code">{prosumer.to_string()}</code> })
            }
            _ => None,
        };
        view! {
            <div class="standing" data-testid="registration-standing">
                <div class="row"><b>{text(Key::RegistrationState)}</b><span class=class>{text(word)}</span></div>
                <p class="mut">{text(words::registration_meaning(standing))}</p>
                {whose}
            </div>
        }
    }
}
