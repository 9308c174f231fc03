//! The sheet in the middle of an empty window, for everything before Home.

use leptos::prelude::*;

use crate::{
    i18n::{Key, Language, text},
    prefs::prefs,
    session::session,
};

/// A card in the middle with brand above and language below.
#[component]
pub(crate) fn Sheet(
    /// What it is about.
    title: Key,
    /// One or two sentences.
    lead: Key,
    /// Step of the first run that this is, from 1, when it is one.
    #[prop(optional)]
    step: Option<usize>,
    /// Whether it holds large choices.
    #[prop(default = false)]
    roomy: bool,
    /// Whether it holds a table.
    #[prop(default = false)]
    wide: bool,
    /// The form.
    children: Children,
) -> impl IntoView {
    let step = step.filter(|_| !session().inside.get_untracked());
    view! {
        <div class="sheet-page">
            <div class="brand">
                <i aria-hidden="true"></i>
                <span>"EnerLink"</span>
            </div>
            {step.map(|step| view! { <Steps step=step /> })}
            <main class="sheet" class:wide=wide class:roomy=roomy>
                <h1>{text(title)}</h1>
                <p class="lead">{text(lead)}</p>
                {children()}
            </main>
            <LanguageSwitch />
        </div>
    }
}

/// The way back from a flow; Escape does the same.
#[component]
pub(crate) fn Leave() -> impl IntoView {
    let session = session();
    view! {
        <button
            type="button"
            class="link"
            data-testid="flow-cancel"
            disabled=move || session.held.get()
            on:click=move |_| session.leave()
        >
            {text(Key::Cancel)}
        </button>
    }
}

/// The four steps of the first run.
#[component]
fn Steps(step: usize) -> impl IntoView {
    const STEPS: [Key; 4] = [
        Key::StepPassword,
        Key::StepPhrase,
        Key::StepCheck,
        Key::StepUnlock,
    ];
    let steps = STEPS.into_iter().enumerate().map(|(index, key)| {
        let at = index + 1;
        view! {
            <li class:done=at < step class:on=at == step aria-current=(at == step).then_some("step")>
                {text(key)}
            </li>
        }
    });
    view! { <ol class="steps">{steps.collect_view()}</ol> }
}

/// Both languages, side by side.
#[component]
pub(crate) fn LanguageSwitch() -> impl IntoView {
    let language = prefs().language;
    let buttons = Language::ALL.map(|choice| {
        view! {
            <button
                type="button"
                lang=choice.code()
                data-testid=format!("language-{}", choice.code())
                class:on=move || language.get() == choice
                aria-pressed=move || if language.get() == choice { "true" } else { "false" }
                on:click=move |_| language.set(choice)
            >
                {choice.name()}
            </button>
        }
    });
    view! { <div class="segments" role="group" aria-label=text(Key::LanguageName)>{buttons.into_iter().collect_view()}</div> }
}
