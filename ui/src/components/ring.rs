//! The countdown ring of the settlement card.

use leptos::prelude::*;

/// Circumference of the ring, radius 36.
const ROUND: f64 = 226.195;

/// How much of the period is left, as a ring around the time left.
#[component]
pub(crate) fn Ring(
    /// What is left, from 0 to 1.
    #[prop(into)]
    left: Signal<f64>,
    /// The time left, as text.
    #[prop(into)]
    label: Signal<String>,
    /// Class that gives the ring its colour.
    #[prop(into)]
    tone: Signal<&'static str>,
) -> impl IntoView {
    let dashes = move || format!("{:.1} {ROUND}", left.get().clamp(0.0, 1.0) * ROUND);
    view! {
        <div class="ring" class:long=move || { label.get().len() > 5 }>
            <svg viewBox="0 0 84 84" aria-hidden="true">
                <circle class="track" cx="42" cy="42" r="36" />
                <circle
                    class=move || format!("arc {}", tone.get())
                    cx="42"
                    cy="42"
                    r="36"
                    stroke-dasharray=dashes
                    transform="rotate(-90 42 42)"
                />
            </svg>
            <span data-testid="countdown">{move || label.get()}</span>
        </div>
    }
}
