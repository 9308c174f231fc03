//! How a meter is set up: its standing on chain, its registers, what it is called and can carry, where it is heard,
//! whose it is, and whether it is listened to at all.

mod connection;
mod form;
mod registers;
mod retire;

use enerlink_domain::{MeterId, Registration};
use leptos::prelude::*;

use self::{
    connection::ConnectionCard,
    form::EditCard,
    registers::RegistersCard,
    retire::{OwnerCard, RetireCard},
};
use crate::{
    components::registration::Request,
    i18n::{Key, text},
    pages::meter::{One, add::RegistrationStanding, part},
};

/// The part.
#[component]
pub(super) fn SetupPart(id: MeterId, meter: One) -> impl IntoView {
    let shown = id.clone();
    view! {
        <div class="pair even">
            <div class="stack">
                <RegistrationState id=shown meter=meter />
                <RegistersCard meter=meter />
                <OwnerCard meter=meter />
                <RetireCard meter=meter />
            </div>
            <div class="stack">
                <EditCard meter=meter />
                <ConnectionCard meter=meter />
            </div>
        </div>
    }
}

/// How it stands on chain, and the request where it is missing.
#[component]
fn RegistrationState(id: MeterId, meter: One) -> impl IntoView {
    let standing = part(meter, |view| view.registration);
    let standing = Memo::new(move |_| standing.get().unwrap_or(Registration::Unknown));
    view! {
        <section class="card stack" aria-label=text(Key::RegistrationState) data-testid="setup-registration">
            <RegistrationStanding standing=standing />
            <Show when=move || standing.get() == Registration::Missing>
                <Request meter_id=id.clone() />
            </Show>
        </section>
    }
}
