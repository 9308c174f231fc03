//! That the node does not answer, above lists of what was read from it.

use leptos::prelude::*;

use crate::{
    feed::feed,
    i18n::{Key, text},
    live::LiveState,
};

/// One line while the chain cannot be read: what stands below is as it was.
#[component]
pub(crate) fn ChainOffline() -> impl IntoView {
    let feed = feed();
    let offline = Memo::new(move |_| feed.state.with(LiveState::chain_problem).is_some());
    view! {
        <Show when=move || offline.get()>
            <p class="aside offline" data-testid="chain-offline">{text(Key::ListOffline)}</p>
        </Show>
    }
}
