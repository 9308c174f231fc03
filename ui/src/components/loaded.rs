//! Something that is read from the core: not there yet, there, or not to be had.

use enerlink_domain::Error;
use enerlink_ipc::Command;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::problem::Problem,
    i18n::{Key, text},
    ipc,
};

/// What was read last, and why it could not be read again.
#[derive(Debug)]
pub(crate) struct Loaded<T: Send + Sync + 'static> {
    /// What the core answered last.
    pub value: RwSignal<Option<T>>,
    /// Why it did not answer since.
    pub error: RwSignal<Option<Error>>,
    /// Counts questions: an answer that was overtaken by a later one is old.
    asked: StoredValue<u64>,
}

impl<T: Send + Sync + 'static> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Loaded<T> {}

impl<T: Send + Sync + 'static> Loaded<T> {
    /// Nothing was read yet.
    pub(crate) fn new() -> Self {
        Self {
            value: RwSignal::new(None),
            error: RwSignal::new(None),
            asked: StoredValue::new(0),
        }
    }

    /// Reads it again; what is there stays until the answer comes.
    pub(crate) fn read<C: Command<Output = T> + 'static>(self, command: C) {
        // Whoever shows it may be gone by now.
        let Some(turn) = self.asked.try_update_value(|asked| {
            *asked += 1;
            *asked
        }) else {
            return;
        };
        spawn_local(async move {
            let answer = ipc::call(&command).await;
            if self.asked.try_get_value() != Some(turn) {
                return;
            }
            match answer {
                Ok(value) => {
                    self.error.try_set(None);
                    self.value.try_set(Some(value));
                }
                Err(error) => {
                    self.error.try_set(Some(error));
                }
            }
        });
    }
}

/// What stands in the place of something that was not read yet: its shape, or why it cannot be read and a way to try again.
#[component]
pub(crate) fn Waiting(
    /// Why it cannot be read.
    error: RwSignal<Option<Error>>,
    /// Reads it again.
    #[prop(into)]
    retry: Callback<()>,
    /// How many rows its shape has.
    #[prop(default = 2)]
    rows: usize,
) -> impl IntoView {
    move || {
        match error.get() {
        Some(error) => view! {
            <Problem error=error>
                <button type="button" class="button quiet small" data-testid="retry" on:click=move |_| retry.run(())>
                    {text(Key::TryAgain)}
                </button>
            </Problem>
        }
        .into_any(),
        None => view! {
            <div class="bones" aria-busy="true" data-testid="loading">
                {(0..rows).map(|_| view! { <i></i> }).collect_view()}
            </div>
        }
        .into_any(),
    }
    }
}
