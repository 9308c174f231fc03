//! A wallet from a phrase, a key or a key file.

use leptos::prelude::*;

use crate::{i18n::Key, pages::sheet::Sheet};

/// The page.
#[component]
pub(crate) fn ImportPage() -> impl IntoView {
    view! { <Sheet title=Key::ImportTitle lead=Key::ImportLead>{()}</Sheet> }
}
