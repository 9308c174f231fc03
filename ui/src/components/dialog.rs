//! A native dialog above the page: it keeps the focus inside, Escape closes it, and the focus goes back to where it was.

use std::time::Duration;

use leptos::{html, prelude::*, wasm_bindgen::JsCast};

use crate::{
    components::icon::{Glyph, Icon},
    feed::feed,
    i18n::{Key, text},
    live::LiveState,
};

/// A dialog that is open for as long as it is there.
#[component]
pub(crate) fn Dialog(
    /// Where a test finds it; its title's id begins with it.
    testid: &'static str,
    /// What it is about.
    #[prop(into)]
    title: Signal<String>,
    /// Takes it away.
    #[prop(into)]
    on_close: Callback<()>,
    /// Whether the core is at work: then it cannot be left.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Its content. The first control in it has the focus.
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let shown = StoredValue::new_local(None::<web_sys::HtmlDialogElement>);
    Effect::new(move || {
        if let Some(dialog) = node.get()
            && !dialog.open()
        {
            // A web view that knows no dialogs shows it in the page, which is still usable.
            let _ = dialog.show_modal();
            shown.set_value(Some(dialog));
        }
    });
    // Closing, and not just taking away, gives the focus back to the button that opened it.
    on_cleanup(move || {
        shown.try_with_value(|dialog| {
            if let Some(dialog) = dialog {
                dialog.close();
            }
        });
    });
    // Locking wipes what was typed and ends what was being asked; a dialog that unlocks begins locked, and stays.
    let feed = feed();
    let unlocked = Memo::new(move |_| feed.state.with(LiveState::unlocked));
    Effect::new(move |before: Option<bool>| {
        let now = unlocked.get();
        if before == Some(true) && !now {
            on_close.try_run(());
        }
        now
    });
    // While the core is at work every input is disabled and loses the focus; it goes back to where it was.
    let last = StoredValue::new_local(None::<web_sys::HtmlElement>);
    let remember = move |event: web_sys::FocusEvent| {
        last.set_value(event.target().and_then(|target| target.dyn_into().ok()));
    };
    Effect::new(move |before: Option<bool>| {
        let now = busy.get();
        if before == Some(true) && !now {
            set_timeout(move || refocus(last), Duration::ZERO);
        }
        now
    });
    let leave = move || {
        if busy.try_get_untracked() != Some(true) {
            on_close.try_run(());
        }
    };
    let cancel = move |event: web_sys::Event| {
        event.prevent_default();
        leave();
    };
    let close = text(Key::Close);
    let title_id = format!("{testid}-title");
    let named_by = title_id.clone();
    view! {
        <dialog node_ref=node class="dialog" data-testid=testid aria-labelledby=named_by on:cancel=cancel on:focusin=remember>
            <h2 id=title_id>{title}</h2>
            {children()}
            <button
                type="button"
                class="ghost close"
                data-testid="dialog-close"
                title=close
                aria-label=close
                disabled=busy
                on:click=move |_| leave()
            >
                <Glyph icon=Icon::Close />
            </button>
        </dialog>
    }
}

/// Gives the focus back, once the inputs are enabled again.
fn refocus(last: StoredValue<Option<web_sys::HtmlElement>, LocalStorage>) {
    last.try_with_value(|last| {
        if let Some(last) = last {
            // What is gone meanwhile cannot take it, and nothing else wants it.
            let _ = last.focus();
        }
    });
}

/// The buttons at a dialog's foot: leave on the left, do it on the right.
#[component]
pub(crate) fn Foot(
    /// Takes the dialog away.
    #[prop(into)]
    on_close: Callback<()>,
    /// Whether the core is at work.
    #[prop(into)]
    busy: Signal<bool>,
    /// The button that does it.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="row foot">
            <button
                type="button"
                class="button quiet"
                data-testid="dialog-cancel"
                disabled=busy
                on:click=move |_| on_close.run(())
            >
                {text(Key::Cancel)}
            </button>
            {children()}
        </div>
    }
}
