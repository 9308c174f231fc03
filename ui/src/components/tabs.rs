//! Tabs by the pattern of ARIA: one of them is in the order of the Tab key, the arrows go from one to the next.

use leptos::{html, prelude::*};

use crate::i18n::{Key, text};

/// One tab: its value, its word, and the end of its test id.
pub(crate) type Tab<T> = (T, Key, &'static str);

/// The row of tabs; what they show stands in an element with the id `{id}-panel`.
#[component]
pub(crate) fn Tabs<T>(
    /// Begins the test ids, `{id}-{name}`.
    id: &'static str,
    /// What they divide.
    label: Key,
    /// In order.
    tabs: Vec<Tab<T>>,
    /// Which one is shown.
    #[prop(into)]
    shown: Signal<T>,
    /// Shows another one.
    #[prop(into)]
    on_show: Callback<T>,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let row = NodeRef::<html::Div>::new();
    let order: Vec<T> = tabs.iter().map(|(value, ..)| *value).collect();
    let turn = move |event: web_sys::KeyboardEvent| {
        let now = order.iter().position(|value| *value == shown.get_untracked());
        let Some(next) = neighbour(now, &event.key(), order.len()) else {
            return;
        };
        event.prevent_default();
        on_show.run(order[next]);
        let tab = row
            .get_untracked()
            .and_then(|row| row.children().item(next as u32));
        focus(tab);
    };
    let buttons = tabs
        .into_iter()
        .map(|(value, word, name)| {
            let on = move || shown.get() == value;
            view! {
                <button
                    type="button"
                    role="tab"
                    id=format!("{id}-{name}")
                    data-testid=format!("{id}-{name}")
                    class:on=on
                    aria-selected=move || if on() { "true" } else { "false" }
                    aria-controls=format!("{id}-panel")
                    tabindex=move || if on() { "0" } else { "-1" }
                    on:click=move |_| on_show.run(value)
                >
                    {text(word)}
                </button>
            }
        })
        .collect_view();
    view! {
        <div node_ref=row class="tabs" role="tablist" aria-label=text(label) on:keydown=turn>{buttons}</div>
    }
}

fn focus(element: Option<web_sys::Element>) {
    use leptos::wasm_bindgen::JsCast;
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        // A tab that cannot take the focus is shown all the same.
        let _ = element.focus();
    }
}

/// Where a key leads from tab `now` of `count`; none for a key that does not move.
fn neighbour(now: Option<usize>, key: &str, count: usize) -> Option<usize> {
    let now = now?;
    match key {
        "ArrowRight" => Some((now + 1) % count),
        "ArrowLeft" => Some((now + count - 1) % count),
        "Home" => Some(0),
        "End" => Some(count - 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_go_round_and_other_keys_do_not_move() {
        for (now, key, expected) in [
            (0, "ArrowRight", Some(1)),
            (3, "ArrowRight", Some(0)),
            (0, "ArrowLeft", Some(3)),
            (2, "Home", Some(0)),
            (1, "End", Some(3)),
            (1, "a", None),
        ] {
            assert_eq!(neighbour(Some(now), key, 4), expected, "{now} {key}");
        }
        assert_eq!(neighbour(None, "End", 4), None);
    }
}
