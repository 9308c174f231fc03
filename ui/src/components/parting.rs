//! The question before the window or the program goes: once what closing means, and, while something is on its way,
//! whether to quit all the same.

use enerlink_ipc::{
    AnswerClosing,
    desktop::{Answer, Closing, Wish},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::dialog::Dialog,
    i18n::{Key, text},
    ipc,
    prefs::prefs,
    session::session,
};

/// The dialog, while the core waits for an answer.
#[component]
pub(crate) fn Parting() -> impl IntoView {
    let parting = session().parting;
    move || match parting.get() {
        Some(Wish::AskClosing) => view! { <AskClosing /> }.into_any(),
        Some(Wish::AskQuitting) => view! { <AskQuitting /> }.into_any(),
        Some(Wish::Act(_)) | None => ().into_any(),
    }
}

/// Tells the core what was answered; the dialog goes.
fn reply() -> impl Fn(Answer) + Copy + Send + Sync + 'static {
    let parting = session().parting;
    move |answer| {
        parting.set(None);
        // A core that does not hear it has ended.
        spawn_local(async move { drop(ipc::call(&AnswerClosing { answer }).await) });
    }
}

#[component]
fn AskClosing() -> impl IntoView {
    let (closing, reply) = (prefs().closing, reply());
    let title = text(Key::AskClosingTitle);
    let title = Signal::derive(move || title().to_owned());
    let keep = move |_| {
        closing.set(Closing::Keep);
        reply(Answer::Keep);
    };
    let quit = move |_| {
        closing.set(Closing::Quit);
        reply(Answer::Quit);
    };
    view! {
        <Dialog testid="ask-closing" title=title on_close=move |()| reply(Answer::Stay)>
            <p>{text(Key::AskClosingWords)}</p>
            <p class="mut small">{text(Key::AskClosingRemembered)}</p>
            <div class="row foot">
                <button type="button" class="button quiet" data-testid="closing-quit" on:click=quit>
                    {text(Key::Quit)}
                </button>
                <button type="button" class="button" autofocus data-testid="closing-keep" on:click=keep>
                    {text(Key::KeepRunning)}
                </button>
            </div>
        </Dialog>
    }
}

#[component]
fn AskQuitting() -> impl IntoView {
    let (title, reply) = (text(Key::AskQuittingTitle), reply());
    let title = Signal::derive(move || title().to_owned());
    view! {
        <Dialog testid="ask-quitting" title=title on_close=move |()| reply(Answer::Stay)>
            <p>{text(Key::AskQuittingWords)}</p>
            <div class="row foot">
                <button type="button" class="button quiet" data-testid="quitting-stay" on:click=move |_| reply(Answer::Stay)>
                    {text(Key::Cancel)}
                </button>
                <button type="button" class="button" data-testid="quitting-quit" on:click=move |_| reply(Answer::QuitAnyway)>
                    {text(Key::Quit)}
                </button>
            </div>
        </Dialog>
    }
}
