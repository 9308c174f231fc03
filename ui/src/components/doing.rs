//! One call into the core that a person waits for: never two at once, and what went wrong stays readable.

use enerlink_domain::Error;
use enerlink_ipc::Command;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{field::KeptFocus, problem::Problem},
    ipc,
};

/// Whether something is being done, and how it failed the last time.
#[derive(Clone, Copy)]
pub(crate) struct Doing {
    /// Whether the core is at work.
    pub busy: RwSignal<bool>,
    /// What went wrong.
    pub error: RwSignal<Option<Error>>,
}

impl Doing {
    /// Nothing was asked for yet.
    pub(crate) fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            error: RwSignal::new(None),
        }
    }

    /// Asks the core, unless it is at work already. Whoever asked may be gone when the answer comes.
    pub(crate) fn call<C: Command + 'static>(self, command: C, done: impl FnOnce(C::Output) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        let focus = KeptFocus::now();
        self.busy.set(true);
        self.error.set(None);
        spawn_local(async move {
            let answer = ipc::call(&command).await;
            // The command may hold a password, and it is not needed any more.
            drop(command);
            self.busy.try_set(false);
            match answer {
                Ok(output) => done(output),
                Err(error) => {
                    self.error.try_set(Some(error));
                }
            }
            focus.give_back();
        });
    }

    /// What went wrong, for a person.
    pub(crate) fn problem(self) -> impl Fn() -> Option<AnyView> + Copy + Send + Sync {
        move || {
            self.error
                .get()
                .map(|error| view! { <Problem error=error /> }.into_any())
        }
    }
}

/// Takes a secret out of its input, which is empty from then on.
pub(crate) fn take(secret: RwSignal<String>) -> String {
    secret.try_update(std::mem::take).unwrap_or_default()
}
