//! Listening to a broker for a limited time: how much of it is left, what was heard, and leaving off before.

use enerlink_domain::{
    Error,
    view::{BrokerDraft, Probe},
};
use enerlink_ipc::{ProbeBroker, StopProbe};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::problem::Problem,
    i18n::{Key, say, text},
    ipc,
    prefs::prefs,
};

/// How long a broker is listened to, in seconds: meters may speak every 30 s. One base topic ends as soon as enough was
/// heard.
pub(in crate::pages::meter) const PATIENCE: u16 = 35;

/// One time of listening, and what it brought.
#[derive(Clone, Copy)]
pub(super) struct Listening {
    /// When it ends, by the wall clock; none when nobody listens.
    until: RwSignal<Option<i64>>,
    /// What was heard the last time.
    pub probe: RwSignal<Option<Probe>>,
    /// Why nothing could be heard.
    pub error: RwSignal<Option<Error>>,
    /// Counts the times: an answer to one that was left off is dropped.
    turn: StoredValue<u64>,
}

impl Listening {
    pub(super) fn new() -> Self {
        Self {
            until: RwSignal::new(None),
            probe: RwSignal::new(None),
            error: RwSignal::new(None),
            turn: StoredValue::new(0),
        }
    }

    /// Listens to everything, or to one base topic.
    pub(super) fn start(self, broker: BrokerDraft, base_topic: Option<String>) {
        let busy = self.end();
        self.probe.set(None);
        self.error.set(None);
        let turn = self.turn.get_value();
        self.until
            .set(Some(ipc::wall_millis() + i64::from(PATIENCE) * 1000));
        spawn_local(async move {
            if busy {
                stop().await;
            }
            let answer = ipc::call(&ProbeBroker {
                broker,
                base_topic,
                seconds: PATIENCE,
            })
            .await;
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            self.until.try_set(None);
            match answer {
                Ok(probe) => drop(self.probe.try_set(Some(probe))),
                Err(error) => drop(self.error.try_set(Some(error))),
            }
        });
    }

    /// Leaves off; what was heard before stays.
    pub(super) fn cancel(self) {
        if self.end() {
            spawn_local(stop());
        }
    }

    /// Drops whatever answer still comes; whether the core listens for one.
    fn end(self) -> bool {
        self.turn.try_update_value(|turn| *turn += 1);
        let busy = self.until.try_with_untracked(Option::is_some) == Some(true);
        self.until.try_set(None);
        busy
    }

    /// Leaves off, and forgets what was heard.
    pub(super) fn forget(self) {
        self.cancel();
        self.probe.set(None);
        self.error.set(None);
    }

    /// Whether somebody listens.
    pub(super) fn busy(self) -> bool {
        self.until.with(Option::is_some)
    }

    /// Whether nothing was asked for yet.
    pub(super) fn is_fresh(self) -> bool {
        let nothing =
            self.until.with_untracked(Option::is_none) && self.error.with_untracked(Option::is_none);
        nothing && self.probe.with_untracked(Option::is_none)
    }
}

/// Tells the core to leave off. One that cannot be asked listens no longer than it was told to.
async fn stop() {
    let _ = ipc::call(&StopProbe {}).await;
}

/// How much time is left, and the way to leave off; what went wrong otherwise.
#[component]
pub(super) fn Progress(listening: Listening) -> impl IntoView {
    let language = prefs().language;
    let now = RwSignal::new(ipc::wall_millis());
    let tick = set_interval_with_handle(
        move || {
            now.try_set(ipc::wall_millis());
        },
        std::time::Duration::from_millis(250),
    );
    on_cleanup(move || {
        if let Ok(tick) = tick {
            tick.clear();
        }
    });
    let left = Memo::new(move |_| Some(seconds_left(listening.until.get()?, now.get())));
    let words = move || {
        left.get().map(|left| {
            say(
                language.get(),
                Key::ListeningLeft,
                &[("seconds", &left.to_string())],
            )
        })
    };
    let busy = Memo::new(move |_| left.with(Option::is_some));
    view! {
        <Show when=move || busy.get()>
            <div class="progress listening" data-testid="listening">
                <div class="row spread">
                    <span>{words}</span>
                    <button
                        type="button"
                        class="button quiet small"
                        data-testid="listening-cancel"
                        on:click=move |_| listening.cancel()
                    >
                        {text(Key::StopListening)}
                    </button>
                </div>
                <progress
                    max=PATIENCE
                    prop:value=move || left.get().map_or(0.0, |left| f64::from(PATIENCE) - left as f64)
                    aria-label=text(Key::Listening)
                ></progress>
            </div>
        </Show>
        <div aria-live="polite">
            {move || listening.error.get().map(|error| view! { <Problem error=error /> })}
        </div>
    }
}

/// Whole seconds until then, rounded up.
fn seconds_left(until: i64, now: i64) -> i64 {
    (until - now).max(0).saturating_add(999) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up_and_never_negative() {
        for (until, now, expected) in [
            (10_000, 0, 10),
            (10_000, 1, 10),
            (10_000, 9_001, 1),
            (10_000, 12_000, 0),
        ] {
            assert_eq!(seconds_left(until, now), expected, "{until} {now}");
        }
    }
}
