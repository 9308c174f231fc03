//! The legend of a chart: each series is a button that shows or hides it.

use leptos::prelude::*;

use crate::i18n::{Key, text};

/// What a chart draws in a colour of its own.
pub(crate) trait LegendItem: Copy + PartialEq + Send + Sync + 'static {
    /// Its name.
    fn label(self) -> Key;
    /// The token of its colour, and the class of its dot.
    fn token(self) -> &'static str;
}

/// A button for each of `items`.
#[component]
pub(crate) fn Legend<T: LegendItem>(
    /// In their order.
    #[prop(into)]
    items: Signal<Vec<T>>,
    /// Those that are shown.
    visible: RwSignal<Vec<T>>,
) -> impl IntoView {
    let button = move |item: T| {
        let on = move || visible.with(|visible| visible.contains(&item));
        let toggle = move |_| {
            visible.update(|visible| match visible.iter().position(|known| *known == item) {
                Some(at) => drop(visible.remove(at)),
                None => visible.push(item),
            });
        };
        view! {
            <button
                type="button"
                class="legend-item"
                class:on=on
                data-testid=format!("legend-{}", item.token())
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=toggle
            >
                <span class=format!("dot {}", item.token())></span>
                {text(item.label())}
            </button>
        }
    };
    view! { <div class="end legend">{move || items.get().into_iter().map(button).collect_view()}</div> }
}
