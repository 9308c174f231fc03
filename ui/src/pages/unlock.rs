//! The locked wallet at the start: password, back-off, and a look at the home without keys.

use leptos::prelude::*;

use crate::{
    components::unlock_form::UnlockForm,
    i18n::{Key, text},
    pages::sheet::Sheet,
    session::session,
};

/// Password and unlock.
#[component]
pub(crate) fn UnlockPage() -> impl IntoView {
    let session = session();
    view! {
        <Sheet title=Key::UnlockTitle lead=Key::UnlockLead>
            <UnlockForm done=|()| () />
            <button type="button" class="link" data-testid="watch" on:click=move |_| session.inside.set(true)>
                {text(Key::WatchLocked)}
            </button>
        </Sheet>
    }
}
