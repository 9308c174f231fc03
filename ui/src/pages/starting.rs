//! Before the core has answered, or when it cannot.

use enerlink_domain::Error;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::problem::Problem,
    feed::feed,
    i18n::{Key, text},
};

/// A quiet brand, or what is wrong with a way to try again.
#[component]
pub(crate) fn StartingPage(error: Option<Error>) -> impl IntoView {
    let feed = feed();
    let again = move |_| spawn_local(feed.refresh_all());
    let busy = if error.is_none() { "true" } else { "false" };
    view! {
        <div class="sheet-page" aria-busy=busy>
            <div class="brand">
                <i aria-hidden="true"></i>
                <span>"EnerLink"</span>
            </div>
            {match error {
                None => view! { <p class="mut">{text(Key::Starting)}</p> }.into_any(),
                Some(error) => view! {
                    <main class="sheet">
                        <Problem error=error />
                        <button type="button" class="button" on:click=again>{text(Key::TryAgain)}</button>
                    </main>
                }.into_any(),
            }}
        </div>
    }
}
