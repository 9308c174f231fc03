//! Into the simulated neighbourhood and back: the app starts anew in another profile.

use enerlink_domain::Error;
use enerlink_ipc::SwitchProfile;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{
        dialog::{Dialog, Foot},
        problem::Problem,
    },
    feed::feed,
    i18n::{Key, text},
    ipc,
};

/// How far a change of the profile has come.
#[derive(Clone, Copy)]
pub(crate) struct Switching {
    /// Whether the app is about to start anew.
    pub busy: RwSignal<bool>,
    error: RwSignal<Option<Error>>,
}

impl Switching {
    /// Nothing asked for yet.
    pub(crate) fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            error: RwSignal::new(None),
        }
    }

    /// Asks for the simulated neighbourhood, or for the household's own profile.
    pub(crate) fn to(self, demo: bool) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        spawn_local(async move {
            // The app starts anew, and with it this window: only a refusal is answered here.
            if let Err(problem) = ipc::call(&SwitchProfile { demo }).await {
                self.error.try_set(Some(problem));
                self.busy.try_set(false);
            }
        });
    }
}

/// What is said meanwhile, or why it was refused.
#[component]
pub(crate) fn SwitchingState(
    /// How far it is.
    switching: Switching,
) -> impl IntoView {
    view! {
        {move || switching.busy.get().then(|| view! { <p class="mut" role="status">{text(Key::StartingAnew)}</p> })}
        {move || switching.error.get().map(|error| view! { <Problem error=error /> })}
    }
}

/// The mark of the simulation in the bar on top, and the way out of it.
#[component]
pub(crate) fn DemoBadge() -> impl IntoView {
    let feed = feed();
    let demo = Memo::new(move |_| {
        feed.state
            .with(|state| state.status.as_ref().is_some_and(|status| status.demo))
    });
    let asked = RwSignal::new(false);
    move || {
        demo.get().then(|| {
            view! {
                <button
                    type="button"
                    class="chip accent press"
                    data-testid="demo-badge"
                    title=text(Key::DemoHint)
                    aria-haspopup="dialog"
                    on:click=move |_| asked.set(true)
                >
                    "Demo"
                </button>
                {move || asked.get().then(|| view! { <LeaveDemo asked=asked /> })}
            }
        })
    }
}

#[component]
fn LeaveDemo(asked: RwSignal<bool>) -> impl IntoView {
    let switching = Switching::new();
    let (title, close) = (text(Key::LeaveDemo), move |()| asked.set(false));
    view! {
        <Dialog title=Signal::derive(move || title().to_owned()) testid="demo-dialog" on_close=close busy=switching.busy>
            <p class="mut">{text(Key::DemoHint)}</p>
            <p class="mut">{text(Key::LeaveDemoHint)}</p>
            <SwitchingState switching=switching />
            <Foot on_close=close busy=switching.busy>
                <button
                    type="button"
                    class="button"
                    data-testid="demo-leave"
                    disabled=move || switching.busy.get()
                    on:click=move |_| switching.to(false)
                >
                    {text(Key::LeaveDemo)}
                </button>
            </Foot>
        </Dialog>
    }
}
