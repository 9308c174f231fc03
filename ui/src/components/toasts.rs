//! Words in passing, read out politely.

use leptos::prelude::*;

use crate::{
    components::icon::{Glyph, Icon},
    i18n::{Key, text},
    session::{Tone, session},
};

/// The corner where toasts appear.
#[component]
pub(crate) fn Toasts() -> impl IntoView {
    let session = session();
    let close = text(Key::Close);
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || session.toasts.get() key=|toast| toast.id let:toast>
                <div class="toast" class:bad=toast.tone == Tone::Bad data-testid="toast">
                    <Glyph icon=if toast.tone == Tone::Bad { Icon::Warning } else { Icon::Check } />
                    <span>{toast.text}</span>
                    {toast.undo.map(|undo| view! {
                        <button
                            type="button"
                            class="button quiet small"
                            data-testid="toast-undo"
                            on:click=move |_| {
                                session.dismiss(toast.id);
                                undo();
                            }
                        >
                            {text(Key::Undo)}
                        </button>
                    })}
                    <button
                        type="button"
                        class="ghost"
                        aria-label=close
                        on:click=move |_| session.dismiss(toast.id)
                    >
                        <Glyph icon=Icon::Close />
                    </button>
                </div>
            </For>
        </div>
    }
}
