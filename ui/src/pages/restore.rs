//! What a backup holds, and its way back into the profile.

use leptos::prelude::*;

use crate::{i18n::Key, pages::sheet::Sheet};

/// The page.
#[component]
pub(crate) fn RestorePage() -> impl IntoView {
    view! { <Sheet title=Key::RestoreTitle lead=Key::RestoreLead>{()}</Sheet> }
}
